//! `grub_dpkg`: the devices that grub's packages install to.

use schema::forms::{Either, Object};
use schema::notes::{changed, deprecated};
use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct GrubDpkg;

/// Where upgrades of grub's packages install the boot loader: debconf selections.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// debconf selections for grub.
    pub grub_dpkg: Option<Settings>,
    /// Old spelling of grub_dpkg.
    #[serde(rename = "grub-dpkg")]
    #[schemars(transform = deprecated("22.2", "Use grub_dpkg."))]
    pub old_grub_dpkg: Option<Object>,
}

impl Described for GrubDpkg {
    const NAME: &'static str = "grub_dpkg";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["ubuntu", "debian"];
    const KEYS: &'static [&'static str] = &["grub_dpkg", "grub-dpkg"];
    const LISTED: Listed = Listed::On(&["debian", "ubuntu"]);
    const TITLE: &'static str = "grub";
    const SUMMARY: &'static str = "Configures the device that grub's packages install to.";
    const DETAILS: &'static str = "The selection in an image refers to the machine where it was built, so that an upgrade of grub would fail.";
    type Config = Config;
}

/// `grub_dpkg`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// Enable the module. Default: false.
    #[schemars(extend("default" = false))]
    pub enabled: Option<Flag>,
    /// The device for machines with BIOS. Default: the device of /boot, found by grub-probe.
    #[serde(rename = "grub-pc/install_devices")]
    pub pc_devices: Option<Text>,
    /// Do not install to any device. Default: true if no device is found, else false.
    #[serde(rename = "grub-pc/install_devices_empty")]
    pub pc_devices_empty: Option<Either<Flag, OldFlag>>,
    /// The partition for machines with UEFI. Default: the one of /boot/efi, found by grub-probe.
    #[serde(rename = "grub-efi/install_devices")]
    pub efi_devices: Option<Text>,
}

/// A boolean as a string.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, transform = changed("22.3", "Use a boolean without quotes."))]
#[serde(transparent)]
pub struct OldFlag(pub Text);
