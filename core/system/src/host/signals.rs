//! Termination signals: a thread is notified which, unlike a signal handler, can do anything.
//!
//! Handlers are reset in a started command, but a blocked signal would stay blocked in it. Therefore this uses a
//! handler and a pipe instead of a signalfd.

use std::io;
use std::os::fd::{IntoRawFd as _, OwnedFd};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use model::Stage;
use model::effects::Journal;
use rustix::pipe::{PipeFlags, pipe_with};

use super::children;

/// The handled signals with their names.
const SIGNALS: &[(libc::c_int, &str)] = &[
    (libc::SIGTERM, "SIGTERM"),
    (libc::SIGINT, "SIGINT"),
    (libc::SIGHUP, "SIGHUP"),
    (libc::SIGABRT, "SIGABRT"),
];

/// The descriptor that the handler writes signal numbers to.
static PIPE: AtomicI32 = AtomicI32::new(-1);

/// The current step of the boot.
static STEP: Mutex<Option<(Stage, Option<String>)>> = Mutex::new(None);

/// Records the current step of the boot. A real machine needs no other journal: the log contains the actions.
pub(super) struct Step;

impl Journal for Step {
    fn enter(&self, stage: Stage, module: Option<&str>) {
        *STEP.lock().unwrap_or_else(PoisonError::into_inner) = Some((stage, module.map(str::to_owned)));
    }
}

/// A termination request, and what it interrupts.
pub struct Termination {
    /// `SIGTERM` and so on.
    pub signal: &'static str,
    /// The running stage and module.
    pub step: Option<(Stage, Option<String>)>,
    /// The running commands, with secrets replaced.
    pub commands: Vec<Vec<String>>,
}

/// Makes SIGTERM, SIGINT, SIGHUP and SIGABRT end this process in order: no more commands are started, `act` returns the
/// exit code, and running commands are ended. If it returns `None`, the process continues to its own end. SIGHUP stays
/// ignored if it was (nohup(1)).
///
/// # Errors
///
/// If the system provides no pipe or thread.
pub fn on_termination(act: impl FnOnce(&Termination) -> Option<u8> + Send + 'static) -> io::Result<()> {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
    PIPE.store(writer.into_raw_fd(), Ordering::SeqCst);
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let Some(signal) = next(&reader) else { return };
        let commands = children::freeze();
        let step = STEP.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let code = act(&Termination { signal, step, commands });
        children::end();
        if let Some(code) = code {
            std::process::exit(i32::from(code));
        }
    })?;
    for &(signal, _) in SIGNALS {
        install(signal)?;
    }
    Ok(())
}

/// Waits for a signal.
fn next(reader: &OwnedFd) -> Option<&'static str> {
    let mut number = [0_u8; 1];
    loop {
        match rustix::io::read(reader, &mut number) {
            Err(rustix::io::Errno::INTR) => {}
            Err(_) | Ok(0) => return None,
            Ok(_) => {
                let named = SIGNALS.iter().find(|(signal, _)| *signal == libc::c_int::from(number[0]));
                return named.map(|(_, name)| *name);
            }
        }
    }
}

fn install(signal: libc::c_int) -> io::Result<()> {
    // SAFETY: both structures are plain data of which zero is a valid value; the handler makes one system call that
    // signal-safety(7) allows and restores errno.
    #[allow(unsafe_code, reason = "installing a signal handler is unsafe")]
    unsafe {
        let mut before: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(signal, std::ptr::null(), &raw mut before) != 0 {
            return Err(io::Error::last_os_error());
        }
        if signal == libc::SIGHUP && before.sa_sigaction == libc::SIG_IGN {
            return Ok(());
        }
        let mut wanted: libc::sigaction = std::mem::zeroed();
        wanted.sa_sigaction = note as extern "C" fn(libc::c_int) as usize;
        // Interrupted system calls are restarted: only the thread needs to be notified.
        wanted.sa_flags = libc::SA_RESTART;
        libc::sigemptyset(&raw mut wanted.sa_mask);
        if libc::sigaction(signal, &raw const wanted, std::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// The signal handler.
extern "C" fn note(signal: libc::c_int) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "signals have the numbers 1 to 64"
    )]
    let number = signal as u8;
    // SAFETY: write(2) is async-signal-safe, and reads one byte of this frame; errno is the interrupted code's.
    #[allow(unsafe_code, reason = "a signal handler may only make system calls")]
    unsafe {
        let errno = libc::__errno_location();
        let kept = *errno;
        libc::write(PIPE.load(Ordering::SeqCst), (&raw const number).cast(), 1);
        *errno = kept;
    }
}
