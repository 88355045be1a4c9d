//! A stage in a child process: whatever ends it, this process remains to say so.
//!
//! The fork happens before there are threads. The parent only waits and passes signals on, so that its memory stays
//! what it was at the start. If the parent is killed, the kernel kills the child.

use std::io;
use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicUsize, Ordering};

use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, kill_process, set_parent_process_death_signal, waitpid,
};

use super::signals;

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

/// The memory that both processes share: what the child is doing.
struct Shared {
    length: AtomicUsize,
    text: [AtomicU8; ROOM],
}

/// The longest description of a step.
const ROOM: usize = 1000;

/// The shared memory of this process's supervisor; null without one.
static SHARED: AtomicPtr<Shared> = AtomicPtr::new(std::ptr::null_mut());

fn shared() -> Option<&'static Shared> {
    let place = SHARED.load(Ordering::Acquire);
    // SAFETY: either null or a mapping of that size that is never removed; all its bytes are atomics.
    #[allow(unsafe_code, reason = "memory shared by two processes is a raw mapping")]
    unsafe {
        place.as_ref()
    }
}

fn share() -> io::Result<()> {
    // SAFETY: a new anonymous mapping; zero bytes are valid atomics.
    #[allow(unsafe_code, reason = "memory shared by two processes is a raw mapping")]
    let place = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            size_of::<Shared>(),
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if place == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    SHARED.store(place.cast(), Ordering::Release);
    Ok(())
}

/// Records what this process is doing, in case it dies.
pub(super) fn note(step: &str) {
    let Some(shared) = shared() else { return };
    let length = step.len().min(ROOM);
    shared.length.store(0, Ordering::Release);
    for (byte, slot) in step.as_bytes()[..length].iter().zip(&shared.text) {
        slot.store(*byte, Ordering::Relaxed);
    }
    shared.length.store(length, Ordering::Release);
}

fn noted() -> String {
    let Some(shared) = shared() else { return String::new() };
    let length = shared.length.load(Ordering::Acquire).min(ROOM);
    let bytes: Vec<u8> = shared.text[..length].iter().map(|slot| slot.load(Ordering::Relaxed)).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Runs `work` in a child process and returns its exit code. Standard input and output are shared, and signals are
/// passed on. If something kills the child, `died` returns the exit code. Without a child (the system may have no
/// process left), `work` runs in this process.
///
/// Must be called before this process has threads.
pub fn supervise(work: impl FnOnce() -> u8, died: impl FnOnce(&Death) -> u8) -> u8 {
    if share().is_err() {
        return work();
    }
    // A parent that ignores SIGCHLD would not learn of the end.
    signals::reset(libc::SIGCHLD);
    let parent = rustix::process::getpid();
    let before = signals::block_all();
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
            signals::restore(&before);
            std::process::exit(i32::from(work()))
        }
        Some(pid) if forked > 0 => {
            let status = attend(pid);
            signals::restore(&before);
            match status {
                Ok(status) => match (status.exit_status(), status.terminating_signal()) {
                    (Some(code), _) => u8::try_from(code).unwrap_or(u8::MAX),
                    (None, signal) => {
                        died(&Death { signal: signals::name(signal.unwrap_or(0)), step: noted() })
                    }
                },
                Err(_) => 1,
            }
        }
        _ => {
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
