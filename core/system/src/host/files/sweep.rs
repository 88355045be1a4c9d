//! Removes temporary files that a killed process left: those beside a file, when the next process writes to their
//! directory for the first time.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{AtFlags, unlinkat};
use rustix::process::{Pid, test_kill_process};

use super::create::open_directory;
use super::place::{Handle, Place};
use super::remove::names;
use super::trust::is_own;

/// The maximum length of a name is 255; this leaves room for dots, a process ID and the ending.
const LONGEST: usize = 230;

/// The directories that this process has swept, by device and inode.
#[derive(Default)]
pub(super) struct Swept(Mutex<BTreeSet<(u64, u64)>>);

/// The name of a temporary file: `.NAME.PID.tmp`.
pub(super) fn temporary(name: &OsStr, pid: u32) -> OsString {
    let kept = &name.as_bytes()[..name.len().min(LONGEST)];
    let mut fresh = OsString::from(".");
    fresh.push(OsStr::from_bytes(kept));
    fresh.push(format!(".{pid}.tmp"));
    fresh
}

/// The process that wrote a temporary file with this name.
fn writer(name: &OsStr) -> Option<u32> {
    let name = name.to_str()?.strip_prefix('.')?.strip_suffix(".tmp")?;
    let (_, pid) = name.rsplit_once('.')?;
    pid.bytes().all(|byte| byte.is_ascii_digit()).then(|| pid.parse().ok())?
}

/// Whether a process exists.
fn is_running(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH)))
}

impl Swept {
    /// Sweeps the directory of a place, once per process. Failing to is no reason not to write.
    pub(super) fn sweep(&self, place: &Place) {
        let found = &place.directory.found;
        let new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((found.dev(), found.ino()));
        if !new {
            return;
        }
        let Ok(directory) = open_directory(&place.directory, OsStr::new(".")) else { return };
        for name in names(&directory).unwrap_or_default() {
            // A process of an earlier boot may have had the same ID.
            let left = writer(&name).is_some_and(|pid| pid == std::process::id() || !is_running(pid));
            // In a user's directory, the name may be the user's own.
            let is_ours = || {
                let entry = Handle::entry(directory.as_fd(), &name);
                matches!(entry, Ok(Some(entry)) if is_own(entry.found.uid()) && !entry.found.is_dir())
            };
            if left && is_ours() {
                let _ = unlinkat(&directory, &name, AtFlags::empty());
            }
        }
    }
}
