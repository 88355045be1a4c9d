//! `resolv_conf`: the resolver's configuration, where no network manager writes it.

use schema::forms::Object;
use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct ResolvConf;

/// Name servers, search domains and options of /etc/resolv.conf, on systems where no network manager writes it.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Write resolv.conf; without it `resolv_conf` means nothing. Default: false.
    #[schemars(extend("default" = false))]
    pub manage_resolv_conf: Option<Flag>,
    /// What is written.
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
    const SUMMARY: &'static str = "Writes resolv.conf, where nothing else manages it.";
    const DETAILS: &'static str = "Name servers in a network config are the better way wherever the distribution has one.";
    type Config = Config;
}

/// `resolv_conf`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
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
