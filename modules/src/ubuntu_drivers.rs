//! `drivers`: third-party drivers on Ubuntu.

use model::distro::PackageSpec;
use model::effects::{Attributes, Command, CommandError};
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// Installs the drivers.
pub struct UbuntuDrivers;

/// Third-party drivers to install with ubuntu-drivers, and the acceptance of their licenses.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Drivers to install.
    pub drivers: Option<Drivers>,
}

impl Described for UbuntuDrivers {
    const NAME: &'static str = "ubuntu_drivers";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["ubuntu"];
    const KEYS: &'static [&'static str] = &["drivers"];
    const LISTED: Listed = Listed::On(&["ubuntu", "unknown"]);
    const TITLE: &'static str = "Drivers";
    const SUMMARY: &'static str = "Installs third-party drivers if their license is accepted.";
    type Config = Config;
}

const PROGRAM: &str = "ubuntu-drivers";
const DEBCONF: &str = "debconf-communicate";

/// With this answer, the package of restricted modules accepts NVIDIA's license and links the drivers to the kernel.
const TEMPLATE: &str = "\
Template: linux/nvidia/latelink
Type: boolean
Default: true
Description: Link NVIDIA's kernel modules at installation?
 The license was accepted in the cloud-config of this machine, which asks for the drivers.
";

impl Module for UbuntuDrivers {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        if context.config.get("drivers").is_none() {
            report.skip("drivers is not set");
            return Ok(());
        }
        let commands = &context.system.commands;
        if commands.which(DEBCONF).is_none() {
            report.warn(None, "Skipping module named ubuntu_drivers, 'debconf' is not installed");
            return Ok(());
        }
        let nvidia = config.drivers.and_then(|drivers| drivers.nvidia);
        let Some(nvidia) = nvidia.filter(|nvidia| nvidia.license_accepted.0) else {
            report.skip("drivers.nvidia.license-accepted is not true");
            return Ok(());
        };
        if commands.which(PROGRAM).is_none() {
            context.distro.packages().install(&[PackageSpec::named("ubuntu-drivers-common")])?;
        }
        accept(context)?;
        let version = nvidia.version.filter(|version| !version.0.is_empty());
        let driver = version.map_or_else(|| "nvidia".to_owned(), |version| format!("nvidia:{}", version.0));
        let installed = commands.run(&Command::line([PROGRAM, "install", "--gpgpu", &driver]));
        if let Err(CommandError::Failed { output, .. }) = &installed {
            let has = |bytes: &[u8], needle: &str| String::from_utf8_lossy(bytes).contains(needle);
            if has(&output.stderr, "ubuntu-drivers: error: argument <command>: invalid choice: 'install'") {
                let message =
                    "the available version of ubuntu-drivers is too old to perform requested driver installation";
                report.warn(None, message);
            } else if has(&output.stdout, "No drivers found for installation.") {
                report.warn(None, "ubuntu-drivers found no drivers for installation");
            }
        }
        installed?;
        Ok(())
    }
}

/// Registers the answer with debconf.
fn accept(context: &Context<'_>) -> Result<(), ModuleError> {
    let files = &context.system.files;
    let path = context.paths.run("tmp/nvidia.template");
    files.write(&path, TEMPLATE.as_bytes(), &Attributes::mode(0o644))?;
    let request = format!("X_LOADTEMPLATEFILE {}\n", path.display());
    let command = Command::line([DEBCONF, "-fnoninteractive", "cloud-init"]).stdin(request);
    let answer = context.system.commands.run(&command);
    files.remove(&path)?;
    // An answer starts with a code, 0 for success (debconf-devel(7)); a plan has none.
    let answer = answer?.text();
    if answer.trim().is_empty() || answer.starts_with('0') {
        return Ok(());
    }
    Err(ModuleError::Failed(format!("Failed to register NVIDIA debconf template: {}", answer.trim())))
}

/// `drivers`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Drivers {
    /// NVIDIA drivers.
    pub nvidia: Option<Nvidia>,
}

/// `drivers.nvidia`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Nvidia {
    /// Whether you accept NVIDIA's license; otherwise nothing is installed.
    #[serde(rename = "license-accepted")]
    pub license_accepted: Flag,
    /// The driver version, such as '535'. Default: the latest.
    pub version: Option<Text>,
}
