//! Checks shared by the detection of several sources.

use std::path::Path;

use model::{InstanceId, Platform};

/// Whether a directory contains all of these files.
pub fn has_files(platform: &Platform<'_>, directory: &Path, names: &[&str]) -> bool {
    names.iter().all(|name| platform.files().is_file(&directory.join(name)))
}

/// Whether an ID equals the machine's UUID, ignoring case: OpenStack uses the server's UUID.
pub fn is_system_uuid(platform: &Platform<'_>, id: &InstanceId) -> bool {
    platform.dmi("product_uuid").is_some_and(|uuid| uuid.eq_ignore_ascii_case(id.as_str()))
}

/// Whether there is a config drive: in a seed directory, or by a device's label.
pub fn has_config_drive(platform: &Platform<'_>) -> bool {
    let files = platform.files();
    let seed = platform.paths.seed("config_drive");
    for directory in [Path::new("/config-drive"), seed.as_path()] {
        let layout = directory.join("openstack");
        let versions = files.list(&layout).unwrap_or_default();
        let is_dated = |name: &&String| name.starts_with('2') && name.len() == 10;
        let has = |version: &str| files.is_file(&layout.join(version).join("meta_data.json"));
        if versions.iter().filter(is_dated).any(|version| has(version)) || has("latest") {
            return true;
        }
    }
    platform.labelled(&["config-2"]).any(|device| !is_ibm_drive(platform, device))
}

/// Whether a device belongs to IBM Cloud, which has a source of its own (if it is in the list).
pub fn is_ibm_drive(platform: &Platform<'_>, device: &model::effects::BlockDevice) -> bool {
    platform.virtualization == "xen"
        && device.uuid.as_deref() == Some("9796-932E")
        && platform.source_names().contains(&"IBMCloud")
}

/// Whether DMI is reliable: firmware on other architectures does not identify the platform.
pub fn is_x86(platform: &Platform<'_>) -> bool {
    let machine = platform.system.environment.uname().machine;
    machine == "x86_64" || (machine.len() == 4 && machine.starts_with('i') && machine.ends_with("86"))
}
