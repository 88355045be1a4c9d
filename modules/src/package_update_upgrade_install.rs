//! `packages`, `package_update`, `package_upgrade`, and a restart where one is wanted after them.

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

/// Refreshes, upgrades, installs.
pub struct PackageUpdateUpgradeInstall;

/// Which packages are installed, whether the others are upgraded first, and whether a restart may follow.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Packages: names, `[name, version]`, or mappings of a package manager (apt, snap) to a list of such. Default:
    /// none.
    #[schemars(with = "Vec<Either<ByManager, Package>>", extend("minItems" = 1))]
    pub packages: Option<Node>,
    /// Fetch the lists of packages. Default: false.
    #[schemars(extend("default" = false))]
    pub package_update: Flag,
    /// Upgrade everything. Default: false.
    #[schemars(extend("default" = false))]
    pub package_upgrade: Flag,
    /// Restart after an upgrade or an installation where a package asks for it. Default: false.
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
#[allow(dead_code, reason = "packages are read from the tree; these are their forms")]
struct ByManager {
    /// Packages for apt.
    apt: Option<Vec<Package>>,
    /// Snaps.
    snap: Option<Vec<Package>>,
}

/// A package's name, or a list of its name and its version.
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
    const SUMMARY: &'static str = "Refreshes the lists of packages, upgrades, and installs.";
    const DETAILS: &'static str = "The lists are refreshed before an installation in any case where the distribution needs it. With `package_reboot_if_required` the machine restarts when a package asks for it.";
    type Config = Config;
}

impl Module for PackageUpdateUpgradeInstall {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let distro = context.distro.packages();
        let upgrade = config.package_upgrade.0 || config.apt_upgrade.0;
        let wanted = packages(config.packages.as_ref(), report)?;
        // Each is tried whatever became of the one before.
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

/// The packages in the order in which they are written.
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
                            format!("no package manager is called '{manager}': apt and snap may be named");
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

/// A name, or a name and a version.
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
        message: "a package is a name, or a list of a name and a version".into(),
    })
}

fn reboot(context: &Context<'_>) -> Result<(), ModuleError> {
    // Else the next boot would install and restart again, and each after it.
    (context.mark_done)()?;
    context.system.commands.run(&Command::line(["/sbin/reboot"]))?;
    // Nothing more is to be started; about a minute is enough for init to end us.
    for attempt in 0..6 {
        context.system.clock.sleep(Duration::from_secs(1 << attempt));
    }
    Err(ModuleError::Failed("the machine still runs a minute after /sbin/reboot".into()))
}
