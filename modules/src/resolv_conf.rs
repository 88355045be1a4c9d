//! `resolv_conf`: the resolver configuration, if no network manager writes it.

use schema::forms::Object;
use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct ResolvConf;

/// Name servers, search domains and options in /etc/resolv.conf, on systems where no network manager writes it.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Write resolv.conf; required for `resolv_conf` to have an effect. Default: false.
    #[schemars(extend("default" = false))]
    pub manage_resolv_conf: Option<Flag>,
    /// The content of resolv.conf.
    pub resolv_conf: Option<Settings>,
}

impl Described for ResolvConf {
    const NAME: &'static str = "resolv_conf";
    const STAGE: Stage = Stage::Network;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["alpine", "azurelinux", "fedora", "mariner", "opensuse", "opensuse-leap", "opensuse-microos", "opensuse-tumbleweed", "photon", "rhel", "sle_hpc", "sle-micro", "sles", "openeuler"];
    const KEYS: &'static [&'static str] = &["manage_resolv_conf"];
    const LISTED: Listed = Listed::Nowhere;
    const TITLE: &'static str = "resolv.conf";
    const SUMMARY: &'static str = "Writes resolv.conf, on systems where nothing else manages it.";
    const DETAILS: &'static str = "Prefer name servers in a network-config where the distribution supports it.";
    type Config = Config;
}

/// `resolv_conf`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// Addresses of name servers.
    pub nameservers: Option<List>,
    /// Search domains.
    pub searchdomains: Option<List>,
    /// The local domain.
    pub domain: Option<Text>,
    /// The preferred networks for address sorting.
    pub sortlist: Option<List>,
    /// Options by name; true for an option without a value.
    pub options: Option<Object>,
}

/// A list of strings, not validated further.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, with = "model::Node", extend("type" = "array"))]
#[serde(transparent)]
pub struct List(pub Vec<Text>);
