//! `disk_setup`, `fs_setup`: partition tables and file systems on disks beside the root's.

use schema::forms::{Either, Named, OneOfThree, TextOrList};
use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct DiskSetup;

/// Partition tables and file systems that are made on empty disks, and short names for the devices.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Other names for devices, for use in the other keys: the device by the name.
    pub device_aliases: Option<Named<Text>>,
    /// Partition tables, by the device or by its other name.
    pub disk_setup: Option<Named<Disk>>,
    /// File systems, in the order in which they are made.
    pub fs_setup: Option<Vec<FileSystem>>,
}

impl Described for DiskSetup {
    const NAME: &'static str = "disk_setup";
    const STAGE: Stage = Stage::Network;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &["disk_setup", "fs_setup"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Disks";
    const SUMMARY: &'static str = "Makes partition tables and file systems on further disks.";
    const DETAILS: &'static str = "It looks for what is there already, and never destroys that unless `overwrite` says so. `mounts` mounts what it makes.";
    type Config = Config;
}

/// The partition table of a device.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Disk {
    /// The kind of table: mbr or gpt. Default: mbr.
    #[schemars(extend("default" = "mbr", "enum" = ["mbr", "gpt"]))]
    pub table_type: Option<Text>,
    /// true for one partition over the whole device, false for none, `remove` to take a table away, or a list of
    /// partitions: a size in percent of the device, or `[size, type]` (type 82 is swap). Default: false.
    #[schemars(extend("default" = false))]
    pub layout: Option<OneOfThree<Remove, Flag, Vec<Partitioned>>>,
    /// Write the table whatever is on the device; all of it is lost then. Otherwise a device with a table or a file
    /// system is left alone. Default: false.
    #[schemars(extend("default" = false))]
    pub overwrite: Option<Flag>,
}

/// A partition to make: its size, or its size and its type.
pub type Partitioned = Either<i64, SizeAndType>;

/// `remove`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("enum" = ["remove"]))]
#[serde(transparent)]
pub struct Remove(pub Text);

/// Percent of the device, and the partition's type.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("minItems" = 2, "maxItems" = 2))]
#[serde(transparent)]
pub struct SizeAndType(pub Vec<IntegerOrText>);

/// A number, or a text.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(untagged)]
pub enum IntegerOrText {
    /// A number.
    Integer(i64),
    /// A text.
    Text(Text),
}

/// A file system.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct FileSystem {
    /// Its label.
    pub label: Option<Text>,
    /// Its kind: ext4, xfs, btrfs, vfat, swap.
    pub filesystem: Option<Text>,
    /// The device, or its other name, with `.N` after that for a partition.
    pub device: Option<Text>,
    /// The partition's number; `auto`: unless a file system of this label and kind is on the device already; `any`:
    /// unless one of this kind is; `none`: on the device itself, always.
    #[schemars(extend("type" = ["string", "integer"], "oneOf" = [{"type": "string", "enum": ["auto", "any", "none"]}]))]
    pub partition: Option<Partition>,
    /// Make it whatever is there; that is lost then. Default: false.
    pub overwrite: Option<Flag>,
    /// With `auto` or `any`: a file system of this kind is replaced.
    pub replace_fs: Option<Text>,
    /// Options for the program that makes it.
    pub extra_opts: Option<TextOrList>,
    /// The whole command in the place of the usual one; `%(label)s`, `%(filesystem)s` and `%(device)s` are replaced.
    pub cmd: Option<TextOrList>,
}

/// A partition's number or a word.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, with = "model::Node")]
#[serde(untagged)]
pub enum Partition {
    /// A number.
    Number(i64),
    /// A word.
    Word(Text),
}
