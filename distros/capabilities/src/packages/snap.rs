//! snap.

use model::distro::PackageSpec;
use model::effects::Command;
use model::{DistroError, System};

use super::Manager;

/// snap.
#[derive(Clone, Copy, Debug)]
pub struct Snap;

impl Manager for Snap {
    fn name(&self) -> &'static str {
        "snap"
    }

    fn available(&self, system: &System) -> bool {
        system.commands.which("snap").is_some()
    }

    fn refresh(&self, _system: &System) -> Result<(), DistroError> {
        // Each installation queries the store: there are no lists to update.
        Ok(())
    }

    fn upgrade(&self, system: &System) -> Result<(), DistroError> {
        let held = system.commands.run(&Command::line(["snap", "get", "system", "-d"])).is_ok_and(|output| {
            let settings: Option<serde_json::Value> = serde_json::from_slice(&output.stdout).ok();
            settings.is_some_and(|settings| settings["refresh"]["hold"] == "forever")
        });
        if held {
            tracing::info!("Skipping snap refresh because refresh.hold is set to 'forever'");
            return Ok(());
        }
        system.commands.run(&Command::line(["snap", "refresh"]))?;
        Ok(())
    }

    fn install(&self, system: &System, packages: &[PackageSpec]) -> Result<Vec<PackageSpec>, DistroError> {
        let failed = packages.iter().filter(|package| {
            let mut command = Command::line(["snap", "install"]).arg(&package.name);
            if let Some(version) = &package.version {
                command = command.arg(version);
            }
            system.commands.run(&command).is_err()
        });
        Ok(failed.cloned().collect())
    }
}
