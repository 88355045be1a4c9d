//! Files and directories.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A user and a group ID; `None` leaves that part unchanged.
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

    /// Sets both IDs.
    pub fn new(uid: u32, gid: u32) -> Self {
        Self { uid: Some(uid), gid: Some(gid) }
    }
}

/// The attributes of a written file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Permission bits; `None` keeps those of a replaced file, and means 0644 for a new one.
    pub mode: Option<u32>,
    /// The owner; the default keeps that of a replaced file, and is the process's for a new one.
    pub owner: Owner,
    /// Whether the content is secret: plans and logs show only its size.
    pub secret: bool,
}

impl Attributes {
    /// With these permission bits.
    pub fn mode(mode: u32) -> Self {
        Self { mode: Some(mode), ..Self::default() }
    }

    /// Mode 0600, and the content is never shown.
    pub fn secret() -> Self {
        Self { mode: Some(0o600), secret: true, ..Self::default() }
    }

    /// Sets the owner.
    pub fn owned_by(self, owner: Owner) -> Self {
        Self { owner, ..self }
    }
}

/// The type of a file.
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

/// The metadata of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// The file type.
    pub kind: FileKind,
    /// Permission bits, including setuid and sticky (07777).
    pub mode: u32,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Size in bytes.
    pub len: u64,
    /// Last modification, in seconds since the epoch.
    pub modified: i64,
}

/// A file operation that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {}: {source}", path.display())]
pub struct FileError {
    /// The operation: `read`, `write`, …
    pub operation: &'static str,
    /// The path, as named by the caller.
    pub path: PathBuf,
    /// The reason.
    pub source: io::Error,
}

impl FileError {
    /// Creates an error for an operation on a path.
    pub fn new(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self { operation, path: path.to_owned(), source }
    }

    /// Whether the file does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
    }
}

/// Reading. Paths are absolute and as the configured machine sees them; the implementation applies a root prefix, and
/// no symbolic link leads out of it.
pub trait ReadFiles: Send + Sync {
    /// The complete content, also of virtual files (/proc, /sys).
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError>;

    /// The metadata of a path, following links; `None` if it does not exist or is a dangling link.
    fn stat(&self, path: &Path) -> Result<Option<Metadata>, FileError>;

    /// The metadata of a path, not following a link; `None` if it does not exist.
    fn lstat(&self, path: &Path) -> Result<Option<Metadata>, FileError>;

    /// The names in a directory, sorted by bytes.
    fn list(&self, directory: &Path) -> Result<Vec<String>, FileError>;

    /// The target of a symbolic link.
    fn read_link(&self, path: &Path) -> Result<PathBuf, FileError>;

    /// Watches these directories for names that are created, removed or replaced. A missing directory is watched for in
    /// its parent. Only on a real machine do other programs make changes.
    fn watch(&self, directories: &[&Path]) -> Result<Box<dyn FileChanges>, FileError> {
        let first = directories.first().copied().unwrap_or(Path::new("/"));
        Err(FileError::new("watch", first, io::ErrorKind::Unsupported.into()))
    }

    /// The content, or `None` if the file does not exist.
    fn read_optional(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
        match self.read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The content as text, with invalid UTF-8 replaced; `None` without a readable file.
    fn text(&self, path: &Path) -> Option<String> {
        self.read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Whether the path exists, following links.
    fn exists(&self, path: &Path) -> bool {
        matches!(self.stat(path), Ok(Some(_)))
    }

    /// Whether it is a regular file, following links.
    fn is_file(&self, path: &Path) -> bool {
        matches!(self.stat(path), Ok(Some(Metadata { kind: FileKind::File, .. })))
    }

    /// Whether it is a directory, following links.
    fn is_dir(&self, path: &Path) -> bool {
        matches!(self.stat(path), Ok(Some(Metadata { kind: FileKind::Directory, .. })))
    }
}

/// Changes in directories since [`ReadFiles::watch`] was called.
pub trait FileChanges: Send {
    /// Waits for a change; returns false on timeout. Earlier changes count as one.
    fn wait(&mut self, limit: Duration) -> Result<bool, FileError>;
}

/// Reading and writing.
pub trait Files: ReadFiles {
    /// Writes a file atomically: a temporary file, fsync, rename; readers see the old or the new content. Missing
    /// parent directories are created, 0755. A link at the path is followed if its target is inside the root.
    fn write(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError>;

    /// Appends to a file, which is created if missing.
    fn append(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError>;

    /// Creates a directory and its missing parents (with 0755). An existing one keeps its mode, unless `mode` is given.
    fn create_dir(&self, path: &Path, mode: Option<u32>) -> Result<(), FileError>;

    /// Creates a symbolic link to `target`, replacing a file or link at the path.
    fn symlink(&self, target: &Path, link: &Path) -> Result<(), FileError>;

    /// Removes a file, a link, or a directory with its contents. A missing path is not an error.
    fn remove(&self, path: &Path) -> Result<(), FileError>;

    /// Renames within one file system.
    fn rename(&self, from: &Path, to: &Path) -> Result<(), FileError>;

    /// Sets permission bits (07777).
    fn set_mode(&self, path: &Path, mode: u32) -> Result<(), FileError>;

    /// Sets the owner; of a link itself, not its target.
    fn set_owner(&self, path: &Path, owner: Owner) -> Result<(), FileError>;
}
