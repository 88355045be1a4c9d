//! The files of an overlay: a tree in memory over a read-only root.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use model::effects::{Attributes, FileError, FileKind, Files, Metadata, Owner, ReadFiles};

use super::{Content, EffectKind, Recording};
use crate::walk::resolve;

#[derive(Clone)]
enum Node {
    File(Content),
    Directory {
        /// The directory replaced a removed one: entries of the root below it are hidden.
        opaque: bool,
    },
    Link(PathBuf),
    /// It was removed.
    Nothing,
}

#[derive(Clone)]
struct Entry {
    node: Node,
    mode: u32,
    uid: u32,
    gid: u32,
}

/// The files of an overlay.
pub(crate) struct OverlayFiles {
    lower: Arc<dyn ReadFiles>,
    upper: RwLock<BTreeMap<PathBuf, Entry>>,
    recording: Recording,
}

fn not_found(operation: &'static str, path: &Path) -> FileError {
    FileError::new(operation, path, io::ErrorKind::NotFound.into())
}

impl OverlayFiles {
    pub(crate) fn new(lower: Arc<dyn ReadFiles>, recording: Recording) -> Self {
        Self { lower, upper: RwLock::default(), recording }
    }

    fn entry(&self, path: &Path) -> Option<Entry> {
        self.upper.read().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    fn set(&self, path: &Path, entry: Entry) {
        self.upper.write().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), entry);
    }

    /// Whether the root's entry at a resolved path is still visible.
    fn shows_below(&self, path: &Path) -> bool {
        path.ancestors().skip(1).all(|parent| {
            !matches!(
                self.entry(parent).map(|entry| entry.node),
                Some(Node::Nothing | Node::Directory { opaque: true } | Node::File(_) | Node::Link(_))
            )
        })
    }

    /// The entry at a path with resolved parents; the last component is not followed.
    fn look(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        let Some(entry) = self.entry(path) else {
            return if self.shows_below(path) { self.lower.lstat(path) } else { Ok(None) };
        };
        let (kind, len) = match &entry.node {
            Node::Nothing => return Ok(None),
            Node::File(bytes) => (FileKind::File, bytes.len() as u64),
            Node::Directory { .. } => (FileKind::Directory, 0),
            Node::Link(target) => (FileKind::Link, target.as_os_str().len() as u64),
        };
        Ok(Some(Metadata { kind, mode: entry.mode, uid: entry.uid, gid: entry.gid, len, modified: 0 }))
    }

    fn target(&self, path: &Path) -> Result<Option<PathBuf>, FileError> {
        match self.entry(path) {
            Some(Entry { node: Node::Link(target), .. }) => Ok(Some(target)),
            Some(_) => Ok(None),
            None => match self.look(path)? {
                Some(Metadata { kind: FileKind::Link, .. }) => self.lower.read_link(path).map(Some),
                _ => Ok(None),
            },
        }
    }

    fn walk(&self, path: &Path, follow_last: bool) -> Result<PathBuf, FileError> {
        resolve(path, follow_last, |at| self.target(at).map_err(|error| error.source))
            .map_err(|source| FileError::new("follow", path, source))
    }

    fn make_parents(&self, path: &Path) -> Result<(), FileError> {
        let missing: Vec<&Path> = path
            .ancestors()
            .skip(1)
            .filter(|parent| *parent != Path::new("/"))
            .take_while(|parent| !matches!(self.look(parent), Ok(Some(_))))
            .collect();
        for parent in missing.into_iter().rev() {
            self.make_one(parent, 0o755);
        }
        Ok(())
    }

    fn make_one(&self, path: &Path, mode: u32) {
        let opaque = matches!(self.entry(path), Some(Entry { node: Node::Nothing, .. }));
        self.set(path, Entry { node: Node::Directory { opaque }, mode, uid: 0, gid: 0 });
        self.recording.push(EffectKind::Directory { path: path.to_owned(), mode });
    }

    /// Copies an entry of the root, so that its attributes can change.
    fn copy_up(&self, path: &Path) -> Result<Entry, FileError> {
        if let Some(entry) = self.entry(path) {
            return match entry.node {
                Node::Nothing => Err(not_found("change", path)),
                _ => Ok(entry),
            };
        }
        let found = self.look(path)?.ok_or_else(|| not_found("change", path))?;
        let node = match found.kind {
            FileKind::Directory => Node::Directory { opaque: false },
            FileKind::Link => Node::Link(self.lower.read_link(path)?),
            FileKind::File | FileKind::Special => Node::File(Content::new(self.lower.read(path)?)),
        };
        Ok(Entry { node, mode: found.mode, uid: found.uid, gid: found.gid })
    }

    fn change(&self, path: &Path, change: impl FnOnce(&mut Entry)) -> Result<(), FileError> {
        let mut entry = self.copy_up(path)?;
        change(&mut entry);
        let (mode, owner) = (entry.mode, (entry.uid, entry.gid));
        self.set(path, entry);
        self.recording.push(EffectKind::Attributes { path: path.to_owned(), mode, owner });
        Ok(())
    }

    fn put(&self, path: &Path, content: Vec<u8>, attributes: &Attributes) -> Result<(), FileError> {
        let path = self.walk(path, true)?;
        let found = self.look(&path)?;
        if matches!(found, Some(Metadata { kind: FileKind::Directory, .. })) {
            return Err(FileError::new("write", &path, io::ErrorKind::IsADirectory.into()));
        }
        self.make_parents(&path)?;
        // Reading a device could block or never end.
        let is_file = found.is_some_and(|found| found.kind == FileKind::File);
        let before = if is_file { self.content(&path, &path).ok() } else { None };
        let after = match &before {
            Some(before) => before.replaced_by(content),
            None => Content::new(content),
        };
        let mode = attributes.mode.or(found.map(|found| found.mode)).unwrap_or(0o644);
        let uid = attributes.owner.uid.or(found.map(|found| found.uid)).unwrap_or(0);
        let gid = attributes.owner.gid.or(found.map(|found| found.gid)).unwrap_or(0);
        self.set(&path, Entry { node: Node::File(after.clone()), mode, uid, gid });
        let secret = attributes.secret;
        self.recording.push(EffectKind::Write { path, before, after, mode, owner: (uid, gid), secret });
        Ok(())
    }

    /// A change by a modelled command: not recorded, because the command is.
    pub(super) fn quietly_write(&self, path: &Path, content: &[u8], mode: u32) {
        let path = self.walk(path, true).unwrap_or_else(|_| path.to_owned());
        let found = self.look(&path).ok().flatten();
        let mode = found.map_or(mode, |found| found.mode);
        let (uid, gid) = found.map_or((0, 0), |found| (found.uid, found.gid));
        let content = Content::new(content.to_vec());
        self.set(&path, Entry { node: Node::File(content), mode, uid, gid });
    }

    /// The content of a changed file: whoever has it knows whether it is still the same.
    pub(super) fn changed(&self, path: &Path) -> Option<Content> {
        match self.entry(&self.walk(path, true).ok()?)?.node {
            Node::File(content) => Some(content),
            _ => None,
        }
    }

    /// The content of a file, with links resolved in `real` and not in `path`.
    fn content(&self, path: &Path, real: &Path) -> Result<Content, FileError> {
        match self.entry(real).map(|entry| entry.node) {
            Some(Node::File(content)) => Ok(content),
            Some(Node::Directory { .. }) => {
                Err(FileError::new("read", path, io::ErrorKind::IsADirectory.into()))
            }
            Some(Node::Nothing | Node::Link(_)) => Err(not_found("read", path)),
            None if self.shows_below(real) => self.lower.read(real).map(Content::new),
            None => Err(not_found("read", path)),
        }
    }

    /// A directory created by a modelled command.
    pub(super) fn quietly_make_dir(&self, path: &Path, mode: u32, uid: u32, gid: u32) {
        let missing: Vec<&Path> = path
            .ancestors()
            .skip(1)
            .filter(|parent| *parent != Path::new("/"))
            .take_while(|parent| !matches!(self.look(parent), Ok(Some(_))))
            .collect();
        for parent in missing {
            self.set(parent, Entry { node: Node::Directory { opaque: false }, mode: 0o755, uid: 0, gid: 0 });
        }
        self.set(path, Entry { node: Node::Directory { opaque: false }, mode, uid, gid });
    }
}

impl ReadFiles for OverlayFiles {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        self.content(path, &self.walk(path, true)?).map(|content| content.to_vec())
    }

    fn stat(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        let found = self.look(&self.walk(path, true)?)?;
        Ok(found.filter(|found| found.kind != FileKind::Link))
    }

    fn lstat(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        self.look(&self.walk(path, false)?)
    }

    fn list(&self, directory: &Path) -> Result<Vec<String>, FileError> {
        let real = self.walk(directory, true)?;
        match self.look(&real)? {
            None => return Err(not_found("list", directory)),
            Some(found) if found.kind != FileKind::Directory => {
                return Err(FileError::new("list", directory, io::ErrorKind::NotADirectory.into()));
            }
            Some(_) => {}
        }
        let opaque =
            matches!(self.entry(&real).map(|entry| entry.node), Some(Node::Directory { opaque: true }));
        let mut names: std::collections::BTreeSet<String> = if !opaque && self.shows_below(&real) {
            self.lower.list(&real).unwrap_or_default().into_iter().collect()
        } else {
            std::collections::BTreeSet::new()
        };
        let upper = self.upper.read().unwrap_or_else(PoisonError::into_inner);
        let below = upper.range(real.clone()..).take_while(|(path, _)| path.starts_with(&real));
        for (path, entry) in below.filter(|(path, _)| path.parent() == Some(real.as_path())) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match entry.node {
                Node::Nothing => names.remove(&name),
                _ => names.insert(name),
            };
        }
        Ok(names.into_iter().collect())
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, FileError> {
        let real = self.walk(path, false)?;
        self.target(&real)?
            .ok_or_else(|| FileError::new("read the link", path, io::ErrorKind::InvalidInput.into()))
    }
}

impl Files for OverlayFiles {
    fn write(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError> {
        self.put(path, content.to_vec(), attributes)
    }

    fn append(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError> {
        let is_device = matches!(self.stat(path)?, Some(found) if found.kind == FileKind::Special);
        let mut whole = if is_device { Vec::new() } else { self.read_optional(path)?.unwrap_or_default() };
        whole.extend_from_slice(content);
        self.put(path, whole, attributes)
    }

    fn create_dir(&self, path: &Path, mode: Option<u32>) -> Result<(), FileError> {
        let path = self.walk(path, true)?;
        match (self.look(&path)?, mode) {
            (Some(Metadata { kind: FileKind::Directory, mode: now, .. }), Some(mode)) if now != mode => {
                self.change(&path, |entry| entry.mode = mode)
            }
            (Some(Metadata { kind: FileKind::Directory, .. }), _) => Ok(()),
            (Some(_), _) => {
                Err(FileError::new("create the directory", &path, io::ErrorKind::AlreadyExists.into()))
            }
            (None, _) => {
                self.make_parents(&path)?;
                self.make_one(&path, mode.unwrap_or(0o755));
                Ok(())
            }
        }
    }

    /// What is only in memory needs no disk.
    fn sync(&self) -> Result<(), FileError> {
        Ok(())
    }

    fn symlink(&self, target: &Path, link: &Path) -> Result<(), FileError> {
        let path = self.walk(link, false)?;
        self.make_parents(&path)?;
        self.set(&path, Entry { node: Node::Link(target.to_owned()), mode: 0o777, uid: 0, gid: 0 });
        self.recording.push(EffectKind::Link { path, target: target.to_owned() });
        Ok(())
    }

    fn remove(&self, path: &Path) -> Result<(), FileError> {
        let path = self.walk(path, false)?;
        if self.look(&path)?.is_none() {
            return Ok(());
        }
        let mut upper = self.upper.write().unwrap_or_else(PoisonError::into_inner);
        let below = upper.range(path.clone()..).map(|(inner, _)| inner);
        let below: Vec<PathBuf> = below.take_while(|inner| inner.starts_with(&path)).cloned().collect();
        for inner in below {
            upper.remove(&inner);
        }
        upper.insert(path.clone(), Entry { node: Node::Nothing, mode: 0, uid: 0, gid: 0 });
        drop(upper);
        self.recording.push(EffectKind::Remove(path));
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), FileError> {
        let (from, to) = (self.walk(from, false)?, self.walk(to, false)?);
        let entry = self.copy_up(&from)?;
        if matches!(entry.node, Node::Directory { .. }) {
            for name in self.list(&from)? {
                self.make_parents(&to.join(&name))?;
                self.rename(&from.join(&name), &to.join(&name))?;
            }
        }
        self.make_parents(&to)?;
        self.set(&to, entry);
        self.set(&from, Entry { node: Node::Nothing, mode: 0, uid: 0, gid: 0 });
        self.recording.push(EffectKind::Rename { from, to });
        Ok(())
    }

    fn set_mode(&self, path: &Path, mode: u32) -> Result<(), FileError> {
        let path = self.walk(path, true)?;
        self.change(&path, |entry| entry.mode = mode)
    }

    fn set_owner(&self, path: &Path, owner: Owner) -> Result<(), FileError> {
        let path = self.walk(path, false)?;
        self.change(&path, |entry| {
            entry.uid = owner.uid.unwrap_or(entry.uid);
            entry.gid = owner.gid.unwrap_or(entry.gid);
        })
    }
}

#[cfg(test)]
mod tests;
