//! The keys of the host name, which `set_hostname` and `update_hostname` read alike.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The host's name, with and without its domain, and whether it follows what configuration and metadata say.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Config {
    /// Leave the host name alone. Default: false.
    #[serde(default)]
    #[schemars(extend("default" = false))]
    pub preserve_hostname: Flag,
    /// The host name. Default: the metadata's.
    pub hostname: Option<Text>,
    /// The host name with its domain.
    pub fqdn: Option<Text>,
    /// Set the name with its domain. Default: the distribution's habit.
    pub prefer_fqdn_over_hostname: Option<Flag>,
    /// Make the file of the host name where it is missing. Default: true.
    #[serde(default = "Flag::yes")]
    #[schemars(extend("default" = true))]
    pub create_hostname_file: Flag,
}
