//! `grub_dpkg`: the devices that grub's packages install to.

use schema::forms::{Either, Object};
use schema::notes::{changed, deprecated};
use model::module::{Described, Listed, Report};
use std::path::Path;

use model::effects::{Command, CommandError};
use model::{Context, Frequency, Module, ModuleError, Node, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// Sets the selections.
pub struct GrubDpkg;

/// Where upgrades of grub's packages install the boot loader: debconf selections.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// debconf selections for grub.
    pub grub_dpkg: Option<Settings>,
    /// Old spelling of grub_dpkg.
    #[serde(rename = "grub-dpkg")]
    #[schemars(transform = deprecated("22.2", "Use grub_dpkg."))]
    pub old_grub_dpkg: Option<Object>,
}

impl Described for GrubDpkg {
    const NAME: &'static str = "grub_dpkg";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["ubuntu", "debian"];
    const KEYS: &'static [&'static str] = &["grub_dpkg", "grub-dpkg"];
    const LISTED: Listed = Listed::On(&["debian", "ubuntu", "unknown"]);
    const TITLE: &'static str = "grub";
    const SUMMARY: &'static str = "Configures the device that grub's packages install to.";
    const DETAILS: &'static str = "The selection in an image refers to the machine where it was built, so that an upgrade of grub would fail.";
    type Config = Config;
}

impl Module for GrubDpkg {
    fn run(&self, context: &Context<'_>, _: Config, report: &mut Report) -> Result<(), ModuleError> {
        let settings = ["grub_dpkg", "grub-dpkg"].iter().find_map(|key| context.config.get(key));
        let settings = settings.cloned().unwrap_or_default();
        if settings.get("enabled").is_none_or(is_off) {
            report.skip("grub_dpkg.enabled is not true");
            return Ok(());
        }
        let selections = selections(context, &settings)?;
        tracing::debug!("Setting grub debconf-set-selections with '{selections}'");
        let command = Command::new("debconf-set-selections").stdin(selections);
        if let Err(error) = context.system.commands.run(&command) {
            report.warn(None, format!("Failed to run debconf-set-selections for grub_dpkg: {error}"));
        }
        Ok(())
    }
}

/// Whether a value is one of the words for false.
fn is_off(node: &Node) -> bool {
    node.scalar_text().is_some_and(|text| boolean::strict(&text) == Some(false))
}

fn selections(context: &Context<'_>, settings: &Node) -> Result<String, ModuleError> {
    let efi = context.system.files.exists(Path::new("/sys/firmware/efi"));
    let given = |key: &str| settings.get(key).and_then(Node::scalar_text);
    let devices = |key: &str| given(key).map_or_else(|| device(context, efi), Ok);
    if efi {
        let devices = devices("grub-efi/install_devices")?;
        return Ok(format!("grub-pc grub-efi/install_devices string {devices}\n"));
    }
    let devices = devices("grub-pc/install_devices")?;
    let empty = match settings.get("grub-pc/install_devices_empty").filter(|node| !node.is_null()) {
        None => devices.is_empty(),
        Some(node) => node.lenient_bool(),
    };
    Ok(format!(
        "grub-pc grub-pc/install_devices string {devices}\ngrub-pc grub-pc/install_devices_empty boolean {empty}\n"
    ))
}

/// The disk of /boot, or the partition of /boot/efi, by its first name in /dev/disk/by-id; empty if there is none, as in
/// containers.
fn device(context: &Context<'_>, efi: bool) -> Result<String, ModuleError> {
    let system = context.system;
    let (what, mount) = if efi { ("device", "/boot/efi") } else { ("disk", "/boot") };
    let disk = match system.commands.run(&Command::line(["grub-probe", "-t", what, mount])) {
        Ok(output) => output.text().trim().to_owned(),
        Err(CommandError::Failed { output, .. })
            if !String::from_utf8_lossy(&output.stderr).contains("failed to get canonical path") =>
        {
            let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(ModuleError::Failed(format!("grub-probe failed: {reason}")));
        }
        // grub is not installed, or the disks are the host's.
        Err(error) => {
            tracing::debug!("grub-probe: {error}");
            return Ok(String::new());
        }
    };
    if disk.is_empty() || !system.files.exists(Path::new(&disk)) {
        return Ok(String::new());
    }
    let query = Command::line(["udevadm", "info", "--root", "--query=symlink", &disk]);
    let names = system.commands.run(&query).map(|output| output.text()).unwrap_or_default();
    let by_id = names.split_ascii_whitespace().filter(|name| name.contains("disk/by-id")).min();
    Ok(by_id.map_or(disk, str::to_owned))
}

/// `grub_dpkg`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// Enable the module. Default: false.
    #[schemars(extend("default" = false))]
    pub enabled: Option<Flag>,
    /// The device for machines with BIOS. Default: the device of /boot, found by grub-probe.
    #[serde(rename = "grub-pc/install_devices")]
    pub pc_devices: Option<Text>,
    /// Do not install to any device. Default: true if no device is found, else false.
    #[serde(rename = "grub-pc/install_devices_empty")]
    #[schemars(with = "Option<Either<Flag, OldFlag>>")]
    pub pc_devices_empty: Option<Node>,
    /// The partition for machines with UEFI. Default: the one of /boot/efi, found by grub-probe.
    #[serde(rename = "grub-efi/install_devices")]
    pub efi_devices: Option<Text>,
}

/// A boolean as a string.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, transform = changed("22.3", "Use a boolean without quotes."))]
#[serde(transparent)]
pub struct OldFlag(pub Text);
