//! `ubuntu_pro`: this machine is attached to Ubuntu Pro.

use model::module::{Described, Listed};
use model::{Frequency, Secret, Stage};
use schema::notes::deprecated;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct UbuntuPro;

/// The subscription to Ubuntu Pro: the token by which this machine is attached, and the services that are enabled.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Token, services and settings.
    pub ubuntu_pro: Option<Settings>,
    /// Old name of ubuntu_pro.
    #[schemars(transform = deprecated("24.1", "Use ubuntu_pro."))]
    pub ubuntu_advantage: Option<Settings>,
}

impl Described for UbuntuPro {
    const NAME: &'static str = "ubuntu_pro";
    const ALIASES: &'static [&'static str] = &["ubuntu_advantage"];
    const DASHED: bool = false;
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["ubuntu"];
    const KEYS: &'static [&'static str] = &["ubuntu_pro", "ubuntu_advantage", "ubuntu-advantage"];
    const LISTED: Listed = Listed::On(&["ubuntu"]);
    const TITLE: &'static str = "Ubuntu Pro";
    const SUMMARY: &'static str = "Attaches this machine to Ubuntu Pro and enables services.";
    type Config = Config;
}

/// `ubuntu_pro`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "ubuntu_pro.properties", deny_unknown_fields)]
pub struct Settings {
    /// Services to enable: cc-eal, cis, esm-infra, fips, fips-updates, livepatch. Default: those of the contract. On an
    /// image with Pro, only these and not the contract's.
    pub enable: Option<Vec<Text>>,
    /// Services in beta to enable.
    pub enable_beta: Option<Vec<Text>>,
    /// The contract's token, from `https://ubuntu.com/pro`. An image with Pro needs none.
    pub token: Option<Secret<Text>>,
    /// What the client does by itself.
    pub features: Option<Features>,
    /// The client's configuration; others than these keys are passed on too.
    pub config: Option<ProConfig>,
}

/// `ubuntu_pro.features`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Features {
    /// On an image with Pro: do not attach at every boot. Default: false.
    #[schemars(extend("default" = false))]
    pub disable_auto_attach: Option<Flag>,
}

/// `ubuntu_pro.config`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ProConfig {
    /// The client's proxy for http; null for none.
    pub http_proxy: Option<Proxy>,
    /// The client's proxy for https; null for none.
    pub https_proxy: Option<Proxy>,
    /// apt's proxy for http, for all repositories; null for none.
    pub global_apt_http_proxy: Option<Proxy>,
    /// apt's proxy for https, for all repositories; null for none.
    pub global_apt_https_proxy: Option<Proxy>,
    /// apt's proxy for http, for Pro's repositories; null for none.
    pub ua_apt_http_proxy: Option<Proxy>,
    /// apt's proxy for https, for Pro's repositories; null for none.
    pub ua_apt_https_proxy: Option<Proxy>,
}

/// An address, or null.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("type" = ["null", "string"], "format" = "uri"))]
#[serde(transparent)]
pub struct Proxy(pub Text);
