//! Replaces files and links: written beside, renamed over.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use model::effects::{Attributes, Owner, temporary};
use rustix::fs::{
    AtFlags, FlockOperation, Mode, OFlags, fchown, flock, ftruncate, openat, renameat, symlinkat, unlinkat,
};
use rustix::io::Errno;

use super::create::{ids, open_directory};
use super::durable::{Unsettled, Wait};
use super::place::{OPEN, Place};
use super::read::{refuse_hard_link, special};
use super::refusal::Refusal;
use super::remove::remove_below;
use super::sweep::Swept;
use super::trust::is_anyones;

/// A unique name in the same directory.
fn beside(name: &OsStr) -> OsString {
    temporary::name(name, std::process::id())
}

/// Writes a temporary file, then fsync, rename, fsync of the directory: after a power cut the content is either the old
/// or the new one. What is fleeting or can wait for its group is not synced here. Returns whether the group has become so
/// large that it should be settled.
pub(super) fn replace(
    place: &Place,
    swept: &Swept,
    unsettled: &Unsettled,
    content: &[u8],
    attributes: &Attributes,
) -> io::Result<bool> {
    let before = place.entry.as_ref().map(|entry| &entry.found);
    match before {
        // The kernel's own: /dev/stdout, /proc/self/fd/1.
        Some(_) if place.magic => return write_through(place, content, OFlags::TRUNC).map(|()| false),
        Some(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        // A device or a FIFO (/dev/console, /dev/kmsg) is written to, never replaced. A user's could be anyone's.
        Some(found) if !found.is_file() && !found.is_symlink() => {
            if place.exposed {
                return Err(Refusal::Kind(special(found)).into());
            }
            return write_through(place, content, OFlags::empty()).map(|()| false);
        }
        _ => {}
    }
    let wait = if attributes.fleeting { Wait::Never } else { unsettled.wait(place) };
    // What anyone could have put there says nothing about the file that replaces it.
    let before = before.filter(|found| !is_anyones(&place.directory.found, found, place.exposed));
    let fresh = beside(&place.name);
    swept.sweep(place);
    let directory = &place.directory.file;
    let written = (|| {
        let flags = OPEN | OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let mode = first_mode(before, attributes);
        let created = create(directory, &fresh, || openat(directory, &fresh, flags, mode))?;
        let mut file = File::from(created);
        // Tells a sweep that the file is in use; some file systems have no locks.
        let _ = flock(&file, FlockOperation::NonBlockingLockExclusive);
        file.write_all(content)?;
        let found = finish(&file, before, attributes)?;
        if let (Some(entry), Some(_)) = (&place.entry, before) {
            keep_label(&entry.file, &file);
        }
        if matches!(wait, Wait::Now | Wait::ForContent) {
            file.sync_all()?;
        }
        renameat(directory, &fresh, directory, &place.name)?;
        unsettled.removed(place);
        match wait {
            Wait::Never => Ok(false),
            Wait::Now => open_directory(&place.directory, OsStr::new("."))?.sync_all().map(|()| false),
            Wait::ForContent | Wait::WithGroup => Ok(unsettled.add(place, &found, wait == Wait::ForContent)),
        }
    })();
    let error = match written {
        Ok(large) => return Ok(large),
        Err(error) => error,
    };
    let _ = unlinkat(directory, &fresh, AtFlags::empty());
    if is_mounted(&error, place) {
        overwrite(place, content, attributes).map_err(|_| error).map(|()| false)
    } else {
        Err(error)
    }
}

/// The metadata of a file that has this content and these attributes; never of one that a user could have put there.
pub(super) fn found_as_wanted(
    place: &Place,
    content: &[u8],
    attributes: &Attributes,
) -> io::Result<Option<Metadata>> {
    let Some(found) = place.entry.as_ref().map(|entry| &entry.found) else { return Ok(None) };
    let Attributes { mode, owner, .. } = attributes;
    let is_wanted = !place.exposed
        && found.is_file()
        && found.nlink() == 1
        && found.len() == content.len() as u64
        && mode.is_none_or(|mode| mode == found.mode() & 0o7777)
        && owner.uid.is_none_or(|uid| uid == found.uid())
        && owner.gid.is_none_or(|gid| gid == found.gid());
    if !is_wanted {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(content.len() + 1);
    place.open(OFlags::RDONLY)?.take(content.len() as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes == content).then(|| found.clone()))
}

/// Owner and mode of a file: as wanted, or else those of the replaced one.
fn owner_and_mode(before: Option<&Metadata>, attributes: &Attributes) -> (Owner, u32) {
    let keep = before.map(|found| Owner::new(found.uid(), found.gid())).unwrap_or_default();
    let owner = Owner { uid: attributes.owner.uid.or(keep.uid), gid: attributes.owner.gid.or(keep.gid) };
    (owner, attributes.mode.or(before.map(|found| found.mode() & 0o7777)).unwrap_or(0o644))
}

/// The mode that a file is created with: its own, unless it gets another owner first.
fn first_mode(before: Option<&Metadata>, attributes: &Attributes) -> Mode {
    match owner_and_mode(before, attributes) {
        (owner, mode) if owner == Owner::default() => Mode::from_raw_mode(mode & 0o777),
        _ => Mode::RUSR | Mode::WUSR,
    }
}

/// Sets owner and mode, if they are others. Returns what was found: the same file.
fn finish(file: &File, before: Option<&Metadata>, attributes: &Attributes) -> io::Result<Metadata> {
    let (owner, mode) = owner_and_mode(before, attributes);
    let own = file.metadata()?;
    let is_others =
        owner.uid.is_some_and(|uid| uid != own.uid()) || owner.gid.is_some_and(|gid| gid != own.gid());
    if is_others {
        let (uid, gid) = ids(owner);
        fchown(file, uid, gid)?;
    }
    // Changing the owner may clear bits.
    if is_others || own.mode() & 0o7777 != mode {
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    Ok(own)
}

/// Writes to a device, a FIFO or an open descriptor. A FIFO without a reader is an error instead of a wait.
fn write_through(place: &Place, content: &[u8], flags: OFlags) -> io::Result<()> {
    let mut file = place.open(OFlags::WRONLY | flags)?;
    // Once open, a terminal may make us wait.
    rustix::fs::fcntl_setfl(&file, rustix::fs::fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    file.write_all(content)
}

/// Whether the file is a mount point, as a container's /etc/hosts, which cannot be renamed over. A full directory is
/// none: overwriting the file could lose its content.
fn is_mounted(error: &io::Error, place: &Place) -> bool {
    let busy = matches!(Errno::from_io_error(error), Some(Errno::BUSY | Errno::XDEV | Errno::ROFS));
    busy && !place.exposed && place.entry.as_ref().is_some_and(|entry| entry.found.is_file())
}

/// Overwrites a file in place. The old content is cut off last.
fn overwrite(place: &Place, content: &[u8], attributes: &Attributes) -> io::Result<()> {
    let mut file = place.open(OFlags::WRONLY)?;
    let found = file.metadata()?;
    file.write_all(content)?;
    ftruncate(&file, content.len() as u64)?;
    finish(&file, Some(&found), attributes)?;
    file.sync_all()
}

/// Adds to a file. An existing one gets the attributes only with `set`.
pub(super) fn append(place: &Place, content: &[u8], attributes: &Attributes, set: bool) -> io::Result<()> {
    let Some(entry) = &place.entry else {
        let flags = OPEN | OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let mut file = match openat(&place.directory.file, &place.name, flags, Mode::RUSR | Mode::WUSR) {
            Ok(file) => File::from(file),
            Err(Errno::EXIST) => return Err(Refusal::Changed.into()),
            Err(error) => return Err(error.into()),
        };
        finish(&file, None, attributes)?;
        return file.write_all(content);
    };
    let is_special = place.magic || !entry.found.is_file();
    if is_special {
        if entry.found.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if place.exposed && !place.magic {
            return Err(Refusal::Kind(special(&entry.found)).into());
        }
        return write_through(place, content, OFlags::APPEND);
    }
    let mut file = place.open(OFlags::WRONLY | OFlags::APPEND)?;
    let found = file.metadata()?;
    refuse_hard_link(place, &found)?;
    file.write_all(content)?;
    if set { finish(&file, Some(&found), attributes).map(drop) } else { Ok(()) }
}

/// Creates something under a temporary name, which a process of the same ID may have left.
fn create<T>(
    directory: &File,
    name: &OsStr,
    attempt: impl Fn() -> rustix::io::Result<T>,
) -> rustix::io::Result<T> {
    attempt().or_else(|error| match error {
        Errno::EXIST => {
            let _ = unlinkat(directory, name, AtFlags::empty());
            attempt()
        }
        error => Err(error),
    })
}

/// Creates a link, replacing what has its name.
pub(super) fn link(place: &Place, swept: &Swept, target: &Path) -> io::Result<()> {
    let directory = &place.directory.file;
    let fresh = beside(&place.name);
    swept.sweep(place);
    // Created beside it and renamed, so that the path always exists.
    create(directory, &fresh, || symlinkat(target, directory, &fresh))?;
    let renamed = (|| {
        if place.entry.as_ref().is_some_and(|entry| entry.found.is_dir()) {
            remove_below(&place.directory.file, &place.name)?;
        }
        Ok(renameat(directory, &fresh, directory, &place.name)?)
    })();
    if renamed.is_err() {
        let _ = unlinkat(directory, &fresh, AtFlags::empty());
    }
    renamed
}

/// Where the kernel shows what a descriptor stands for, also one that only stands for a path.
pub(super) fn shown(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// Copies the SELinux label of a replaced file; a new file gets its directory's, and the policy's after the stage.
fn keep_label(from: &File, to: &File) {
    let mut label = [0_u8; 256];
    if let Ok(length) = rustix::fs::getxattr(shown(from), "security.selinux", &mut label[..]) {
        let _ =
            rustix::fs::fsetxattr(to, "security.selinux", &label[..length], rustix::fs::XattrFlags::empty());
    }
}
