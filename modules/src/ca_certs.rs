//! `ca_certs`: certificates of authorities that this machine trusts.

use schema::notes::deprecated;
use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct CaCerts;

/// Certificate authorities that this machine trusts beside, or in place of, those of its distribution.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Certificates to add, and whether the distribution's go.
    pub ca_certs: Option<Settings>,
    /// Old spelling of ca_certs.
    #[serde(rename = "ca-certs")]
    #[schemars(transform = deprecated("22.3", "Use ca_certs."))]
    pub old_ca_certs: Option<Settings>,
}

impl Described for CaCerts {
    const NAME: &'static str = "ca_certs";
    const STAGE: Stage = Stage::Network;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["almalinux", "amazon", "centos", "cloudlinux", "fedora", "opensuse-microos", "opensuse-tumbleweed", "opensuse-leap", "rocky", "sle_hpc", "sle-micro", "sles", "aosc", "alpine", "debian", "raspberry-pi-os", "rhel", "opensuse", "ubuntu", "photon"];
    const KEYS: &'static [&'static str] = &["ca_certs", "ca-certs"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Trusted certificates";
    const SUMMARY: &'static str = "Adds certificates of authorities to those that the system trusts.";
    const DETAILS: &'static str = "The distribution's own can be taken away.";
    type Config = Config;
}

/// `ca_certs`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "ca_certs.properties", deny_unknown_fields, extend("minProperties" = 1))]
pub struct Settings {
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
