//! `wireguard`: WireGuard tunnels.

use model::module::{Described, Listed};
use model::{Frequency, Secret, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct Wireguard;

/// WireGuard interfaces, each with its wg-quick configuration, and probes for hosts that must be reachable through
/// them.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Tunnels, and readiness probes.
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
    const SUMMARY: &'static str = "Configures and starts WireGuard tunnels.";
    const DETAILS: &'static str = "The packages are installed if they are missing.";
    type Config = Config;
}

/// `wireguard`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("minProperties" = 1))]
pub struct Settings {
    /// The tunnels.
    #[schemars(extend("minItems" = 1))]
    pub interfaces: Vec<Interface>,
    /// Shell commands that are retried until each succeeds.
    #[schemars(extend("uniqueItems" = true))]
    pub readinessprobe: Option<Vec<Text>>,
}

/// A tunnel.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Interface {
    /// Its name, such as wg0.
    pub name: Option<Text>,
    /// The path of its configuration file.
    pub config_path: Option<Text>,
    /// The content of that file, including the private key.
    pub content: Option<Secret<Text>>,
}
