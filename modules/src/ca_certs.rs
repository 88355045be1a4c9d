//! `ca_certs`: CA certificates that this machine trusts.

use schema::notes::deprecated;
use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct CaCerts;

/// Trusted CA certificates, in addition to or instead of the distribution's.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Certificates to add, and whether to remove the distribution's.
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
    const TITLE: &'static str = "CA certificates";
    const SUMMARY: &'static str = "Adds CA certificates to the system's trusted certificates.";
    const DETAILS: &'static str = "The distribution's certificates can be removed.";
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
    /// Remove the distribution's certificates. Default: false.
    #[schemars(extend("default" = false))]
    pub remove_defaults: Option<Flag>,
    /// Certificates in PEM format.
    #[schemars(extend("minItems" = 1))]
    pub trusted: Option<Vec<Text>>,
}
