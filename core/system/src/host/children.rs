//! Tracks running commands, so that they can be ended with this process.

use std::os::unix::process::CommandExt as _;
use std::process::{self, Child};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Pid;

use super::processes::{self, Family};
use super::shared::Slot;

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
pub(super) struct Running {
    pid: u32,
    _slot: Option<Slot>,
}

impl Drop for Running {
    fn drop(&mut self) {
        children().running.retain(|entry| entry.pid != self.pid);
    }
}

/// Has a command end if this process is killed: nobody would record its result. Without a process that ends it with all it
/// has started, the kernel ends the command only.
fn end_with_this_process(prepared: &mut process::Command) -> Option<Slot> {
    if let Some(slot) = Slot::reserve() {
        let record = slot.recorder();
        // SAFETY: the closure makes a system call and an atomic store to memory that is never unmapped.
        #[allow(unsafe_code, reason = "the process itself knows its ID before anyone can kill this one")]
        unsafe {
            prepared.pre_exec(record);
        }
        return Some(slot);
    }
    let parent = rustix::process::getpid();
    // SAFETY: prctl and getppid are async-signal-safe system calls and touch no memory of ours.
    #[allow(unsafe_code, reason = "the child itself must ask for the signal")]
    unsafe {
        prepared.pre_exec(move || {
            rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))?;
            // It may have been killed in between.
            if rustix::process::getppid() == Some(parent) {
                Ok(())
            } else {
                Err(std::io::ErrorKind::Interrupted.into())
            }
        });
    }
    None
}

/// Starts a command, unless this process is exiting. With `group`, it leads a process group and ends with this process.
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
    let slot = if group {
        prepared.process_group(0);
        end_with_this_process(prepared)
    } else {
        None
    };
    let child = prepared.spawn()?;
    let running = Running { pid: child.id(), _slot: slot };
    children.running.push(Entry { pid: running.pid, group, shown, since: Instant::now() });
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
    let running: Vec<(u32, bool)> = children().running.iter().map(|entry| (entry.pid, entry.group)).collect();
    let families = running.into_iter().filter_map(|(pid, group)| {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
        Some(Family::of(pid, group))
    });
    processes::end(&mut families.collect::<Vec<_>>(), GRACE);
}
