//! A process that ends the commands of a stage if the stage is killed, whatever kills it or its supervisor.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, WaitOptions, waitpid};

use super::processes::{self, Family};
use super::shared;

/// How long commands may take to exit after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);

/// The waiting process.
pub(super) struct Reaper {
    pid: Pid,
    /// Only its end is of interest: it is open for as long as the stage runs.
    alive: OwnedFd,
}

impl Reaper {
    /// Starts it. Must be called before this process has threads, with all signals blocked, which they stay in the new
    /// process: what ends a stage must not end it, too.
    pub(super) fn start() -> io::Result<Self> {
        let (ended, alive) = pipe_with(PipeFlags::CLOEXEC)?;
        // SAFETY: this process has no other threads.
        #[allow(unsafe_code, reason = "only another process survives a kill")]
        let forked = unsafe { libc::fork() };
        match Pid::from_raw(forked) {
            None => {
                drop(alive);
                watch(&ended)
            }
            Some(pid) if forked > 0 => {
                shared::set_watched(true);
                Ok(Self { pid, alive })
            }
            Some(_) => Err(io::Error::last_os_error()),
        }
    }

    /// Keeps it waiting for this process, which is the stage.
    pub(super) fn keep(self) {
        std::mem::forget(self.alive);
    }

    /// Leaves it to another process to keep it waiting.
    pub(super) fn release(self) -> Released {
        Released(self.pid)
    }
}

/// A [`Reaper`] that waits for another process.
pub(super) struct Released(Pid);

impl Released {
    /// Waits until it has ended what was left.
    pub(super) fn wait(&self) {
        while let Err(Errno::INTR) = waitpid(Some(self.0), WaitOptions::empty()) {}
        shared::set_watched(false);
    }
}

/// Runs in the new process.
fn watch(ended: &OwnedFd) -> ! {
    // A signal for the process group is not for this one.
    let _ = rustix::process::setsid();
    while let Ok(1..) | Err(Errno::INTR) = rustix::io::read(ended, &mut [0_u8; 16]) {}
    let pids = shared::commands().into_iter().filter_map(Pid::from_raw);
    let mut families: Vec<Family> = pids.map(|pid| Family::of(pid, true)).collect();
    processes::end(&mut families, GRACE);
    // SAFETY: ends the process without running what belongs to the parent.
    #[allow(unsafe_code, reason = "the parent's destructors are not the child's to run")]
    unsafe {
        libc::_exit(0)
    }
}
