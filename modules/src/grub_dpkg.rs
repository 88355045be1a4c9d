//! `grub_dpkg`: which devices grub's packages install to.

use schema::forms::{Either, Object};
use schema::notes::{changed, deprecated};
use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct GrubDpkg;

/// Where an upgrade of grub's packages writes the boot loader to: what debconf answers for them.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Answers for debconf about grub.
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
    const SUMMARY: &'static str = "Tells grub's packages which device they install to.";
    const DETAILS: &'static str = "An image's answer is about the machine it was built on, and an upgrade of grub would fail.";
    type Config = Config;
}

/// `grub_dpkg`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// Do it at all. Default: false.
    #[schemars(extend("default" = false))]
    pub enabled: Option<Flag>,
    /// The device for machines with a BIOS. Default: the one of /boot, by grub-probe.
    #[serde(rename = "grub-pc/install_devices")]
    pub pc_devices: Option<Text>,
    /// Install on no device. Default: true where there is no device, else false.
    #[serde(rename = "grub-pc/install_devices_empty")]
    pub pc_devices_empty: Option<Either<Flag, OldFlag>>,
    /// The partition for machines with UEFI. Default: the one of /boot/efi, by grub-probe.
    #[serde(rename = "grub-efi/install_devices")]
    pub efi_devices: Option<Text>,
}

/// A boolean as a text.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, transform = changed("22.3", "Write true or false, without quotes."))]
#[serde(transparent)]
pub struct OldFlag(pub Text);
