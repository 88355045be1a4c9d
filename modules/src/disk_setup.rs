//! `disk_setup`, `fs_setup`: partition tables and file systems on disks other than the root disk.

use schema::forms::{Either, Named, OneOfThree, TextOrList};
use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct DiskSetup;

/// Partition tables and file systems to create on empty disks, and aliases for the devices.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Aliases of devices for use in the other keys: a mapping of alias to device.
    pub device_aliases: Option<Named<Text>>,
    /// Partition tables, by device or alias.
    pub disk_setup: Option<Named<Disk>>,
    /// File systems, in the order of their creation.
    pub fs_setup: Option<Vec<FileSystem>>,
}

impl Described for DiskSetup {
    const NAME: &'static str = "disk_setup";
    const STAGE: Stage = Stage::Network;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &["disk_setup", "fs_setup"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Disks";
    const SUMMARY: &'static str = "Creates partition tables and file systems on additional disks.";
    const DETAILS: &'static str = "Existing data is detected and kept unless `overwrite` is set. Use `mounts` to mount the file systems.";
    type Config = Config;
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
