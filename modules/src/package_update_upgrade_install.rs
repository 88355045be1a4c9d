//! `packages`, `package_update`, `package_upgrade`, and a reboot if required.

use std::time::Duration;

use model::distro::PackageSpec;
use model::effects::Command;
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Value, Stage};
use schema::forms::Either;
use schema::notes::deprecated;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Flag;

/// Updates the package lists, upgrades and installs packages.
pub struct PackageUpdateUpgradeInstall;

/// The packages to install, whether to upgrade first, and whether to reboot if required.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Packages: names, `[name, version]`, or mappings of a package manager (apt, snap) to a list of these. Default:
    /// none.
    #[schemars(with = "Vec<Either<ByManager, Package>>", extend("minItems" = 1))]
    pub packages: Option<Node>,
    /// Update the package lists. Default: false.
    #[schemars(extend("default" = false))]
    pub package_update: Flag,
    /// Upgrade all packages. Default: false.
    #[schemars(extend("default" = false))]
    pub package_upgrade: Flag,
    /// Reboot after an upgrade or installation if a package requires it. Default: false.
    #[schemars(extend("default" = false))]
    pub package_reboot_if_required: Flag,
    /// Old name of `package_update`.
    #[schemars(transform = deprecated("22.2", "Use package_update."))]
    pub apt_update: Flag,
    /// Old name of `package_upgrade`.
    #[schemars(transform = deprecated("22.2", "Use package_upgrade."))]
    pub apt_upgrade: Flag,
    /// Old name of `package_reboot_if_required`.
    #[schemars(transform = deprecated("22.2", "Use package_reboot_if_required."))]
    pub apt_reboot_if_required: Flag,
}

/// Packages of one package manager.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
#[allow(dead_code, reason = "packages are read from the tree; these types describe them")]
struct ByManager {
    /// Packages for apt.
    apt: Option<Vec<Package>>,
    /// Snaps.
    snap: Option<Vec<Package>>,
}

/// A package name, or a list of name and version.
#[derive(JsonSchema)]
#[schemars(rename = "package_item_definition")]
struct Package(#[allow(dead_code, reason = "as above")] Either<NameAndVersion, String>);

/// `[name, version]`.
#[derive(JsonSchema)]
#[schemars(inline, extend("minItems" = 2, "maxItems" = 2))]
struct NameAndVersion(#[allow(dead_code, reason = "as above")] Vec<String>);

impl Described for PackageUpdateUpgradeInstall {
    const NAME: &'static str = "package_update_upgrade_install";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] =
        &["apt_update", "package_update", "apt_upgrade", "package_upgrade", "packages"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Packages";
    const SUMMARY: &'static str = "Updates the package lists, upgrades and installs packages.";
    const DETAILS: &'static str = "The package lists are always updated before an installation if the distribution requires it. With `package_reboot_if_required`, the machine reboots if a package requires it.";
    type Config = Config;
}

impl Module for PackageUpdateUpgradeInstall {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let distro = context.distro.packages();
        let upgrade = config.package_upgrade.0 || config.apt_upgrade.0;
        let wanted = packages(config.packages.as_ref(), report)?;
        // Each step runs even if the previous one failed.
        let mut failures: Vec<ModuleError> = Vec::new();
        if upgrade || config.package_update.0 || config.apt_update.0 {
            failures.extend(distro.refresh(false).err().map(Into::into));
        }
        if upgrade {
            failures.extend(distro.upgrade().err().map(Into::into));
        }
        if !wanted.is_empty() {
            failures.extend(distro.install(&wanted).err().map(Into::into));
        }
        let may_restart = config.package_reboot_if_required.0 || config.apt_reboot_if_required.0;
        let marker = distro.reboot_markers().into_iter().find(|path| context.system.files.is_file(path));
        if let Some(marker) = marker
            && may_restart
            && (upgrade || !wanted.is_empty())
        {
            tracing::warn!("Rebooting after upgrade or install per {}", marker.display());
            failures.extend(reboot(context).err());
        }
        match failures.len() {
            0 => Ok(()),
            1 => Err(failures.remove(0)),
            _ => Err(ModuleError::Failed(
                failures.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
            )),
        }
    }
}

/// The packages in configuration order.
fn packages(node: Option<&Node>, report: &mut Report) -> Result<Vec<PackageSpec>, ModuleError> {
    let mut found = Vec::new();
    let Some(node) = node.filter(|node| !node.is_null()) else { return Ok(found) };
    let one = std::slice::from_ref(node);
    for item in node.as_list().unwrap_or(one) {
        match &item.value {
            Value::Map(managers) => {
                for (manager, list) in managers {
                    let manager = manager.to_string();
                    if !["apt", "snap"].contains(&manager.as_str()) {
                        let message =
                            format!("unknown package manager '{manager}': expected apt or snap");
                        report.warn(Some(&list.origin), message);
                        continue;
                    }
                    for item in list.as_list().unwrap_or(std::slice::from_ref(list)) {
                        found.push(package(item, Some(&manager))?);
                    }
                }
            }
            _ => found.push(package(item, None)?),
        }
    }
    Ok(found)
}

/// A name, or a name with a version.
fn package(item: &Node, manager: Option<&str>) -> Result<PackageSpec, ModuleError> {
    let spec = |name: String, version| PackageSpec { name, version, manager: manager.map(str::to_owned) };
    let texts = |items: &[Node]| items.iter().map(Node::scalar_text).collect::<Option<Vec<_>>>();
    let read = match &item.value {
        Value::List(words) => match texts(words).as_deref() {
            Some([name]) => Some(spec(name.clone(), None)),
            Some([name, version]) => Some(spec(name.clone(), Some(version.clone()))),
            _ => None,
        },
        Value::Null => None,
        _ => item.scalar_text().map(|name| spec(name, None)),
    };
    read.ok_or_else(|| ModuleError::Invalid {
        origin: item.origin.clone(),
        message: "a package must be a name, or a list of a name and a version".into(),
    })
}

fn reboot(context: &Context<'_>) -> Result<(), ModuleError> {
    // Otherwise every later boot would install and reboot again.
    (context.mark_done)()?;
    context.system.commands.run(&Command::line(["/sbin/reboot"]))?;
    // Nothing else may start; about a minute is enough for init to end this process.
    for attempt in 0..6 {
        context.system.clock.sleep(Duration::from_secs(1 << attempt));
    }
    Err(ModuleError::Failed("the machine is still running a minute after /sbin/reboot".into()))
}
