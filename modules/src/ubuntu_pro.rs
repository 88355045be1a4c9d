//! `ubuntu_pro`: attaches this machine to Ubuntu Pro.

mod attach;
mod settings;

use model::distro::PackageSpec;
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Secret, Stage};
use schema::notes::deprecated;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// Attaches the machine.
pub struct UbuntuPro;

/// The Ubuntu Pro subscription: the token to attach this machine, and the services to enable.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Token, services and settings.
    #[schemars(with = "Option<Settings>")]
    pub ubuntu_pro: Option<Node>,
    /// Old name of ubuntu_pro.
    #[schemars(transform = deprecated("24.1", "Use ubuntu_pro."))]
    #[schemars(with = "Option<Settings>")]
    pub ubuntu_advantage: Option<Node>,
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

/// Old names of the key.
const OLD: &[&str] = &["ubuntu_advantage", "ubuntu-advantage"];
const PROGRAM: &str = "pro";

impl Module for UbuntuPro {
    fn run(&self, context: &Context<'_>, _: Config, report: &mut Report) -> Result<(), ModuleError> {
        let Some(section) = section(context, report)? else {
            report.skip("ubuntu_pro is not set");
            return Ok(());
        };
        if section.as_map().is_none() {
            return Err(invalid(section, format!("'ubuntu_pro' should be a mapping, not {}", section.value.a_kind())));
        }
        if let Some(commands) = section.get("commands") {
            let message = "Deprecated configuration \"ubuntu-advantage: commands\" provided. Expected \"token\"";
            return Err(invalid(commands, message.to_owned()));
        }
        if context.system.commands.which(PROGRAM).is_none() {
            let packages = context.distro.packages();
            if let Err(error) = packages.refresh(false) {
                report.warn(Some(&section.origin), format!("Failed to update package using apt: {error}"));
            }
            packages.install(&[PackageSpec::named("ubuntu-advantage-tools")])?;
        }
        settings::apply(context, section, report)?;
        let automatic = !attach_is_disabled(section)? && attach::is_offered(context, report)?;
        if automatic {
            return attach::automatically(context, section, report);
        }
        let only_features = section.as_map().into_iter().flatten().all(|(key, _)| key.as_str() == Some("features"));
        if only_features { Ok(()) } else { attach::with_token(context, section, report) }
    }
}

fn invalid(node: &Node, message: String) -> ModuleError {
    ModuleError::Invalid { origin: node.origin.clone(), message }
}

/// The value of the key, else of its old name.
fn section<'a>(context: &Context<'a>, report: &mut Report) -> Result<Option<&'a Node>, ModuleError> {
    let old: Vec<&str> = OLD.iter().copied().filter(|key| context.config.get(key).is_some()).collect();
    let mut found = None;
    if let [key, others @ ..] = old.as_slice()
        && let Some(node) = context.config.get(key)
    {
        if !others.is_empty() {
            let message = format!(
                "Unable to configure Ubuntu Pro. Multiple deprecated config keys provided: {}",
                old.join(", ")
            );
            return Err(invalid(node, message));
        }
        let message = format!(
            "Deprecated configuration key(s) provided: {key}. Expected \"ubuntu_pro\"; will attempt to continue."
        );
        report.warn(Some(&node.key_origin()), message);
        found = Some(node);
    }
    if let Some(node) = context.config.get("ubuntu_pro") {
        if let (Some(old), Some(key)) = (found, old.first()) {
            let message = format!("Ignoring deprecated key {key} and preferring ubuntu_pro config");
            report.warn(Some(&old.key_origin()), message);
        }
        found = Some(node);
    }
    Ok(found.filter(|node| !node.is_null()))
}

/// `features.disable_auto_attach`.
fn attach_is_disabled(section: &Node) -> Result<bool, ModuleError> {
    let Some(features) = section.get("features") else { return Ok(false) };
    if features.as_map().is_none() {
        let kind = features.value.a_kind();
        return Err(invalid(features, format!("'ubuntu_pro.features' should be a mapping, not {kind}")));
    }
    let Some(disabled) = features.get("disable_auto_attach") else { return Ok(false) };
    disabled.as_bool().ok_or_else(|| {
        let kind = disabled.value.a_kind();
        invalid(disabled, format!("'ubuntu_pro.features.disable_auto_attach' should be a boolean, not {kind}"))
    })
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
