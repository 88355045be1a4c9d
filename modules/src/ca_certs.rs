//! `ca_certs`: CA certificates that this machine trusts.

use schema::notes::deprecated;
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Stage, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// Adds certificates and updates the bundles.
pub struct CaCerts;

/// Trusted CA certificates, in addition to or instead of the distribution's.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Certificates to add, and whether to remove the distribution's.
    pub ca_certs: Option<Settings>,
    /// Old spelling of ca_certs.
    #[serde(rename = "ca-certs")]
    #[schemars(with = "Option<Settings>", transform = deprecated("22.3", "Use ca_certs."))]
    pub old_ca_certs: Option<Node>,
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

impl Module for CaCerts {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let place = |key: &str| context.config.get(key).map(|node| node.origin.clone());
        if let Some(origin) = place("ca-certs") {
            report.deprecate(Some(&origin), "Key 'ca-certs' is deprecated in 22.1: use ca_certs");
            if config.ca_certs.is_some() {
                let message = "Found both ca-certs (deprecated) and ca_certs config keys. Ignoring ca-certs.";
                report.warn(Some(&origin), message);
            }
        }
        let old = config.old_ca_certs.filter(|node| !matches!(node.value, Value::Null));
        let settings: Settings = match (config.ca_certs, old) {
            (Some(settings), _) => settings,
            // Read only here: where the new key replaces it, it may be anything.
            (None, Some(node)) => report.read(&node)?,
            (None, None) => {
                report.skip("ca_certs is not set");
                return Ok(());
            }
        };
        if settings.old_remove_defaults.is_some() {
            let message = "Key 'remove-defaults' is deprecated in 22.1: use remove_defaults";
            report.deprecate(place("ca_certs").or_else(|| place("ca-certs")).as_ref(), message);
        }
        let store = context.distro.trust_store()?;
        if settings.remove_defaults.or(settings.old_remove_defaults).unwrap_or_default().0 {
            tracing::debug!("Disabling/removing default certificates");
            store.remove_defaults()?;
        }
        let trusted: Vec<String> =
            settings.trusted.into_iter().flatten().map(|certificate| certificate.0).collect();
        if !trusted.is_empty() {
            tracing::debug!("Adding {} certificates", trusted.len());
            store.add(&trusted)?;
        }
        tracing::debug!("Updating certificates");
        Ok(store.update()?)
    }
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
