//! `fan`: Ubuntu's fan networking.

use model::module::{Described, Listed, Report};
use std::path::Path;

use model::distro::{PackageSpec, ServiceAction};
use model::effects::Attributes;
use model::{Context, Frequency, Module, ModuleError, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// Writes the configuration and restarts the service.
pub struct Fan;

/// Ubuntu's fan networking: the configuration file of fanctl.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The fan configuration.
    pub fan: Option<Settings>,
}

impl Described for Fan {
    const NAME: &'static str = "fan";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["ubuntu"];
    const KEYS: &'static [&'static str] = &["fan"];
    const LISTED: Listed = Listed::On(&["debian", "ubuntu", "unknown"]);
    const TITLE: &'static str = "Fan networking";
    const SUMMARY: &'static str = "Configures Ubuntu's fan networking.";
    type Config = Config;
}

const FILE: &str = "/etc/network/fan";
const SERVICE: &str = "ubuntu-fan";

impl Module for Fan {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let Some(settings) = config.fan.filter(|settings| !settings.config.0.is_empty()) else {
            report.skip("fan is not set");
            return Ok(());
        };
        let path = settings.config_path.map_or_else(|| FILE.to_owned(), |path| path.0);
        let write = |text: &str| {
            context.system.files.write(Path::new(&path), text.as_bytes(), &Attributes::mode(0o644))
        };
        // The package's own start reads it, too.
        write(&settings.config.0)?;
        if context.system.commands.which("fanctl").is_none() {
            let package = PackageSpec::named(SERVICE);
            context.distro.packages().install(&[package])?;
        }
        let services = context.distro.services();
        if let Err(error) = services.manage(ServiceAction::Stop, SERVICE) {
            report.warn(None, format!("failed to stop {SERVICE}: {error}"));
        }
        let mut text = settings.config.0;
        if !text.ends_with('\n') {
            text.push('\n');
        }
        write(&text)?;
        if let Err(error) = services.manage(ServiceAction::Start, SERVICE) {
            report.warn(None, format!("failed to start {SERVICE}: {error}"));
        }
        Ok(services.manage(ServiceAction::Enable, SERVICE)?)
    }
}

/// `fan`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// The content of the file.
    pub config: Text,
    /// The path of the file. Default: /etc/network/fan.
    #[schemars(extend("default" = "/etc/network/fan"))]
    pub config_path: Option<Text>,
}
