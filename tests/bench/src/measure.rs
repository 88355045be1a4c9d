//! What one process costs.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::time::ClockId;
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::{Error, file};

/// The time between two looks at a process's memory.
const LOOK: Duration = Duration::from_millis(2);

/// The cost of one process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// CPU of the process and of the children it waited for, user and system, in milliseconds.
    pub cpu: f64,
    /// CPU of the process alone, in milliseconds.
    pub own: f64,
    /// Time from its start to its end, in milliseconds.
    pub wall: f64,
    /// Most memory it ever held (resident set), in KiB; 0 where it ended before the first look.
    pub peak: u64,
    /// Its exit code; -1 after a signal.
    pub code: i32,
}

/// Runs a process to its end, with nothing on its standard streams. Nothing else may start processes meanwhile.
pub fn measure(command: &mut Command) -> Result<Cost, Error> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let before = children()?;
    let start = Instant::now();
    let mut child = command.spawn().map_err(file(name.clone()))?;
    let (own, wall, peak) = watch(&child, start)?;
    let status = child.wait().map_err(file(name))?;
    let cpu = children()?.saturating_sub(before);
    Ok(Cost {
        cpu: milliseconds(cpu),
        own: milliseconds(own),
        wall: milliseconds(wall),
        peak,
        code: status.code().unwrap_or(-1),
    })
}

/// Its own CPU, the wall time and the peak of memory; returns when it has ended but is not waited for.
fn watch(child: &Child, start: Instant) -> Result<(Duration, Duration, u64), Error> {
    let pid = Pid::from_raw(child.id().cast_signed());
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let mut peak = 0;
            while !ended.load(Ordering::Relaxed) {
                // The last answer counts: before it becomes the program, the process is a copy of this one.
                peak = high_water(pid).unwrap_or(peak);
                thread::sleep(LOOK);
            }
            peak
        });
        let waited = waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
        let wall = start.elapsed();
        ended.store(true, Ordering::Relaxed);
        let own = waited.and_then(|_| ClockId::pid_cpu_clock_id(pid)).and_then(ClockId::now);
        let peak = looking.join().unwrap_or_default();
        Ok((own.map_err(Error::Process)?.into(), wall, peak))
    })
}

/// `VmHWM` of `/proc/PID/status`, in KiB (proc_pid_status(5)); a process that has ended has none.
fn high_water(pid: Pid) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// CPU of all children waited for so far, and of theirs: what wait4(2) sums up.
fn children() -> Result<Duration, Error> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(Error::Process)?;
    let microseconds = [usage.user_time(), usage.system_time()]
        .iter()
        .map(|time| time.tv_sec() * 1_000_000 + time.tv_usec())
        .sum::<i64>();
    Ok(Duration::from_micros(microseconds.unsigned_abs()))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell that works while it waits for nobody, and one that lets a child work.
    #[test]
    fn tells_own_work_from_that_of_children() {
        let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        let alone = measure(Command::new("sh").args(["-c", busy])).expect("measured");
        assert!(alone.own > 5.0 && alone.own <= alone.cpu * 1.05 + 1.0, "{alone:?}");
        assert!(alone.peak > 100 && alone.code == 0, "{alone:?}");
        let child = format!("sh -c '{busy}'; exit 3");
        let parent = measure(Command::new("sh").args(["-c", &child])).expect("measured");
        assert!(parent.own < parent.cpu / 2.0 && parent.code == 3, "{parent:?}");
    }
}
