//! `spacewalk`: registers this machine with a Spacewalk server.

use model::module::{Described, Listed};
use model::{Frequency, Secret, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct Spacewalk;

/// The Spacewalk server to register with, and the activation key.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The server and the key.
    pub spacewalk: Option<Settings>,
}

impl Described for Spacewalk {
    const NAME: &'static str = "spacewalk";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["rhel", "fedora", "openeuler"];
    const KEYS: &'static [&'static str] = &["spacewalk"];
    const LISTED: Listed = Listed::Except(&["debian", "ubuntu"]);
    const TITLE: &'static str = "Spacewalk";
    const SUMMARY: &'static str = "Registers this machine with a Spacewalk server.";
    type Config = Config;
}

/// `spacewalk`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// The server.
    pub server: Option<Text>,
    /// The proxy to reach the server. Default: none.
    pub proxy: Option<Text>,
    /// The activation key.
    pub activation_key: Option<Secret<Text>>,
}
