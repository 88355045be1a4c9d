//! Removes temporary files and directories that a killed process left: those beside a file, when the next process writes to their
//! directory for the first time.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Mutex, PoisonError};

use model::effects::temporary;
use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags, flock, openat, unlinkat};
use rustix::process::{Pid, test_kill_process};

use super::create::open_directory;
use super::place::{Handle, Place};
use super::remove::names;
use super::trust::is_own;

/// The directories that this process has swept, by device and inode.
#[derive(Default)]
pub(super) struct Swept(Mutex<BTreeSet<(u64, u64)>>);

/// Whether a process exists.
fn is_running(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH)))
}

/// Whether nobody writes to a temporary file any more. A process of an earlier boot may have had the ID of one that runs
/// now, which does not hold the file's lock.
fn is_left(directory: BorrowedFd<'_>, name: &OsStr, pid: u32) -> bool {
    if !is_running(pid) {
        return true;
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = openat(directory, name, flags, Mode::empty());
    opened.is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok())
}

impl Swept {
    /// Sweeps the directory of a place, once per process. Failing to is no reason not to write.
    pub(super) fn sweep(&self, place: &Place) {
        let found = &place.directory.found;
        let new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((found.dev(), found.ino()));
        if !new {
            return;
        }
        sweep_directory(&place.directory, place.exposed, |pid| pid == std::process::id());
    }
}

/// Sweeps a directory, which others than root and its owner may write to if it is exposed; `is_past` says of the ID of a
/// running process that an earlier one had it.
pub(super) fn sweep_directory(swept: &Handle, exposed: bool, is_past: impl Fn(u32) -> bool) {
    let Ok(directory) = open_directory(swept, OsStr::new(".")) else { return };
    for name in names(&directory).unwrap_or_default() {
        let Some(pid) = temporary::writer(&name) else { continue };
        let Ok(Some(entry)) = Handle::entry(directory.as_fd(), &name) else { continue };
        // It gets its owner before its name. In a user's directory, another user's is none of ours.
        let uid = entry.found.uid();
        let is_ours = !exposed || is_own(uid) || uid == swept.found.uid();
        if is_ours && (is_past(pid) || is_left(directory.as_fd(), &name, pid)) {
            // A directory gets its name before its content.
            let kind = if entry.found.is_dir() { AtFlags::REMOVEDIR } else { AtFlags::empty() };
            let _ = unlinkat(&directory, &name, kind);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_processes_that_exist_are_running() {
        assert!(is_running(std::process::id()) && is_running(1));
        let mut child = std::process::Command::new("true").spawn().expect("true is there");
        child.wait().expect("it ends");
        assert!(!is_running(child.id()));
        assert!(!is_running(0) && !is_running(u32::MAX));
    }

    #[test]
    fn a_file_that_its_writer_holds_is_not_left() {
        let directory = tempfile::tempdir().expect("a directory");
        let opened = std::fs::File::open(directory.path()).expect("a directory");
        let name = OsStr::new("part");
        let own = std::process::id();
        let left = |pid| is_left(opened.as_fd(), name, pid);
        assert!(!left(own), "it is gone");
        let file = std::fs::File::create(directory.path().join(name)).expect("made");
        assert!(left(own), "an earlier process had the same number");
        flock(&file, FlockOperation::NonBlockingLockExclusive).expect("free");
        assert!(!left(own));
        assert!(left(u32::MAX), "no such process");
    }
}
