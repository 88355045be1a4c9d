//! `spacewalk`: this machine is registered with a Spacewalk server.

use model::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The server and the key.
    pub spacewalk: Option<Spacewalk>,
}

/// `spacewalk`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Spacewalk {
    /// The server.
    pub server: Option<Text>,
    /// The proxy on the way to it. Default: none.
    pub proxy: Option<Text>,
    /// The activation key.
    pub activation_key: Option<Secret<Text>>,
}
