//! Waits for commands up to a time limit.

use std::io;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::processes::{self, Family};
use crate::netlink::readable;

/// The polling intervals on a kernel without pidfd_open(2) (before 5.3).
const POLL: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(50)];
/// How long a command may take to exit after SIGTERM: a package manager finishes its step.
const GRACE: Duration = Duration::from_secs(5);

fn pid(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

/// Waits until it exits; `None` if it is still running at the deadline.
pub(super) fn until(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    let descriptor = pid(child).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
    if let Some(descriptor) = descriptor
        && readable(&descriptor, deadline).is_err()
    {
        return poll(child, deadline);
    }
    poll(child, deadline)
}

fn poll(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    let mut interval = POLL[0];
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::sleep(interval);
        interval = (interval * 2).min(POLL[1]);
    }
}

/// Ends a command with all it has started.
pub(super) fn end(child: &mut Child, group: bool) {
    let Some(pid) = pid(child) else { return };
    processes::end(&mut [Family::of(pid, group)], GRACE);
    let _ = child.wait();
}

/// Kills a command that is not waited for at its time limit; dropping it is in time.
pub(super) struct Guard(#[allow(dead_code, reason = "closed when dropped")] Sender<()>);

impl Guard {
    pub(super) fn new(child: &Child, limit: Duration) -> io::Result<Self> {
        let (sender, receiver) = channel::<()>();
        let pid = pid(child);
        thread::Builder::new().name("limit".to_owned()).spawn(move || {
            if let (Err(RecvTimeoutError::Timeout), Some(pid)) = (receiver.recv_timeout(limit), pid) {
                tracing::warn!(
                    "ending a part handler after {} s; see timeouts.commands in cloud.cfg",
                    limit.as_secs_f32()
                );
                processes::end(&mut [Family::of(pid, true)], Duration::ZERO);
            }
        })?;
        Ok(Self(sender))
    }
}
