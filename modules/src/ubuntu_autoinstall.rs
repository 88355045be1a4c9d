//! `autoinstall`: read by Ubuntu's installer; this module only checks it.

use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct UbuntuAutoinstall;

/// Answers for Ubuntu's installer, which reads them itself: this module only checks whether the installer is present.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Answers for Ubuntu's installer, which reads them itself.
    pub autoinstall: Option<Autoinstall>,
}

impl Described for UbuntuAutoinstall {
    const NAME: &'static str = "ubuntu_autoinstall";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Once;
    const DISTROS: &'static [&'static str] = &["ubuntu"];
    const KEYS: &'static [&'static str] = &["autoinstall"];
    const LISTED: Listed = Listed::On(&["ubuntu"]);
    const TITLE: &'static str = "Ubuntu autoinstall";
    const SUMMARY: &'static str = "Checks whether Ubuntu's installer is present to read `autoinstall`.";
    const DETAILS: &'static str = "The key has an effect only in the installer's live system, where the installer reads it.";
    type Config = Config;
}

/// `autoinstall`. All other keys belong to the installer.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Autoinstall {
    /// The version of the format: 1.
    pub version: i64,
}
