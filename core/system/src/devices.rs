//! Block devices of the real machine.

use std::path::Path;
use std::sync::Arc;

use model::effects::{BlockDevice, Commands, DeviceError, Devices, ReadFiles, Tree};

/// Block devices from /sys/class/block.
pub(crate) struct HostDevices {
    _files: Arc<dyn ReadFiles>,
    _commands: Arc<dyn Commands>,
}

impl HostDevices {
    pub(crate) fn new(files: Arc<dyn ReadFiles>, commands: Arc<dyn Commands>) -> Self {
        Self { _files: files, _commands: commands }
    }
}

impl Devices for HostDevices {
    fn block_devices(&self) -> Result<Vec<BlockDevice>, DeviceError> {
        Ok(Vec::new())
    }

    fn open(&self, device: &Path) -> Result<Box<dyn Tree>, DeviceError> {
        Err(DeviceError::Format { device: device.to_owned(), reason: "not readable yet".into() })
    }
}
