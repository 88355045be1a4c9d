//! Runs commands that bring up devices.

use model::System;
use model::effects::{Command, CommandError};

/// Runs a command; its standard error is logged, as a warning if `warns`.
pub(crate) fn run(system: &System, words: &[&str], warns: bool) -> Result<String, CommandError> {
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

/// Waits until systemd-networkd reports the network as up.
#[cfg(any(feature = "netplan", feature = "networkd"))]
pub(crate) fn wait_for_networkd(system: &System) -> Result<(), model::DistroError> {
    run(system, &["systemctl", "start", "systemd-networkd-wait-online.service"], false)?;
    Ok(())
}
