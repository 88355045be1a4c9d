//! Signals that ask this process to end: a thread is told, which may do anything, unlike a signal's handler.
//!
//! Handlers are reset when a command is started; a blocked signal would stay blocked in it. That is why this is a
//! handler and a pipe, and no signalfd.

use std::io;
use std::os::fd::{IntoRawFd as _, OwnedFd};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use model::Stage;
use model::effects::Journal;
use rustix::pipe::{PipeFlags, pipe_with};

use super::children;

/// Those that are handled, with their names.
const SIGNALS: &[(libc::c_int, &str)] = &[
    (libc::SIGTERM, "SIGTERM"),
    (libc::SIGINT, "SIGINT"),
    (libc::SIGHUP, "SIGHUP"),
    (libc::SIGABRT, "SIGABRT"),
];

/// Where the handler writes a signal's number.
static PIPE: AtomicI32 = AtomicI32::new(-1);

/// Where the boot is.
static STEP: Mutex<Option<(Stage, Option<String>)>> = Mutex::new(None);

/// Notes where the boot is. The real machine needs no journal beyond that: the log holds what was done.
pub(super) struct Step;

impl Journal for Step {
    fn enter(&self, stage: Stage, module: Option<&str>) {
        *STEP.lock().unwrap_or_else(PoisonError::into_inner) = Some((stage, module.map(str::to_owned)));
    }
}

/// A request to end, and what it interrupts.
pub struct Termination {
    /// `SIGTERM` and so on.
    pub signal: &'static str,
    /// The stage that runs, and the module of it.
    pub step: Option<(Stage, Option<String>)>,
    /// The commands that run, secrets replaced.
    pub commands: Vec<Vec<String>>,
}

/// From now on SIGTERM, SIGINT, SIGHUP and SIGABRT end this process in order: no further command is started, `act`
/// says with which exit code the process ends, after the commands that run were ended. `None` lets the process go on
/// to an end that it has reached by itself. SIGHUP stays ignored where it was (nohup(1)).
///
/// # Errors
///
/// Where the system gives no pipe or thread.
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
    #[allow(unsafe_code, reason = "there is no safe way to install a signal handler")]
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
        // A system call that is interrupted goes on: only the thread has to know.
        wanted.sa_flags = libc::SA_RESTART;
        libc::sigemptyset(&raw mut wanted.sa_mask);
        if libc::sigaction(signal, &raw const wanted, std::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// The handler.
extern "C" fn note(signal: libc::c_int) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "signals have the numbers 1 to 64"
    )]
    let number = signal as u8;
    // SAFETY: write(2) is async-signal-safe, and reads one byte of this frame; errno is the interrupted code's.
    #[allow(unsafe_code, reason = "a handler may make system calls only")]
    unsafe {
        let errno = libc::__errno_location();
        let kept = *errno;
        libc::write(PIPE.load(Ordering::SeqCst), (&raw const number).cast(), 1);
        *errno = kept;
    }
}
