//! Files and directories.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A user and a group by number; `None` leaves that half as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// User id.
    pub uid: Option<u32>,
    /// Group id.
    pub gid: Option<u32>,
}

impl Owner {
    /// root:root.
    pub const ROOT: Self = Self { uid: Some(0), gid: Some(0) };

    /// Both numbers.
    pub fn new(uid: u32, gid: u32) -> Self {
        Self { uid: Some(uid), gid: Some(gid) }
    }
}

/// What a file is written with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Permission bits; `None` keeps those of the file that is replaced, and is 0644 for a new one.
    pub mode: Option<u32>,
    /// Owner; the default keeps that of the file that is replaced, and the process's for a new one.
    pub owner: Owner,
    /// The content is secret: a plan or a log shows only its length.
    pub secret: bool,
}

impl Attributes {
    /// These permission bits.
    pub fn mode(mode: u32) -> Self {
        Self { mode: Some(mode), ..Self::default() }
    }

    /// 0600, and the content is never shown.
    pub fn secret() -> Self {
        Self { mode: Some(0o600), secret: true, ..Self::default() }
    }

    /// The same with an owner.
    pub fn owned_by(self, owner: Owner) -> Self {
        Self { owner, ..self }
    }
}

/// What kind of thing a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, a socket or a FIFO.
    Special,
}

/// What is known of a path without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// File, directory, link or special.
    pub kind: FileKind,
    /// Permission bits, setuid and sticky included (07777).
    pub mode: u32,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Length in bytes.
    pub len: u64,
    /// Last change, seconds since the epoch.
    pub modified: i64,
}

/// A file operation that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {}: {source}", path.display())]
pub struct FileError {
    /// What was tried: `read`, `write`, …
    pub operation: &'static str,
    /// On which path, as the caller named it.
    pub path: PathBuf,
    /// Why not.
    pub source: io::Error,
}

impl FileError {
    /// An error of an operation on a path.
    pub fn new(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self { operation, path: path.to_owned(), source }
    }

    /// Whether nothing is there.
    pub fn is_not_found(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
    }
}

/// Reading. Paths are absolute and as the configured machine sees them; a root prefix is the implementation's
/// business, and no symbolic link leads out of it.
pub trait ReadFiles: Send + Sync {
    /// The whole content. Virtual files (/proc, /sys) included.
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError>;

    /// What is at the path, following links; `None` where nothing is, a dangling link included.
    fn stat(&self, path: &Path) -> Result<Option<Metadata>, FileError>;

    /// What is at the path itself, a link not followed; `None` where nothing is.
    fn lstat(&self, path: &Path) -> Result<Option<Metadata>, FileError>;

    /// The names in a directory, sorted by bytes.
    fn list(&self, directory: &Path) -> Result<Vec<String>, FileError>;

    /// What a symbolic link holds.
    fn read_link(&self, path: &Path) -> Result<PathBuf, FileError>;

    /// Listens from now on for names that come, go or are replaced in these directories. One that is missing is
    /// waited for in its parent. Only a real machine has changes that others make.
    fn watch(&self, directories: &[&Path]) -> Result<Box<dyn FileChanges>, FileError> {
        let first = directories.first().copied().unwrap_or(Path::new("/"));
        Err(FileError::new("watch", first, io::ErrorKind::Unsupported.into()))
    }

    /// The content, where there is a file.
    fn read_optional(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
        match self.read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The content as text, bytes that are no UTF-8 replaced; `None` where there is no readable file.
    fn text(&self, path: &Path) -> Option<String> {
        self.read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Whether anything is there, links followed.
    fn exists(&self, path: &Path) -> bool {
        matches!(self.stat(path), Ok(Some(_)))
    }

    /// Whether a regular file is there, links followed.
    fn is_file(&self, path: &Path) -> bool {
        matches!(self.stat(path), Ok(Some(Metadata { kind: FileKind::File, .. })))
    }

    /// Whether a directory is there, links followed.
    fn is_dir(&self, path: &Path) -> bool {
        matches!(self.stat(path), Ok(Some(Metadata { kind: FileKind::Directory, .. })))
    }
}

/// Changes in directories, since [`ReadFiles::watch`] was called.
pub trait FileChanges: Send {
    /// Waits for a change; false when the time is over. What has come meanwhile counts as one.
    fn wait(&mut self, limit: Duration) -> Result<bool, FileError>;
}

/// Reading and changing.
pub trait Files: ReadFiles {
    /// Replaces or makes a file: a temporary file beside it, fsync, rename; a reader sees the old content or the
    /// new. Missing parent directories are made, 0755. A link at the path is followed when it ends inside the root.
    fn write(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError>;

    /// Adds to the end of a file, which is made where it is missing.
    fn append(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError>;

    /// Makes a directory and its missing parents (those 0755). One that is there keeps its mode, unless `mode`
    /// is given.
    fn create_dir(&self, path: &Path, mode: Option<u32>) -> Result<(), FileError>;

    /// Makes a symbolic link that holds `target`, in place of a file or link at the path.
    fn symlink(&self, target: &Path, link: &Path) -> Result<(), FileError>;

    /// Removes a file, a link, or a directory with all in it. Nothing there is no error.
    fn remove(&self, path: &Path) -> Result<(), FileError>;

    /// Moves within one file system.
    fn rename(&self, from: &Path, to: &Path) -> Result<(), FileError>;

    /// Sets permission bits (07777).
    fn set_mode(&self, path: &Path, mode: u32) -> Result<(), FileError>;

    /// Sets the owner; a link itself, not what it leads to.
    fn set_owner(&self, path: &Path, owner: Owner) -> Result<(), FileError>;
}
