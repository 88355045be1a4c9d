//! Ends commands at their time limit.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use super::processes::{self, Family};
use super::spawn::Child;

/// How long a command may take to exit after SIGTERM: a package manager finishes its step.
const GRACE: Duration = Duration::from_secs(5);

/// Ends a command with all it has started.
pub(super) fn end(child: &mut Child, group: bool) {
    processes::end(&mut [Family::of(child.pid, group)], GRACE);
    let _ = child.wait();
}

/// Kills a command that is not waited for at its time limit; dropping it is in time.
pub(super) struct Guard(#[allow(dead_code, reason = "closed when dropped")] Sender<()>);

impl Guard {
    pub(super) fn new(child: &Child, limit: Duration) -> io::Result<Self> {
        let (sender, receiver) = channel::<()>();
        let pid = child.pid;
        thread::Builder::new().name("limit".to_owned()).spawn(move || {
            if receiver.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
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
