//! Walks to a path by directory descriptors: what was checked is what is used, whatever is renamed meanwhile.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use model::effects::Owner;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;

use super::create::make_directory;
use super::labels::Created;
use super::refusal::Refusal;
use super::trust::{is_exposed, is_own};
use crate::walk::{MAX_LINKS, components, too_many_links};

/// A descriptor that only stands for a path.
const HANDLE: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);
/// Flags of every other descriptor: opening neither waits nor makes a terminal the controlling one.
pub(super) const OPEN: OFlags = OFlags::CLOEXEC.union(OFlags::NONBLOCK).union(OFlags::NOCTTY);
/// procfs; see statfs(2).
const PROC_MAGIC: u64 = 0x9fa0;

/// What a walk does at its end and at missing directories.
#[derive(Clone, Copy)]
pub(super) struct Route {
    /// Follow a link in the last component.
    pub(super) follow: bool,
    /// Create missing directories, with this owner.
    pub(super) create: Option<Owner>,
    /// Do not follow links that a user could have planted.
    pub(super) guard: bool,
}

impl Route {
    /// To a file that is read.
    pub(super) const READ: Self = Self { follow: true, create: None, guard: true };
    /// To an entry that is changed.
    pub(super) const CHANGE: Self = Self { follow: true, create: None, guard: true };
    /// To a name that is removed or replaced.
    pub(super) const NAME: Self = Self { follow: false, create: None, guard: true };
    /// Wherever links lead.
    const FREE: Self = Self { follow: true, create: None, guard: false };

    /// Creates missing directories.
    pub(super) fn creating(self, owner: Owner) -> Self {
        Self { create: Some(owner), ..self }
    }
}

/// An open directory or entry.
pub(super) struct Handle {
    pub(super) file: File,
    pub(super) found: Metadata,
}

impl Handle {
    fn of(descriptor: std::os::fd::OwnedFd) -> io::Result<Self> {
        let file = File::from(descriptor);
        let found = file.metadata()?;
        Ok(Self { file, found })
    }

    /// Opens an entry without following it.
    pub(super) fn entry(directory: BorrowedFd<'_>, name: &OsStr) -> io::Result<Option<Self>> {
        match openat(directory, name, HANDLE | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(found) => Self::of(found).map(Some),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// The target of an open link.
pub(super) fn target(link: &File) -> io::Result<PathBuf> {
    let target = rustix::fs::readlinkat(link, "", Vec::new())?;
    Ok(PathBuf::from(OsString::from_vec(target.into_bytes())))
}

/// A name in an open directory.
pub(super) struct Place {
    pub(super) directory: Handle,
    pub(super) name: OsString,
    /// What has the name; not followed.
    pub(super) entry: Option<Handle>,
    /// Whether a user could have put the entry there.
    pub(super) exposed: bool,
    /// Whether the entry is a link of procfs to a descriptor, which only the kernel can follow.
    pub(super) magic: bool,
    /// The path without links, for messages and labels.
    pub(super) path: PathBuf,
}

impl Place {
    /// Opens the entry, if it is still the same.
    pub(super) fn open(&self, flags: OFlags) -> io::Result<File> {
        let Some(entry) = &self.entry else { return Err(io::ErrorKind::NotFound.into()) };
        let follow = if self.magic { OFlags::empty() } else { OFlags::NOFOLLOW };
        let opened = openat(&self.directory.file, &self.name, flags | OPEN | follow, Mode::empty())?;
        let file = File::from(opened);
        if !self.magic {
            let now = file.metadata()?;
            if (now.dev(), now.ino()) != (entry.found.dev(), entry.found.ino()) {
                return Err(Refusal::Changed.into());
            }
        }
        Ok(file)
    }
}

/// The root that paths are relative to.
pub(super) struct Root {
    /// `None` means `/`.
    prefix: Option<PathBuf>,
    /// Cleared if the kernel has no openat2(2), which came with Linux 5.6.
    has_openat2: AtomicBool,
    created: Created,
}

impl Root {
    pub(super) fn new(prefix: Option<PathBuf>) -> Self {
        Self { prefix, has_openat2: AtomicBool::new(true), created: Created::default() }
    }

    pub(super) fn prefix(&self) -> Option<&Path> {
        self.prefix.as_deref()
    }

    /// Records what was created.
    pub(super) fn note_created(&self, path: &Path) {
        self.created.note(self.prefix().unwrap_or(Path::new("/")), path);
    }

    /// What was created since the last call, if it needs a label.
    pub(super) fn created(&self) -> BTreeSet<PathBuf> {
        self.created.take()
    }

    /// Walks step by step, as on a kernel without openat2(2).
    #[cfg(test)]
    pub(super) fn forget_openat2(&self) {
        self.has_openat2.store(false, Ordering::Relaxed);
    }

    fn open(&self, create: bool) -> io::Result<Handle> {
        let path = self.prefix().unwrap_or(Path::new("/"));
        let open = || openat(CWD, path, HANDLE | OFlags::DIRECTORY, Mode::empty());
        match open() {
            // The caller has named it.
            Err(Errno::NOENT) if create => std::fs::create_dir_all(path)?,
            opened => return Handle::of(opened?),
        }
        Handle::of(open()?)
    }

    /// Opens a path for reading it or its metadata, following links inside the root.
    pub(super) fn open_free(&self, path: &Path, flags: OFlags) -> io::Result<File> {
        let flags = flags | OFlags::CLOEXEC | OFlags::NOCTTY;
        let Some(prefix) = self.prefix() else { return Ok(openat(CWD, path, flags, Mode::empty())?.into()) };
        if self.has_openat2.load(Ordering::Relaxed) {
            let root = openat(CWD, prefix, HANDLE | OFlags::DIRECTORY, Mode::empty())?;
            let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
            match openat2(&root, path, flags, Mode::empty(), resolve) {
                Ok(file) => return Ok(file.into()),
                Err(error) => self.note(error),
            }
        }
        let route = Route { follow: !flags.contains(OFlags::NOFOLLOW), ..Route::FREE };
        let place = self.steps(path, route)?;
        Ok(openat(&place.directory.file, &place.name, flags | OFlags::NOFOLLOW, Mode::empty())?.into())
    }

    /// A missing system call is not tried again. Seccomp filters of old container managers answer EPERM.
    fn note(&self, error: Errno) {
        if matches!(error, Errno::NOSYS | Errno::PERM) {
            self.has_openat2.store(false, Ordering::Relaxed);
        }
    }

    /// Walks to a path.
    pub(super) fn place(&self, path: &Path, route: Route) -> io::Result<Place> {
        match self.without_links(path, route)? {
            Some(place) => Ok(place),
            None => self.steps(path, route),
        }
    }

    /// The common case in one step: no links in the path, and no directories missing.
    fn without_links(&self, path: &Path, route: Route) -> io::Result<Option<Place>> {
        let Some(name) = path.file_name().filter(|_| self.has_openat2.load(Ordering::Relaxed)) else {
            return Ok(None);
        };
        let parent = path.parent().unwrap_or(Path::new("/"));
        let flags = HANDLE | OFlags::DIRECTORY;
        let opened = match self.prefix() {
            None => openat2(CWD, parent, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS),
            Some(_) => {
                let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::BENEATH;
                let inner = parent.strip_prefix("/").unwrap_or(parent);
                let inner = if inner.as_os_str().is_empty() { Path::new(".") } else { inner };
                openat2(self.open(route.create.is_some())?.file, inner, flags, Mode::empty(), resolve)
            }
        };
        let directory = match opened {
            Ok(opened) => Handle::of(opened)?,
            // The slow walk finds the reason.
            Err(error) => {
                self.note(error);
                return Ok(None);
            }
        };
        let entry = Handle::entry(directory.file.as_fd(), name)?;
        let found = entry.as_ref().map(|entry| &entry.found);
        if route.follow && found.is_some_and(Metadata::is_symlink) {
            return Ok(None);
        }
        let exposed = is_exposed(&directory.found, found);
        let (name, path) = (name.to_owned(), path.to_owned());
        Ok(Some(Place { directory, name, entry, exposed, magic: false, path }))
    }

    fn steps(&self, path: &Path, route: Route) -> io::Result<Place> {
        Walk {
            root: self,
            route,
            levels: vec![Level { handle: self.open(route.create.is_some())?, exposed: false }],
            at: PathBuf::from("/"),
            user: None,
        }
        .to(path)
    }
}

/// A directory on the way.
struct Level {
    handle: Handle,
    exposed: bool,
}

/// The link of a user that a walk has followed.
struct UserLink {
    link: PathBuf,
    owner: u32,
}

struct Walk<'a> {
    root: &'a Root,
    route: Route,
    /// Never empty: `..` ends at the root.
    levels: Vec<Level>,
    /// The last level's path.
    at: PathBuf,
    user: Option<UserLink>,
}

impl Walk<'_> {
    fn to(mut self, path: &Path) -> io::Result<Place> {
        let mut waiting = components(path);
        let mut links = 0;
        while let Some(name) = waiting.pop() {
            if name == ".." {
                self.up();
                continue;
            }
            let last = waiting.is_empty();
            let entry = match Handle::entry(self.here().handle.file.as_fd(), &name)? {
                Some(entry) => entry,
                None if last => return self.end(name, None, false),
                None => self.missing(&name)?,
            };
            let here = self.here();
            let exposed = here.exposed || is_exposed(&here.handle.found, Some(&entry.found));
            if entry.found.is_symlink() {
                if last && (!self.route.follow || self.is_magic()) {
                    let magic = self.route.follow;
                    return self.end(name, Some(entry), magic);
                }
                links += 1;
                if links > MAX_LINKS {
                    return Err(too_many_links());
                }
                let target = self.followed(&name, &entry, exposed)?;
                if target.is_absolute() {
                    self.levels.truncate(1);
                    self.at = PathBuf::from("/");
                }
                waiting.extend(components(&target));
            } else if last {
                return self.end(name, Some(entry), false);
            } else if entry.found.is_dir() {
                self.at.push(&name);
                self.levels.push(Level { handle: entry, exposed });
            } else {
                return Err(io::ErrorKind::NotADirectory.into());
            }
        }
        // The path ends with a directory that has no name here.
        let own = Handle::entry(self.here().handle.file.as_fd(), OsStr::new("."))?;
        self.end(OsString::from("."), own, false)
    }

    fn here(&self) -> &Level {
        self.levels.last().expect("the root's level is never removed")
    }

    fn up(&mut self) {
        if self.levels.len() > 1 {
            self.levels.pop();
            self.at.pop();
        }
    }

    /// Whether the last component is a link of procfs to a descriptor, which has no path.
    fn is_magic(&self) -> bool {
        self.at.ends_with("fd") && self.is_procfs()
    }

    /// Whether the current directory is procfs's, in which nobody can create links. In a container, its root may belong
    /// to nobody.
    fn is_procfs(&self) -> bool {
        self.root.prefix.is_none()
            && self.at.starts_with("/proc")
            && rustix::fs::fstatfs(&self.here().handle.file)
                .is_ok_and(|found| u64::try_from(found.f_type).is_ok_and(|kind| kind == PROC_MAGIC))
    }

    /// Creates a missing directory on the way.
    fn missing(&mut self, name: &OsStr) -> io::Result<Handle> {
        let Some(owner) = self.route.create else { return Err(io::ErrorKind::NotFound.into()) };
        if let Some(UserLink { link, owner }) = &self.user {
            let missing = self.at.join(name);
            return Err(Refusal::Parents { link: link.clone(), owner: *owner, missing }.into());
        }
        let here = self.here();
        make_directory(&here.handle, name, None, owner)?;
        self.root.note_created(&self.at.join(name));
        Handle::entry(here.handle.file.as_fd(), name)?.ok_or_else(|| Refusal::Changed.into())
    }

    /// The target of a link, if it may be followed.
    fn followed(&mut self, name: &OsStr, link: &Handle, exposed: bool) -> io::Result<PathBuf> {
        let owner = link.found.uid();
        let path = self.at.join(name);
        if self.route.guard && exposed && !self.is_procfs() {
            let here = &self.here().handle.found;
            // An ordinary user's process may follow its own links.
            let is_users = here.uid() == owner && owner != 0;
            let other = self.user.as_ref().is_some_and(|user| user.owner != owner);
            if !is_users || other {
                return Err(Refusal::Link { link: path, owner }.into());
            }
            if !is_own(owner) {
                self.user = Some(UserLink { link: path, owner });
            }
        }
        target(&link.file)
    }

    fn end(mut self, name: OsString, entry: Option<Handle>, magic: bool) -> io::Result<Place> {
        let level = self.levels.pop().expect("the root's level is never removed");
        let found = entry.as_ref().map(|entry| &entry.found);
        let path = if name == "." { self.at } else { self.at.join(&name) };
        if let Some(UserLink { link, owner }) = self.user {
            // A name is replaced or removed in its directory, a new file becomes part of it, and so is a file of root.
            let inside = level.handle.found.uid() == owner;
            let allowed = match found.filter(|_| self.route.follow) {
                Some(found) => found.uid() == owner || inside && (found.is_dir() || found.nlink() == 1),
                None => inside,
            };
            if !allowed {
                return Err(Refusal::Foreign { link, owner, target: path }.into());
            }
        }
        let exposed = level.exposed || is_exposed(&level.handle.found, found);
        Ok(Place { directory: level.handle, name, entry, exposed, magic, path })
    }
}
