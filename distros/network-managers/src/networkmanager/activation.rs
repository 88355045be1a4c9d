//! Brings up connections with NetworkManager.

use std::path::Path;

use model::{DistroError, System};

use super::connection_path;
use crate::activate::run;
use crate::{NetworkError, probe};

/// The directory of ifcfg files, for NetworkManager's plugin.
const IFCFG: &str = "/etc/sysconfig/network-scripts/ifcfg-";

/// Queries systemd directly, like upstream: the unit's SubState is not available from `Services`.
pub(super) fn bring_up(system: &System, names: &[String]) -> Result<(), DistroError> {
    let state = run(system, &["systemctl", "show", "--property=SubState", "NetworkManager.service"], false)?;
    if state.trim_end() != "SubState=running" {
        tracing::warn!("Expected NetworkManager SubState=running, but detected: {}", state.trim_end());
    }
    run(system, &["systemctl", "try-reload-or-restart", "NetworkManager.service"], true)?;
    names.iter().try_for_each(|name| connection_up(system, name))
}

/// The file of a device's connection: NetworkManager's own, or the ifcfg file if its plugin reads those.
fn connection_file(system: &System, name: &str) -> Option<String> {
    let own = connection_path(name);
    if system.files.is_file(Path::new(&own)) {
        return Some(own);
    }
    let ifcfg = format!("{IFCFG}{name}");
    (probe::ifcfg_plugin(system) && system.files.is_file(Path::new(&ifcfg))).then_some(ifcfg)
}

/// Loads a device's connection and brings it up.
pub(super) fn connection_up(system: &System, name: &str) -> Result<(), DistroError> {
    let Some(file) = connection_file(system, name) else {
        return Err(NetworkError::NoConnection { link: name.to_owned() }.into());
    };
    if run(system, &["nmcli", "connection", "load", &file], true).is_ok() {
        run(system, &["nmcli", "connection", "up", "filename", &file], true)?;
        return Ok(());
    }
    if let Err(error) = run(system, &["nmcli", "connection", "reload"], true) {
        tracing::warn!("Running interface command failed: {error}");
    }
    run(system, &["nmcli", "connection", "up", "ifname", name], true)?;
    Ok(())
}
