//! State that its file system refuses, because it is full, read-only or broken, is kept in the run directory for this boot.
//!
//! Everything that reads the state sees the kept files first. Once the file system accepts them, as after it was grown,
//! they are saved. Semaphores are never kept: at the next boot, nothing would know of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use model::System;
use model::effects::{
    Attributes, FileChanges, FileError, FileKind, Files, Metadata, Owner, ReadFiles, Reading,
};

use crate::walk::resolve;

/// The directories of semaphores, and the files that have a place of their own in the run directory.
const SEMAPHORES: &str = "sem";
const OWN_PLACE: &[&str] = &["data/status.json", "data/result.json"];

struct Kept {
    files: Arc<dyn Files>,
    /// The state's directory.
    state: PathBuf,
    /// Where it is kept meanwhile.
    place: PathBuf,
    /// Whether anything is kept: otherwise, paths are passed on as they are.
    active: AtomicBool,
    /// The causes that were reported, by error number.
    told: Mutex<BTreeSet<Option<i32>>>,
}

/// Keeps what cannot be written below `state` in `place`. What an earlier stage has kept is saved if possible.
pub fn keeping(system: &System, state: &Path, place: &Path) -> System {
    let files = system.files.clone();
    let active = matches!(files.lstat(place), Ok(Some(_)));
    let kept = Kept {
        files,
        state: state.to_owned(),
        place: place.to_owned(),
        active: AtomicBool::new(active),
        told: Mutex::default(),
    };
    if active {
        kept.save();
    }
    System { files: Arc::new(kept), ..system.clone() }
}

/// A path without links, and where it is kept.
struct Resolved {
    real: PathBuf,
    kept: PathBuf,
}

impl Kept {
    /// Reports a cause once.
    fn tell(&self, error: &FileError) {
        let new =
            self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(error.source.raw_os_error());
        if new {
            tracing::warn!(
                "{error}: the state of this boot is kept in {}; modules that are not recorded in {} run again at the next boot",
                self.place.display(),
                self.state.display()
            );
        }
    }

    fn is_active(&self) -> bool {
        self.active.load(Ordering::Relaxed)
    }

    /// The kept form of a path without links.
    fn kept(&self, real: &Path) -> Option<PathBuf> {
        let inner = real.strip_prefix(&self.state).ok()?;
        if inner.as_os_str().is_empty() {
            return Some(self.place.clone());
        }
        let is_own = OWN_PLACE.iter().any(|own| inner == Path::new(own));
        let is_semaphore = inner.parent().is_some_and(|parent| parent.iter().any(|name| name == SEMAPHORES));
        (!is_own && !is_semaphore).then(|| self.place.join(inner))
    }

    fn resolved(&self, path: &Path, follow: bool) -> Result<PathBuf, FileError> {
        let below_run = self.place.parent().is_some_and(|run| path.starts_with(run));
        if !path.starts_with(&self.state) && !below_run {
            return Ok(path.to_owned());
        }
        let target = |at: &Path| {
            for place in self.kept(at).as_deref().into_iter().chain([at]) {
                match self.files.lstat(place) {
                    Ok(Some(Metadata { kind: FileKind::Link, .. })) => {
                        return self.files.read_link(place).map(Some).map_err(|error| error.source);
                    }
                    Ok(Some(_)) => return Ok(None),
                    Ok(None) => {}
                    Err(error) => return Err(error.source),
                }
            }
            Ok(None)
        };
        resolve(path, follow, target).map_err(|source| FileError::new("follow", path, source))
    }

    /// Reads what is kept, or else what the file system has.
    fn look<T>(
        &self,
        path: &Path,
        follow: bool,
        read: impl Fn(&dyn Files, &Path) -> Result<T, FileError>,
    ) -> Result<T, FileError> {
        if !self.is_active() {
            return read(self.files.as_ref(), path);
        }
        let real = self.resolved(path, follow)?;
        match self.kept(&real) {
            Some(kept) if matches!(self.files.lstat(&kept), Ok(Some(_))) => read(self.files.as_ref(), &kept),
            _ => read(self.files.as_ref(), &real),
        }
    }

    /// Changes the file system, or else what is kept.
    fn change(
        &self,
        path: &Path,
        follow: bool,
        change: impl Fn(&dyn Files, &Path) -> Result<(), FileError>,
        keep: impl Fn(&dyn Files, &Resolved) -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        let files = self.files.as_ref();
        if !self.is_active() {
            match change(files, path) {
                Err(error) if error.is_storage() => {}
                outcome => return outcome,
            }
        }
        let real = self.resolved(path, follow)?;
        if !real.starts_with(&self.state) {
            return change(files, &real);
        }
        let outcome = change(files, &real);
        let kept = self.kept(&real);
        match (outcome, kept) {
            (Ok(()), Some(kept)) if self.is_active() => match files.lstat(&kept)? {
                // A kept directory still has its other entries.
                Some(Metadata { kind: FileKind::Directory, .. }) | None => Ok(()),
                Some(_) => files.remove(&kept),
            },
            (Err(error), kept) if error.is_storage() => {
                self.tell(&error);
                let Some(kept) = kept else { return Err(error) };
                self.active.store(true, Ordering::Relaxed);
                keep(files, &Resolved { real, kept })
            }
            (outcome, _) => outcome,
        }
    }

    /// Moves everything that is kept to its file system, as far as that accepts it.
    fn save(&self) {
        match self.save_below(Path::new("")) {
            Ok(()) => {
                let state = self.state.display();
                tracing::info!("the state of this boot is saved in {state}");
                if self.files.remove(&self.place).is_ok() {
                    self.active.store(false, Ordering::Relaxed);
                }
            }
            Err(error) if error.is_storage() => self.tell(&error),
            Err(error) => tracing::warn!("{error}"),
        }
    }

    fn save_below(&self, inner: &Path) -> Result<(), FileError> {
        let directory = self.place.join(inner);
        for name in self.files.list(&directory)? {
            let inner = inner.join(&name);
            let (kept, real) = (self.place.join(&inner), self.state.join(&inner));
            let Some(found) = self.files.lstat(&kept)? else { continue };
            match found.kind {
                FileKind::Directory => {
                    self.files.create_dir(&real, Some(found.mode))?;
                    self.save_below(&inner)?;
                    continue;
                }
                FileKind::Link => self.files.symlink(&self.files.read_link(&kept)?, &real)?,
                FileKind::File | FileKind::Special => {
                    let attributes = Attributes::mode(found.mode).owned_by(Owner::new(found.uid, found.gid));
                    self.files.write(&real, &self.files.read(&kept)?, &attributes)?;
                }
            }
            self.files.remove(&kept)?;
        }
        Ok(())
    }
}

impl ReadFiles for Kept {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        self.look(path, true, |files, path| files.read(path))
    }

    fn read_with(&self, path: &Path, reading: &Reading) -> Result<Vec<u8>, FileError> {
        self.look(path, true, |files, path| files.read_with(path, reading))
    }

    fn stat(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        self.look(path, true, |files, path| files.stat(path))
    }

    fn lstat(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        self.look(path, false, |files, path| files.lstat(path))
    }

    fn list(&self, directory: &Path) -> Result<Vec<String>, FileError> {
        if !self.is_active() {
            return self.files.list(directory);
        }
        let real = self.resolved(directory, true)?;
        let kept = self.kept(&real).filter(|kept| self.files.is_dir(kept));
        let Some(kept) = kept else { return self.files.list(&real) };
        let mut names: BTreeSet<String> = self.files.list(&kept)?.into_iter().collect();
        match self.files.list(&real) {
            Ok(more) => names.extend(more),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
        Ok(names.into_iter().collect())
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, FileError> {
        self.look(path, false, |files, path| files.read_link(path))
    }

    fn watch(&self, directories: &[&Path]) -> Result<Box<dyn FileChanges>, FileError> {
        self.files.watch(directories)
    }
}

impl Files for Kept {
    fn write(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError> {
        self.change(
            path,
            true,
            |files, path| files.write(path, content, attributes),
            |files, at| {
                // A replaced file keeps its mode and owner.
                let before = files.stat(&at.real)?;
                let mode = attributes.mode.or(before.map(|found| found.mode));
                files.write(&at.kept, content, &Attributes { mode, ..*attributes })
            },
        )
    }

    fn ensure(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError> {
        if self.is_active() {
            return self.write(path, content, attributes);
        }
        match self.files.ensure(path, content, attributes) {
            Err(error) if error.is_storage() => self.write(path, content, attributes),
            outcome => outcome,
        }
    }

    fn append(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError> {
        self.change(
            path,
            true,
            |files, path| files.append(path, content, attributes),
            |files, at| {
                if !files.exists(&at.kept) {
                    let before = files.read_optional(&at.real)?.unwrap_or_default();
                    files.write(&at.kept, &before, attributes)?;
                }
                files.append(&at.kept, content, attributes)
            },
        )
    }

    fn sync(&self) -> Result<(), FileError> {
        self.files.sync()
    }

    fn gather(&self) {
        self.files.gather();
    }

    fn settle(&self) -> Result<(), FileError> {
        self.files.settle()
    }

    fn append_with(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError> {
        if path.starts_with(&self.state) {
            return self.append(path, content, attributes);
        }
        self.files.append_with(path, content, attributes)
    }

    fn create_dir(&self, path: &Path, mode: Option<u32>) -> Result<(), FileError> {
        self.change(
            path,
            true,
            |files, path| files.create_dir(path, mode),
            |files, at| files.create_dir(&at.kept, mode),
        )
    }

    fn create_dir_owned(&self, path: &Path, mode: Option<u32>, owner: Owner) -> Result<(), FileError> {
        self.change(
            path,
            true,
            |files, path| files.create_dir_owned(path, mode, owner),
            |files, at| files.create_dir_owned(&at.kept, mode, owner),
        )
    }

    fn symlink(&self, target: &Path, link: &Path) -> Result<(), FileError> {
        self.change(
            link,
            false,
            |files, path| files.symlink(target, path),
            |files, at| files.symlink(target, &at.kept),
        )
    }

    /// What cannot be removed stays until the next boot.
    fn remove(&self, path: &Path) -> Result<(), FileError> {
        if self.is_active()
            && let Some(kept) = self.kept(&self.resolved(path, false)?)
        {
            self.files.remove(&kept)?;
        }
        self.change(path, false, |files, path| files.remove(path), |_, _| Ok(()))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), FileError> {
        let from = self.look(from, false, |_, path| Ok(path.to_owned()))?;
        self.files.rename(&from, to)
    }

    fn set_mode(&self, path: &Path, mode: u32) -> Result<(), FileError> {
        if self.is_active() {
            let path = self.look(path, true, |_, path| Ok(path.to_owned()))?;
            return self.attributes(&path, |files| files.set_mode(&path, mode));
        }
        self.attributes(path, |files| files.set_mode(path, mode))
    }

    fn set_owner(&self, path: &Path, owner: Owner) -> Result<(), FileError> {
        if self.is_active() {
            let path = self.look(path, false, |_, path| Ok(path.to_owned()))?;
            return self.attributes(&path, |files| files.set_owner(&path, owner));
        }
        self.attributes(path, |files| files.set_owner(path, owner))
    }

    fn unlabelled(&self) -> Vec<PathBuf> {
        self.files.unlabelled()
    }
}

impl Kept {
    /// Mode and owner of the state that is saved matter less than the boot.
    fn attributes(
        &self,
        path: &Path,
        set: impl Fn(&dyn Files) -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        match set(self.files.as_ref()) {
            Err(error) if error.is_storage() && path.starts_with(&self.state) => {
                self.tell(&error);
                Ok(())
            }
            outcome => outcome,
        }
    }
}

#[cfg(test)]
mod tests;
