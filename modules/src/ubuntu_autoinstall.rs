//! `autoinstall`: what Ubuntu's installer reads; here it is only looked at.

use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct UbuntuAutoinstall;

/// Answers for Ubuntu's installer, which reads them itself: here it is only told whether they can reach it.
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
    const TITLE: &'static str = "Ubuntu's installer";
    const SUMMARY: &'static str = "Looks whether answers for Ubuntu's installer can reach it.";
    const DETAILS: &'static str = "The installer reads `autoinstall` itself; elsewhere than in its live system the key does nothing.";
    type Config = Config;
}

/// `autoinstall`. Other keys are the installer's.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Autoinstall {
    /// The version of the form: 1.
    pub version: i64,
}
