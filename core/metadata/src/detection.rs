//! Checks shared by the detection of several sources.

use std::path::Path;

use model::datasource::SourceError;
use model::{InstanceId, Platform};

/// Whether a directory contains all of these files.
pub fn has_files(platform: &Platform<'_>, directory: &Path, names: &[&str]) -> bool {
    names.iter().all(|name| platform.files().is_file(&directory.join(name)))
}

/// Whether an ID equals the machine's UUID, ignoring case: OpenStack uses the server's UUID.
pub fn is_system_uuid(platform: &Platform<'_>, id: &InstanceId) -> bool {
    is_field(platform, "product_uuid", id)
}

/// Whether an ID equals the machine's serial number, ignoring case.
pub fn is_serial_number(platform: &Platform<'_>, id: &InstanceId) -> bool {
    is_field(platform, "product_serial", id)
}

fn is_field(platform: &Platform<'_>, field: &str, id: &InstanceId) -> bool {
    platform.dmi(field).is_some_and(|value| value.eq_ignore_ascii_case(id.as_str()))
}

/// Whether the firmware names this manufacturer.
pub fn is_vendor(platform: &Platform<'_>, vendor: &str) -> bool {
    platform.dmi("sys_vendor").as_deref() == Some(vendor)
}

/// A field that the firmware of a cloud always has; `what` names it.
pub fn required(
    platform: &Platform<'_>,
    field: &str,
    vendor: &str,
    what: &str,
) -> Result<String, SourceError> {
    platform.dmi(field).ok_or_else(|| SourceError::Broken {
        place: format!("/sys/class/dmi/id/{field}"),
        reason: format!("the firmware is {vendor}'s but has no {what}"),
    })
}

/// The label of a config drive.
pub const CONFIG_DRIVE_LABELS: &[&str] = &["config-2", "CONFIG-2"];

/// Whether a directory's name is a version of OpenStack's layout: `2018-08-27`.
fn is_dated(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.len() == 10 && bytes[0] == b'2' && bytes[4] == b'-' && bytes[7] == b'-'
}

/// Whether there is a config drive: in a seed directory, or by a device's label.
pub fn has_config_drive(platform: &Platform<'_>) -> bool {
    let files = platform.files();
    let seed = platform.paths.seed("config_drive");
    // SoftLayer's seeds only have `latest`.
    for (directory, with_latest) in [(Path::new("/config-drive"), false), (seed.as_path(), true)] {
        let layout = directory.join("openstack");
        let versions = files.list(&layout).unwrap_or_default();
        let has = |version: &str| files.is_file(&layout.join(version).join("meta_data.json"));
        if versions.iter().any(|name| is_dated(name) && has(name)) || (with_latest && has("latest")) {
            return true;
        }
    }
    platform.labelled(CONFIG_DRIVE_LABELS).any(|device| !is_ibm_drive(platform, device))
}

/// Whether a device belongs to IBM Cloud, which has a source of its own (if it is in the list).
pub fn is_ibm_drive(platform: &Platform<'_>, device: &model::effects::BlockDevice) -> bool {
    has_ibm_uuid(device)
        && platform.virtualization() == "xen"
        && platform.source_names().contains(&"IBMCloud")
}

/// Whether a device has the UUID of IBM Cloud's config drives for installations by an operating system's code.
pub fn has_ibm_uuid(device: &model::effects::BlockDevice) -> bool {
    device.uuid.as_deref().is_some_and(|uuid| uuid.eq_ignore_ascii_case("9796-932E"))
}

/// Whether DMI is reliable: firmware on other architectures does not identify the platform.
pub fn is_x86(platform: &Platform<'_>) -> bool {
    let machine = platform.system.environment.uname().machine;
    machine == "x86_64" || (machine.len() == 4 && machine.starts_with('i') && machine.ends_with("86"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_openstacks_layout() {
        for (name, wanted) in [
            ("2018-08-27", true),
            ("2012-08-10", true),
            ("1999-08-27", false),
            ("2018-08-2", false),
            ("2018-08-277", false),
            ("2018_08-27", false),
            ("2018-08_27", false),
            ("latest", false),
            ("", false),
        ] {
            assert_eq!(is_dated(name), wanted, "{name}");
        }
    }
}
