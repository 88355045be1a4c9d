//! Writes a command's input and collects its output while it runs, in the thread that waits for it.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{PidfdFlags, pidfd_open};

use super::spawn::Child;

/// The polling intervals on a kernel without pidfd_open(2) (before 5.3).
const POLL: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(50)];
/// How much is read at once.
const CHUNK: usize = 4096;

/// The pipes of a running command.
pub(super) struct Exchange<'i> {
    input: Option<(File, &'i [u8])>,
    outputs: [Option<File>; 2],
    /// What it has written to standard output and error.
    pub(super) collected: [Vec<u8>; 2],
    /// Readable once it has ended.
    end: Option<OwnedFd>,
    interval: Duration,
}

impl<'i> Exchange<'i> {
    /// Takes the pipes of a command.
    pub(super) fn new(child: &mut Child, input: Option<&'i [u8]>) -> io::Result<Self> {
        let [stdin, stdout, stderr] = std::mem::take(&mut child.streams);
        let input = stdin.zip(input);
        if let Some((pipe, _)) = &input {
            fcntl_setfl(pipe, fcntl_getfl(pipe)? | OFlags::NONBLOCK)?;
        }
        let end = pidfd_open(child.pid, PidfdFlags::empty()).ok();
        Ok(Self { input, outputs: [stdout, stderr], collected: Default::default(), end, interval: POLL[0] })
    }

    /// Continues until the command has ended; `None` if it still runs at the deadline.
    pub(super) fn until_end(
        &mut self,
        child: &mut Child,
        deadline: Option<Instant>,
    ) -> io::Result<Option<ExitStatus>> {
        loop {
            if self.step(true, deadline)?
                && let Some(status) = child.try_wait()?
            {
                return Ok(Some(status));
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return child.try_wait();
            }
        }
    }

    /// Continues until all pipes are closed: what the command has started may keep them open.
    pub(super) fn until_closed(&mut self, deadline: Instant) -> io::Result<()> {
        while self.is_open() && Instant::now() < deadline {
            self.step(false, Some(deadline))?;
        }
        Ok(())
    }

    fn is_open(&self) -> bool {
        self.input.is_some() || self.outputs.iter().any(Option::is_some)
    }

    /// Waits for one of the pipes, or for the end of the command, and moves what is there. Returns whether it may have ended.
    fn step(&mut self, running: bool, deadline: Option<Instant>) -> io::Result<bool> {
        let mut pause = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if running && self.end.is_none() {
            pause = Some(pause.map_or(self.interval, |pause| pause.min(self.interval)));
            self.interval = (self.interval * 2).min(POLL[1]);
        }
        let [ready_in, ready_out, ready_err, ended] = self.ready(running, pause)?;
        if ready_in && let Some((pipe, rest)) = &mut self.input {
            match pipe.write(rest) {
                Ok(written) if written < rest.len() => *rest = &rest[written..],
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                // A command may end without reading all of its input.
                Ok(_) | Err(_) => self.input = None,
            }
        }
        for (number, is_ready) in [ready_out, ready_err].into_iter().enumerate() {
            if is_ready {
                take(&mut self.outputs[number], &mut self.collected[number]);
            }
        }
        Ok(ended || self.end.is_none())
    }

    /// Which pipes can be moved, and whether the command has ended.
    fn ready(&self, running: bool, pause: Option<Duration>) -> io::Result<[bool; 4]> {
        let [stdout, stderr] = &self.outputs;
        let input = self.input.as_ref().map(|(pipe, _)| PollFd::new(pipe, PollFlags::OUT));
        let outputs = [stdout, stderr].map(|pipe| pipe.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
        let [stdout, stderr] = outputs;
        let end = self.end.as_ref().filter(|_| running).map(|end| PollFd::new(end, PollFlags::IN));
        let present = [input.is_some(), stdout.is_some(), stderr.is_some(), end.is_some()];
        let mut waited: Vec<PollFd<'_>> = [input, stdout, stderr, end].into_iter().flatten().collect();
        let pause = pause.and_then(|pause| Timespec::try_from(pause).ok());
        match poll(&mut waited, pause.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut moved = waited.iter().map(|waited| !waited.revents().is_empty());
        Ok(present.map(|present| present && moved.next().unwrap_or(false)))
    }
}

/// Reads once. A pipe that has ended or cannot be read is closed.
fn take(pipe: &mut Option<File>, into: &mut Vec<u8>) {
    let mut room = [0; CHUNK];
    match pipe.as_mut().map(|pipe| pipe.read(&mut room)) {
        Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
        Some(Ok(read)) if read > 0 => into.extend_from_slice(&room[..read]),
        _ => *pipe = None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::spawn::{Setup, Start, Stream};
    use super::*;

    fn started(script: &str) -> Child {
        let mut start = Start::new(Path::new("/bin/sh"), ["-c", script], None).expect("text");
        start.setup = Setup { streams: [Stream::Pipe; 3], group: true, ..Setup::default() };
        start.spawn(None).expect("it starts")
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(30)
    }

    /// More than a pipe holds, in both directions: neither side may wait for the other.
    #[test]
    fn much_input_and_output_are_moved_at_the_same_time() {
        let input = vec![b'x'; 1 << 20];
        for has_pidfd in [true, false] {
            let mut child = started("tee /dev/stderr");
            let mut exchange = Exchange::new(&mut child, Some(&input)).expect("pipes");
            if !has_pidfd {
                exchange.end = None;
            }
            let ended = exchange.until_end(&mut child, Some(soon())).expect("no error");
            assert_eq!(ended.and_then(|status| status.code()), Some(0));
            exchange.until_closed(soon()).expect("no error");
            assert!(exchange.collected.iter().all(|collected| *collected == input), "{has_pidfd}");
        }
    }

    #[test]
    fn input_that_nobody_reads_is_dropped() {
        let input = vec![b'x'; 1 << 20];
        let begun = Instant::now();
        let mut child = started("exec <&-; echo done; exit 4");
        let mut exchange = Exchange::new(&mut child, Some(&input)).expect("pipes");
        let ended = exchange.until_end(&mut child, None).expect("no error");
        assert_eq!(ended.and_then(|status| status.code()), Some(4));
        exchange.until_closed(soon()).expect("no error");
        assert_eq!(exchange.collected[0], b"done\n");
        assert!(begun.elapsed() < Duration::from_secs(15), "nothing is left to wait for");
    }

    #[test]
    fn what_runs_at_the_deadline_has_not_ended() {
        let mut child = started("exec sleep 60");
        let mut exchange = Exchange::new(&mut child, None).expect("pipes");
        let deadline = Instant::now() + Duration::from_millis(50);
        assert_eq!(exchange.until_end(&mut child, Some(deadline)).expect("no error"), None);
        super::super::wait::end(&mut child, true);
    }
}
