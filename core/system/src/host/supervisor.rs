//! A stage in a child process: whatever ends it, this process remains to say so.
//!
//! The fork happens before there are threads. The parent only waits and passes signals on, so that its memory stays
//! what it was at the start. If the parent is killed, the kernel kills the child. Another process ends the commands that
//! were running.

use std::io;

use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, kill_process, set_parent_process_death_signal, waitpid,
};

use super::reaper::Reaper;
use super::{shared, signals};

/// The signals that are passed on to the child.
const PASSED: &[libc::c_int] =
    &[libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGABRT, libc::SIGQUIT, libc::SIGUSR1, libc::SIGUSR2];

/// The unnatural end of a supervised process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death {
    /// `SIGKILL` and so on.
    pub signal: String,
    /// What it was doing, such as `module runcmd of stage modules-final`; empty if it had not started anything.
    pub step: String,
}

/// Runs `work` in a child process and returns its exit code. Standard input and output are shared, and signals are
/// passed on. If something kills the child, `died` returns the exit code. Without a child (the system may have no
/// process left), `work` runs in this process.
///
/// Must be called before this process has threads.
pub fn supervise(work: impl FnOnce() -> u8, died: impl FnOnce(&Death) -> u8) -> u8 {
    if shared::share().is_err() {
        return work();
    }
    // A parent that ignores SIGCHLD would not learn of the end.
    signals::reset(libc::SIGCHLD);
    let parent = rustix::process::getpid();
    let before = signals::block_all();
    let reaper = Reaper::start().ok();
    // SAFETY: this process has no other threads.
    #[allow(unsafe_code, reason = "only another process survives a kill")]
    let forked = unsafe { libc::fork() };
    match Pid::from_raw(forked) {
        None if forked == 0 => {
            let _ = set_parent_process_death_signal(Some(Signal::KILL));
            // It may have died before the request.
            if rustix::process::getppid() != Some(parent) {
                std::process::exit(1);
            }
            if let Some(reaper) = reaper {
                reaper.keep();
            }
            signals::restore(&before);
            std::process::exit(i32::from(work()))
        }
        Some(pid) if forked > 0 => {
            let reaper = reaper.map(Reaper::release);
            let status = attend(pid);
            if let Some(reaper) = reaper {
                reaper.wait();
            }
            signals::restore(&before);
            match status {
                Ok(status) => match (status.exit_status(), status.terminating_signal()) {
                    (Some(code), _) => u8::try_from(code).unwrap_or(u8::MAX),
                    (None, signal) => {
                        died(&Death { signal: signals::name(signal.unwrap_or(0)), step: shared::noted() })
                    }
                },
                Err(_) => 1,
            }
        }
        _ => {
            if let Some(reaper) = reaper {
                reaper.keep();
            }
            signals::restore(&before);
            work()
        }
    }
}

/// Passes signals on until the child ends.
fn attend(pid: Pid) -> io::Result<WaitStatus> {
    loop {
        match waitpid(Some(pid), WaitOptions::NOHANG) {
            Ok(Some((_, status))) => return Ok(status),
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let signal = signals::wait_for(PASSED.iter().copied().chain([libc::SIGCHLD]))?;
        if signal != libc::SIGCHLD
            && let Some(signal) = Signal::from_named_raw(signal)
        {
            let _ = kill_process(pid, signal);
        }
    }
}
