//! Creates directories.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;

use model::effects::{Owner, temporary};
use rustix::fs::{
    AtFlags, Dir, FlockOperation, Gid, Mode, OFlags, RenameFlags, Uid, fchmod, fchown, flock, mkdirat,
    openat, renameat, renameat_with, unlinkat,
};
use rustix::io::Errno;

use super::place::{Handle, OPEN};
use super::refusal::Refusal;
use super::sweep::sweep_directory;
use super::trust::is_exposed;

/// The mode of directories that nobody has asked for.
const DEFAULT: u32 = 0o755;

/// `S_ISGID`.
const SET_GROUP: u32 = 0o2000;

/// The owner in the types of system calls.
pub(super) fn ids(owner: Owner) -> (Option<Uid>, Option<Gid>) {
    (owner.uid.map(Uid::from_raw), owner.gid.map(Gid::from_raw))
}

/// Creates a directory, unless it exists. Its owner and mode are set by its descriptor, before it gets its name: the name
/// may lead elsewhere by then, and a directory that a power cut left closed would stay so.
pub(super) fn make_directory(
    parent: &Handle,
    name: &OsStr,
    mode: Option<u32>,
    owner: Owner,
) -> io::Result<()> {
    let is_usual = owner == Owner::default() && mode.is_none() || is_usual(owner, parent);
    let mode = mode.unwrap_or(DEFAULT);
    if is_usual && mode & !DEFAULT == 0 {
        return match mkdirat(&parent.file, name, Mode::from_raw_mode(mode)) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(error) => Err(error.into()),
        };
    }
    if Handle::entry(parent.file.as_fd(), name)?.is_some() {
        return Ok(());
    }
    // Another thread may be writing here.
    sweep_directory(parent, is_exposed(&parent.found, None), |_| false);
    let fresh = temporary::name(name, std::process::id());
    let remove = || unlinkat(&parent.file, &fresh, AtFlags::REMOVEDIR);
    let _ = remove();
    mkdirat(&parent.file, &fresh, Mode::RWXU)?;
    let made = finish_directory(parent, &fresh, mode, owner).and_then(|()| rename_new(parent, &fresh, name));
    if made.is_err() {
        let _ = remove();
    }
    match made {
        // Somebody else was quicker.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Whether what this process creates in a directory has this owner already, and no other bits than those of its mode: entries
/// of a set-group-ID directory get its group and its bit, see mkdir(2).
fn is_usual(owner: Owner, parent: &Handle) -> bool {
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let is_own = owner.uid.is_none_or(|wanted| wanted == uid) && owner.gid.is_none_or(|wanted| wanted == gid);
    is_own && parent.found.mode() & SET_GROUP == 0
}

fn finish_directory(parent: &Handle, name: &OsStr, mode: u32, owner: Owner) -> io::Result<()> {
    let made = open_directory(parent, name)?;
    // Tells a sweep that it is in use; some file systems have no locks.
    let _ = flock(&made, FlockOperation::NonBlockingLockExclusive);
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
    Ok(fchmod(&made, Mode::from_raw_mode(mode))?)
}

/// Renames to a name that is free. Before Linux 3.15, and on some file systems, an empty directory of that name is
/// replaced.
fn rename_new(parent: &Handle, from: &OsStr, to: &OsStr) -> io::Result<()> {
    let directory = &parent.file;
    match renameat_with(directory, from, directory, to, RenameFlags::NOREPLACE) {
        Err(Errno::NOSYS | Errno::INVAL) => Ok(renameat(directory, from, directory, to)?),
        renamed => Ok(renamed?),
    }
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
