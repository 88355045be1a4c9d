//! `disk_setup`, `fs_setup`: partition tables and file systems on disks other than the root disk.

mod filesystem;
mod layout;
mod partition;
mod probe;

use std::path::Path;

use model::config::Origin;
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Stage};
use schema::forms::{Either, Named, OneOfThree, TextOrList};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::block::cloud_device;
use crate::lenient::{Flag, Text};

/// Partitions disks and creates file systems.
pub struct DiskSetup;

/// Partition tables and file systems to create on empty disks, and aliases for the devices.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Aliases of devices for use in the other keys: a mapping of alias to device.
    #[schemars(with = "Named<Text>")]
    pub device_aliases: Option<Node>,
    /// Partition tables, by device or alias.
    #[schemars(with = "Named<Disk>")]
    pub disk_setup: Option<Node>,
    /// File systems, in the order of their creation.
    #[schemars(with = "Vec<FileSystem>")]
    pub fs_setup: Option<Node>,
}

impl Described for DiskSetup {
    const NAME: &'static str = "disk_setup";
    const STAGE: Stage = Stage::Network;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &["disk_setup", "fs_setup"];
    const LISTED: Listed = Listed::Except(&["dragonfly", "freebsd", "netbsd", "openbsd"]);
    const TITLE: &'static str = "Disks";
    const SUMMARY: &'static str = "Creates partition tables and file systems on additional disks.";
    const DETAILS: &'static str = "Existing data is detected and kept unless `overwrite` is set. Use `mounts` to mount the file systems.";
    type Config = Config;
}

impl Module for DiskSetup {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let aliases = config.device_aliases.as_ref();
        if let Some(node) = config.disk_setup.as_ref().filter(|node| !node.is_null()) {
            let failed = "Failed partitioning operation";
            for (device, definition) in disks(context, aliases, node, report) {
                if definition.as_map().is_none() {
                    let message = format!("Invalid disk definition for {device}");
                    report.warn(Some(&definition.key_origin()), message);
                } else if let Err(error) = partition::apply(context, &device, definition, report) {
                    tell(report, &definition.key_origin(), failed, error);
                }
            }
        }
        if let Some(node) = config.fs_setup.as_ref().filter(|node| !node.is_null()) {
            let Some(entries) = node.as_list() else {
                report.warn(Some(&node.origin), "fs_setup must be a list of file systems");
                return Ok(());
            };
            for entry in entries {
                if let Err(error) = create(context, aliases, entry, report) {
                    tell(report, &entry.origin, "Failed during filesystem operation", error);
                }
            }
        }
        Ok(())
    }
}

/// Reports why an entry failed, at the value that is to blame.
fn tell(report: &mut Report, entry: &Origin, what: &str, error: ModuleError) {
    match error {
        ModuleError::Invalid { origin, message } => report.warn(Some(&origin), format!("{what}: {message}")),
        error => report.warn(Some(entry), format!("{what}: {error}")),
    }
}

/// The device that an alias or a name of the cloud stands for.
fn resolved(context: &Context<'_>, aliases: Option<&Node>, name: &str) -> Option<String> {
    let alias = aliases.and_then(|aliases| aliases.get(name)).and_then(Node::scalar_text);
    cloud_device(context, alias.as_deref().unwrap_or(name)).or(alias)
}

/// The entries of `disk_setup` by device: an alias replaces an entry of its device, and is last.
fn disks<'a>(
    context: &Context<'_>,
    aliases: Option<&Node>,
    node: &'a Node,
    report: &mut Report,
) -> Vec<(String, &'a Node)> {
    let Some(entries) = node.as_map() else {
        report.warn(Some(&node.origin), "disk_setup must be a mapping of devices");
        return Vec::new();
    };
    let mut all: Vec<(String, &Node)> = entries.iter().map(|(key, entry)| (key.to_string(), entry)).collect();
    for (key, entry) in entries {
        let name = key.to_string();
        let Some(device) = resolved(context, aliases, &name).filter(|device| *device != name) else { continue };
        if all.iter().any(|(known, _)| *known == name) {
            all.retain(|(known, _)| *known != name && *known != device);
            all.push((device, entry));
        }
    }
    all
}

/// Creates the file system of an entry, whose device may be an alias or `DEVICE.PARTITION`.
fn create(
    context: &Context<'_>,
    aliases: Option<&Node>,
    entry: &Node,
    report: &mut Report,
) -> Result<(), ModuleError> {
    let invalid = |node: &Node, message: &str| ModuleError::Invalid {
        origin: node.origin.clone(),
        message: message.to_owned(),
    };
    if entry.as_map().is_none() {
        return Err(invalid(entry, "a file system must be a mapping"));
    }
    let device = entry.get("device").filter(|device| device.is_truthy());
    let device = device.ok_or_else(|| invalid(entry, "a file system needs a device"))?;
    let full = device.scalar_text().ok_or_else(|| invalid(device, "device: expected text"))?;
    let (name, number) = match full.rsplit_once('.') {
        Some((name, number)) => (name, Some(number).filter(|number| !number.is_empty())),
        None => (full.as_str(), None),
    };
    let (path, number) = match resolved(context, aliases, name) {
        Some(path) => (path, number),
        // Names in /dev/disk contain dots.
        None if context.system.files.exists(Path::new(&full)) => (full.clone(), None),
        None => (name.to_owned(), number),
    };
    if let (Some(number), Some(partition)) = (number, entry.get("partition")) {
        let message = format!(
            "Partition '{number}' from dotted device name '{full}' overrides 'partition' key"
        );
        report.warn(Some(&partition.origin), message);
    }
    filesystem::create(context, &filesystem::Entry { node: entry, device: &path, number }, report)
}

/// The partition table of a device.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Disk {
    /// The table type: mbr or gpt. Default: mbr.
    #[schemars(extend("default" = "mbr", "enum" = ["mbr", "gpt"]))]
    pub table_type: Option<Text>,
    /// true for a single partition on the complete device, false for none, `remove` to delete the table, or a list of
    /// partitions: a size in percent of the device, or `[size, type]` (type 82 is swap). Default: false.
    #[schemars(extend("default" = false))]
    pub layout: Option<OneOfThree<Remove, Flag, Vec<Partitioned>>>,
    /// Write the table even if the device is not empty, destroying its data. Otherwise, a device with a table or a file
    /// system is left unchanged. Default: false.
    #[schemars(extend("default" = false))]
    pub overwrite: Option<Flag>,
}

/// A partition: its size, or its size and its type.
pub type Partitioned = Either<i64, SizeAndType>;

/// `remove`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("enum" = ["remove"]))]
#[serde(transparent)]
pub struct Remove(pub Text);

/// The size in percent of the device, and the partition type.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("minItems" = 2, "maxItems" = 2))]
#[serde(transparent)]
pub struct SizeAndType(pub Vec<IntegerOrText>);

/// A number, or a string.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(untagged)]
pub enum IntegerOrText {
    /// A number.
    Integer(i64),
    /// A string.
    Text(Text),
}

/// A file system.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct FileSystem {
    /// The label.
    pub label: Option<Text>,
    /// The type: ext4, xfs, btrfs, vfat, swap.
    pub filesystem: Option<Text>,
    /// The device or alias, optionally followed by `.N` for a partition.
    pub device: Option<Text>,
    /// The partition number; `auto`: unless the device already has a file system of this label and type; `any`: unless
    /// it has one of this type; `none`: always on the device itself.
    #[schemars(extend("type" = ["string", "integer"], "oneOf" = [{"type": "string", "enum": ["auto", "any", "none"]}]))]
    pub partition: Option<Partition>,
    /// Create it even if data exists, which is destroyed. Default: false.
    pub overwrite: Option<Flag>,
    /// With `auto` or `any`: replace a file system of this type.
    pub replace_fs: Option<Text>,
    /// Options for the mkfs command.
    pub extra_opts: Option<TextOrList>,
    /// A complete command instead of the default one; `%(label)s`, `%(filesystem)s` and `%(device)s` are replaced.
    pub cmd: Option<TextOrList>,
}

/// A partition number or a keyword.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, with = "model::Node")]
#[serde(untagged)]
pub enum Partition {
    /// A number.
    Number(i64),
    /// A keyword.
    Word(Text),
}
