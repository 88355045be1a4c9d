//! `wireguard`: WireGuard tunnels.

use model::module::{Described, Listed, Report};
use std::path::Path;

use model::distro::{PackageSpec, ServiceAction};
use model::effects::{Attributes, Command};
use model::{Context, Frequency, Module, ModuleError, Secret, Spanned, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// Writes the tunnels and starts them.
pub struct Wireguard;

/// WireGuard interfaces, each with its wg-quick configuration, and probes for hosts that must be reachable through
/// them.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Tunnels, and readiness probes.
    #[schemars(extend("type" = ["null", "object"]))]
    pub wireguard: Option<Settings>,
}

impl Described for Wireguard {
    const NAME: &'static str = "wireguard";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["ubuntu"];
    const KEYS: &'static [&'static str] = &["wireguard"];
    const LISTED: Listed = Listed::On(&["ubuntu"]);
    const TITLE: &'static str = "WireGuard";
    const SUMMARY: &'static str = "Configures and starts WireGuard tunnels.";
    const DETAILS: &'static str = "The packages are installed if they are missing.";
    type Config = Config;
}

/// Kernels from this version on have WireGuard built in.
const BUILT_IN: (u32, u32) = (5, 6);

impl Module for Wireguard {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let Some(settings) = config.wireguard else {
            report.skip("wireguard is not set");
            return Ok(());
        };
        install(context)?;
        load(context)?;
        for interface in &settings.interfaces {
            start(context, interface)?;
        }
        let mut failed = Vec::new();
        for probe in settings.readinessprobe.iter().flatten() {
            let command = Command::shell(&probe.value.0).of_user();
            if let Err(error) = context.system.commands.run(&command) {
                failed.push(format!("{}: {error}", probe.origin));
            }
        }
        if failed.is_empty() {
            return Ok(());
        }
        Err(ModuleError::Failed(format!("Failed running readinessprobe command: {}", failed.join("; "))))
    }
}

fn install(context: &Context<'_>) -> Result<(), ModuleError> {
    if context.system.commands.which("wg").is_some() {
        return Ok(());
    }
    let mut packages = vec![PackageSpec::named("wireguard-tools")];
    if kernel(&context.system.environment.uname().release) < BUILT_IN {
        packages.push(PackageSpec::named("wireguard"));
    }
    let manager = context.distro.packages();
    manager.refresh(false)?;
    Ok(manager.install(&packages)?)
}

/// The first two numbers of a kernel's release.
fn kernel(release: &str) -> (u32, u32) {
    let mut numbers = release.split(|other: char| !other.is_ascii_digit()).map(|text| text.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

fn load(context: &Context<'_>) -> Result<(), ModuleError> {
    let shell = |line: &str| context.system.commands.run(&Command::shell(line));
    if !shell("lsmod")?.text().contains("wireguard") {
        shell("modprobe wireguard")?;
    }
    Ok(())
}

fn start(context: &Context<'_>, interface: &Spanned<Interface>) -> Result<(), ModuleError> {
    let Interface { name: Some(name), config_path: Some(path), content: Some(content) } = &interface.value else {
        let message = "a tunnel needs name, config_path and content".to_owned();
        return Err(ModuleError::Invalid { origin: interface.origin.clone(), message });
    };
    // It contains the private key.
    context.system.files.write(Path::new(&path.0), content.expose().0.as_bytes(), &Attributes::secret())?;
    let service = format!("wg-quick@{}", name.0);
    let services = context.distro.services();
    services.manage(ServiceAction::Enable, &service)?;
    Ok(services.manage(ServiceAction::Restart, &service)?)
}

/// `wireguard`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("minProperties" = 1))]
pub struct Settings {
    /// The tunnels.
    #[schemars(extend("minItems" = 1))]
    #[schemars(with = "Vec<Interface>")]
    pub interfaces: Vec<Spanned<Interface>>,
    /// Shell commands that show whether the tunnels work; each one that fails is reported.
    #[schemars(extend("uniqueItems" = true))]
    #[schemars(with = "Option<Vec<Text>>")]
    pub readinessprobe: Option<Vec<Spanned<Text>>>,
}

/// A tunnel.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Interface {
    /// Its name, such as wg0.
    pub name: Option<Text>,
    /// The path of its configuration file.
    pub config_path: Option<Text>,
    /// The content of that file, including the private key.
    pub content: Option<Secret<Text>>,
}
