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
    /// Whether a power cut may take the content, since the next boot writes the file again before anything needs it: then
    /// the disk is not waited for.
    pub fleeting: bool,
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

    /// Lets a power cut take the content.
    pub fn fleeting(self) -> Self {
        Self { fleeting: true, ..self }
    }
}

/// What a read accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The maximum size in bytes.
    pub limit: u64,
    /// Devices, FIFOs and the descriptors of /dev/fd too: for paths that the caller's user has typed.
    pub any_kind: bool,
    /// The file is a user's, and its content is written back: links and hard links that the user could have planted
    /// are not followed, as for a write.
    pub guarded: bool,
}

impl Reading {
    /// The default limit: 64 MiB.
    pub const LIMIT: u64 = 64 << 20;

    /// The limit of a document of a data source: 4 MiB. User-data of 3 MiB may be packed in base64.
    pub const DOCUMENT: u64 = 4 << 20;
    /// The limit of all documents of a data source in total: 6 MiB. A stage holds several forms of them.
    pub const DOCUMENTS: u64 = 6 << 20;

    /// Accepts a regular file up to this size.
    pub fn up_to(limit: u64) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Accepts a file of any kind.
    pub fn any_kind() -> Self {
        Self { any_kind: true, ..Self::default() }
    }

    /// Accepts a regular file in a directory of a user.
    pub fn guarded() -> Self {
        Self { guarded: true, ..Self::default() }
    }
}

impl Default for Reading {
    fn default() -> Self {
        Self { limit: Self::LIMIT, any_kind: false, guarded: false }
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

    /// Whether the file system refuses changes: it is full, read-only or broken.
    pub fn is_storage(&self) -> bool {
        /// EIO of errno(3), which has no kind of its own.
        const EIO: i32 = 5;
        use io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        matches!(self.source.kind(), StorageFull | QuotaExceeded | ReadOnlyFilesystem)
            || self.source.raw_os_error() == Some(EIO)
    }
}

/// Reading. Paths are absolute and as the configured machine sees them; the implementation applies a root prefix, and
/// no symbolic link leads out of it.
pub trait ReadFiles: Send + Sync {
    /// The complete content of a regular file of up to [`Reading::LIMIT`] bytes, also of virtual files (/proc, /sys).
    /// Anything but /dev/null is an error: a FIFO or a device could block or never end.
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError>;

    /// The complete content, with other limits.
    fn read_with(&self, path: &Path, _reading: &Reading) -> Result<Vec<u8>, FileError> {
        self.read(path)
    }

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
///
/// Changes follow a link only if nobody but root could have put it there. Below a directory that others can write, a link
/// is followed only as `fs.protected_symlinks` would: it belongs to the directory's owner, and so does its target.
/// Anything else is an error that names the link and its owner. A file that has several hard links, in such a directory,
/// is neither appended to nor changed unless it belongs to the directory's owner.
pub trait Files: ReadFiles {
    /// Writes a file atomically: a temporary file, fsync, rename; readers see the old or the new content. A new file can be
    /// made durable with others, see [`Files::gather`]. Missing
    /// parent directories are created, 0755. A link at the path is followed if its target is inside the root. A file
    /// that is a mount point is overwritten in place.
    fn write(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError>;

    /// Writes a file unless it has this content and these attributes.
    fn ensure(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError> {
        let Attributes { mode, owner, .. } = attributes;
        let is_wanted = |found: Metadata| {
            found.kind == FileKind::File
                && found.len == content.len() as u64
                && mode.is_none_or(|mode| mode == found.mode)
                && owner.uid.is_none_or(|uid| uid == found.uid)
                && owner.gid.is_none_or(|gid| gid == found.gid)
        };
        if self.stat(path)?.is_some_and(is_wanted) && self.read(path).is_ok_and(|bytes| bytes == content) {
            return Ok(());
        }
        self.write(path, content, attributes)
    }

    /// Appends to a file, which is created if missing.
    fn append(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError>;

    /// Appends to a file, and gives it these attributes even if it exists.
    fn append_with(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError> {
        self.append(path, content, attributes)?;
        let Some(found) = self.stat(path)? else { return Ok(()) };
        let Owner { uid, gid } = attributes.owner;
        if uid.is_some_and(|uid| uid != found.uid) || gid.is_some_and(|gid| gid != found.gid) {
            self.set_owner(path, attributes.owner)?;
        }
        match attributes.mode.filter(|mode| *mode != found.mode) {
            Some(mode) => self.set_mode(path, mode),
            None => Ok(()),
        }
    }

    /// Creates a directory and its missing parents (with 0755). An existing one keeps its mode, unless `mode` is given.
    fn create_dir(&self, path: &Path, mode: Option<u32>) -> Result<(), FileError>;

    /// Creates a directory and its missing parents, all of which get this owner, and the last one this mode. An
    /// existing directory keeps both.
    fn create_dir_owned(&self, path: &Path, mode: Option<u32>, owner: Owner) -> Result<(), FileError> {
        let missing: Vec<&Path> = path.ancestors().take_while(|parent| !self.exists(parent)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        self.create_dir(path, mode)?;
        if owner != Owner::default() {
            for directory in missing.iter().rev() {
                self.set_owner(directory, owner)?;
            }
        }
        Ok(())
    }

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

    /// Waits until everything that was changed so far, also by commands, has reached the disk: appended content and what
    /// commands wrote would be lost in a power cut.
    fn sync(&self) -> Result<(), FileError>;

    /// From now on, new files are made durable in groups: [`Files::settle`] ends a group. They have their names at once, for
    /// commands too; until the group is settled, a power cut may leave them empty. Content that exists is still replaced
    /// by content that is on the disk.
    fn gather(&self) {}

    /// Waits until the files that were written so far have reached the disk: before and after what records that they were,
    /// such as a semaphore.
    fn settle(&self) -> Result<(), FileError> {
        Ok(())
    }

    /// The files and directories created since the last call, if they need a label of the SELinux policy.
    fn unlabelled(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}
