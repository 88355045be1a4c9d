//! The host name keys, shared by `set_hostname` and `update_hostname`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The host name, with and without its domain, and whether it follows configuration and metadata.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Config {
    /// Leave the host name unchanged. Default: false.
    #[serde(default)]
    #[schemars(extend("default" = false))]
    pub preserve_hostname: Flag,
    /// The host name. Default: the metadata's.
    pub hostname: Option<Text>,
    /// The fully qualified domain name.
    pub fqdn: Option<Text>,
    /// Use the fully qualified name as the host name. Default: depends on the distribution.
    pub prefer_fqdn_over_hostname: Option<Flag>,
    /// Create the host name file if it is missing. Default: true.
    #[serde(default = "Flag::yes")]
    #[schemars(extend("default" = true))]
    pub create_hostname_file: Flag,
}
