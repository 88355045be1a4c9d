//! A machine in memory, for tests: an overlay over an empty root.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::System;
use model::effects::{BlockDevice, FileError, FileKind, Http, InProcess, Metadata, ReadFiles};

use crate::overlay::{Overlay, Recording, TreeHttp};

/// An entry of a scratch root.
#[derive(Clone, Debug)]
enum Item {
    File(Vec<u8>, u32),
    Directory(u32),
    Device,
    Link(PathBuf),
}

/// A root in memory, built entry by entry and then read-only.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    items: BTreeMap<PathBuf, Item>,
    devices: Vec<(BlockDevice, PathBuf)>,
    now: Duration,
}

impl Scratch {
    /// An empty root.
    pub fn new() -> Self {
        let mut items = BTreeMap::new();
        items.insert(PathBuf::from("/"), Item::Directory(0o755));
        Self { items, devices: Vec::new(), now: Duration::from_secs(1_700_000_000) }
    }

    /// Adds a file, 0644.
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.item(path, Item::File(content.as_ref().to_vec(), 0o644))
    }

    /// Adds an executable file.
    pub fn program(self, path: &str) -> Self {
        self.item(path, Item::File(Vec::new(), 0o755))
    }

    /// Adds executable files.
    pub fn programs(self, paths: &[&str]) -> Self {
        paths.iter().fold(self, |root, path| root.program(path))
    }

    /// Adds a directory, 0755.
    pub fn directory(self, path: &str) -> Self {
        self.directory_mode(path, 0o755)
    }

    /// Adds a directory with a mode.
    pub fn directory_mode(self, path: &str, mode: u32) -> Self {
        self.item(path, Item::Directory(mode))
    }

    /// Adds a device node, which reads as empty.
    pub fn node(self, path: &str) -> Self {
        self.item(path, Item::Device)
    }

    /// Adds a symbolic link.
    pub fn link(self, path: &str, target: &str) -> Self {
        self.item(path, Item::Link(target.into()))
    }

    /// Adds a block device with the files of a directory in this root.
    pub fn device(mut self, device: BlockDevice, directory: &str) -> Self {
        self.devices.push((device, directory.into()));
        self
    }

    fn item(mut self, path: &str, item: Item) -> Self {
        let path = PathBuf::from(path);
        for parent in path.ancestors().skip(1) {
            self.items.entry(parent.to_owned()).or_insert(Item::Directory(0o755));
        }
        self.items.insert(path, item);
        self
    }

    /// The machine, with the recording of its effects. `http` answers its requests.
    pub fn system_with(self, http: Arc<dyn Http>) -> (System, Recording) {
        let (devices, now) = (self.devices.clone(), self.now);
        let (system, recording) = Overlay { lower: Arc::new(self), http, devices, now, seed: 1 }.system();
        // A test of the computation itself need not start a process.
        (System { sandbox: Arc::new(InProcess), ..system }, recording)
    }

    /// The machine; requests are not answered.
    pub fn system(self) -> (System, Recording) {
        let http = TreeHttp::new(Arc::new(Self::new()), None);
        self.system_with(Arc::new(http))
    }
}

/// An empty machine in memory.
pub fn scratch() -> (System, Recording) {
    Scratch::new().system()
}

fn error(operation: &'static str, path: &Path, kind: io::ErrorKind) -> FileError {
    FileError::new(operation, path, kind.into())
}

impl Scratch {
    fn followed(&self, path: &Path) -> Result<PathBuf, FileError> {
        crate::walk::resolve(path, true, |at| {
            Ok(match self.items.get(at) {
                Some(Item::Link(target)) => Some(target.clone()),
                _ => None,
            })
        })
        .map_err(|source| FileError::new("follow", path, source))
    }
}

impl ReadFiles for Scratch {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        match self.items.get(&self.followed(path)?) {
            Some(Item::File(bytes, _)) => Ok(bytes.clone()),
            Some(Item::Device) => Ok(Vec::new()),
            Some(_) => Err(error("read", path, io::ErrorKind::IsADirectory)),
            None => Err(error("read", path, io::ErrorKind::NotFound)),
        }
    }

    fn stat(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        self.lstat(&self.followed(path)?)
    }

    fn lstat(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        Ok(self.items.get(path).map(|item| {
            let (kind, mode, len) = match item {
                Item::File(bytes, mode) => (FileKind::File, *mode, bytes.len() as u64),
                Item::Directory(mode) => (FileKind::Directory, *mode, 0),
                Item::Device => (FileKind::Special, 0o660, 0),
                Item::Link(_) => (FileKind::Link, 0o777, 0),
            };
            Metadata { kind, mode, uid: 0, gid: 0, len, modified: 0 }
        }))
    }

    fn list(&self, directory: &Path) -> Result<Vec<String>, FileError> {
        let directory = self.followed(directory)?;
        match self.items.get(&directory) {
            Some(Item::Directory(_)) => {}
            Some(_) => return Err(error("list", &directory, io::ErrorKind::NotADirectory)),
            None => return Err(error("list", &directory, io::ErrorKind::NotFound)),
        }
        let below =
            self.items.range(directory.clone()..).take_while(|(path, _)| path.starts_with(&directory));
        Ok(below
            .filter(|(path, _)| path.parent() == Some(directory.as_path()))
            .filter_map(|(path, _)| path.file_name().map(|name| name.to_string_lossy().into_owned()))
            .collect())
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, FileError> {
        match self.items.get(path) {
            Some(Item::Link(target)) => Ok(target.clone()),
            Some(_) => Err(error("read the link", path, io::ErrorKind::InvalidInput)),
            None => Err(error("read the link", path, io::ErrorKind::NotFound)),
        }
    }
}
