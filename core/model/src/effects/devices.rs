//! Block devices and what is on them.

use std::path::{Path, PathBuf};

/// A block device or a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockDevice {
    /// `/dev/vda1`.
    pub path: PathBuf,
    /// `iso9660`, `vfat`, `ext4`, … where it is known.
    pub filesystem: Option<String>,
    /// The file system's label.
    pub label: Option<String>,
    /// The file system's UUID, as blkid spells it.
    pub uuid: Option<String>,
    /// Length in bytes.
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
    /// What is on it is broken, or no file system that can be read.
    #[error("{}: {reason}", device.display())]
    Format {
        /// The device.
        device: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// The files of a file system, read only. It may be read straight from the device, or be mounted until dropped.
pub trait Tree: Send {
    /// The content of a file; `None` where there is none. Paths are relative and separated by `/`.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, DeviceError>;

    /// The names in a directory, sorted; none where there is no such directory.
    fn list(&self, path: &str) -> Result<Vec<String>, DeviceError>;
}

/// Block devices.
pub trait Devices: Send + Sync {
    /// All of them, whole disks and partitions, with what their superblocks say.
    fn block_devices(&self) -> Result<Vec<BlockDevice>, DeviceError>;

    /// Opens the file system of a device: iso9660 and FAT are read directly, others are mounted read-only.
    fn open(&self, device: &Path) -> Result<Box<dyn Tree>, DeviceError>;
}
