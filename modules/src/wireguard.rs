//! `wireguard`: tunnels of WireGuard.

use model::module::{Described, Listed};
use model::{Frequency, Secret, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct Wireguard;

/// Interfaces of WireGuard, each with the file that wg-quick reads, and probes of what must be reachable through
/// them.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Tunnels, and what must work before anything needs them.
    #[schemars(extend("type" = ["null", "object"]))]
    pub wireguard: Option<Settings>,
}

impl Described for Wireguard {
    const NAME: &'static str = "wireguard";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["ubuntu"];
    const KEYS: &'static [&'static str] = &["wireguard"];
    const LISTED: Listed = Listed::On(&["ubuntu"]);
    const TITLE: &'static str = "WireGuard";
    const SUMMARY: &'static str = "Writes tunnels of WireGuard and starts them.";
    const DETAILS: &'static str = "The packages are installed where they are missing.";
    type Config = Config;
}

/// `wireguard`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("minProperties" = 1))]
pub struct Settings {
    /// The tunnels.
    #[schemars(extend("minItems" = 1))]
    pub interfaces: Vec<Interface>,
    /// Commands for the shell that are tried until each has worked.
    #[schemars(extend("uniqueItems" = true))]
    pub readinessprobe: Option<Vec<Text>>,
}

/// A tunnel.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Interface {
    /// Its name, such as wg0.
    pub name: Option<Text>,
    /// The file of its configuration.
    pub config_path: Option<Text>,
    /// The content of that file, with the private key.
    pub content: Option<Secret<Text>>,
}
