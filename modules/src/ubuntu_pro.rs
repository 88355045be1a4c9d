//! `ubuntu_pro`: attaches this machine to Ubuntu Pro.

use model::module::{Described, Listed};
use model::{Frequency, Secret, Stage};
use schema::notes::deprecated;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct UbuntuPro;

/// The Ubuntu Pro subscription: the token to attach this machine, and the services to enable.
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
    /// Ubuntu Pro image, only these are enabled instead of the contract's.
    pub enable: Option<Vec<Text>>,
    /// Beta services to enable.
    pub enable_beta: Option<Vec<Text>>,
    /// The contract token, from `https://ubuntu.com/pro`. Not needed on an Ubuntu Pro image.
    pub token: Option<Secret<Text>>,
    /// Automatic behavior of the client.
    pub features: Option<Features>,
    /// The client configuration; unknown keys are passed on.
    pub config: Option<ProConfig>,
}

/// `ubuntu_pro.features`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Features {
    /// On an Ubuntu Pro image: disable the attachment at boot. Default: false.
    #[schemars(extend("default" = false))]
    pub disable_auto_attach: Option<Flag>,
}

/// `ubuntu_pro.config`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ProConfig {
    /// The client's HTTP proxy; null for none.
    pub http_proxy: Option<Proxy>,
    /// The client's HTTPS proxy; null for none.
    pub https_proxy: Option<Proxy>,
    /// apt's HTTP proxy for all repositories; null for none.
    pub global_apt_http_proxy: Option<Proxy>,
    /// apt's HTTPS proxy for all repositories; null for none.
    pub global_apt_https_proxy: Option<Proxy>,
    /// apt's HTTP proxy for the Pro repositories; null for none.
    pub ua_apt_http_proxy: Option<Proxy>,
    /// apt's HTTPS proxy for the Pro repositories; null for none.
    pub ua_apt_https_proxy: Option<Proxy>,
}

/// A URL, or null.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("type" = ["null", "string"], "format" = "uri"))]
#[serde(transparent)]
pub struct Proxy(pub Text);
