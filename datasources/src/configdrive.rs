//! ConfigDrive: OpenStack's documents on a device labelled `config-2`, or in a seed directory.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use metadata::openstack_layout::{self, Documents, Place};
use metadata::{detection, network_forms, standard, user_keys, vendor_data};
use model::Order as _;
use model::datasource::{Evidence, Medium, SourceError, SourceStage};
use model::effects::{Attributes, BlockDevice, ReadFiles, Reading, Tree};
use model::instance::{Bytes, DsMode};
use model::{About, Crawl, DataSource, Identified, Instance, Platform};
use serde_json::Value;

const NAME: &str = "ConfigDrive";
const LABEL: &str = "config-2";
/// The ID of a drive without one, which only version 1 allows.
const DEFAULT_ID: &str = "iid-dsconfigdrive";

const ABOUT: About = About {
    local: Some("DataSourceConfigDrive"),
    evidence: Evidence { dmi: &[], medium: Medium::Device { label: LABEL, filesystem: "vfat" }, tree: &[] },
    page: include_str!("../pages/configdrive.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct ConfigDrive;

/// A directory with the layout.
struct Directory<'a> {
    files: &'a dyn ReadFiles,
    root: PathBuf,
}

/// A device with the layout.
struct Device {
    tree: Box<dyn Tree>,
    name: String,
}

fn ec2(place: &dyn Place) -> Result<Value, SourceError> {
    let path = "ec2/latest/meta-data.json";
    match place.read(path)? {
        None => Ok(Value::Object(serde_json::Map::new())),
        Some(bytes) => model::config::bounded_json(&bytes)
            .map_err(|error| SourceError::Broken { place: place.show(path), reason: error.to_string() }),
    }
}

impl Place for Directory<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
        match self.files.read_with(&self.root.join(path), &Reading::up_to(Reading::DOCUMENT)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn versions(&self) -> Vec<String> {
        self.files.list(&self.root.join("openstack")).unwrap_or_default()
    }

    fn ec2(&self) -> Result<Value, SourceError> {
        ec2(self)
    }

    fn show(&self, path: &str) -> String {
        self.root.join(path).display().to_string()
    }
}

impl Place for Device {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(self.tree.read(path)?)
    }

    fn versions(&self) -> Vec<String> {
        self.tree.list("openstack").unwrap_or_default()
    }

    fn ec2(&self) -> Result<Value, SourceError> {
        ec2(self)
    }

    fn show(&self, path: &str) -> String {
        format!("{path} on {}", self.name)
    }
}

fn read(place: &dyn Place) -> Result<Option<Documents>, SourceError> {
    match openstack_layout::read_v2(place)? {
        Some(documents) => Ok(Some(documents)),
        None => openstack_layout::read_v1(place),
    }
}

/// Devices that may have the layout, best first: those with the label, the last device before the others (bare metal
/// has a partition at the end of its last disk), then whole disks with a suitable file system for version 1.
fn candidates<'p>(platform: &'p Platform<'_>) -> Vec<&'p BlockDevice> {
    let mut labelled: Vec<&BlockDevice> = platform.labelled(detection::CONFIG_DRIVE_LABELS).collect();
    labelled.order_by(|a, b| b.path.cmp(&a.path));
    let mut others: Vec<&BlockDevice> = platform
        .devices
        .iter()
        .filter(|device| {
            matches!(device.filesystem.as_deref(), Some("vfat" | "iso9660")) && !device.partition
        })
        .filter(|device| !labelled.iter().any(|other| other.path == device.path))
        .collect();
    others.order_by(|a, b| b.path.cmp(&a.path));
    labelled.append(&mut others);
    labelled.retain(|device| !detection::is_ibm_drive(platform, device));
    labelled
}

/// The first place with the layout, and its name.
fn find(platform: &Platform<'_>) -> Option<(Documents, String)> {
    for root in [platform.paths.seed("config_drive"), PathBuf::from("/config-drive")] {
        if !platform.files().is_dir(&root) {
            continue;
        }
        let name = root.display().to_string();
        match read(&Directory { files: platform.files(), root }) {
            Ok(Some(documents)) => return Some((documents, name)),
            Ok(None) => tracing::warn!("Failed reading config drive from {name}: no files found"),
            Err(error) => tracing::warn!("Failed reading config drive from {name}: {error}"),
        }
    }
    for device in candidates(platform) {
        let name = device.path.display().to_string();
        let outcome = match platform.system.devices.open(&device.path) {
            Ok(tree) => read(&Device { tree, name: name.clone() }),
            Err(error) => Err(error.into()),
        };
        match outcome {
            Ok(Some(documents)) => return Some((documents, name)),
            Ok(None) => {}
            Err(error) => tracing::warn!("Broken config drive: {name}: {error}"),
        }
    }
    None
}

impl DataSource for ConfigDrive {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        Identified::when(detection::has_config_drive(platform))
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        let platform = crawl.platform;
        let Some((mut documents, place)) = find(platform) else { return Ok(None) };
        documents.metadata.entry("instance-id").or_insert_with(|| DEFAULT_ID.into());
        let configured = crawl.config(NAME).get("dsmode").map(model::Node::to_json);
        let pass = (documents.version == 1).then(|| Value::from("pass"));
        let mode = standard::dsmode([documents.dsmode.as_ref(), configured.as_ref(), pass.as_ref()]);
        if mode == DsMode::Disabled {
            return Ok(None);
        }
        let id = documents.metadata.get("instance-id").and_then(standard::text).unwrap_or_default();
        if previous_id(platform).as_deref() != Some(id.as_str()) {
            write_files(platform, &documents.files);
        }
        if mode == DsMode::Pass {
            tracing::debug!("DataSourceConfigDrive: not claiming datasource, dsmode=pass");
            return Ok(None);
        }
        Ok(Some(instance(platform, documents, &place, mode)))
    }

    fn still_same(&self, platform: &Platform<'_>, cached: &Instance) -> bool {
        detection::is_system_uuid(platform, &cached.instance_id)
    }
}

fn instance(platform: &Platform<'_>, documents: Documents, place: &str, mode: DsMode) -> Instance {
    let Documents { version, metadata, network_data, interfaces, ec2, .. } = documents;
    let keys = user_keys::normalise(metadata.get(if version == 1 { "public-keys" } else { "public_keys" }));
    let network = match (&network_data, &interfaces) {
        (Some(document), _) if !document.is_null() => {
            network_forms::from_network_data(platform.system, document)
        }
        (_, Some(content)) => {
            tracing::warn!(
                "Eni network configuration in ConfigDrive is deprecated: use openstack's network configuration format"
            );
            network_forms::from_interfaces("network_config", content)
        }
        _ => None,
    };
    let kind = if place.starts_with("/dev") { "config-disk" } else { "seed-dir" };
    let mut instance = Instance {
        detail: format!(" [{},ver={version}][source={place}]", standard::mode_name(mode)),
        subplatform: format!("{kind} ({place})"),
        user_data: Some(Bytes(documents.user_data)),
        vendor_data: vendor_data::read("vendor-data", documents.vendor_data.as_ref()),
        vendor_data2: vendor_data::read("vendor-data2", documents.vendor_data2.as_ref()),
        network,
        public_keys: keys,
        dsmode: mode,
        sensitive: openstack_layout::SENSITIVE.iter().copied().map(str::to_owned).collect(),
        ..standard::instance(&ABOUT, SourceStage::Local, metadata)
    };
    instance.extra.insert("network_json".to_owned(), network_data.unwrap_or_default());
    instance.extra.insert("ec2_metadata".to_owned(), ec2.unwrap_or_default());
    instance
}

/// The previous boot's instance ID: the engine has not updated it while its sources are queried.
fn previous_id(platform: &Platform<'_>) -> Option<String> {
    let text = platform.files().text(&platform.paths.data("instance-id"))?;
    Some(text.trim_end_matches('\n').to_owned())
}

/// Writes the server's files; an error does not affect the others.
fn write_files(platform: &Platform<'_>, files: &[(String, Vec<u8>)]) {
    for (name, content) in files {
        let path = Path::new("/").join(name);
        // They may contain anything, including passwords.
        let attributes = Attributes { mode: Some(0o660), ..Attributes::secret() };
        if let Err(error) = platform.system.files.write(&path, content, &attributes) {
            tracing::warn!("Failed writing file: {error}");
        }
    }
}
