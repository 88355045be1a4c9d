//! `wireguard`: tunnels of WireGuard.

use model::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Tunnels, and what must work before anything needs them.
    #[schemars(extend("type" = ["null", "object"]))]
    pub wireguard: Option<Wireguard>,
}

/// `wireguard`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("minProperties" = 1))]
pub struct Wireguard {
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
