//! `updates: {network: {when: [hotplug]}}`: the udev rule that tells of links which appear.
//!
//! Facts: udev(7); `ID_NET_DRIVER` is set by udev's 80-net-setup-link.rules, hence the number 90.

use std::path::Path;

use model::effects::{Attributes, Command};
use model::module::{Described, Listed, Report};
use model::update::{Event, Policy};
use model::{Context, Frequency, Module, ModuleError, Node, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

/// The udev rule.
const RULE: &str = "/etc/udev/rules.d/90-cloud-init-hook-hotplug.rules";
/// Where the hook is: the second where the first is no directory.
const LIBEXEC: &[&str] = &["/usr/libexec/cloud-init", "/usr/lib/cloud-init"];

/// Writes or removes the udev rule.
pub struct InstallHotplug;

/// In which events the network is configured anew; with `hotplug` among them, also when a link appears later.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// When the network is configured anew: `{network: {when: [EVENT, …]}}` with the events boot-new-instance, boot,
    /// boot-legacy and hotplug. Default: what the data source does by itself.
    #[schemars(with = "Updates")]
    pub updates: Option<Node>,
}

/// `updates`.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
#[allow(dead_code, reason = "the policy is read elsewhere; these are its keys")]
struct Updates {
    /// Of the network.
    network: Option<Network>,
}

/// `updates.network`.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
#[allow(dead_code, reason = "as above")]
struct Network {
    /// On which events: boot-new-instance, boot, boot-legacy (as boot), hotplug.
    when: Vec<EventName>,
}

/// An event.
#[derive(JsonSchema)]
#[schemars(inline, extend("enum" = ["boot-new-instance", "boot-legacy", "boot", "hotplug"]))]
struct EventName(#[allow(dead_code, reason = "as above")] String);

fn reload(context: &Context<'_>) -> Result<(), ModuleError> {
    context.system.commands.run(&Command::line(["udevadm", "control", "--reload-rules"]))?;
    Ok(())
}

impl Described for InstallHotplug {
    const NAME: &'static str = "install_hotplug";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Links that appear later";
    const SUMMARY: &'static str = "Has udev tell of network links that are plugged in or out.";
    const DETAILS: &'static str = "`updates.network.when` has to hold `hotplug`, and the data source has to be able to.";
    type Config = Config;
}

impl Module for InstallHotplug {
    const INSTALLS_HOTPLUG: bool = true;

    fn run(&self, context: &Context<'_>, _config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let files = &context.system.files;
        let policy = Policy::read(context.config);
        let allowed = policy.allows_hotplug(files.as_ref(), context.paths, context.instance);
        report.warnings.extend(policy.findings.iter().cloned());
        if !allowed {
            report.skipped = Some(format!("{} is not enabled", Event::Hotplug.name()));
            if files.exists(Path::new(RULE)) {
                files.remove(Path::new(RULE))?;
                reload(context)?;
            }
            return Ok(());
        }
        if context.system.commands.which("udevadm").is_none() {
            report.skipped = Some("there is no udevadm".to_owned());
            return Ok(());
        }
        let libexec = LIBEXEC.iter().copied().find(|path| files.is_dir(Path::new(path))).unwrap_or(LIBEXEC[1]);
        let extra = context.instance.hotplug.udev_rules.as_ref();
        let extra = extra.map_or_else(String::new, |rules| format!("\n{rules}"));
        let rule = format!(
            "# Installed by cloud-init due to network hotplug userdata\n\
             ACTION!=\"add\", GOTO=\"cloudinit_end\"{extra}\n\
             LABEL=\"cloudinit_hook\"\n\
             SUBSYSTEM==\"net\", RUN+=\"{libexec}/hook-hotplug\"\n\
             LABEL=\"cloudinit_end\"\n"
        );
        files.write(Path::new(RULE), rule.as_bytes(), &Attributes::mode(0o644))?;
        reload(context)?;
        Ok(())
    }
}
