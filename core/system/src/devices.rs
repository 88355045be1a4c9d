//! Block devices of the real machine: the entries of /sys/class/block with the data of their superblocks, and their
//! files. iso9660 and FAT are read directly, so that a seed needs neither a mount nor a kernel module; other file
//! systems are mounted temporarily.

mod blocks;
mod fat;
mod iso9660;
mod iso9660_names;
mod mounted;
mod superblock;
#[cfg(test)]
mod tests;
mod udf;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::effects::{BlockDevice, Commands, DeviceError, Devices, ReadFiles, Tree};

use blocks::Blocks;
use superblock::Superblock;

/// Lists both disks and partitions.
const LIST: &str = "/sys/class/block";
/// The unit of a device's size in bytes, regardless of the hardware.
const SECTOR: u64 = 512;

/// Block devices from /sys/class/block.
pub(crate) struct HostDevices {
    files: Arc<dyn ReadFiles>,
    commands: Arc<dyn Commands>,
}

impl HostDevices {
    pub(crate) fn new(files: Arc<dyn ReadFiles>, commands: Arc<dyn Commands>) -> Self {
        Self { files, commands }
    }

    fn attribute(&self, name: &str, attribute: &str) -> Option<String> {
        self.files.text(&Path::new(LIST).join(name).join(attribute)).map(|text| text.trim().to_owned())
    }

    /// A device by directory name; `None` for memory, loop devices without a file, and floppies: a drive without a disk
    /// takes seconds to answer.
    fn device(&self, name: &str) -> Option<BlockDevice> {
        let numbered = |prefix: &str| {
            name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        if ["ram", "zram", "fd"].into_iter().any(numbered) {
            return None;
        }
        if name.starts_with("loop") && self.attribute(name, "partition").is_none() {
            self.attribute(name, "loop/backing_file")?;
        }
        let uevent = self.attribute(name, "uevent").unwrap_or_default();
        let node = uevent.lines().find_map(|line| line.strip_prefix("DEVNAME=")).map(str::to_owned);
        // Unless the kernel provides the name: a `/` in it is a `!` in the directory's.
        let node = node.unwrap_or_else(|| name.replace('!', "/"));
        let sectors: u64 = self.attribute(name, "size").and_then(|size| size.parse().ok()).unwrap_or(0);
        Some(BlockDevice {
            path: Path::new("/dev").join(node),
            size: sectors.saturating_mul(SECTOR),
            partition: self.attribute(name, "partition").is_some(),
            ..BlockDevice::default()
        })
    }
}

/// The superblock's data; empty if the device is unreadable (a drive without a disc, an ordinary user).
fn probe(path: &Path) -> Option<Superblock> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) => {
            tracing::debug!("cannot read the superblock of {}: {error}", path.display());
            return None;
        }
    };
    superblock::probe(&file)
}

impl Devices for HostDevices {
    fn block_devices(&self) -> Result<Vec<BlockDevice>, DeviceError> {
        let names = self.files.list(Path::new(LIST)).unwrap_or_default();
        let mut found: Vec<BlockDevice> = names.iter().filter_map(|name| self.device(name)).collect();
        for device in found.iter_mut().filter(|device| device.size > 0) {
            if let Some(superblock) = probe(&device.path) {
                device.filesystem = Some(superblock.filesystem.to_owned());
                device.label = superblock.label;
                device.uuid = superblock.uuid;
            }
        }
        Ok(found)
    }

    fn open(&self, device: &Path) -> Result<Box<dyn Tree>, DeviceError> {
        let io = |source| DeviceError::Io { device: device.to_owned(), source };
        let file = File::open(device).map_err(io)?;
        let kind = superblock::probe(&file).map(|found| found.filesystem);
        match kind {
            Some("iso9660" | "vfat") => read_directly(device.to_owned(), Box::new(file), kind),
            _ => mounted::open(device, self.files.as_ref(), &self.commands),
        }
    }
}

fn read_directly(
    device: PathBuf,
    blocks: Box<dyn Blocks>,
    kind: Option<&'static str>,
) -> Result<Box<dyn Tree>, DeviceError> {
    match kind {
        Some("iso9660") => Ok(Box::new(iso9660::Disc::open(device, blocks)?)),
        Some("vfat") => Ok(Box::new(fat::Volume::open(device, blocks)?)),
        _ => Err(DeviceError::Format {
            device,
            reason: "neither iso9660 nor FAT, which can be read directly".into(),
        }),
    }
}

/// Opens an iso9660 or FAT image in memory. `name` is used in errors.
pub fn open_image(name: &Path, image: Vec<u8>) -> Result<Box<dyn Tree>, DeviceError> {
    let kind = superblock::probe(&image).map(|found| found.filesystem);
    read_directly(name.to_owned(), Box::new(image), kind)
}

/// The superblock's data of an image in memory, as a device of the image's size in bytes.
pub fn identify_image(name: &Path, image: &Vec<u8>) -> BlockDevice {
    let found = superblock::probe(image);
    let size = image.len() as u64;
    match found {
        None => BlockDevice { path: name.to_owned(), size, ..BlockDevice::default() },
        Some(Superblock { filesystem, label, uuid }) => BlockDevice {
            path: name.to_owned(),
            filesystem: Some(filesystem.to_owned()),
            label,
            uuid,
            size,
            partition: false,
        },
    }
}
