//! What one process costs.

use std::collections::HashSet;
use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc::{
    PTRACE_EVENT_CLONE, PTRACE_EVENT_EXEC, PTRACE_EVENT_EXIT, PTRACE_EVENT_FORK, PTRACE_EVENT_VFORK,
};
use nix::sys::ptrace::{self, Options};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::time::ClockId;
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::{Error, file};

/// Stops before it becomes the program, so that nothing of the program goes unseen.
const LAUNCHER: &str = "kill -STOP $$; exec \"$@\"";
/// The environment of a unit.
const ENVIRONMENT: [(&str, &str); 2] = [("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), ("LC_ALL", "C.UTF-8")];

/// The cost of one process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// CPU of the process and of the children it waited for, user and system, in milliseconds.
    pub cpu: f64,
    /// CPU of the processes that run the program itself, in milliseconds.
    pub own: f64,
    /// Time from its start to its end, in milliseconds.
    pub wall: f64,
    /// Peak resident set of the largest process that runs the program, in KiB, as the kernel kept it (`VmHWM`); 0 for
    /// processes that were killed.
    pub peak: u64,
    /// Its exit code; -1 after a signal.
    pub code: i32,
}

impl Cost {
    /// Both, one after the other: times are added, the larger peak and exit code stay.
    pub fn then(self, next: Self) -> Self {
        Self {
            cpu: self.cpu + next.cpu,
            own: self.own + next.own,
            wall: self.wall + next.wall,
            peak: self.peak.max(next.peak),
            code: self.code.max(next.code),
        }
    }
}

/// Runs a program to its end, with nothing on its standard streams. Nothing else may start processes meanwhile.
pub fn measure(program: &str, arguments: &[&str]) -> Result<Cost, Error> {
    measure_beside(program, arguments, || Ok(()))
}

/// The same with something that goes on beside it, whose children count as the program's.
pub fn measure_beside(
    program: &str,
    arguments: &[&str],
    beside: impl FnOnce() -> Result<(), Error> + Send,
) -> Result<Cost, Error> {
    let before = children()?;
    let pid = launch(
        program,
        arguments,
        Options::PTRACE_O_TRACEEXIT
            | Options::PTRACE_O_TRACEEXEC
            | Options::PTRACE_O_TRACEFORK
            | Options::PTRACE_O_TRACEVFORK
            | Options::PTRACE_O_TRACECLONE,
    )?;
    // The launcher's own work so far is not the program's.
    let launched = cpu(pid)?;
    let start = Instant::now();
    kill(pid, Signal::SIGCONT).map_err(Error::Process)?;
    // Only the thread that traces a process may go on tracing it.
    let mut cost = thread::scope(|scope| {
        let other = scope.spawn(beside);
        let cost = trace(pid, launched, start);
        other.join().unwrap_or(Ok(())).and(cost)
    })?;
    cost.cpu = milliseconds(children()?.saturating_sub(before).saturating_sub(launched));
    Ok(cost)
}

/// A traced process that becomes the program once it is sent SIGCONT.
pub fn launch(program: &str, arguments: &[&str], options: Options) -> Result<Pid, Error> {
    let mut launcher = unit_command("/bin/sh");
    let child =
        launcher.args(["-c", LAUNCHER, "sh", program]).args(arguments).spawn().map_err(file("/bin/sh"))?;
    let pid = Pid::from_raw(child.id().cast_signed());
    waitpid(pid, Some(WaitPidFlag::WUNTRACED)).map_err(Error::Process)?;
    ptrace::seize(pid, options).map_err(Error::Process)?;
    Ok(pid)
}

/// A command with a unit's environment and nothing on its standard streams.
pub fn unit_command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(ENVIRONMENT);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Waits for the end of a traced process and looks at it, and at those that it forked, in their last moment, while their
/// memory is still there. A child that becomes another program is let go.
fn trace(main: Pid, launched: Duration, start: Instant) -> Result<Cost, Error> {
    let mut cost = Cost::default();
    let mut own = Duration::ZERO;
    let mut traced = Traced::new(main);
    while traced.any() {
        // Children of other threads are not this one's to wait for.
        let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        let status = waitpid(None, Some(flags)).map_err(Error::Process)?;
        traced.note(&status);
        let answered = match status {
            WaitStatus::Exited(pid, code) if pid == main => {
                cost.code = code;
                continue;
            }
            WaitStatus::Signaled(pid, ..) if pid == main => {
                cost.code = -1;
                continue;
            }
            WaitStatus::PtraceEvent(pid, _, PTRACE_EVENT_EXIT) => {
                if pid == main {
                    cost.wall = milliseconds(start.elapsed());
                }
                if leads(pid) {
                    own += cpu(pid)?;
                    cost.peak = cost.peak.max(high_water(pid).unwrap_or_default());
                }
                ptrace::cont(pid, None)
            }
            WaitStatus::PtraceEvent(pid, _, PTRACE_EVENT_EXEC) if pid != main => {
                traced.end(pid);
                ptrace::detach(pid, None)
            }
            WaitStatus::PtraceEvent(pid, ..) => ptrace::cont(pid, None),
            WaitStatus::Stopped(pid, signal) => ptrace::cont(pid, Some(signal)),
            _ => continue,
        };
        // A process that was killed meanwhile needs no answer.
        match answered {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => return Err(Error::Process(error)),
        }
    }
    cost.own = milliseconds(own.saturating_sub(launched));
    Ok(cost)
}

/// The processes and threads that are traced. A child can end before its parent's event is told.
#[derive(Debug, Default)]
pub struct Traced {
    there: HashSet<Pid>,
    ended: HashSet<Pid>,
}

impl Traced {
    /// A process, and what it will start.
    pub fn new(main: Pid) -> Self {
        Self { there: [main].into(), ended: HashSet::new() }
    }

    /// Whether one remains.
    pub fn any(&self) -> bool {
        !self.there.is_empty()
    }

    /// Notes what has begun or ended.
    pub fn note(&mut self, status: &WaitStatus) {
        match *status {
            WaitStatus::PtraceEvent(pid, _, PTRACE_EVENT_FORK | PTRACE_EVENT_VFORK | PTRACE_EVENT_CLONE) => {
                let started =
                    ptrace::getevent(pid).ok().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
                self.there.extend(started.filter(|started| !self.ended.remove(started)));
            }
            WaitStatus::Exited(pid, _) | WaitStatus::Signaled(pid, ..) => self.end(pid),
            _ => {}
        }
    }

    /// Forgets one that has ended or was let go.
    pub fn end(&mut self, pid: Pid) {
        if !self.there.remove(&pid) {
            self.ended.insert(pid);
        }
    }
}

/// Whether this is the first thread of its process.
fn leads(pid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("Tgid:").is_some_and(|id| id.trim() == pid.to_string()))
}

/// CPU of a process without its children.
fn cpu(pid: Pid) -> Result<Duration, Error> {
    let clock = ClockId::pid_cpu_clock_id(pid).and_then(ClockId::now).map_err(Error::Process)?;
    Ok(clock.into())
}

/// `VmHWM` of `/proc/PID/status`, in KiB (proc_pid_status(5)).
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
    fn own_work_is_told_from_that_of_children() {
        let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        let alone = measure("/bin/sh", &["-c", busy]).expect("measured");
        assert!(alone.own > 5.0 && alone.own <= alone.cpu * 1.05 + 1.0, "{alone:?}");
        assert!(alone.peak > 100 && alone.code == 0, "{alone:?}");
        let child = format!("sh -c '{busy}'; exit 3");
        let parent = measure("/bin/sh", &["-c", &child]).expect("measured");
        assert!(parent.own < parent.cpu / 2.0 && parent.code == 3, "{parent:?}");
    }

    /// A process of some microseconds is seen as well, and memory that it takes right before its end.
    #[test]
    fn the_last_moment_counts() {
        let brief = measure("/bin/true", &[]).expect("measured");
        assert!(brief.peak > 100 && brief.wall > 0.0, "{brief:?}");
        let grows = "x=$(head -c 20000000 /dev/zero | tr '\\0' x); exit 0";
        let large = measure("/bin/sh", &["-c", grows]).expect("measured");
        assert!(large.peak > 20_000, "{large:?}");
    }

    /// A stage runs in a process that its supervisor forks.
    #[test]
    fn forked_processes_of_the_program_count() {
        let script = "(x=$(head -c 20000000 /dev/zero | tr '\\0' x); i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done); exit 0";
        let cost = measure("/bin/sh", &["-c", script]).expect("measured");
        assert!(cost.peak > 20_000 && cost.own > 5.0, "{cost:?}");
    }

    #[test]
    fn what_goes_on_beside_it_counts() {
        let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        let cost = measure_beside("/bin/sleep", &["0.5"], || {
            unit_command("/bin/sh").args(["-c", busy]).status().map(drop).map_err(file("/bin/sh"))
        });
        let cost = cost.expect("measured");
        assert!(cost.own < 50.0 && cost.cpu > cost.own + 5.0, "{cost:?}");
    }
}
