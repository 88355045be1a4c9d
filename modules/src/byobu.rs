//! `byobu_by_default`: whether login shells start byobu.

use model::module::{Described, Listed, Report};
use model::distro::PackageSpec;
use model::effects::Command;
use model::{Context, Frequency, Module, ModuleError, Node, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::accounts::Accounts;
use crate::lenient::Text;

/// Turns it on or off.
pub struct Byobu;

/// Whether logins start byobu, for the default user or for all users.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// enable-user (or user) enables it for the default user, enable-system (or system, enable) for all users;
    /// disable-user, disable-system and disable (both) revert that. Default: no change.
    #[schemars(extend("enum" = [
        "enable-system", "enable-user", "disable-system", "disable-user", "enable", "disable", "user", "system",
    ]))]
    pub byobu_by_default: Option<Text>,
}

impl Described for Byobu {
    const NAME: &'static str = "byobu";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["ubuntu", "debian", "raspberry-pi-os"];
    const KEYS: &'static [&'static str] = &[];
    const OWN_KEYS: &'static [&'static str] = &["byobu_by_default"];
    const LISTED: Listed = Listed::On(&["debian", "ubuntu", "unknown"]);
    const TITLE: &'static str = "Byobu";
    const SUMMARY: &'static str = "Enables or disables byobu at login.";
    const DETAILS: &'static str = "The package is installed if it is missing.";
    type Config = Config;
}

/// The words of the key in full.
const WORDS: &[&str] =
    &["enable-user", "enable-system", "enable", "disable-user", "disable-system", "disable"];

impl Module for Byobu {
    fn run(&self, context: &Context<'_>, _: Config, report: &mut Report) -> Result<(), ModuleError> {
        let node = context.config.get("byobu_by_default");
        let given = context.args.first().cloned().or_else(|| node.and_then(Node::scalar_text));
        let Some(mut value) = given.filter(|value| !value.is_empty()) else {
            report.skip("byobu_by_default is not set");
            return Ok(());
        };
        if context.system.commands.which("byobu").is_none() {
            let package = PackageSpec::named("byobu");
            context.distro.packages().install(&[package])?;
        }
        if matches!(value.as_str(), "user" | "system") {
            value = format!("enable-{value}");
        }
        if !WORDS.contains(&value.as_str()) {
            let message = format!("Unknown value {value} for byobu_by_default");
            report.warn(node.map(|node| &node.origin), message);
        }
        let script = script(context, &value, report)?;
        if script.is_empty() {
            return Ok(());
        }
        let line = format!("X=0; {script} exit $X");
        context.system.commands.run(&Command::line(["/bin/sh", "-c", &line]).inherit_output())?;
        Ok(())
    }
}

/// What to do for the default user and the system, each going on after a failure of the other.
fn script(context: &Context<'_>, value: &str, report: &mut Report) -> Result<String, ModuleError> {
    let enable = value.starts_with("enable");
    let verb = if enable { "install" } else { "uninstall" };
    let user = value.ends_with("-user") || value == "disable";
    let system = enable || value.ends_with("-system") || value == "disable";
    let mut script = String::new();
    if user {
        match Accounts::read(context, report)?.default_name() {
            Some(name) => {
                script += &format!(" sudo -Hu \"{name}\" byobu-launcher-{verb} || X=$(($X+1)); ");
            }
            None => report.warn(
                None,
                format!("No default byobu user provided, can not launch {verb} for the default user"),
            ),
        }
    }
    if system {
        script += &format!("echo \"byobu byobu/launch-by-default boolean {enable}\" | debconf-set-selections");
        script += " && dpkg-reconfigure byobu --frontend=noninteractive || X=$(($X+1)); ";
    }
    Ok(script)
}
