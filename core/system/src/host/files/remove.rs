//! Removes files and directories.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt as _;

use rustix::fs::{AtFlags, Mode, OFlags, RawDir, SeekFrom, openat, unlinkat};
use rustix::io::Errno;

use super::place::OPEN;

/// The room for the entries that are read at once.
const ROOM: usize = 4096;

/// Removes an entry of a directory with its contents, following no link. A missing one is not an error.
pub(super) fn remove_below(directory: &File, name: &OsStr) -> io::Result<()> {
    match unlinkat(directory, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        // unlink(2): EISDIR on Linux, EPERM by POSIX.
        Err(error @ (Errno::ISDIR | Errno::PERM)) => {
            let flags = OPEN | OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW;
            match openat(directory, name, flags, Mode::empty()) {
                Ok(inner) => empty(&File::from(inner))?,
                Err(Errno::NOENT) => return Ok(()),
                Err(Errno::NOTDIR | Errno::LOOP) => return Err(error.into()),
                Err(error) => return Err(error.into()),
            }
        }
        Err(error) => return Err(error.into()),
    }
    match unlinkat(directory, name, AtFlags::REMOVEDIR) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn empty(directory: &File) -> io::Result<()> {
    // Names first: removing entries while reading a directory may skip others.
    for name in names(directory)? {
        remove_below(directory, &name)?;
    }
    Ok(())
}

/// The names in an open directory.
pub(super) fn names(directory: &File) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    let mut room = [MaybeUninit::uninit(); ROOM];
    // It may have been read before.
    rustix::fs::seek(directory, SeekFrom::Start(0))?;
    let mut entries = RawDir::new(directory, &mut room);
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if !matches!(name, b"." | b"..") {
            names.push(OsStr::from_bytes(name).to_owned());
        }
    }
    Ok(names)
}
