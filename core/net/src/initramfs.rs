//! What the initial ramdisk configured: klibc's and dracut's files.

use model::NetworkConfig;
use model::effects::ReadFiles;

/// A file of the initial ramdisk that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InitramfsError(pub String);

/// The description in the files of the initial ramdisk, where it configured a network.
pub fn config(_files: &dyn ReadFiles, _cmdline: &str) -> Result<Option<NetworkConfig>, InitramfsError> {
    Ok(None)
}
