//! Tracks running commands, so that they can be ended with this process.

use std::process::{self, Child};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// How long commands may take to exit after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);
/// The polling interval while commands exit.
const POLL: Duration = Duration::from_millis(20);

/// One per process, like signals.
static CHILDREN: Mutex<Children> = Mutex::new(Children { ending: false, running: Vec::new() });

struct Children {
    /// No more commands are started, and waiting for one waits until this process exits.
    ending: bool,
    running: Vec<Entry>,
}

struct Entry {
    pid: u32,
    /// Whether it leads a process group.
    group: bool,
    shown: Vec<String>,
    since: Instant,
}

fn children() -> MutexGuard<'static, Children> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running command; dropping it ends the tracking.
pub(super) struct Running(u32);

impl Drop for Running {
    fn drop(&mut self) {
        children().running.retain(|entry| entry.pid != self.0);
    }
}

/// Starts a command, unless this process is exiting.
pub(super) fn spawn(
    prepared: &mut process::Command,
    group: bool,
    shown: Vec<String>,
) -> std::io::Result<(Child, Running)> {
    let mut children = children();
    while children.ending {
        drop(children);
        thread::park();
        children = self::children();
    }
    let child = prepared.spawn()?;
    let running = Running(child.id());
    children.running.push(Entry { pid: running.0, group, shown, since: Instant::now() });
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

/// Ends all running commands and their children.
pub(super) fn end() {
    signal(Signal::TERM);
    let begun = Instant::now();
    while begun.elapsed() < GRACE && !children().running.is_empty() {
        thread::sleep(POLL);
    }
    signal(Signal::KILL);
}

fn signal(signal: Signal) {
    for entry in &children().running {
        let Some(pid) = i32::try_from(entry.pid).ok().and_then(Pid::from_raw) else { continue };
        // A command that has already exited is fine.
        let _ = if entry.group { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
    }
}
