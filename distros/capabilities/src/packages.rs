//! Package managers.

mod apt;
mod snap;
mod table;
mod zypper;

use std::path::PathBuf;
use std::sync::Arc;

use model::distro::{PackageSpec, Packages};
use model::effects::Attributes;
use model::{DistroError, Paths, System};

pub use apt::Apt;
pub use snap::Snap;
pub use table::{APK, DNF_OR_YUM, EMERGE, Listed, OMA, PACMAN, TDNF, Tool};
pub use zypper::Zypper;

/// A package manager.
pub trait Manager: Send + Sync {
    /// The name used in `packages:`.
    fn name(&self) -> &'static str;

    /// Whether it is installed.
    fn available(&self, system: &System) -> bool;

    /// Updates the package lists.
    fn refresh(&self, system: &System) -> Result<(), DistroError>;

    /// Upgrades all packages.
    fn upgrade(&self, system: &System) -> Result<(), DistroError>;

    /// Installs packages; returns those that are unknown or failed.
    fn install(&self, system: &System, packages: &[PackageSpec]) -> Result<Vec<PackageSpec>, DistroError>;

    /// Whether the lists must be updated before an instance's first installation.
    fn refresh_before_install(&self) -> bool {
        false
    }
}

/// Records in the instance that the lists were updated, which happens once per instance.
const REFRESHED: &str = "sem/update_sources";

/// The package managers of a distribution, the default one first.
#[derive(Clone)]
pub struct PackageManagers {
    system: System,
    refreshed: PathBuf,
    managers: Arc<[Box<dyn Manager>]>,
}

impl PackageManagers {
    /// Creates it with these managers, in order; `paths` contains the instance's state.
    pub fn of(system: &System, paths: &Paths, managers: Vec<Box<dyn Manager>>) -> Self {
        Self { system: system.clone(), refreshed: paths.instance(REFRESHED), managers: managers.into() }
    }

    /// Snaps that are requested as such, where snap is not one of the distribution's own managers; returns what failed.
    fn install_snaps(&self, packages: &[PackageSpec]) -> Result<Vec<PackageSpec>, DistroError> {
        let named = |package: &&PackageSpec| package.manager.as_deref() == Some(Snap.name());
        let wanted: Vec<PackageSpec> = packages.iter().filter(named).cloned().collect();
        if wanted.is_empty() || !Snap.available(&self.system) {
            return Ok(wanted);
        }
        Snap.install(&self.system, &wanted)
    }

    fn available(&self) -> impl Iterator<Item = &dyn Manager> {
        self.managers.iter().map(AsRef::as_ref).filter(|manager| {
            let available = manager.available(&self.system);
            if !available {
                tracing::debug!("Package manager '{}' not available", manager.name());
            }
            available
        })
    }
}

fn shown(packages: &[PackageSpec]) -> String {
    packages.iter().map(|package| package.name.as_str()).collect::<Vec<_>>().join(", ")
}

impl Packages for PackageManagers {
    fn refresh(&self, force: bool) -> Result<(), DistroError> {
        let marker = self.refreshed.as_path();
        if !force && self.system.files.exists(marker) {
            tracing::debug!("update-sources already ran (freq=once-per-instance)");
            return Ok(());
        }
        for manager in self.available() {
            manager.refresh(&self.system)?;
        }
        if !force {
            let text = format!("{}: {}\n", self.system.environment.pid(), self.system.clock.now().seconds());
            self.system.files.write(marker, text.as_bytes(), &Attributes::mode(0o644))?;
        }
        Ok(())
    }

    fn upgrade(&self) -> Result<(), DistroError> {
        for manager in self.available() {
            manager.upgrade(&self.system)?;
        }
        Ok(())
    }

    fn install(&self, packages: &[PackageSpec]) -> Result<(), DistroError> {
        let mut failed: Vec<PackageSpec> =
            packages.iter().filter(|package| package.manager.is_none()).cloned().collect();
        let known: Vec<&str> = self.managers.iter().map(|manager| manager.name()).collect();
        for package in packages {
            let is_known = |named: &&str| known.contains(named) || *named == Snap.name();
            if let Some(named) = package.manager.as_deref().filter(|named| !is_known(named)) {
                tracing::error!(
                    "Cannot install packages under '{named}' as it is not a supported package manager! Supported: {}",
                    known.join(", ")
                );
            }
        }
        let mut lost = Vec::new();
        for manager in self.managers.iter().map(AsRef::as_ref) {
            let own =
                packages.iter().filter(|package| package.manager.as_deref() == Some(manager.name())).cloned();
            let mut wanted: Vec<PackageSpec> = std::mem::take(&mut failed);
            wanted.extend(own);
            if wanted.is_empty() {
                continue;
            }
            let rest = if manager.available(&self.system) {
                if manager.refresh_before_install() {
                    self.refresh(false)?;
                }
                manager.install(&self.system, &wanted)?
            } else {
                wanted
            };
            if !rest.is_empty() {
                tracing::info!("{} could not install: {}", manager.name(), shown(&rest));
            }
            // Packages requested from one manager are not tried with another.
            let (own, general) = rest.into_iter().partition(|package| package.manager.is_some());
            failed = general;
            lost.extend::<Vec<PackageSpec>>(own);
        }
        lost.extend(failed);
        if !known.contains(&Snap.name()) {
            lost.extend(self.install_snaps(packages)?);
        }
        if lost.is_empty() {
            return Ok(());
        }
        Err(DistroError::NotInstalled { packages: shown(&lost) })
    }

    fn reboot_markers(&self) -> Vec<PathBuf> {
        vec!["/var/run/reboot-required".into(), "/run/reboot-needed".into()]
    }
}
