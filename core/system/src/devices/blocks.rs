//! Random access to a device or an image in memory.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use model::effects::{DeviceError, Reading};

/// The maximum size of files in file systems that are read directly, in bytes.
pub(super) const MAX_FILE: u64 = Reading::DOCUMENT;

/// The error for a file that is larger.
pub(super) fn too_large(device: &Path, path: &str) -> DeviceError {
    let reason = format!("{path} is larger than {} MiB", MAX_FILE >> 20);
    DeviceError::Format { device: device.to_owned(), reason }
}

/// Random access.
pub(super) trait Blocks: Send {
    /// Fills the buffer from an offset, or fails.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Reads up to this many bytes.
    fn read_some(&self, offset: u64, length: usize) -> Vec<u8>;
}

impl Blocks for File {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(buffer, offset)
    }

    fn read_some(&self, offset: u64, length: usize) -> Vec<u8> {
        let mut buffer = vec![0; length];
        let mut filled = 0;
        while filled < length {
            match FileExt::read_at(self, &mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        buffer.truncate(filled);
        buffer
    }
}

impl Blocks for Vec<u8> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let part = usize::try_from(offset)
            .ok()
            .and_then(|start| self.get(start..start.checked_add(buffer.len())?))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(part);
        Ok(())
    }

    fn read_some(&self, offset: u64, length: usize) -> Vec<u8> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.len());
        let end = start.saturating_add(length).min(self.len());
        self[start..end].to_vec()
    }
}

/// A little-endian number of up to four bytes; `None` beyond the end.
pub(super) fn le(bytes: &[u8], offset: usize, width: usize) -> Option<u32> {
    let part = bytes.get(offset..offset.checked_add(width)?)?;
    Some(part.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}
