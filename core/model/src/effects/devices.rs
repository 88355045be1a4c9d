//! Block devices and their file systems.

use std::path::{Path, PathBuf};

/// A block device or a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockDevice {
    /// `/dev/vda1`.
    pub path: PathBuf,
    /// The file system type, if known: `iso9660`, `vfat`, `ext4`, …
    pub filesystem: Option<String>,
    /// The file system's label.
    pub label: Option<String>,
    /// The file system's UUID, as blkid spells it.
    pub uuid: Option<String>,
    /// Size in bytes.
    pub size: u64,
    /// Whether it is a partition of another device.
    pub partition: bool,
}

/// A device that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// Reading failed.
    #[error("cannot read {}: {source}", device.display())]
    Io {
        /// The device.
        device: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its file system is corrupt, or of an unsupported type.
    #[error("{}: {reason}", device.display())]
    Format {
        /// The device.
        device: PathBuf,
        /// The reason.
        reason: String,
    },
}

/// The files of a file system, read-only. It is read directly from the device, or mounted until dropped.
pub trait Tree: Send {
    /// The content of a file; `None` if it does not exist. Paths are relative and separated by `/`.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, DeviceError>;

    /// The names in a directory, sorted; empty if it does not exist.
    fn list(&self, path: &str) -> Result<Vec<String>, DeviceError>;
}

/// Block devices.
pub trait Devices: Send + Sync {
    /// All disks and partitions, with the data of their superblocks.
    fn block_devices(&self) -> Result<Vec<BlockDevice>, DeviceError>;

    /// Opens the file system of a device: iso9660 and FAT are read directly, others are mounted read-only.
    fn open(&self, device: &Path) -> Result<Box<dyn Tree>, DeviceError>;
}
