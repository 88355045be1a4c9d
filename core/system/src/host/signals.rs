//! Termination signals: a thread is notified which, unlike a signal handler, can do anything.
//!
//! Handlers are reset in a started command, but a blocked signal would stay blocked in it. Therefore this uses a
//! handler and a pipe instead of a signalfd.

use std::io;
use std::os::fd::{BorrowedFd, IntoRawFd as _, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use model::Stage;
use rustix::pipe::{PipeFlags, pipe_with};

use super::{children, progress};

/// The handled signals with their names.
pub(super) const SIGNALS: &[(libc::c_int, &str)] = &[
    (libc::SIGTERM, "SIGTERM"),
    (libc::SIGINT, "SIGINT"),
    (libc::SIGHUP, "SIGHUP"),
    (libc::SIGABRT, "SIGABRT"),
];

/// The descriptor that the handler writes signal numbers to.
static PIPE: AtomicI32 = AtomicI32::new(-1);

/// Whether a signal was received, and whether [`on_termination`]'s thread has acted on it.
static RECEIVED: AtomicBool = AtomicBool::new(false);
static ACTED: AtomicBool = AtomicBool::new(false);

/// How long the end of a stage waits for the thread: on a busy machine it may not have run yet.
const PATIENCE: Duration = Duration::from_secs(10);

/// What [`end_after`] writes instead of a signal number.
const LATE: u8 = 0;

/// The time limit of the stage.
static LIMIT: Mutex<Option<Duration>> = Mutex::new(None);

/// A termination request, and what it interrupts.
pub struct Termination {
    /// `SIGTERM` and so on; `None` if the stage's time limit has passed.
    pub signal: Option<&'static str>,
    /// The time limit that has passed.
    pub limit: Option<Duration>,
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
        let Some(number) = next(&reader) else { return };
        let commands = children::freeze();
        let named = SIGNALS.iter().find(|(signal, _)| *signal == libc::c_int::from(number));
        let signal = named.map(|(_, name)| *name);
        let limit = *LIMIT.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = limit.filter(|_| signal.is_none());
        let code = act(&Termination { signal, limit, step: progress::step(), commands });
        ACTED.store(true, Ordering::SeqCst);
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

/// Returns once a signal that was received before has been acted on, at once if there was none: what ends by itself
/// must not be quicker than the signal that should have ended it.
pub fn settle_termination() {
    let pause = Duration::from_millis(1);
    let mut left = PATIENCE;
    while RECEIVED.load(Ordering::SeqCst) && !ACTED.load(Ordering::SeqCst) && !left.is_zero() {
        thread::sleep(pause);
        left -= pause;
    }
}

/// Ends this process as a signal does, [`on_termination`], once this time has passed. Only the first call counts.
///
/// # Errors
///
/// If the system provides no thread.
pub fn end_after(limit: Duration) -> io::Result<()> {
    let mut current = LIMIT.lock().unwrap_or_else(PoisonError::into_inner);
    if current.is_some() {
        return Ok(());
    }
    *current = Some(limit);
    thread::Builder::new().name("limit".to_owned()).spawn(move || {
        thread::sleep(limit);
        let pipe = PIPE.load(Ordering::SeqCst);
        if pipe >= 0 {
            // SAFETY: the descriptor is open for as long as this process runs.
            #[allow(unsafe_code, reason = "the handler of signals needs it as a number")]
            let pipe = unsafe { BorrowedFd::borrow_raw(pipe) };
            let _ = rustix::io::write(pipe, &[LATE]);
        }
    })?;
    Ok(())
}

/// Waits for a signal.
fn next(reader: &OwnedFd) -> Option<u8> {
    let mut number = [0_u8; 1];
    loop {
        match rustix::io::read(reader, &mut number) {
            Err(rustix::io::Errno::INTR) => {}
            Err(_) | Ok(0) => return None,
            Ok(_) => return Some(number[0]),
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

/// Blocks all signals in this thread; returns the previous mask.
pub(super) fn block_all() -> libc::sigset_t {
    // SAFETY: both sets are plain data of this frame, of which zero is a valid value.
    #[allow(unsafe_code, reason = "changing the signal mask is unsafe")]
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        before
    }
}

/// Sets this thread's signal mask.
pub(super) fn restore(mask: &libc::sigset_t) {
    // SAFETY: the mask is a valid set.
    #[allow(unsafe_code, reason = "changing the signal mask is unsafe")]
    unsafe {
        libc::pthread_sigmask(libc::SIG_SETMASK, std::ptr::from_ref(mask), std::ptr::null_mut());
    }
}

/// Removes this process's handler of a signal.
pub(super) fn reset(signal: libc::c_int) {
    // SAFETY: the default action needs no memory of ours. SIGHUP stays ignored if it was (nohup(1)).
    #[allow(unsafe_code, reason = "changing a signal's action is unsafe")]
    unsafe {
        if libc::signal(signal, libc::SIG_DFL) == libc::SIG_IGN && signal == libc::SIGHUP {
            libc::signal(signal, libc::SIG_IGN);
        }
    }
}

/// Has a process that runs another program next handle signals as that expects: a handler would run with the memory of this
/// one, and Rust ignores SIGPIPE. Makes system calls only.
pub(super) fn leave_to_program() {
    for &(signal, _) in SIGNALS {
        // SAFETY: the structure is plain data of which zero is a valid value.
        #[allow(unsafe_code, reason = "changing a signal's action is unsafe")]
        unsafe {
            let mut found: libc::sigaction = std::mem::zeroed();
            if libc::sigaction(signal, std::ptr::null(), &raw mut found) == 0
                && found.sa_sigaction != libc::SIG_IGN
                && found.sa_sigaction != libc::SIG_DFL
            {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
    }
    reset(libc::SIGPIPE);
}

/// Waits for one of these signals, which must be blocked.
pub(super) fn wait_for(wanted: impl IntoIterator<Item = libc::c_int>) -> io::Result<libc::c_int> {
    // SAFETY: the set and the number are plain data of this frame.
    #[allow(unsafe_code, reason = "waiting for signals needs a set")]
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in wanted {
            libc::sigaddset(&raw mut set, signal);
        }
        let mut signal = 0;
        match libc::sigwait(&raw const set, &raw mut signal) {
            0 => Ok(signal),
            error => Err(io::Error::from_raw_os_error(error)),
        }
    }
}

/// The name of a signal.
pub(super) fn name(signal: libc::c_int) -> String {
    const OTHERS: &[(libc::c_int, &str)] = &[
        (libc::SIGKILL, "SIGKILL"),
        (libc::SIGSEGV, "SIGSEGV"),
        (libc::SIGBUS, "SIGBUS"),
        (libc::SIGILL, "SIGILL"),
        (libc::SIGFPE, "SIGFPE"),
        (libc::SIGQUIT, "SIGQUIT"),
        (libc::SIGPIPE, "SIGPIPE"),
        (libc::SIGSYS, "SIGSYS"),
        (libc::SIGXCPU, "SIGXCPU"),
        (libc::SIGXFSZ, "SIGXFSZ"),
        (libc::SIGALRM, "SIGALRM"),
        (libc::SIGUSR1, "SIGUSR1"),
        (libc::SIGUSR2, "SIGUSR2"),
    ];
    let named = SIGNALS.iter().chain(OTHERS).find(|(number, _)| *number == signal);
    named.map_or_else(|| format!("signal {signal}"), |(_, name)| (*name).to_owned())
}

/// The signal handler.
extern "C" fn note(signal: libc::c_int) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "signals have the numbers 1 to 64"
    )]
    let number = signal as u8;
    RECEIVED.store(true, Ordering::SeqCst);
    // SAFETY: write(2) is async-signal-safe, and reads one byte of this frame; errno is the interrupted code's.
    #[allow(unsafe_code, reason = "a signal handler may only make system calls")]
    unsafe {
        let errno = libc::__errno_location();
        let kept = *errno;
        libc::write(PIPE.load(Ordering::SeqCst), (&raw const number).cast(), 1);
        *errno = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// kill(1) lists them without `SIG`.
    #[test]
    fn signals_have_their_names() {
        for (number, wanted) in [
            (libc::SIGTERM, "SIGTERM"),
            (libc::SIGINT, "SIGINT"),
            (libc::SIGHUP, "SIGHUP"),
            (libc::SIGABRT, "SIGABRT"),
            (libc::SIGKILL, "SIGKILL"),
            (libc::SIGSEGV, "SIGSEGV"),
            (libc::SIGSYS, "SIGSYS"),
        ] {
            let output = std::process::Command::new("sh").args(["-c", &format!("kill -l {number}")]).output();
            let text = String::from_utf8(output.expect("a shell").stdout).expect("text");
            assert_eq!(format!("SIG{}", text.trim().trim_start_matches("SIG")), wanted);
            assert_eq!(name(number), wanted);
        }
        assert_eq!(name(63), "signal 63");
    }

    /// nohup(1): what is ignored stays ignored in commands, and what this process handles is not. Rust's SIGPIPE is neither.
    #[test]
    fn commands_ignore_what_was_ignored() {
        let root = tempfile::tempdir().expect("a directory");
        let test = "signals::tests::of_a_process_alone";
        crate::host::alone::passes(test, root.path(), "trap '' HUP; export IGNORED=HUP");
        // Nobody can take that back for this process, if it was started so.
        let is_ignored = crate::host::alone::ignored() & 1 << (libc::SIGHUP - 1) != 0;
        let ignored = if is_ignored { "HUP" } else { "none" };
        crate::host::alone::passes(test, root.path(), &format!("export IGNORED={ignored}"));
    }

    #[test]
    #[ignore = "is run by commands_ignore_what_was_ignored"]
    fn of_a_process_alone() {
        use model::effects::{Command, Commands as _};
        let commands = crate::host::commands::HostCommands::new(None);
        let ignored = std::env::var("IGNORED").expect("set");
        for signal in ["HUP", "TERM", "PIPE"] {
            let script = format!("kill -s {signal} $$; echo survived");
            let outcome = commands.run(&Command::line(["sh", "-c", &script]));
            let survived = outcome.is_ok_and(|output| output.text().contains("survived"));
            assert_eq!(survived, ignored == signal, "{signal}");
        }
    }

    /// A blocked signal waits until it is taken; the mask is this thread's.
    #[test]
    fn a_blocked_signal_is_waited_for() {
        thread::spawn(|| {
            let before = block_all();
            for signal in [libc::SIGUSR2, libc::SIGUSR1] {
                // SAFETY: the signal is blocked in this thread, and sent to it alone.
                #[allow(unsafe_code, reason = "only this thread may get the signal")]
                let sent = unsafe { libc::pthread_kill(libc::pthread_self(), signal) };
                assert_eq!(sent, 0);
                assert_eq!(wait_for([libc::SIGUSR1, libc::SIGUSR2]).expect("a signal"), signal);
            }
            restore(&before);
            assert_eq!(format!("{:?}", mask()), "[]", "none is blocked afterwards");
        })
        .join()
        .expect("no panic");
    }

    /// The signals of [`SIGNALS`] that this thread blocks.
    fn mask() -> Vec<&'static str> {
        let before = block_all();
        restore(&before);
        // SAFETY: the set is valid.
        #[allow(unsafe_code, reason = "reading a set of signals is unsafe")]
        let blocked = |signal| unsafe { libc::sigismember(&raw const before, signal) == 1 };
        SIGNALS.iter().filter(|(signal, _)| blocked(*signal)).map(|(_, name)| *name).collect()
    }
}
