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

    fn sync(&self) -> Result<(), FileError> {
        self.below.sync()?;
        self.elsewhere.sync()
    }

    fn gather(&self) {
        self.below.gather();
        self.elsewhere.gather();
    }

    fn settle(&self) -> Result<(), FileError> {
        self.below.settle()?;
        self.elsewhere.settle()
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

#[cfg(test)]
mod tests {
    use model::effects::FileKind;

    use super::*;
    use crate::Scratch;

    /// Each operation on a path of a route happens at its other end, and nowhere else.
    #[test]
    fn every_operation_follows_the_routes() {
        let below = Scratch::new().file("/run/kept", "below").link("/run/link", "kept").system().0;
        let other = Scratch::new().file("/mnt/run/file", "other").link("/mnt/run/link", "file").system().0;
        let routes = vec![("/run".into(), "/mnt/run".into())];
        let files = rerouted(&below, other.files.clone(), routes).files;
        let plain = Attributes::default();
        let at = Path::new;
        assert_eq!(files.list(at("/run")).expect("a directory"), ["file", "link"]);
        assert_eq!(files.read(at("/run/file")).expect("there"), b"other");
        assert_eq!(files.read_link(at("/run/link")).expect("a link"), at("file"));
        let kind = |path: &str| files.lstat(at(path)).expect("no error").map(|found| found.kind);
        assert_eq!((kind("/run/link"), kind("/run/file")), (Some(FileKind::Link), Some(FileKind::File)));
        assert_eq!(kind("/run/kept"), None);
        files.write(at("/run/new"), b"a", &plain).expect("written");
        files.append(at("/run/new"), b"b", &plain).expect("appended");
        files.set_mode(at("/run/new"), 0o600).expect("set");
        files.set_owner(at("/run/new"), Owner::new(7, 8)).expect("set");
        files.create_dir(at("/run/directory"), Some(0o700)).expect("made");
        files.symlink(at("new"), at("/run/again")).expect("linked");
        files.rename(at("/run/file"), at("/run/moved")).expect("moved");
        files.remove(at("/run/link")).expect("removed");
        let other = other.files;
        assert_eq!(other.list(at("/mnt/run")).expect("a directory"), ["again", "directory", "moved", "new"]);
        assert_eq!(other.read(at("/mnt/run/again")).expect("through the link"), b"ab");
        let new = files.stat(at("/run/new")).expect("no error").expect("there");
        assert_eq!((new.mode, new.uid, new.gid), (0o600, 7, 8));
        assert_eq!(below.files.list(at("/run")).expect("a directory"), ["kept", "link"]);
        // Only whole names: /runner is not below /run.
        files.write(at("/runner"), b"x", &plain).expect("written");
        assert!(below.files.exists(at("/runner")));
    }
}
