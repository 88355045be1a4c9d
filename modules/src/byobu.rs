//! `byobu_by_default`: whether logins are within byobu.

use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct Byobu;

/// Whether logins start within byobu, for the default user or for all users.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// enable-user (or user) for the default user, enable-system (or system, enable) for all; disable-user,
    /// disable-system and disable (for both) take it back. Default: nothing is done.
    #[schemars(extend("enum" = [
        "enable-system", "enable-user", "disable-system", "disable-user", "enable", "disable", "user", "system",
    ]))]
    pub byobu_by_default: Option<Text>,
}

impl Described for Byobu {
    const NAME: &'static str = "byobu";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["ubuntu", "debian", "raspberry-pi-os"];
    const KEYS: &'static [&'static str] = &[];
    const OWN_KEYS: &'static [&'static str] = &["byobu_by_default"];
    const LISTED: Listed = Listed::On(&["debian", "ubuntu"]);
    const TITLE: &'static str = "Byobu";
    const SUMMARY: &'static str = "Starts byobu at logins, or no longer.";
    const DETAILS: &'static str = "The package is installed where it is missing.";
    type Config = Config;
}
