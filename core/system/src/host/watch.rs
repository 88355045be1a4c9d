//! Watches directories for changes by other programs, with inotify(7).

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use model::effects::{FileChanges, FileError};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

use crate::netlink::readable;

/// A name is created, removed or replaced, or the directory itself is removed. Writing to a file does not count: the
/// awaited programs write a temporary file and rename it.
const INTEREST: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::DELETE_SELF);

/// Watches from the moment of its creation.
pub(super) struct Changes {
    queue: OwnedFd,
    /// The subject, for messages.
    first: PathBuf,
    /// Directories that do not exist yet.
    missing: Vec<PathBuf>,
}

impl Changes {
    pub(super) fn new() -> io::Result<Self> {
        let queue = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        Ok(Self { queue, first: PathBuf::from("/"), missing: Vec::new() })
    }

    /// Watches a directory, or its nearest existing ancestor.
    pub(super) fn add(&mut self, directory: &Path) -> io::Result<()> {
        directory.clone_into(&mut self.first);
        let mut above = directory;
        loop {
            match inotify::add_watch(&self.queue, above, INTEREST | WatchFlags::ONLYDIR) {
                Ok(_) if above == directory => return Ok(()),
                Ok(_) => {
                    // What was created before the watch began gives no event.
                    let next = directory.ancestors().take_while(|inner| *inner != above).last();
                    match next.filter(|next| next.is_dir()) {
                        Some(_) => above = directory,
                        None => {
                            self.missing.push(directory.to_owned());
                            return Ok(());
                        }
                    }
                }
                Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => {
                    above = above.parent().ok_or(io::ErrorKind::NotFound)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn next(&mut self, deadline: Instant) -> io::Result<bool> {
        if !readable(&self.queue, deadline)? {
            return Ok(false);
        }
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(&self.queue, &mut buffer);
        loop {
            match events.next() {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => break,
                Err(error) => return Err(error.into()),
            }
        }
        // A missing directory may exist now.
        for directory in std::mem::take(&mut self.missing) {
            self.add(&directory)?;
        }
        Ok(true)
    }
}

impl FileChanges for Changes {
    fn wait(&mut self, limit: Duration) -> Result<bool, FileError> {
        let deadline = Instant::now() + limit;
        self.next(deadline).map_err(|source| FileError::new("watch", &self.first, source))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::thread;

    use super::*;

    #[test]
    fn a_replaced_file_and_a_directory_that_comes_wake_who_waits() {
        let directory = tempfile::tempdir().expect("a directory");
        let below = directory.path().join("run/cloud-init");
        let mut changes = Changes::new().expect("inotify");
        changes.add(&below).expect("its parent is there");
        assert!(!changes.wait(Duration::from_millis(1)).expect("no error"), "nothing has changed");
        let made = below.clone();
        let maker = thread::spawn(move || fs::create_dir_all(&made).expect("made"));
        let limit = Duration::from_secs(20);
        assert!(changes.wait(limit).expect("no error"));
        maker.join().expect("made");
        // The inner directory may have been created before the outer one was watched: it is watched by now.
        let _ = changes.wait(Duration::from_millis(1));
        fs::write(below.join("part"), "x").expect("written");
        fs::rename(below.join("part"), below.join("status.json")).expect("renamed");
        assert!(changes.wait(limit).expect("no error"));
    }
}
