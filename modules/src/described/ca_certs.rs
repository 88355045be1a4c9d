//! `ca_certs`: certificates of authorities that this machine trusts.

use schema::notes::deprecated;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Certificates to add, and whether the distribution's go.
    pub ca_certs: Option<CaCerts>,
    /// Old spelling of ca_certs.
    #[serde(rename = "ca-certs")]
    #[schemars(transform = deprecated("22.3", "Use ca_certs."))]
    pub old_ca_certs: Option<CaCerts>,
}

/// `ca_certs`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "ca_certs.properties", deny_unknown_fields, extend("minProperties" = 1))]
pub struct CaCerts {
    /// Old spelling of remove_defaults.
    #[serde(rename = "remove-defaults")]
    #[schemars(transform = deprecated("22.3", "Use remove_defaults."))]
    pub old_remove_defaults: Option<Flag>,
    /// Trust none of the distribution's certificates. Default: false.
    #[schemars(extend("default" = false))]
    pub remove_defaults: Option<Flag>,
    /// Certificates, each a text in PEM.
    #[schemars(extend("minItems" = 1))]
    pub trusted: Option<Vec<Text>>,
}
