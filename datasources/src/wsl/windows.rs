//! The Windows side: drives, the user's profile and the instance's name.

use std::path::{Path, PathBuf};

use model::System;
use model::datasource::SourceError;
use model::effects::{Command, Output};

/// WSL's program that converts paths.
pub(super) const WSLPATH: &str = "/usr/bin/wslpath";
/// Runs Windows's programs; binfmt_misc is not yet set up when this program runs.
const INIT: &str = "/init";
const SHELL: &str = "Windows/System32/cmd.exe";

fn broken(place: &str, reason: impl Into<String>) -> SourceError {
    SourceError::Broken { place: place.to_owned(), reason: reason.into() }
}

/// The mount points of Windows's drives.
pub(super) fn drives(system: &System) -> Vec<PathBuf> {
    let text = system.files.text(Path::new("/proc/mounts")).unwrap_or_default();
    let mut found = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        if let [_, point, "9p", options, _, _] = words.as_slice()
            && options.contains("aname=drvfs")
        {
            found.push(unescaped(point).into());
        }
    }
    found
}

/// A path of /proc/mounts: white space and backslashes are octal numbers.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 4).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code.filter(u8::is_ascii) {
            Some(code) => {
                out.push(char::from(code));
                rest = &rest[at + 4..];
            }
            None => {
                out.push('\\');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn run(system: &System, words: &[&str]) -> Result<Output, SourceError> {
    let command = Command::line(words.iter().copied());
    system.commands.run(&command).map_err(|error| broken(words[0], error.to_string()))
}

/// The name of this instance on Windows: `//wsl.localhost/NAME/` is its root.
pub(super) fn instance_name(system: &System) -> Result<String, SourceError> {
    let text = run(system, &[WSLPATH, "-am", "/"])?.text();
    let name = text.trim_end().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if name.is_empty() {
        return Err(broken(WSLPATH, "the path of the root has no name"));
    }
    Ok(name.to_owned())
}

/// The user's profile (`%USERPROFILE%`) as a path of this machine.
pub(super) fn home(system: &System) -> Result<PathBuf, SourceError> {
    let drives = drives(system);
    if drives.is_empty() {
        return Err(broken("/proc/mounts", "Windows drives are not mounted"));
    }
    let mut shells = drives.iter().map(|drive| drive.join(SHELL));
    let shell = shells
        .find(|path| matches!(system.files.stat(path), Ok(Some(found)) if found.mode & 0o111 != 0))
        .ok_or_else(|| broken("/proc/mounts", "no Windows drive has Windows/System32/cmd.exe"))?;
    let shell = shell.display().to_string();
    // UTF-16, unlike the default, which depends on Windows's settings.
    let output = run(system, &[INIT, &shell, "/U", "/C", "echo.%USERPROFILE%"])?;
    let profile = utf16(&output.stdout).ok_or_else(|| broken(&shell, "the output is not UTF-16"))?;
    let profile = profile.trim_end();
    if profile.is_empty() {
        return Err(broken(&shell, "no output: the profile is unknown"));
    }
    let path = run(system, &[WSLPATH, "-au", profile])?.text();
    Ok(path.trim_end().into())
}

/// Decodes UTF-16LE.
fn utf16(bytes: &[u8]) -> Option<String> {
    let (pairs, []) = bytes.as_chunks::<2>() else { return None };
    String::from_utf16(&pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect::<Vec<_>>()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use system::Scratch;

    /// proc(5): white space and backslashes are octal numbers of three digits.
    #[test]
    fn octal_numbers_are_characters() {
        for (text, expected) in [
            ("/mnt/c", "/mnt/c"),
            ("a\\040b", "a b"),
            ("\\134\\011", "\\\t"),
            ("\\0401", " 1"),
            ("\\177", "\u{7f}"),
            ("\\09x", "\\09x"),
            ("\\200", "\\200"),
            ("\\400", "\\400"),
            ("\\04", "\\04"),
            ("a\\", "a\\"),
        ] {
            assert_eq!(unescaped(text), expected, "{text}");
        }
    }

    #[test]
    fn drives_are_mounts_of_drvfs() {
        let mounts = "C:\\134 /mnt/c 9p rw,noatime,aname=drvfs;path=C:\\;uid=1000,mmap 0 0\n\
                      none /usr/lib/wsl/drivers 9p ro,aname=drivers;fmask=222 0 0\n\
                      D:\\134 /mnt/my\\040disk 9p rw,aname=drvfs;path=D:\\ 0 0\n\
                      /dev/sdc / ext4 rw 0 0\n";
        let (system, _) = Scratch::new().file("/proc/mounts", mounts).system();
        assert_eq!(drives(&system), [Path::new("/mnt/c"), Path::new("/mnt/my disk")]);
    }

    #[test]
    fn output_of_windows() {
        assert_eq!(utf16(b"C\0:\0\\\0\r\0\n\0").as_deref(), Some("C:\\\r\n"));
        assert_eq!(utf16(b"C\0:"), None);
    }
}
