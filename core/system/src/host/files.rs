//! Files of the real machine.

mod create;
mod durable;
mod labels;
mod place;
mod read;
mod refusal;
mod remove;
mod replace;
mod stream;
mod sweep;
mod trust;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use model::Order as _;
use model::effects::{
    Attributes, FileChanges, FileError, FileKind, Files, Metadata, Owner, ReadFiles, Reading,
};
use rustix::fs::{AtFlags, Mode, OFlags, chmod, chownat, fchmod, renameat, syncfs};

use super::watch::Changes;
use crate::walk::resolve;
use create::{ids, make_directory};
use durable::{Unsettled, Wait};
use place::{OPEN, Place, Root, Route};
use sweep::Swept;

/// How often an operation starts again if its path changes meanwhile, as by an editor that renames files.
const ATTEMPTS: u32 = 8;

/// Files below a root.
pub(crate) struct HostFiles {
    root: Root,
    swept: Swept,
    unsettled: Unsettled,
}

/// Where a boot writes; each may be a file system of its own.
const WRITTEN: &[&str] =
    &["/", "/boot", "/etc", "/home", "/root", "/usr", "/var", "/var/lib", "/var/lib/cloud"];

impl HostFiles {
    pub(crate) fn new(prefix: Option<PathBuf>) -> Self {
        Self {
            root: Root::new(prefix.filter(|path| path != Path::new("/"))),
            swept: Swept::default(),
            unsettled: Unsettled::default(),
        }
    }

    /// The path on this machine for a directory in the root.
    fn real(&self, path: &Path) -> io::Result<PathBuf> {
        let Some(prefix) = self.root.prefix() else { return Ok(path.to_owned()) };
        let below = |inner: &Path| prefix.join(inner.strip_prefix("/").unwrap_or(inner));
        let resolved = resolve(path, true, |at| match fs::read_link(below(at)) {
            Ok(target) => Ok(Some(target)),
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotFound) => {
                Ok(None)
            }
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
            Err(error) => Err(error),
        })?;
        Ok(below(&resolved))
    }

    /// Opens a path of any kind only as a reference to it.
    pub(super) fn open_path(&self, path: &Path) -> io::Result<File> {
        self.root.open_free(path, OFlags::PATH | OFlags::CLOEXEC)
    }

    /// Opens a device of the root for reading and writing.
    pub(super) fn open_device(&self, path: &Path) -> io::Result<File> {
        self.root.open_free(path, OFlags::RDWR | OPEN)
    }

    /// Opens a file that stays open: for writing at its end, with its content discarded if it shall be `empty`.
    pub(super) fn open_stream(&self, path: &Path, empty: bool) -> Result<File, FileError> {
        let route = Route::CHANGE.creating(Owner::default());
        self.act("open", path, route, |place| stream::open(place, empty))
    }

    fn found(&self, path: &Path, follow: bool) -> io::Result<Option<Metadata>> {
        let found = match self.root.prefix() {
            None if follow => fs::metadata(path),
            None => fs::symlink_metadata(path),
            Some(_) => {
                let flags = if follow { OFlags::PATH } else { OFlags::PATH | OFlags::NOFOLLOW };
                self.root.open_free(path, flags).and_then(|file| file.metadata())
            }
        };
        match found {
            // The kernel gives the link itself if it is one of procfs.
            Ok(found) => Ok(Some(metadata(&found))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Acts on a path; starts again if it was replaced between the check and the act.
    fn act<T>(
        &self,
        operation: &'static str,
        path: &Path,
        route: Route,
        act: impl Fn(&Place) -> io::Result<T>,
    ) -> Result<T, FileError> {
        let mut attempt = 1;
        loop {
            let outcome = self.root.place(path, route).and_then(|place| {
                let done = act(&place)?;
                if place.entry.is_none() {
                    self.root.note_created(&place.path);
                }
                Ok(done)
            });
            match outcome {
                Err(error) if error.kind() == io::ErrorKind::Interrupted && attempt < ATTEMPTS => {
                    attempt += 1;
                }
                outcome => return named(operation, path, outcome),
            }
        }
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn metadata(found: &fs::Metadata) -> Metadata {
    let kind = found.file_type();
    Metadata {
        kind: if kind.is_symlink() {
            FileKind::Link
        } else if kind.is_dir() {
            FileKind::Directory
        } else if kind.is_file() {
            FileKind::File
        } else {
            FileKind::Special
        },
        mode: found.mode() & 0o7777,
        uid: found.uid(),
        gid: found.gid(),
        len: found.len(),
        modified: found.mtime(),
    }
}

fn named<T>(operation: &'static str, path: &Path, outcome: io::Result<T>) -> Result<T, FileError> {
    outcome.map_err(|source| FileError::new(operation, path, source))
}

impl ReadFiles for HostFiles {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        self.read_with(path, &Reading::default())
    }

    fn read_with(&self, path: &Path, reading: &Reading) -> Result<Vec<u8>, FileError> {
        named("read", path, read::read(&self.root, path, reading))
    }

    fn stat(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        named("stat", path, self.found(path, true))
    }

    fn lstat(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        named("lstat", path, self.found(path, false))
    }

    fn list(&self, directory: &Path) -> Result<Vec<String>, FileError> {
        let names = || -> io::Result<Vec<String>> {
            let open = self.root.open_free(directory, OFlags::RDONLY | OFlags::DIRECTORY)?;
            let mut names: Vec<String> =
                remove::names(&open)?.iter().map(|name| name.to_string_lossy().into_owned()).collect();
            names.order();
            Ok(names)
        };
        named("list", directory, names())
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, FileError> {
        let read = || match self.root.prefix() {
            None => fs::read_link(path),
            Some(_) => {
                let link = self.root.open_free(path, OFlags::PATH | OFlags::NOFOLLOW)?;
                if !link.metadata()?.is_symlink() {
                    return Err(io::ErrorKind::InvalidInput.into());
                }
                place::target(&link)
            }
        };
        named("read the link", path, read())
    }

    fn watch(&self, directories: &[&Path]) -> Result<Box<dyn FileChanges>, FileError> {
        let mut changes = Changes::new().map_err(|source| FileError::new("watch", Path::new("/"), source))?;
        for directory in directories {
            named("watch", directory, self.real(directory).and_then(|real| changes.add(&real)))?;
        }
        Ok(Box::new(changes))
    }
}

impl Files for HostFiles {
    fn write(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError> {
        let route = Route::CHANGE.creating(Owner::default());
        let large = self.act("write", path, route, |place| {
            replace::replace(place, &self.swept, &self.unsettled, content, attributes)
        })?;
        if large { self.settle() } else { Ok(()) }
    }

    fn ensure(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError> {
        let route = Route::CHANGE.creating(Owner::default());
        let large = self.act("write", path, route, |place| {
            let Ok(Some(found)) = replace::found_as_wanted(place, content, attributes) else {
                return replace::replace(place, &self.swept, &self.unsettled, content, attributes);
            };
            if matches!(self.unsettled.wait(place), Wait::ForContent) {
                self.unsettled.add(place, &found, false);
            }
            Ok(false)
        })?;
        if large { self.settle() } else { Ok(()) }
    }

    fn append(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError> {
        let route = Route::CHANGE.creating(Owner::default());
        self.act("append to", path, route, |place| replace::append(place, content, attributes, false))
    }

    fn append_with(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError> {
        let route = Route::CHANGE.creating(Owner::default());
        self.act("append to", path, route, |place| replace::append(place, content, attributes, true))
    }

    fn create_dir(&self, path: &Path, mode: Option<u32>) -> Result<(), FileError> {
        let route = Route::CHANGE.creating(Owner::default());
        self.act("create the directory", path, route, |place| match (&place.entry, mode) {
            (Some(entry), _) if !entry.found.is_dir() => Err(io::ErrorKind::AlreadyExists.into()),
            (Some(_), None) => Ok(()),
            (Some(_), Some(mode)) => set_mode(place, mode),
            (None, _) => make_directory(&place.directory, &place.name, mode, Owner::default()),
        })
    }

    fn create_dir_owned(&self, path: &Path, mode: Option<u32>, owner: Owner) -> Result<(), FileError> {
        self.act("create the directory", path, Route::CHANGE.creating(owner), |place| match &place.entry {
            Some(entry) if !entry.found.is_dir() => Err(io::ErrorKind::AlreadyExists.into()),
            Some(_) => Ok(()),
            None => make_directory(&place.directory, &place.name, mode, owner),
        })
    }

    fn symlink(&self, target: &Path, link: &Path) -> Result<(), FileError> {
        let route = Route::NAME.creating(Owner::default());
        self.act("create the link", link, route, |place| replace::link(place, &self.swept, target))
    }

    fn remove(&self, path: &Path) -> Result<(), FileError> {
        match self.act("remove", path, Route::NAME, |place| {
            if place.name == "." {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            self.unsettled.removed(place);
            remove::remove_below(&place.directory.file, &place.name)
        }) {
            Err(error) if error.is_not_found() => Ok(()),
            outcome => outcome,
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), FileError> {
        self.act("rename", from, Route::NAME, |old| {
            let new = self.root.place(to, Route::NAME)?;
            Ok(renameat(&old.directory.file, &old.name, &new.directory.file, &new.name)?)
        })
    }

    fn set_mode(&self, path: &Path, mode: u32) -> Result<(), FileError> {
        self.act("set the mode of", path, Route::CHANGE, |place| set_mode(place, mode))
    }

    fn set_owner(&self, path: &Path, owner: Owner) -> Result<(), FileError> {
        if owner == Owner::default() {
            return Ok(());
        }
        self.act("set the owner of", path, Route::NAME, |place| {
            let entry = place.entry.as_ref().ok_or(io::ErrorKind::NotFound)?;
            read::refuse_hard_link(place, &entry.found)?;
            let (uid, gid) = ids(owner);
            // By the descriptor that was checked.
            Ok(chownat(&entry.file, "", uid, gid, AtFlags::EMPTY_PATH)?)
        })
    }

    /// Only the file systems that a boot writes to: another one, such as a network's, may not answer.
    fn sync(&self) -> Result<(), FileError> {
        let mut synced = Vec::new();
        for directory in WRITTEN {
            let path = Path::new(directory);
            let Ok(file) = self.root.open_free(path, OFlags::RDONLY | OFlags::DIRECTORY | OPEN) else {
                continue;
            };
            let device = named("sync", path, file.metadata())?.dev();
            if !synced.contains(&device) {
                named("sync", path, syncfs(&file).map_err(io::Error::from))?;
                synced.push(device);
            }
        }
        self.unsettled.forget();
        Ok(())
    }

    fn gather(&self) {
        self.unsettled.gather();
    }

    fn settle(&self) -> Result<(), FileError> {
        let settled = named("sync", Path::new("/"), self.unsettled.settle(&self.root))?;
        if settled { Ok(()) } else { self.sync() }
    }

    fn unlabelled(&self) -> Vec<PathBuf> {
        let created = self.root.created();
        created.into_iter().filter(|path| matches!(self.found(path, false), Ok(Some(_)))).collect()
    }
}

fn set_mode(place: &Place, mode: u32) -> io::Result<()> {
    let entry = place.entry.as_ref().ok_or(io::ErrorKind::NotFound)?;
    read::refuse_hard_link(place, &entry.found)?;
    let mode = Mode::from_raw_mode(mode);
    if entry.found.is_file() || entry.found.is_dir() {
        // chmod(2) by a descriptor that only stands for a path came with Linux 6.6.
        match place.open(OFlags::RDONLY) {
            Ok(file) => return Ok(fchmod(&file, mode)?),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            Err(error) => return Err(error),
        }
    }
    // Opening a device can have effects, and an ordinary user's file may be unreadable to its owner.
    Ok(chmod(replace::shown(&entry.file), mode)?)
}

#[cfg(test)]
mod semantics;
#[cfg(test)]
mod tests;
