//! Tracks running commands, so that they can be ended with this process.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Pid;

use super::processes::{self, Family};
use super::shared::Slot;
use super::spawn::{Child, Start};

/// How long commands may take to exit after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);

/// One per process, like signals.
static CHILDREN: Mutex<Children> = Mutex::new(Children { ending: false, running: Vec::new() });

struct Children {
    /// No more commands are started, and waiting for one waits until this process exits.
    ending: bool,
    running: Vec<Entry>,
}

struct Entry {
    pid: Pid,
    /// Whether it leads a process group.
    group: bool,
    shown: Vec<String>,
    since: Instant,
}

fn children() -> MutexGuard<'static, Children> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running command; dropping it ends the tracking.
pub(super) struct Running {
    pid: Pid,
    _slot: Option<Slot>,
}

impl Drop for Running {
    fn drop(&mut self) {
        children().running.retain(|entry| entry.pid != self.pid);
    }
}

/// Starts a command, unless this process is exiting. With `group`, it leads a process group and ends with this process.
pub(super) fn spawn(start: &mut Start, group: bool, shown: Vec<String>) -> std::io::Result<(Child, Running)> {
    let mut children = children();
    while children.ending {
        drop(children);
        thread::park();
        children = self::children();
    }
    // If this process is killed, nobody would record its result. Without a process that ends it with all it has started, the
    // kernel ends the command only.
    let slot = if group { Slot::reserve() } else { None };
    start.setup.group = group;
    start.setup.bound = group && slot.is_none();
    let child = start.spawn(slot.as_ref())?;
    let running = Running { pid: child.pid, _slot: slot };
    children.running.push(Entry { pid: child.pid, group, shown, since: Instant::now() });
    Ok((child, running))
}

/// The running commands, with secrets replaced, and when they started.
pub(super) fn running() -> Vec<(Vec<String>, Instant)> {
    children().running.iter().map(|entry| (entry.shown.clone(), entry.since)).collect()
}

/// Blocks if this process is exiting: the stage that would continue is already closed.
pub(super) fn stop_if_ending() {
    while children().ending {
        thread::park();
    }
}

/// Prevents new commands. Returns the running ones, with secrets replaced.
pub(super) fn freeze() -> Vec<Vec<String>> {
    let mut children = children();
    children.ending = true;
    children.running.iter().map(|entry| entry.shown.clone()).collect()
}

/// Ends all running commands and all they have started.
pub(super) fn end() {
    let running: Vec<(Pid, bool)> = children().running.iter().map(|entry| (entry.pid, entry.group)).collect();
    let families = running.into_iter().map(|(pid, group)| Family::of(pid, group));
    processes::end(&mut families.collect::<Vec<_>>(), GRACE);
}
