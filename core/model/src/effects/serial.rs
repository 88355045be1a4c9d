//! Serial ports, over which some hosts answer questions (SmartOS, CloudSigma).

use std::path::{Path, PathBuf};
use std::time::Duration;

/// A serial port that could not be talked over.
#[derive(Debug, thiserror::Error)]
pub enum SerialError {
    /// It cannot be opened, set up, written or read.
    #[error("serial port {}: {source}", port.display())]
    Io {
        /// The port.
        port: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// No whole line within the time.
    #[error("serial port {}: no answer within {} s", port.display(), limit.as_secs_f32())]
    TimedOut {
        /// The port.
        port: PathBuf,
        /// The limit.
        limit: Duration,
    },
    /// The other end is no service of this kind.
    #[error("serial port {}: a line of more than {limit} bytes", port.display())]
    TooLong {
        /// The port.
        port: PathBuf,
        /// The longest line that is read, in bytes.
        limit: usize,
    },
    /// A plan talks to nobody.
    #[error("serial port {}: a plan asks none", .0.display())]
    NotAsked(PathBuf),
}

/// A port that is open, raw: no echo, no line editing, no translation, 8 bits. Its settings come back when this is
/// dropped.
pub trait SerialPort: Send {
    /// Hands the text and a line feed to the port; an error where it takes them not within the limit.
    fn write_line(&mut self, text: &str, limit: Duration) -> Result<(), SerialError>;

    /// Reads up to the next line feed, which is left out. What came before the limit without one is kept for the next
    /// call.
    fn read_line(&mut self, limit: Duration) -> Result<Vec<u8>, SerialError>;

    /// Drops what came and was not read, as before a question after an answer that was given up.
    fn discard(&mut self) -> Result<(), SerialError>;
}

/// Serial ports.
pub trait Serial: Send + Sync {
    /// Opens a port for this process alone, with a speed in bits a second where it shall be another than it is.
    fn open(&self, port: &Path, speed: Option<u32>) -> Result<Box<dyn SerialPort>, SerialError>;
}
