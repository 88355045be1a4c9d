//! `resolv_conf`: the resolver's configuration, where no network manager writes it.

use schema::forms::Object;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Write resolv.conf; without it `resolv_conf` means nothing. Default: false.
    #[schemars(extend("default" = false))]
    pub manage_resolv_conf: Option<Flag>,
    /// What is written.
    pub resolv_conf: Option<ResolvConf>,
}

/// `resolv_conf`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct ResolvConf {
    /// Addresses of name servers.
    pub nameservers: Option<List>,
    /// Domains that short names are looked up in.
    pub searchdomains: Option<List>,
    /// The local domain.
    pub domain: Option<Text>,
    /// Networks whose addresses are preferred.
    pub sortlist: Option<List>,
    /// Options by their names; true for one without a value.
    pub options: Option<Object>,
}

/// A list of texts, which is not checked further.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, with = "model::Node", extend("type" = "array"))]
#[serde(transparent)]
pub struct List(pub Vec<Text>);
