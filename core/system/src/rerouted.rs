//! A machine with relocated paths: how ds-identify is told where to look.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::System;
use model::effects::{Attributes, FileError, Files, Metadata, Owner, ReadFiles};

/// A path of the machine, and its actual location.
pub type Route = (PathBuf, PathBuf);

struct Rerouted {
    below: Arc<dyn Files>,
    elsewhere: Arc<dyn Files>,
    routes: Vec<Route>,
}

/// Reads these paths, and everything below them, from `elsewhere`; the first matching route is used.
pub fn rerouted(system: &System, elsewhere: Arc<dyn Files>, routes: Vec<Route>) -> System {
    if routes.is_empty() {
        return system.clone();
    }
    let files = Arc::new(Rerouted { below: system.files.clone(), elsewhere, routes });
    System { files, ..system.clone() }
}

impl Rerouted {
    fn at<T>(&self, path: &Path, act: impl FnOnce(&dyn Files, &Path) -> T) -> T {
        for (from, to) in &self.routes {
            if let Ok(rest) = path.strip_prefix(from) {
                // An empty rest would end the path with a slash.
                let moved = if rest.as_os_str().is_empty() { to.clone() } else { to.join(rest) };
                return act(self.elsewhere.as_ref(), &moved);
            }
        }
        act(self.below.as_ref(), path)
    }
}

impl ReadFiles for Rerouted {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        self.at(path, |files, path| files.read(path))
    }

    fn stat(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        self.at(path, |files, path| files.stat(path))
    }

    fn lstat(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        self.at(path, |files, path| files.lstat(path))
    }

    fn list(&self, directory: &Path) -> Result<Vec<String>, FileError> {
        self.at(directory, |files, path| files.list(path))
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, FileError> {
        self.at(path, |files, path| files.read_link(path))
    }
}

impl Files for Rerouted {
    fn write(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError> {
        self.at(path, |files, path| files.write(path, content, attributes))
    }

    fn append(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError> {
        self.at(path, |files, path| files.append(path, content, attributes))
    }

    fn create_dir(&self, path: &Path, mode: Option<u32>) -> Result<(), FileError> {
        self.at(path, |files, path| files.create_dir(path, mode))
    }

    fn symlink(&self, target: &Path, link: &Path) -> Result<(), FileError> {
        self.at(link, |files, link| files.symlink(target, link))
    }

    fn remove(&self, path: &Path) -> Result<(), FileError> {
        self.at(path, |files, path| files.remove(path))
    }

    /// Within the directory of the old name.
    fn rename(&self, from: &Path, to: &Path) -> Result<(), FileError> {
        let target = self.at(to, |_, path| path.to_owned());
        self.at(from, |files, path| files.rename(path, &target))
    }

    fn set_mode(&self, path: &Path, mode: u32) -> Result<(), FileError> {
        self.at(path, |files, path| files.set_mode(path, mode))
    }

    fn set_owner(&self, path: &Path, owner: Owner) -> Result<(), FileError> {
        self.at(path, |files, path| files.set_owner(path, owner))
    }
}
