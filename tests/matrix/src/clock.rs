//! A machine whose clock is wrong, or jumps.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::libc::{self, c_long};
use nix::sys::ptrace::{self, AddressType};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// What the clock of the machine shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Clock {
    /// It begins with 1970, as where no battery keeps it.
    Epoch,
    /// It begins with 1970 and is set right after so many readings.
    Set(u32),
    /// It goes back a year after so many readings.
    Back(u32),
}

/// The calls that ask for the time of day (syscalls(2)).
pub const CALLS: &[c_long] = &[libc::SYS_clock_gettime, libc::SYS_gettimeofday, libc::SYS_time];

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// The time of a boot.
#[derive(Debug)]
pub struct Time {
    begun: Instant,
    readings: u32,
}

impl Default for Time {
    fn default() -> Self {
        Self { begun: Instant::now(), readings: 0 }
    }
}

impl Time {
    /// Answers a call for the time of day in the kernel's place; false where it is another call.
    pub fn answer(&mut self, pid: Pid, clock: Clock) -> bool {
        let Ok(mut registers) = ptrace::getregs(pid) else { return false };
        let number = registers.orig_rax.cast_signed();
        if !CALLS.contains(&number) {
            return false;
        }
        let (target, unit) = match number {
            libc::SYS_clock_gettime => {
                let of_day = [libc::CLOCK_REALTIME, libc::CLOCK_REALTIME_COARSE];
                if !of_day.contains(&(registers.rdi as i32)) {
                    return true;
                }
                (registers.rsi, 1)
            }
            libc::SYS_gettimeofday => (registers.rdi, 1000),
            _ => (registers.rdi, 0_u64),
        };
        let now = self.now(clock);
        let write = |offset: u64, value: u64| {
            ptrace::write(pid, (target + offset) as AddressType, value.cast_signed()).is_ok()
        };
        registers.orig_rax = u64::MAX;
        registers.rax = if number == libc::SYS_time { now.as_secs() } else { 0 };
        if target != 0 {
            let _ = write(0, now.as_secs());
            if let Some(below) = u64::from(now.subsec_nanos()).checked_div(unit) {
                let _ = write(8, below);
            }
        }
        let _ = ptrace::setregs(pid, registers);
        true
    }

    fn now(&mut self, clock: Clock) -> Duration {
        self.readings += 1;
        let right = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        match clock {
            Clock::Epoch => self.begun.elapsed(),
            Clock::Set(after) => {
                if self.readings > after {
                    right
                } else {
                    self.begun.elapsed()
                }
            }
            Clock::Back(after) => {
                if self.readings > after {
                    right.saturating_sub(YEAR)
                } else {
                    right
                }
            }
        }
    }
}

/// Hides the vDSO from a program that was just started, which would give it the time without a call: the entry of the
/// auxiliary vector that says where it is gets another type (getauxval(3), elf.h).
pub fn without_vdso(pid: Pid) {
    const AT_NULL: i64 = 0;
    const AT_IGNORE: i64 = 1;
    const AT_SYSINFO_EHDR: i64 = 33;
    let Ok(registers) = ptrace::getregs(pid) else { return };
    let word = |at: u64| ptrace::read(pid, at as AddressType).ok();
    let mut at = registers.rsp + 8;
    // Past the arguments, past the environment.
    for _ in 0..2 {
        while word(at).is_some_and(|word| word != 0) {
            at += 8;
        }
        at += 8;
    }
    while let Some(kind) = word(at).filter(|kind| *kind != AT_NULL) {
        if kind == AT_SYSINFO_EHDR {
            let _ = ptrace::write(pid, at as AddressType, AT_IGNORE);
        }
        at += 16;
    }
}
