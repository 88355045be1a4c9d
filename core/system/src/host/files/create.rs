//! Creates directories.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;

use model::effects::Owner;
use rustix::fs::{Dir, Gid, Mode, OFlags, Uid, fchmod, fchown, mkdirat, openat};
use rustix::io::Errno;

use super::place::{Handle, OPEN};
use super::refusal::Refusal;
use super::trust::is_exposed;

/// The mode of directories that nobody has asked for.
const DEFAULT: u32 = 0o755;

/// The owner in the types of system calls.
pub(super) fn ids(owner: Owner) -> (Option<Uid>, Option<Gid>) {
    (owner.uid.map(Uid::from_raw), owner.gid.map(Gid::from_raw))
}

/// Creates a directory, unless it exists. Its owner and mode are set by its descriptor: the name may lead elsewhere by
/// then.
pub(super) fn make_directory(
    parent: &Handle,
    name: &OsStr,
    mode: Option<u32>,
    owner: Owner,
) -> io::Result<()> {
    // Closed until it has its owner.
    let first = if owner == Owner::default() { DEFAULT } else { 0o700 };
    match mkdirat(&parent.file, name, Mode::from_raw_mode(mode.map_or(first, |mode| mode & first))) {
        Ok(()) => {}
        Err(Errno::EXIST) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    if owner == Owner::default() && mode.is_none() {
        return Ok(());
    }
    let made = open_directory(parent, name)?;
    let own = rustix::process::geteuid().as_raw();
    let found = made.metadata()?;
    // Who can rename entries here may have put another directory of root in its place.
    if found.uid() != own || is_exposed(&parent.found, None) && !is_empty(&made)? {
        return Err(Refusal::Changed.into());
    }
    let (uid, gid) = ids(owner);
    if uid.is_some() || gid.is_some() {
        fchown(&made, uid, gid)?;
    }
    Ok(fchmod(&made, Mode::from_raw_mode(mode.unwrap_or(DEFAULT)))?)
}

/// Opens a directory for reading, not following a link.
pub(super) fn open_directory(parent: &Handle, name: &OsStr) -> io::Result<File> {
    let flags = OPEN | OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW;
    Ok(openat(&parent.file, name, flags, Mode::empty())?.into())
}

fn is_empty(directory: &File) -> io::Result<bool> {
    for entry in Dir::read_from(directory)? {
        if !matches!(entry?.file_name().to_bytes(), b"." | b"..") {
            return Ok(false);
        }
    }
    Ok(true)
}
