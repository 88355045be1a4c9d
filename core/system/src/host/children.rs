//! The commands that run now, so that all of them end when this process has to.

use std::process::{self, Child};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// How long a command may take to end by itself once it was asked to.
const GRACE: Duration = Duration::from_secs(2);
/// How often the commands that end are looked at.
const POLL: Duration = Duration::from_millis(20);

/// One for the process, as signals are.
static CHILDREN: Mutex<Children> = Mutex::new(Children { ending: false, running: Vec::new() });

struct Children {
    /// No further command is started, and who waits for one waits for the end of the process.
    ending: bool,
    running: Vec<Entry>,
}

struct Entry {
    pid: u32,
    /// It leads a process group of its own.
    group: bool,
    shown: Vec<String>,
}

fn children() -> MutexGuard<'static, Children> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A command that runs; it is no longer counted when this is dropped.
pub(super) struct Running(u32);

impl Drop for Running {
    fn drop(&mut self) {
        children().running.retain(|entry| entry.pid != self.0);
    }
}

/// Starts a command, unless this process is ending.
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
    children.running.push(Entry { pid: running.0, group, shown });
    Ok((child, running))
}

/// Goes no further when this process is ending: what would follow belongs to a stage that is closed.
pub(super) fn stop_if_ending() {
    while children().ending {
        thread::park();
    }
}

/// Starts no further command. Gives those that run, secrets replaced.
pub(super) fn freeze() -> Vec<Vec<String>> {
    let mut children = children();
    children.ending = true;
    children.running.iter().map(|entry| entry.shown.clone()).collect()
}

/// Ends every command that runs, with what it started.
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
        // One that has ended by itself is as it should be.
        let _ = if entry.group { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
    }
}
