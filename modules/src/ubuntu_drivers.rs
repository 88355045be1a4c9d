//! `drivers`: drivers that are not free, on Ubuntu.

use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct UbuntuDrivers;

/// Drivers that are not free and whose licence is accepted here, for ubuntu-drivers to install.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Drivers to install.
    pub drivers: Option<Drivers>,
}

impl Described for UbuntuDrivers {
    const NAME: &'static str = "ubuntu_drivers";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["ubuntu"];
    const KEYS: &'static [&'static str] = &["drivers"];
    const LISTED: Listed = Listed::On(&["ubuntu"]);
    const TITLE: &'static str = "Drivers";
    const SUMMARY: &'static str = "Installs drivers that are not free, when their licence is accepted.";
    type Config = Config;
}

/// `drivers`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Drivers {
    /// NVIDIA's.
    pub nvidia: Option<Nvidia>,
}

/// `drivers.nvidia`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Nvidia {
    /// Whether you agree to NVIDIA's licence; without it nothing is installed.
    #[serde(rename = "license-accepted")]
    pub license_accepted: Flag,
    /// The driver's version, such as '535'. Default: the newest.
    pub version: Option<Text>,
}
