//! Serial ports, which some hosts provide for metadata (SmartOS, CloudSigma).

use std::path::{Path, PathBuf};
use std::time::Duration;

/// A serial port error.
#[derive(Debug, thiserror::Error)]
pub enum SerialError {
    /// Opening, configuring, writing or reading failed.
    #[error("serial port {}: {source}", port.display())]
    Io {
        /// The port.
        port: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// No complete line within the time limit.
    #[error("serial port {}: no answer within {} s", port.display(), limit.as_secs_f32())]
    TimedOut {
        /// The port.
        port: PathBuf,
        /// The time limit.
        limit: Duration,
    },
    /// The other end is not such a service.
    #[error("serial port {}: a line of more than {limit} bytes", port.display())]
    TooLong {
        /// The port.
        port: PathBuf,
        /// The maximum length of a line in bytes.
        limit: usize,
    },
    /// A plan does not use serial ports.
    #[error("serial port {}: not used in a plan", .0.display())]
    NotAsked(PathBuf),
}

/// An open port in raw mode: no echo, line editing or translation, 8 bits. Dropping it restores the settings.
pub trait SerialPort: Send {
    /// Sends the text; an error if that exceeds the time limit.
    fn write(&mut self, text: &str, limit: Duration) -> Result<(), SerialError>;

    /// Sends the text and a line feed.
    fn write_line(&mut self, text: &str, limit: Duration) -> Result<(), SerialError> {
        self.write(&format!("{text}\n"), limit)
    }

    /// Reads up to the next line feed, which is removed. Input received before a timeout is kept for the next call.
    fn read_line(&mut self, limit: Duration) -> Result<Vec<u8>, SerialError>;

    /// Discards unread input, such as the rest of an abandoned answer.
    fn discard(&mut self) -> Result<(), SerialError>;
}

/// Serial ports.
pub trait Serial: Send + Sync {
    /// Opens a port exclusively, with an optional speed in bits per second.
    fn open(&self, port: &Path, speed: Option<u32>) -> Result<Box<dyn SerialPort>, SerialError>;

    /// Connects to a Unix socket that has lines like a port (SmartOS in a zone).
    fn connect(&self, socket: &Path) -> Result<Box<dyn SerialPort>, SerialError> {
        Err(SerialError::NotAsked(socket.to_owned()))
    }
}
