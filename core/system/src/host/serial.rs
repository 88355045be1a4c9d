//! Serial ports of the machine, see termios(3).

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::effects::{Serial, SerialError, SerialPort};
use rustix::event::PollFlags;
use rustix::termios::{
    ControlModes, OptionalActions, QueueSelector, Termios, ioctl_tiocexcl, ioctl_tiocnxcl, tcflush,
    tcgetattr, tcsetattr,
};

use crate::netlink::ready;

/// The maximum length of a line; SmartOS answers with complete user-data in one, base64-encoded.
const LONGEST: usize = 64 << 20;

/// The ports of the machine, or of the root below a prefix.
pub(crate) struct HostSerial {
    files: Arc<super::HostFiles>,
}

impl HostSerial {
    pub(crate) fn new(files: Arc<super::HostFiles>) -> Self {
        Self { files }
    }
}

impl Serial for HostSerial {
    fn open(&self, port: &Path, speed: Option<u32>) -> Result<Box<dyn SerialPort>, SerialError> {
        let failed = |source| SerialError::Io { port: port.to_owned(), source };
        // The port must not become this process's controlling terminal, nor must opening wait for a carrier.
        let file = self.files.open_device(port).map_err(failed)?;
        let before = tcgetattr(&file).map_err(|error| failed(error.into()))?;
        let mut raw = before.clone();
        raw.make_raw();
        // Ignore modem control lines, and enable the receiver.
        raw.control_modes |= ControlModes::CLOCAL | ControlModes::CREAD;
        if let Some(speed) = speed {
            raw.set_speed(speed).map_err(|error| failed(error.into()))?;
        }
        ioctl_tiocexcl(&file).map_err(|error| failed(error.into()))?;
        let open = Port { path: port.to_owned(), file: file.into(), before: Some(before), read: Vec::new() };
        tcsetattr(&open.file, OptionalActions::Flush, &raw).map_err(|error| failed(error.into()))?;
        Ok(Box::new(open))
    }

    fn connect(&self, socket: &Path) -> Result<Box<dyn SerialPort>, SerialError> {
        let connect = || {
            // By its descriptor, so that a root below a prefix is respected.
            let found = self.files.open_path(socket)?;
            let stream = UnixStream::connect(format!("/proc/self/fd/{}", found.as_raw_fd()))?;
            stream.set_nonblocking(true)?;
            Ok(stream)
        };
        let stream = connect().map_err(|source| SerialError::Io { port: socket.to_owned(), source })?;
        Ok(Box::new(Port { path: socket.to_owned(), file: stream.into(), before: None, read: Vec::new() }))
    }
}

/// An open port or socket.
struct Port {
    path: PathBuf,
    file: OwnedFd,
    /// The settings to restore; a socket has none.
    before: Option<Termios>,
    /// Input received after the last line.
    read: Vec<u8>,
}

impl Port {
    fn failed(&self, source: io::Error) -> SerialError {
        SerialError::Io { port: self.path.clone(), source }
    }

    fn wait(&self, what: PollFlags, begun: Instant, limit: Duration) -> Result<(), SerialError> {
        match ready(&self.file, what, begun + limit) {
            Ok(true) => Ok(()),
            Ok(false) => Err(SerialError::TimedOut { port: self.path.clone(), limit }),
            Err(error) => Err(self.failed(error)),
        }
    }
}

/// Whether to retry once the port is ready.
fn is_early(error: rustix::io::Errno) -> bool {
    matches!(error, rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR)
}

impl SerialPort for Port {
    fn write(&mut self, text: &str, limit: Duration) -> Result<(), SerialError> {
        let begun = Instant::now();
        let mut left = text.as_bytes();
        while !left.is_empty() {
            self.wait(PollFlags::OUT, begun, limit)?;
            match rustix::io::write(&self.file, left) {
                Ok(written) => left = &left[written..],
                Err(error) if is_early(error) => {}
                Err(error) => return Err(self.failed(error.into())),
            }
        }
        Ok(())
    }

    fn read_line(&mut self, limit: Duration) -> Result<Vec<u8>, SerialError> {
        let begun = Instant::now();
        let mut searched = 0;
        loop {
            if let Some(at) = self.read[searched..].iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.read.drain(..=searched + at).collect();
                line.pop();
                return Ok(line);
            }
            searched = self.read.len();
            if searched > LONGEST {
                self.read.clear();
                return Err(SerialError::TooLong { port: self.path.clone(), limit: LONGEST });
            }
            self.wait(PollFlags::IN, begun, limit)?;
            let mut buffer = [0; 4096];
            match rustix::io::read(&self.file, &mut buffer) {
                // The other end has hung up.
                Ok(0) => return Err(self.failed(io::ErrorKind::UnexpectedEof.into())),
                Ok(length) => self.read.extend(&buffer[..length]),
                Err(error) if is_early(error) => {}
                Err(error) => return Err(self.failed(error.into())),
            }
        }
    }

    fn discard(&mut self) -> Result<(), SerialError> {
        self.read.clear();
        if self.before.is_none() {
            return Ok(());
        }
        tcflush(&self.file, QueueSelector::IFlush).map_err(|error| self.failed(error.into()))
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(&self.file, OptionalActions::Now, before);
            let _ = ioctl_tiocnxcl(&self.file);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read as _, Write as _};
    use std::os::unix::ffi::OsStringExt as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::LocalModes;

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    /// The host's end, and the path of the machine's end.
    fn pty() -> (File, PathBuf) {
        let host = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a pty");
        grantpt(&host).expect("ours");
        unlockpt(&host).expect("ours");
        let name = ptsname(&host, Vec::new()).expect("a name").into_bytes();
        (host.into(), std::ffi::OsString::from_vec(name).into())
    }

    fn open(path: &Path) -> Result<Box<dyn SerialPort>, SerialError> {
        HostSerial::new(Arc::new(super::super::HostFiles::new(None))).open(path, Some(115_200))
    }

    fn hear(host: &mut File, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        host.read_exact(&mut bytes).expect("what was written");
        bytes
    }

    #[test]
    fn lines_go_both_ways_as_they_are() {
        let (mut host, path) = pty();
        let mut port = open(&path).expect("a terminal");
        port.write_line("NEGOTIATE V2", SOON).expect("written");
        // A terminal in cooked mode would convert it to "\r\n".
        assert_eq!(hear(&mut host, 13), b"NEGOTIATE V2\n");
        // Interrupt, EOF and carriage return have no special meaning; there is no echo.
        host.write_all(b"V2_OK\r\x03\x04\nrest of ").expect("sent");
        assert_eq!(port.read_line(SOON).expect("a line"), b"V2_OK\r\x03\x04");
        let early = port.read_line(Duration::from_millis(50));
        assert!(
            matches!(early, Err(SerialError::TimedOut { limit, .. }) if limit == Duration::from_millis(50))
        );
        host.write_all(b"it\n").expect("sent");
        assert_eq!(port.read_line(SOON).expect("a line"), b"rest of it");
    }

    #[test]
    fn what_came_too_late_can_be_dropped() {
        let (mut host, path) = pty();
        let mut port = open(&path).expect("a terminal");
        host.write_all(b"late\nlater").expect("sent");
        assert_eq!(port.read_line(SOON).expect("a line"), b"late");
        port.discard().expect("dropped");
        host.write_all(b"new\n").expect("sent");
        assert_eq!(port.read_line(SOON).expect("a line"), b"new");
    }

    #[test]
    fn a_socket_has_lines_like_a_port() {
        let directory = std::env::temp_dir().join(format!("cloud-init-serial-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let path = directory.join("metadata.sock");
        let listener = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
        let ports = HostSerial::new(Arc::new(super::super::HostFiles::new(None)));
        let mut port = ports.connect(&path).expect("connected");
        let (mut host, _) = listener.accept().expect("a connection");
        port.write_line("NEGOTIATE V2", SOON).expect("written");
        let mut bytes = [0; 13];
        host.read_exact(&mut bytes).expect("what was written");
        assert_eq!(&bytes, b"NEGOTIATE V2\n");
        host.write_all(b"V2_OK\n").expect("sent");
        assert_eq!(port.read_line(SOON).expect("a line"), b"V2_OK");
        drop(host);
        assert!(matches!(port.read_line(SOON), Err(SerialError::Io { .. })));
        assert!(matches!(port.write_line("still there?", SOON), Err(SerialError::Io { .. })));
        std::fs::remove_dir_all(&directory).expect("ours");
    }

    #[test]
    fn the_settings_come_back() {
        let (_host, path) = pty();
        let other =
            File::options().read(true).write(true).custom_flags(libc::O_NOCTTY).open(&path).expect("there");
        let before = tcgetattr(&other).expect("a terminal");
        assert!(before.local_modes.contains(LocalModes::ICANON | LocalModes::ECHO));
        let port = open(&path).expect("a terminal");
        let during = tcgetattr(&other).expect("a terminal");
        assert!(!during.local_modes.intersects(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG));
        assert_eq!(during.output_speed(), 115_200);
        drop(port);
        assert_eq!(tcgetattr(&other).expect("a terminal").local_modes, before.local_modes);
    }

    #[test]
    fn a_host_that_goes_and_a_file_are_errors() {
        let (host, path) = pty();
        let mut port = open(&path).expect("a terminal");
        drop(host);
        assert!(matches!(port.read_line(SOON), Err(SerialError::Io { .. })));
        assert!(matches!(open(Path::new("/dev/null")), Err(SerialError::Io { .. })));
        let missing = open(Path::new("/dev/no-such-port")).map(drop).expect_err("none").to_string();
        assert!(missing.starts_with("serial port /dev/no-such-port: "), "{missing}");
    }
}
