//! `drivers`: drivers that are not free, on Ubuntu.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Drivers to install.
    pub drivers: Option<Drivers>,
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
