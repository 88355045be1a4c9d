//! IBMCloud: a config drive of IBM's classic infrastructure, which runs on Xen.
//!
//! A machine installed from an operating system's code has a config drive with a fixed UUID; one installed from a
//! template has a device labelled METADATA, if there is user-data, after it was provisioned without cloud-init.

use std::path::Path;

use metadata::{detection, encoding, network_forms, standard, vendor_data};
use model::config::json_reason;
use model::datasource::{Evidence, Medium, SourceError};
use model::effects::{BlockDevice, Tree};
use model::instance::Bytes;
use model::{About, Crawl, DataSource, Identified, Instance, NetworkConfig, Platform};
use serde_json::{Map, Value, json};

const NAME: &str = "IBMCloud";
const CONFIG_DRIVE: &[&str] = &["CONFIG-2", "config-2"];
const METADATA: &[&str] = &["METADATA", "metadata"];
/// Exists on a machine that is installed from a template.
const PROVISIONING: &str = "/root/provisioningConfiguration.cfg";
/// Written at the end of that.
const INSTALLED: &str = "/root/swinstall.log";
const BOOT: &str = "/proc/1/environ";
const SYSTEM_UUID: &str = "/sys/hypervisor/uuid";
/// In the instance's own data: the hypervisor's UUID.
const OWN_UUID: &str = "system_uuid";

const ABOUT: About = About {
    local: Some("DataSourceIBMCloud"),
    evidence: Evidence {
        dmi: &[],
        medium: Medium::Device { label: METADATA[0], filesystem: "vfat" },
        tree: &["meta.js", "openstack/latest/meta_data.json"],
    },
    page: include_str!("../pages/ibmcloud.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct IbmCloud;

/// Whether the template's own software configures the machine in this boot.
fn is_provisioning(platform: &Platform<'_>) -> bool {
    let files = platform.files();
    is_provisioned_now(|path| Some(files.stat(Path::new(path)).ok()??.modified))
}

/// The same, by the times at which files were modified.
fn is_provisioned_now(modified: impl Fn(&str) -> Option<i64>) -> bool {
    match (modified(PROVISIONING), modified(INSTALLED), modified(BOOT)) {
        (None, ..) | (Some(_), Some(_), None) => false,
        (Some(_), None, _) => true,
        (Some(_), Some(installed), Some(boot)) => installed > boot,
    }
}

/// How the machine was installed, and its device.
fn drive<'p>(platform: &'p Platform<'_>) -> Option<(&'static str, &'p BlockDevice)> {
    let first = |labels, has_uuid: bool| {
        let devices = platform.labelled(labels).filter(|device| !has_uuid || detection::has_ibm_uuid(device));
        devices.min_by_key(|device| &device.path)
    };
    let by_template = || first(METADATA, false).map(|device| ("Template/Live/Metadata", device));
    first(CONFIG_DRIVE, true).map(|device| ("OS-Code/Live", device)).or_else(by_template)
}

impl DataSource for IbmCloud {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        let found = drive(platform).is_some() && !is_provisioning(platform) && platform.virtualization() == "xen";
        Identified::when(found)
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        let platform = crawl.platform;
        let is_xen = platform.files().exists(Path::new("/proc/xen")) || platform.virtualization() == "xen";
        let Some((kind, device)) = drive(platform).filter(|_| is_xen || platform.is_named(NAME)) else {
            tracing::debug!("This is not an IBMCloud platform.");
            return Ok(None);
        };
        // Only a template's drive is there while the machine is provisioned.
        if is_provisioning(platform) && !detection::has_ibm_uuid(device) {
            tracing::debug!("Cloud-init is disabled during provisioning: Template/Provisioning/Metadata.");
            return Ok(None);
        }
        let tree = crawl.system().devices.open(&device.path)?;
        let place = device.path.display().to_string();
        instance(crawl, tree.as_ref(), kind, &place).map(Some)
    }

    /// The ID of a machine installed by code is not that of the hypervisor, which was stored for this.
    fn still_same(&self, platform: &Platform<'_>, cached: &Instance) -> bool {
        let known = cached.own.get(OWN_UUID).and_then(Value::as_str);
        known.is_some() && known == system_uuid(platform).as_deref()
    }
}

fn system_uuid(platform: &Platform<'_>) -> Option<String> {
    Some(platform.files().text(Path::new(SYSTEM_UUID))?.trim().to_lowercase())
}

/// A document of the drive; `None` if it is missing.
fn document(tree: &dyn Tree, place: &str, name: &str) -> Result<Option<Value>, SourceError> {
    let path = format!("openstack/latest/{name}");
    let Some(bytes) = tree.read(&path)? else { return Ok(None) };
    model::config::bounded_json(&bytes).map(Some).map_err(|error| SourceError::Broken {
        place: format!("{place}/{path}"),
        reason: json_reason(&error),
    })
}

fn instance(
    crawl: &Crawl<'_>,
    tree: &dyn Tree,
    kind: &str,
    place: &str,
) -> Result<Instance, SourceError> {
    let broken = |reason: &str| SourceError::Broken {
        place: format!("{place}/openstack/latest/meta_data.json"),
        reason: reason.to_owned(),
    };
    let given = document(tree, place, "meta_data.json")?.ok_or_else(|| broken("the file is missing"))?;
    let mut metadata = Map::new();
    if let Some(seed) = given.get("random_seed") {
        let seed = seed.as_str().and_then(|seed| encoding::base64_lenient(seed).ok());
        let seed = seed.ok_or_else(|| broken("random_seed is not base64"))?;
        metadata.insert("random_seed".to_owned(), encoding::marked(&seed).into());
    }
    for (old, new) in
        [("public_keys", "public-keys"), ("hostname", "local-hostname"), ("uuid", "instance-id")]
    {
        if let Some(value) = given.get(old) {
            metadata.insert(new.to_owned(), value.clone());
        }
    }
    let vendor = document(tree, place, "vendor_data.json")?;
    let network_data = document(tree, place, "network_data.json")?;
    let network = if kind == "OS-Code/Live" {
        network_data.as_ref().and_then(|data| network_forms::from_network_data(crawl.system(), data))
    } else {
        // The template's software has configured it.
        Some(NetworkConfig::from_json(json!({"config": "disabled", "version": 1}), "IBMCloud template"))
    };
    let mut extra = Map::new();
    extra.insert("network_json".to_owned(), network_data.unwrap_or_default());
    let mut own = Map::new();
    if let Some(uuid) = system_uuid(crawl.platform) {
        own.insert(OWN_UUID.to_owned(), uuid.into());
    }
    Ok(Instance {
        detail: format!(" [{kind} {place}]"),
        subplatform: format!("{kind} ({place})"),
        user_data: tree.read("openstack/latest/user_data")?.map(Bytes),
        vendor_data: vendor_data::read("vendor-data", vendor.as_ref()),
        network,
        extra,
        own,
        sensitive: vec!["random_seed".to_owned()],
        ..standard::instance(&ABOUT, crawl.stage, metadata)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        crate::testing::run_cases("ibmcloud", &IbmCloud);
    }

    /// The original's `_is_ibm_provisioning`: the log is of this boot if it is newer than the first process.
    #[test]
    fn provisioning_ends_with_its_boot() {
        for (provisioning, installed, boot, expected) in [
            (None, None, None, false),
            (None, Some(3), Some(2), false),
            (Some(1), None, None, true),
            (Some(1), None, Some(2), true),
            (Some(1), Some(3), None, false),
            (Some(1), Some(3), Some(2), true),
            (Some(1), Some(2), Some(2), false),
            (Some(1), Some(1), Some(2), false),
        ] {
            let modified = |path: &str| match path {
                PROVISIONING => provisioning,
                INSTALLED => installed,
                BOOT => boot,
                _ => None,
            };
            assert_eq!(is_provisioned_now(modified), expected, "{provisioning:?} {installed:?} {boot:?}");
        }
    }
}
