//! `fan`: Ubuntu's fan networking.

use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct Fan;

/// Ubuntu's fan networking: the configuration file of fanctl.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The fan configuration.
    pub fan: Option<Settings>,
}

impl Described for Fan {
    const NAME: &'static str = "fan";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["ubuntu"];
    const KEYS: &'static [&'static str] = &["fan"];
    const LISTED: Listed = Listed::On(&["debian", "ubuntu"]);
    const TITLE: &'static str = "Fan networking";
    const SUMMARY: &'static str = "Configures Ubuntu's fan networking.";
    type Config = Config;
}

/// `fan`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// The content of the file.
    pub config: Text,
    /// The path of the file. Default: /etc/network/fan.
    #[schemars(extend("default" = "/etc/network/fan"))]
    pub config_path: Option<Text>,
}
