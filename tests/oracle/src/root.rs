//! The root with the packaged original in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::{Error, file};

/// What the root holds, the original with it.
const PACKAGES: &str = "cloud-init,cloud-guest-utils,openssh-server,sudo,iproute2,netplan.io,procps,udev,systemd-sysv,\
    fdisk,gdisk,e2fsprogs,locales";

/// Builds the root with the original, once.
pub fn prepare(cache: &Path, suite: &str) -> Result<PathBuf, Error> {
    let root = cache.join(suite);
    if root.join("etc/os-release").exists() {
        return Ok(root);
    }
    if !Path::new("/usr/bin/mmdebstrap").exists() {
        download(Command::new("apt-get").args(["install", "-y", "--no-install-recommends", "mmdebstrap"]))?;
    }
    println!("building the {suite} root");
    let (tar, part) = (cache.join("root.tar"), cache.join("unpacking"));
    let mut build = Command::new("mmdebstrap");
    build.args(["--mode=root", "--variant=minbase", "--aptopt=APT::Install-Recommends \"false\""]);
    if suite == "sid" {
        // Its Release file may have expired where a mirror is behind.
        build.arg("--aptopt=Acquire::Check-Valid-Until \"false\"");
    }
    build
        .arg(format!("--include={}", PACKAGES.replace(' ', "")))
        .args(["--components=main", suite])
        .arg(&tar);
    download(&mut build)?;
    remove(&part)?;
    fs::create_dir_all(&part).map_err(file("unpacking"))?;
    run_command(Command::new("tar").args(["--numeric-owner", "-xf"]).arg(&tar).arg("-C").arg(&part))?;
    fs::rename(&part, &root).map_err(file(root.display().to_string()))?;
    fs::remove_file(&tar).map_err(file("root.tar"))?;
    Ok(root)
}

/// Why a download fails that may succeed at another time, in the words of apt's methods.
const UNREACHABLE: &[&str] = &[
    "Could not connect",
    "Could not resolve",
    "Connection failed",
    "Connection refused",
    "Connection timed out",
    "Network is unreachable",
    "Temporary failure",
    "Unable to connect",
    "502  Bad Gateway",
    "503  Service Unavailable",
    "504  Gateway",
];

/// Runs a command that downloads, three times if need be.
pub fn download(command: &mut Command) -> Result<(), Error> {
    try_again(&[Duration::from_secs(5), Duration::from_secs(20)], || run_command(command))
}

/// Tries as often as there are pauses, and once more; says apart what could not be reached.
fn try_again(pauses: &[Duration], mut attempt: impl FnMut() -> Result<(), Error>) -> Result<(), Error> {
    for pause in pauses {
        if attempt().is_ok() {
            return Ok(());
        }
        std::thread::sleep(*pause);
    }
    attempt().map_err(|error| match error {
        Error::Command { command, output } if UNREACHABLE.iter().any(|words| output.contains(words)) => {
            Error::Unreachable { command, output }
        }
        other => other,
    })
}

/// A command that runs another one, as the first process of namespaces of its own, which end with it.
pub fn in_namespaces() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "--kill-child"]).args([
        "--propagation",
        "private",
        "--",
    ]);
    command
}

/// Runs a command that has to succeed.
pub fn run_command(command: &mut Command) -> Result<(), Error> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| Error::Command { command: name.clone(), output: source.to_string() })?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Command { command: name, output: text })
}

/// Removes a directory with all in it; nothing there is no error.
pub fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(file(format!("remove {}", path.display()))(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(output: &str) -> Error {
        Error::Command { command: "apt-get".into(), output: output.into() }
    }

    #[test]
    fn a_download_is_tried_three_times() {
        let mut tries = 0;
        let done = try_again(&[Duration::ZERO; 2], || {
            tries += 1;
            if tries < 3 { Err(failure("Connection failed")) } else { Ok(()) }
        });
        assert!(done.is_ok());
        assert_eq!(tries, 3);
    }

    #[test]
    fn only_what_cannot_be_reached_is_said_to_be_so() {
        let ended = |output: &str| try_again(&[Duration::ZERO; 2], || Err(failure(output)));
        assert!(matches!(
            ended("E: Failed to fetch x  Could not connect to mirror:80"),
            Err(Error::Unreachable { .. })
        ));
        assert!(matches!(ended("E: Failed to fetch x  404  Not Found"), Err(Error::Command { .. })));
    }
}
