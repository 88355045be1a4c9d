//! `updates: {network: {when: [hotplug]}}`: the rule of udev, or of busybox' mdev, that reports new network devices.
//!
//! See udev(7); for mdev, docs/mdev.txt of busybox. udev's 80-net-setup-link.rules sets `ID_NET_DRIVER`, hence the number 90.

use std::path::Path;

use model::effects::{Attributes, Command};
use model::module::{Described, Listed, Report};
use model::update::{Event, Policy};
use model::{Context, Frequency, Module, ModuleError, Node, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

/// The udev rule.
const RULE: &str = "/etc/udev/rules.d/90-cloud-init-hook-hotplug.rules";
/// The path of the hook: the second if the first is not a directory.
const LIBEXEC: &[&str] = &["/usr/libexec/cloud-init", "/usr/lib/cloud-init"];

/// mdev's rules.
const MDEV: &str = "/etc/mdev.conf";
/// Marks the rule in mdev's file.
const MDEV_NOTE: &str = "# Installed by cloud-init due to network hotplug userdata";

/// Writes or removes the rule.
pub struct InstallHotplug;

/// The events on which the network is reconfigured; `hotplug` also handles devices that appear later.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// When to reconfigure the network: `{network: {when: [EVENT, …]}}` with the events boot-new-instance, boot,
    /// boot-legacy and hotplug. Default: depends on the data source.
    #[schemars(with = "Updates")]
    pub updates: Option<Node>,
}

/// `updates`.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
#[allow(dead_code, reason = "the policy is read elsewhere; these types describe its keys")]
struct Updates {
    /// The network's update policy.
    network: Option<Network>,
}

/// `updates.network`.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
#[allow(dead_code, reason = "as above")]
struct Network {
    /// The events: boot-new-instance, boot, boot-legacy (same as boot), hotplug.
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

/// Adds the rule to mdev's file, or removes it. It is the first one, because mdev stops at a rule without `-`.
fn set_mdev(context: &Context<'_>, rule: Option<&str>) -> Result<(), ModuleError> {
    let files = &context.system.files;
    let Some(before) = files.text(Path::new(MDEV)) else { return Ok(()) };
    let mut kept: Vec<&str> = Vec::new();
    let mut lines = before.lines();
    while let Some(line) = lines.next() {
        if line == MDEV_NOTE {
            lines.next();
        } else {
            kept.push(line);
        }
    }
    let added: Vec<&str> = rule.map(|rule| vec![MDEV_NOTE, rule]).unwrap_or_default();
    let text = added.iter().chain(&kept).fold(String::new(), |text, line| text + line + "\n");
    if text != before {
        files.write(Path::new(MDEV), text.as_bytes(), &Attributes::mode(0o644))?;
    }
    Ok(())
}

fn libexec(context: &Context<'_>) -> &'static str {
    let exists = |path: &&&str| context.system.files.is_dir(Path::new(path));
    LIBEXEC.iter().find(exists).copied().unwrap_or(LIBEXEC[1])
}

impl Described for InstallHotplug {
    const NAME: &'static str = "install_hotplug";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Install hotplug";
    const SUMMARY: &'static str = "Installs a rule of udev or mdev that handles hot-plugged network devices.";
    const DETAILS: &'static str = "`updates.network.when` must contain `hotplug`, and the data source must support it.";
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
            return set_mdev(context, None);
        }
        let libexec = libexec(context);
        if context.system.commands.which("udevadm").is_none() {
            if context.system.commands.which("mdev").is_none() || !files.exists(Path::new(MDEV)) {
                report.skipped = Some("udevadm is not installed".to_owned());
                return Ok(());
            }
            let rule = format!("-SUBSYSTEM=net;.* root:root 600 @{libexec}/hook-hotplug");
            return set_mdev(context, Some(&rule));
        }
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
