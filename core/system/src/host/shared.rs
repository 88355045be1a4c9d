//! Memory that a stage shares with the processes that outlive it: what it is doing, and which commands are running.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU8, AtomicUsize, Ordering};

/// The longest description of a step.
const ROOM: usize = 1000;
/// The number of commands that may run at the same time.
const SLOTS: usize = 32;
/// A slot of a command that is not running yet.
const RESERVED: i32 = -1;

struct Shared {
    length: AtomicUsize,
    text: [AtomicU8; ROOM],
    /// Whether a process ends the commands if this one is killed.
    watched: AtomicBool,
    /// Process IDs; 0 if unused.
    commands: [AtomicI32; SLOTS],
}

/// The memory of this process and its relatives; null without a supervisor.
static SHARED: AtomicPtr<Shared> = AtomicPtr::new(std::ptr::null_mut());

fn shared() -> Option<&'static Shared> {
    let place = SHARED.load(Ordering::Acquire);
    // SAFETY: either null or a mapping of that size that is never removed; everything in it is atomic.
    #[allow(unsafe_code, reason = "memory shared by processes is a raw mapping")]
    unsafe {
        place.as_ref()
    }
}

/// Maps the memory. Processes that are forked afterwards share it.
pub(super) fn share() -> io::Result<()> {
    // SAFETY: a new anonymous mapping; zero bytes are valid atomics.
    #[allow(unsafe_code, reason = "memory shared by processes is a raw mapping")]
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

/// What was recorded last.
pub(super) fn noted() -> String {
    let Some(shared) = shared() else { return String::new() };
    let length = shared.length.load(Ordering::Acquire).min(ROOM);
    let bytes: Vec<u8> = shared.text[..length].iter().map(|slot| slot.load(Ordering::Relaxed)).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Sets whether recorded commands are ended with this process.
pub(super) fn set_watched(watched: bool) {
    if let Some(shared) = shared() {
        shared.watched.store(watched, Ordering::Release);
    }
}

/// The recorded commands.
pub(super) fn commands() -> Vec<i32> {
    let slots = shared().map(|shared| &shared.commands).into_iter().flatten();
    slots.map(|slot| slot.load(Ordering::Acquire)).filter(|pid| *pid > 0).collect()
}

/// The record of a command; freed when dropped.
pub(super) struct Slot(&'static AtomicI32);

impl Slot {
    /// A free one; `None` if nobody watches, or if there are too many.
    pub(super) fn reserve() -> Option<Self> {
        let shared = shared().filter(|shared| shared.watched.load(Ordering::Acquire))?;
        let taken = |slot: &&AtomicI32| {
            slot.compare_exchange(0, RESERVED, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        };
        shared.commands.iter().find(taken).map(Self)
    }

    /// What the command's process itself calls before it runs its program: an atomic store and a system call.
    pub(super) fn record(&self) {
        self.0.store(rustix::process::getpid().as_raw_nonzero().get(), Ordering::Release);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_noted_up_to_its_room() {
        let _process = crate::host::alone::process();
        share().expect("mapped");
        assert_eq!(noted(), "");
        note(&"x".repeat(ROOM + 1));
        assert_eq!(noted(), "x".repeat(ROOM));
        note("stage init");
        assert_eq!(noted(), "stage init");
    }

    /// Tests that run commands at the same time take slots as well.
    #[test]
    fn a_command_is_recorded_while_it_runs() {
        let _process = crate::host::alone::process();
        share().expect("mapped");
        let own = rustix::process::getpid().as_raw_nonzero().get();
        assert!(Slot::reserve().is_none(), "nobody watches");
        set_watched(true);
        let slot = Slot::reserve().expect("a free one");
        assert!(!commands().contains(&own) && !commands().contains(&RESERVED), "not before it runs");
        slot.record();
        assert_eq!(commands().into_iter().filter(|pid| *pid == own).count(), 1);
        let others: Vec<Slot> = std::iter::from_fn(Slot::reserve).take(SLOTS).collect();
        assert!(!others.is_empty() && others.len() < SLOTS, "{}", others.len());
        drop((slot, others));
        assert!(!commands().contains(&own));
        assert!(Slot::reserve().is_some(), "they are free again");
        set_watched(false);
        assert!(Slot::reserve().is_none());
    }
}
