//! `drivers`: third-party drivers on Ubuntu.

use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct UbuntuDrivers;

/// Third-party drivers to install with ubuntu-drivers, and the acceptance of their licenses.
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
    const SUMMARY: &'static str = "Installs third-party drivers if their license is accepted.";
    type Config = Config;
}

/// `drivers`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Drivers {
    /// NVIDIA drivers.
    pub nvidia: Option<Nvidia>,
}

/// `drivers.nvidia`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Nvidia {
    /// Whether you accept NVIDIA's license; otherwise nothing is installed.
    #[serde(rename = "license-accepted")]
    pub license_accepted: Flag,
    /// The driver version, such as '535'. Default: the latest.
    pub version: Option<Text>,
}
