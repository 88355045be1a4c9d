//! `ifconfig`, which brings up devices but has no files.

use model::{DistroError, System};

use crate::manager::{Activator, Manager};
use crate::{activate, probe};

/// The network manager.
pub(crate) const MANAGER: Manager = Manager {
    name: "ifconfig",
    available: |system, _| probe::program(system, "ifconfig", &["/sbin"]),
    writer: None,
    activator: Some(Activator {
        bring_up: |system, names| names.iter().try_for_each(|name| up(system, name)),
        bring_up_one: up,
        wait: None,
    }),
};

fn up(system: &System, name: &str) -> Result<(), DistroError> {
    activate::run(system, &["ifconfig", name, "up"], true)?;
    Ok(())
}
