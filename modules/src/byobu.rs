//! `byobu_by_default`: whether login shells start byobu.

use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct Byobu;

/// Whether logins start byobu, for the default user or for all users.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// enable-user (or user) enables it for the default user, enable-system (or system, enable) for all users;
    /// disable-user, disable-system and disable (both) revert that. Default: no change.
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
    const SUMMARY: &'static str = "Enables or disables byobu at login.";
    const DETAILS: &'static str = "The package is installed if it is missing.";
    type Config = Config;
}
