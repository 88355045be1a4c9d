//! Opens files that stay open: logs and the output of a stage.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};

use rustix::fs::{Mode, OFlags, fcntl_getfl, fcntl_setfl, ftruncate, openat};
use rustix::io::Errno;

use super::place::{OPEN, Place};
use super::read::{refuse_hard_link, special};
use super::refusal::Refusal;

/// The mode of a new file: readable for its group, such as adm.
const MODE: u32 = 0o640;

/// Opens a file for writing at its end, created if it is missing. With `empty`, its content is discarded. A FIFO could
/// make everyone who writes wait, so it is refused; a device such as /dev/console or an open descriptor (/dev/stdout) is
/// not, unless a user could have put it there.
pub(super) fn open(place: &Place, empty: bool) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::APPEND;
    let Some(entry) = &place.entry else {
        let flags = flags | OPEN | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let mode = Mode::RUSR | Mode::WUSR;
        return match openat(&place.directory.file, &place.name, flags, mode) {
            Ok(file) => with_mode(waiting(file.into())?),
            Err(Errno::EXIST) => Err(Refusal::Changed.into()),
            Err(error) => Err(error.into()),
        };
    };
    let kind = entry.found.file_type();
    let is_device = kind.is_char_device() || kind.is_block_device();
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !place.magic && !kind.is_file() && (place.exposed || !is_device) {
        return Err(Refusal::Kind(special(&entry.found)).into());
    }
    let file = place.open(flags)?;
    let found = file.metadata()?;
    if found.is_file() && !place.magic {
        refuse_hard_link(place, &found)?;
    }
    if empty && found.is_file() {
        ftruncate(&file, 0)?;
    }
    waiting(file)
}

fn with_mode(file: File) -> io::Result<File> {
    file.set_permissions(Permissions::from_mode(MODE))?;
    Ok(file)
}

/// Commands do not expect a terminal that refuses what it cannot print yet.
fn waiting(file: File) -> io::Result<File> {
    fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::os::unix::fs::MetadataExt as _;
    use std::path::{Path, PathBuf};

    use super::super::{HostFiles, replace};
    use super::*;

    /// What stays open: appended to or emptied, created for root and a group, with missing directories; devices stay what
    /// they are.
    #[test]
    fn a_stream_is_appended_to_or_emptied() {
        let root = tempfile::tempdir().expect("a directory");
        for by_steps in [false, true] {
            let files = HostFiles::new(Some(root.path().to_owned()));
            if by_steps {
                files.root.forget_openat2();
            }
            let path = PathBuf::from(format!("/{by_steps}/log/cloud-init.log"));
            let real = root.path().join(path.strip_prefix("/").expect("absolute"));
            for (empty, expected) in [(false, "one"), (false, "oneone"), (true, "one")] {
                files.open_stream(&path, empty).expect("a file").write_all(b"one").expect("written");
                assert_eq!(fs::read_to_string(&real).expect("there"), expected);
                assert_eq!(fs::metadata(&real).expect("there").mode() & 0o7777, 0o640);
            }
            assert!(files.open_stream(path.parent().expect("a directory"), false).is_err());
        }
        let whole = HostFiles::new(None);
        for device in ["/dev/null", "/dev/full"] {
            let mut file = whole.open_stream(Path::new(device), true).expect(device);
            assert!(file.metadata().expect("open").file_type().is_char_device());
            assert_eq!(file.write_all(b"x").is_ok(), device == "/dev/null");
        }
        // Commands expect a terminal to wait for what it cannot print yet.
        let null = whole.open_stream(Path::new("/dev/null"), false).expect("opened");
        assert!(!fcntl_getfl(&null).expect("open").contains(OFlags::NONBLOCK));
        let file = tempfile::NamedTempFile::new().expect("a file");
        whole
            .open_stream(&replace::shown(file.as_file()), false)
            .expect("opened")
            .write_all(b"x")
            .expect("written");
        assert_eq!(fs::read(file.path()).expect("there"), b"x");
    }
}
