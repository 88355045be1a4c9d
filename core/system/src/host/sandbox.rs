//! A computation in a child process with limits of memory, time and stack.
//!
//! The child is a fork rather than another run of this program: it inherits the computation and its data, costs a
//! fraction of a millisecond, and exists in tests and in programs that use the library. It may only compute: another
//! thread may have held a lock at the fork. glibc itself makes malloc usable in such a child.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use model::effects::{Bounds, Sandbox, SandboxError, panic_text};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitOptions, WaitStatus, kill_process, set_parent_process_death_signal,
    setrlimit, waitpid,
};

use super::signals;

/// The first byte of what the child writes.
const RESULT: u8 = b'r';
const PANIC: u8 = b'p';
/// The stack of the child.
const STACK: u64 = 8 << 20;
/// How much of the child's standard error is kept, to learn why it ended.
const KEPT: usize = 4096;
/// The deadline as a multiple of the processor time.
const PATIENCE: u32 = 3;
/// What is assumed to be in use if the kernel does not say.
const ASSUMED: u64 = 1 << 30;

/// Computes in a child process.
pub(super) struct Forked;

impl Sandbox for Forked {
    fn run(&self, bounds: &Bounds, work: &dyn Fn() -> Vec<u8>) -> Result<Vec<u8>, SandboxError> {
        let pipe = || pipe_with(PipeFlags::CLOEXEC).map_err(io::Error::from);
        let (result, result_writer) = pipe()?;
        let (errors, errors_writer) = pipe()?;
        let used = Used::now();
        // A signal must not reach the child while this process's handlers are installed in it.
        let before = signals::block_all();
        // SAFETY: the child computes, writes to its pipe and ends without returning; see the head of this file.
        #[allow(unsafe_code, reason = "only another process survives an abort or runs out of memory alone")]
        let forked = unsafe { libc::fork() };
        if forked == 0 {
            drop((result, errors));
            child(bounds, used, &before, &result_writer, &errors_writer, work);
        }
        let failed = io::Error::last_os_error();
        signals::restore(&before);
        drop((result_writer, errors_writer));
        let Some(pid) = (forked > 0).then(|| Pid::from_raw(forked)).flatten() else {
            return Err(SandboxError::Io(failed));
        };
        let collected = collect(bounds, result, errors);
        if !matches!(collected, Ok(Collected { ended: Ended::Itself, .. })) {
            let _ = kill_process(pid, Signal::KILL);
        }
        let status = wait(pid);
        judge(bounds, collected?, status?)
    }
}

/// The memory of this process, in bytes.
#[derive(Clone, Copy)]
struct Used {
    /// Its address space.
    mapped: u64,
    /// The writable part of that.
    data: u64,
}

impl Used {
    fn now() -> Self {
        let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let size = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_ascii_whitespace().next()?.parse::<u64>().ok().map(|kib| kib << 10)
        };
        Self { mapped: size("VmSize:").unwrap_or(ASSUMED), data: size("VmData:").unwrap_or(ASSUMED) }
    }
}

fn wait(pid: Pid) -> io::Result<WaitStatus> {
    loop {
        match waitpid(Some(pid), WaitOptions::empty()) {
            Ok(Some((_, status))) => return Ok(status),
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Runs in the child.
fn child(
    bounds: &Bounds,
    used: Used,
    mask: &libc::sigset_t,
    result: &OwnedFd,
    errors: &OwnedFd,
    work: &dyn Fn() -> Vec<u8>,
) -> ! {
    // Whatever happens here must end this process and not return to the parent's code.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
        for &(signal, _) in signals::SIGNALS {
            signals::reset(signal);
        }
        limit(bounds, used);
        // The message of a panic is returned; a backtrace would take memory and time.
        std::panic::set_hook(Box::new(|_| {}));
        let _ = rustix::stdio::dup2_stderr(errors);
        signals::restore(mask);
        let (tag, bytes) = match catch_unwind(AssertUnwindSafe(work)) {
            Ok(bytes) => (RESULT, bytes),
            Err(panic) => (PANIC, panic_text(panic.as_ref()).as_bytes().to_vec()),
        };
        if let Ok(writer) = result.try_clone() {
            let mut writer = File::from(writer);
            let _ = writer.write_all(&[tag]).and_then(|()| writer.write_all(&bytes));
        }
    }));
    // SAFETY: ends the process without running what belongs to the parent.
    #[allow(unsafe_code, reason = "the parent's destructors are not the child's to run")]
    unsafe {
        libc::_exit(0)
    }
}

fn limit(bounds: &Bounds, used: Used) {
    let set = |resource, soft: u64, hard: u64| {
        let _ = setrlimit(resource, Rlimit { current: Some(soft), maximum: Some(hard) });
    };
    // malloc may have reserved address space for a thread, which counts as data once it is used (since Linux 4.7).
    let memory = used.mapped.saturating_add(bounds.memory);
    let data = used.data.saturating_add(bounds.memory);
    set(Resource::Core, 0, 0);
    set(Resource::Stack, STACK, STACK);
    set(Resource::As, memory, memory);
    set(Resource::Data, data, data);
    let seconds = bounds.time.as_secs().max(1);
    set(Resource::Cpu, seconds, seconds + 2);
}

/// Why reading from the child stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Itself,
    Deadline,
    Output,
}

struct Collected {
    ended: Ended,
    result: Vec<u8>,
    errors: Vec<u8>,
}

/// Reads both pipes until the child closes them, the deadline, or a result beyond the limit.
fn collect(bounds: &Bounds, result: OwnedFd, errors: OwnedFd) -> io::Result<Collected> {
    let deadline = Instant::now() + bounds.time * PATIENCE;
    let (mut result, mut errors) = (Some(File::from(result)), Some(File::from(errors)));
    let mut collected = Collected { ended: Ended::Itself, result: Vec::new(), errors: Vec::new() };
    let mut room = vec![0; 16 << 10];
    while result.is_some() || errors.is_some() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left == Duration::ZERO {
            collected.ended = Ended::Deadline;
            break;
        }
        let open = [result.as_ref(), errors.as_ref()];
        let mut polled: Vec<PollFd<'_>> = open
            .into_iter()
            .flatten()
            .map(|file| PollFd::from_borrowed_fd(file.as_fd(), PollFlags::IN))
            .collect();
        let timeout = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        match poll(&mut polled, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<bool> = polled.iter().map(|one| !one.revents().is_empty()).collect();
        let mut ready = ready.into_iter();
        if result.is_some()
            && ready.next() == Some(true)
            && !take(&mut result, &mut room, &mut collected.result)?
        {
            result = None;
        }
        if errors.is_some() && ready.next() == Some(true) {
            if !take(&mut errors, &mut room, &mut collected.errors)? {
                errors = None;
            }
            collected.errors.truncate(KEPT);
        }
        if collected.result.len() > bounds.output.saturating_add(1) {
            collected.ended = Ended::Output;
            break;
        }
    }
    Ok(collected)
}

/// Reads once; returns false at the end.
fn take(file: &mut Option<File>, room: &mut [u8], into: &mut Vec<u8>) -> io::Result<bool> {
    let Some(file) = file else { return Ok(false) };
    match file.read(room) {
        Ok(0) => Ok(false),
        Ok(length) => {
            into.extend_from_slice(&room[..length]);
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
        Err(error) => Err(error),
    }
}

fn judge(bounds: &Bounds, collected: Collected, status: WaitStatus) -> Result<Vec<u8>, SandboxError> {
    let Collected { ended, mut result, errors } = collected;
    match ended {
        Ended::Deadline => return Err(SandboxError::Time { limit: bounds.time }),
        Ended::Output => return Err(SandboxError::Output { limit: bounds.output }),
        Ended::Itself => {}
    }
    let said = |word: &str| errors.windows(word.len()).any(|window| window == word.as_bytes());
    match status.terminating_signal() {
        Some(libc::SIGXCPU) => Err(SandboxError::Time { limit: bounds.time }),
        // The words of Rust's runtime before it aborts.
        Some(libc::SIGABRT) if said("memory allocation of") => {
            Err(SandboxError::Memory { limit: bounds.memory })
        }
        Some(libc::SIGABRT) if said("overflowed its stack") => Err(SandboxError::Stack),
        Some(libc::SIGSEGV | libc::SIGBUS) => Err(SandboxError::Stack),
        Some(signal) => Err(SandboxError::Died(signals::name(signal))),
        None if result.first() == Some(&RESULT) => {
            result.remove(0);
            Ok(result)
        }
        None if result.first() == Some(&PANIC) => {
            Err(SandboxError::Panicked(String::from_utf8_lossy(&result[1..]).into_owned()))
        }
        None => Err(SandboxError::Died("an early exit".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With `RUST_BACKTRACE` set, running out of memory prints a backtrace, which takes seconds.
    const BOUNDS: Bounds = Bounds { memory: 32 << 20, time: Duration::from_secs(20), output: 1 << 20 };

    fn error(work: &dyn Fn() -> Vec<u8>) -> String {
        Forked.run(&BOUNDS, work).expect_err("it cannot finish").to_string()
    }

    fn error_soon(work: &dyn Fn() -> Vec<u8>) -> String {
        let bounds = Bounds { time: Duration::from_secs(1), ..BOUNDS };
        Forked.run(&bounds, work).expect_err("it cannot finish").to_string()
    }

    fn nested(depth: u64) -> u64 {
        let room = std::hint::black_box([depth; 64]);
        if depth == u64::MAX { 0 } else { room[7] + nested(depth + 1) }
    }

    #[test]
    fn a_result_arrives_whole() {
        let large = vec![b'x'; 1 << 20];
        assert_eq!(Forked.run(&BOUNDS, &|| large.clone()).expect("within the limit"), large);
        assert_eq!(Forked.run(&BOUNDS, &Vec::new).expect("an empty result"), b"");
    }

    #[test]
    fn what_harms_ends_in_the_child() {
        assert_eq!(error(&|| vec![1; 1 << 30]), "takes too much memory (limit 32 MiB)");
        assert_eq!(error(&|| nested(0).to_string().into_bytes()), "nests too deeply");
        assert_eq!(
            error(&|| panic!("no {}", 7)),
            "caused an internal error (panic), please report it as a bug: no 7"
        );
        assert_eq!(error(&|| vec![1; 2 << 20]), "has a result of more than 1 MiB");
        assert_eq!(error(&|| std::process::abort()), "did not finish: its process was ended by SIGABRT");
        assert_eq!(
            error_soon(&|| loop {
                std::hint::black_box(());
            }),
            "takes too long (limit 1 s)"
        );
        assert_eq!(
            error_soon(&|| {
                std::thread::sleep(Duration::from_secs(600));
                Vec::new()
            }),
            "takes too long (limit 1 s)"
        );
    }

    #[test]
    fn small_allocations_that_add_up_are_too_much_memory() {
        let work = || {
            let mut kept: Vec<Vec<u8>> = Vec::new();
            loop {
                kept.push(vec![7; 1000]);
            }
        };
        assert_eq!(error(&work), "takes too much memory (limit 32 MiB)");
    }

    /// The soft limit of the processor time asks the child to end, and the hard one comes two seconds later.
    #[test]
    fn the_kernel_knows_the_limits() {
        let limits = |resource| {
            let work = || {
                let found = rustix::process::getrlimit(resource);
                format!("{:?} {:?}", found.current, found.maximum).into_bytes()
            };
            String::from_utf8(Forked.run(&BOUNDS, &work).expect("within the limits")).expect("text")
        };
        assert_eq!(limits(Resource::Cpu), "Some(20) Some(22)");
        assert_eq!(limits(Resource::Core), "Some(0) Some(0)");
        assert_eq!(limits(Resource::Stack), format!("Some({STACK}) Some({STACK})"));
    }
}
