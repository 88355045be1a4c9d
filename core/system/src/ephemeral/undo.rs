//! Reverts changes to a network device, even if this process is killed.
//!
//! A guard reverts changes on drop. In case this process is killed, a child process waits on a pipe whose other end
//! only this process has: when the pipe closes without the final record, the child sends the recorded messages to the
//! kernel. It is forked from a program that may have threads, so it only uses system calls and already allocated
//! memory.

use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd, RawFd};

use rustix::pipe::{PipeFlags, pipe_with};

use crate::netlink::{Message, Netlink};

/// The size of the child's memory: more than any device needs.
const ROOM: usize = 16 << 10;
/// A record without bytes tells the child that everything has been reverted.
const DONE: [u8; 2] = [0, 0];

/// Messages that revert changes, sent in reverse order on drop.
pub(crate) struct Undo {
    link: String,
    messages: Vec<Message>,
    /// The child's PID, and the pipe to it.
    child: Option<(libc::pid_t, std::fs::File)>,
}

impl Undo {
    pub(crate) fn new(link: &str) -> Self {
        let child = match Netlink::open().and_then(|netlink| watcher(&netlink.into_socket())) {
            Ok(child) => Some(child),
            Err(error) => {
                tracing::debug!("changes to {link} will not be reverted if this process is killed: {error}");
                None
            }
        };
        Self { link: link.to_owned(), messages: Vec::new(), child }
    }

    /// Records how to revert a change that is about to be made or was just made.
    pub(crate) fn note(&mut self, message: Message) {
        if let Some((_, pipe)) = &mut self.child {
            let bytes = message.bytes(0);
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a message has some attributes of an address's length"
            )]
            let mut record = (bytes.len() as u16).to_ne_bytes().to_vec();
            record.extend(bytes);
            if let Err(error) = pipe.write_all(&record) {
                tracing::debug!("{}: the cleanup process has exited: {error}", self.link);
            }
        }
        self.messages.push(message);
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        match Netlink::open() {
            Ok(mut netlink) => {
                for message in self.messages.drain(..).rev() {
                    // It is fine if a change is already gone, such as a route with its address.
                    if let Err(error) = netlink.ask(&message) {
                        tracing::debug!("{}: nothing to revert: {error}", self.link);
                    }
                }
            }
            Err(error) => tracing::warn!("{}: cannot remove a temporary address: {error}", self.link),
        }
        let Some((pid, mut pipe)) = self.child.take() else { return };
        let _ = pipe.write_all(&DONE);
        drop(pipe);
        if let Some(pid) = rustix::process::Pid::from_raw(pid) {
            let _ = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty());
        }
    }
}

/// Starts the child, which sends to a socket, and gives its PID and the pipe to it.
fn watcher(socket: &OwnedFd) -> io::Result<(libc::pid_t, std::fs::File)> {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
    // SAFETY: the child calls `watch`, which makes system calls only and never returns.
    #[allow(unsafe_code, reason = "only another process survives a kill")]
    let pid = unsafe { libc::fork() };
    match pid {
        0 => watch(&reader, socket),
        pid if pid < 0 => Err(io::Error::last_os_error()),
        pid => Ok((pid, std::fs::File::from(writer))),
    }
}

/// Runs in the child. Signals that end the parent must not end it first.
fn watch(reader: &OwnedFd, socket: &OwnedFd) -> ! {
    let mut memory = [0_u8; ROOM];
    let mut length = 0;
    // SAFETY: only calls that signal-safety(7) allows, on descriptors that are open and on memory of this frame.
    #[allow(unsafe_code, reason = "after a fork of a program with threads nothing else is allowed")]
    unsafe {
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGPIPE, libc::SIGQUIT] {
            libc::signal(signal, libc::SIG_IGN);
        }
        libc::setsid();
        // The child must not keep other descriptors open, which other processes may wait on.
        close_but(reader.as_raw_fd(), socket.as_raw_fd());
        loop {
            let room = ROOM - length;
            let read = libc::read(reader.as_raw_fd(), memory.as_mut_ptr().add(length).cast(), room);
            match read {
                -1 if io::Error::last_os_error().raw_os_error() == Some(libc::EINTR) => {}
                -1 | 0 => break,
                more => length += more.cast_unsigned(),
            }
            if length == ROOM || all_done(&memory, length) {
                break;
            }
        }
    }
    let records = Records { memory: &memory, length, upto: usize::MAX };
    for (start, end) in records {
        // SAFETY: the bytes are those of `memory` between the two places.
        #[allow(unsafe_code, reason = "after a fork of a program with threads nothing else is allowed")]
        unsafe {
            libc::send(socket.as_raw_fd(), memory.as_ptr().add(start).cast(), end - start, 0);
        }
    }
    // SAFETY: ends the process without running what belongs to the parent.
    #[allow(unsafe_code, reason = "the parent's destructors are not the child's to run")]
    unsafe {
        libc::_exit(0)
    }
}

/// Closes every descriptor but two.
///
/// # Safety
///
/// The process must not use another descriptor afterwards. Only system calls are made.
#[allow(unsafe_code, reason = "after a fork of a program with threads nothing else is allowed")]
unsafe fn close_but(one: RawFd, other: RawFd) {
    let (low, high) = (one.min(other).cast_unsigned(), one.max(other).cast_unsigned());
    let mut between = [(0, low), (low + 1, high), (high + 1, libc::c_uint::MAX)].into_iter();
    // SAFETY: see the function's own requirements.
    unsafe {
        let closed = between
            .all(|(from, upto)| from == upto || libc::syscall(libc::SYS_close_range, from, upto - 1, 0) == 0);
        if !closed {
            // Kernels before 5.9 lack close_range(2). The program never has a thousand open files.
            for fd in (0..1024).filter(|fd| *fd != one && *fd != other) {
                libc::close(fd);
            }
        }
    }
}

/// Whether the parent has reverted everything itself.
fn all_done(memory: &[u8; ROOM], length: usize) -> bool {
    let mut at = 0;
    while at + 2 <= length {
        match usize::from(u16::from_ne_bytes([memory[at], memory[at + 1]])) {
            0 => return true,
            record => at += 2 + record,
        }
    }
    false
}

/// The records from last to first, without allocation; none if the last one says that everything has been reverted.
struct Records<'m> {
    memory: &'m [u8; ROOM],
    length: usize,
    /// The start of the last returned record.
    upto: usize,
}

impl Iterator for Records<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        let (mut at, mut last) = (0, None);
        while at + 2 <= self.length && at < self.upto {
            let length = usize::from(u16::from_ne_bytes([self.memory[at], self.memory[at + 1]]));
            if length == 0 {
                return None;
            }
            if at + 2 + length > self.length {
                break;
            }
            last = Some((at, length));
            at += 2 + length;
        }
        let (start, length) = last?;
        self.upto = start;
        Some((start + 2, start + 2 + length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(bytes: &[u8]) -> Vec<(usize, usize)> {
        let mut memory = [0; ROOM];
        memory[..bytes.len()].copy_from_slice(bytes);
        Records { memory: &memory, length: bytes.len(), upto: usize::MAX }.collect()
    }

    /// A later child inherits the pipes of earlier ones, which must still be able to exit.
    #[test]
    fn two_links_that_are_held_at_once_are_let_go_in_either_order() {
        let (done, waited) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let (first, second, third) = (Undo::new("one"), Undo::new("two"), Undo::new("three"));
            drop(first);
            drop(third);
            drop(second);
            done.send(())
        });
        let limit = std::time::Duration::from_secs(10);
        assert_eq!(waited.recv_timeout(limit), Ok(()), "a watcher does not end");
    }

    /// What the child sends for these records, once its parent is gone.
    fn sent(told: &[&[u8]]) -> Vec<Vec<u8>> {
        use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, recv, socketpair};
        let (own, other) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
            .expect("sockets");
        let (pid, mut pipe) = watcher(&other).expect("a child");
        drop(other);
        // It ends by itself after the last record, or once its memory is full.
        let _ = told.iter().try_for_each(|bytes| pipe.write_all(bytes));
        drop(pipe);
        let mut found = Vec::new();
        let mut buffer = vec![0; ROOM];
        loop {
            match recv(&own, &mut buffer[..], RecvFlags::empty()) {
                Ok((0, _)) => break,
                Ok((length, _)) => found.push(buffer[..length].to_vec()),
                Err(error) => panic!("{error}"),
            }
        }
        let ended = rustix::process::waitpid(
            rustix::process::Pid::from_raw(pid),
            rustix::process::WaitOptions::empty(),
        );
        let (_, status) = ended.expect("ours").expect("it has ended");
        assert_eq!(status.exit_status(), Some(0));
        found
    }

    #[test]
    fn the_child_sends_what_is_left_and_nothing_once_all_is_reverted() {
        let record =
            |bytes: &[u8]| [&u16::try_from(bytes.len()).expect("short").to_ne_bytes()[..], bytes].concat();
        let (one, two) = (record(b"one"), record(b"second"));
        assert_eq!(sent(&[&one, &two]), [b"second".to_vec(), b"one".to_vec()]);
        // A record may come in parts; one that is not complete does not count.
        assert_eq!(sent(&[&one[..1], &one[1..4], &one[4..], &two[..5]]), [b"one".to_vec()]);
        assert_eq!(sent(&[&one, &two, &DONE]), [] as [Vec<u8>; 0]);
        assert_eq!(sent(&[]), [] as [Vec<u8>; 0]);
        // What does not fit any more is not sent, and what fits is.
        let large = record(&vec![b'x'; ROOM / 2 - 2]);
        assert_eq!(sent(&[&large, &large, &large]), [large[2..].to_vec(), large[2..].to_vec()]);
    }

    #[test]
    fn a_guard_tells_its_child_and_waits_for_it() {
        let mut undo = Undo::new("lo");
        // There is no device of this number: the kernel refuses, and that is no error.
        undo.note(crate::netlink::link::set_up(0x7fff_ffff, false));
        let (pid, _) = undo.child.as_ref().expect("a child");
        let pid = rustix::process::Pid::from_raw(*pid).expect("not 0");
        assert_eq!(undo.messages.len(), 1);
        drop(undo);
        assert!(rustix::process::test_kill_process(pid).is_err(), "it has ended, and was waited for");
    }

    #[test]
    fn records_are_undone_from_the_last() {
        let one = 1_u16.to_ne_bytes();
        let two = 2_u16.to_ne_bytes();
        let told = [&one[..], b"a", &two, b"bb", &one, b"c"].concat();
        assert_eq!(records(&told), [(9, 10), (5, 7), (2, 3)]);
        // An incomplete record is ignored.
        assert_eq!(records(&told[..told.len() - 1]), [(5, 7), (2, 3)]);
        assert_eq!(records(&[&told[..], &DONE].concat()), []);
        let done = |told: &[u8]| {
            let mut memory = [0; ROOM];
            memory[..told.len()].copy_from_slice(told);
            all_done(&memory, told.len())
        };
        assert!(!done(&told) && !done(&[&told[..], &DONE[..1]].concat()));
        assert!(done(&[&told[..], &DONE].concat()));
    }
}
