//! Bringing links up after their files are written.

use std::path::Path;

use model::effects::{Command, CommandError};
use model::{DistroError, System};

use crate::probe::{self, Backend};

/// Where ifcfg files are, for NetworkManager's plugin.
const IFCFG: &str = "/etc/sysconfig/network-scripts/ifcfg-";
/// NetworkManager's connections that cloud-init writes.
const CONNECTION: &str = "/etc/NetworkManager/system-connections/cloud-init-";

fn run(system: &System, words: &[&str], warns: bool) -> Result<String, CommandError> {
    let output = system.commands.run(&Command::line(words.iter().copied()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !said.trim().is_empty() {
        if warns {
            tracing::warn!("Received stderr output: {}", said.trim_end());
        } else {
            tracing::debug!("Received stderr output: {}", said.trim_end());
        }
    }
    Ok(output.text())
}

/// Brings the links up. The first that does not come up ends it.
pub(crate) fn bring_up(system: &System, manager: Backend, names: &[String]) -> Result<(), DistroError> {
    match manager {
        Backend::Interfaces => {
            names.iter().try_for_each(|name| run(system, &["ifup", name], true).map(drop))?;
        }
        Backend::Ifconfig => {
            names.iter().try_for_each(|name| run(system, &["ifconfig", name, "up"], true).map(drop))?;
        }
        Backend::Netplan => drop(run(system, &["netplan", "apply"], false)?),
        Backend::Networkd => {
            run(system, &["systemctl", "restart", "systemd-networkd", "systemd-resolved"], true)?;
        }
        Backend::NetworkManager => return network_manager(system, names),
        Backend::Ifcfg | Backend::FreeBsd | Backend::NetBsd | Backend::OpenBsd => {}
    }
    Ok(())
}

/// Brings one link up that has just been written.
pub(crate) fn bring_up_one(system: &System, manager: Backend, name: &str) -> Result<(), DistroError> {
    match manager {
        Backend::NetworkManager => connection_up(system, name),
        Backend::Networkd => {
            // A file that has come since networkd began is read when it is told so.
            run(system, &["networkctl", "reload"], true)?;
            Ok(system.links.set_up(name, true)?)
        }
        other => bring_up(system, other, &[name.to_owned()]),
    }
}

fn network_manager(system: &System, names: &[String]) -> Result<(), DistroError> {
    let state = run(system, &["systemctl", "show", "--property=SubState", "NetworkManager.service"], false)?;
    if state.trim_end() != "SubState=running" {
        tracing::warn!("Expected NetworkManager SubState=running, but detected: {}", state.trim_end());
    }
    run(system, &["systemctl", "try-reload-or-restart", "NetworkManager.service"], true)?;
    names.iter().try_for_each(|name| connection_up(system, name))
}

/// The file of a link's connection: NetworkManager's own, or the ifcfg file where its plugin reads those.
fn connection_file(system: &System, name: &str) -> Option<String> {
    let own = format!("{CONNECTION}{name}.nmconnection");
    if system.files.is_file(Path::new(&own)) {
        return Some(own);
    }
    let ifcfg = format!("{IFCFG}{name}");
    (probe::ifcfg_plugin(system) && system.files.is_file(Path::new(&ifcfg))).then_some(ifcfg)
}

fn connection_up(system: &System, name: &str) -> Result<(), DistroError> {
    let Some(file) = connection_file(system, name) else {
        let reason = "Unable to find an interface config file. Unable to bring up interface.";
        return Err(DistroError::Failed(format!("{name}: {reason}")));
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

/// Waits until the init system says that the network is up, where the manager has a unit that says so.
pub(crate) fn wait_online(system: &System, manager: Backend) -> Result<(), DistroError> {
    match manager {
        Backend::Netplan if probe::network_manager(system) => {
            tracing::debug!("NetworkManager is enabled, skipping networkd wait");
        }
        Backend::Netplan | Backend::Networkd => {
            run(system, &["systemctl", "start", "systemd-networkd-wait-online.service"], false)?;
        }
        _ => tracing::debug!("{manager:?} has nothing to wait for"),
    }
    Ok(())
}
