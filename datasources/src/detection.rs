//! What several sources ask of the evidence.

use std::path::Path;

#[cfg(any(feature = "openstack", feature = "configdrive"))]
use model::InstanceId;
#[cfg(any(feature = "openstack", feature = "configdrive", feature = "ec2"))]
use model::Node;
use model::Platform;

/// Whether the machine's administrator named this source: alone in `datasource_list` but for None, or on the kernel
/// command line.
#[cfg(any(feature = "openstack", feature = "ec2"))]
pub(crate) fn is_named(platform: &Platform<'_>, name: &str) -> bool {
    let named = ["ds", "ci.ds", "ci.datasource"]
        .iter()
        .filter_map(|key| platform.cmdline_value(key))
        .any(|value| value.split(';').next().is_some_and(|word| word.eq_ignore_ascii_case(name)));
    let list = platform.config.get("datasource_list").and_then(Node::as_list).unwrap_or_default();
    let list: Vec<&str> = list.iter().filter_map(Node::as_str).collect();
    named || list == [name] || list == [name, "None"]
}

/// Whether a directory has all of these files.
#[cfg(any(feature = "nocloud", feature = "ec2"))]
pub(crate) fn has_files(platform: &Platform<'_>, directory: &Path, names: &[&str]) -> bool {
    names.iter().all(|name| platform.files().is_file(&directory.join(name)))
}

/// Whether an id is the machine's own, in any case: OpenStack makes the UUID of a server its id.
#[cfg(any(feature = "openstack", feature = "configdrive"))]
pub(crate) fn is_system_uuid(platform: &Platform<'_>, id: &InstanceId) -> bool {
    platform.dmi("product_uuid").is_some_and(|uuid| uuid.eq_ignore_ascii_case(id.as_str()))
}

/// Whether a config drive is here: in a seed directory, or by a device's label.
#[cfg(any(feature = "openstack", feature = "configdrive"))]
pub(crate) fn has_config_drive(platform: &Platform<'_>) -> bool {
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

/// Whether a device belongs to IBM's cloud, which has a source of its own (where that is in the list).
#[cfg(any(feature = "openstack", feature = "configdrive"))]
pub(crate) fn is_ibm_drive(platform: &Platform<'_>, device: &model::effects::BlockDevice) -> bool {
    let list = platform.config.get("datasource_list").and_then(Node::as_list).unwrap_or_default();
    platform.virtualization == "xen"
        && device.uuid.as_deref() == Some("9796-932E")
        && list.iter().any(|name| name.as_str() == Some("IBMCloud"))
}

/// Whether DMI and the like can be relied on: other processors' firmware does not name the platform.
#[cfg(feature = "openstack")]
pub(crate) fn is_x86(platform: &Platform<'_>) -> bool {
    let machine = platform.system.environment.uname().machine;
    machine == "x86_64" || (machine.len() == 4 && machine.starts_with('i') && machine.ends_with("86"))
}
