//! The DHCP clients packaged by distributions: dhcpcd, dhclient, udhcpc.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::effects::{Attributes, Command, Commands, EphemeralError, Files, Lease};

use super::lease;

/// The directory of the clients' leases and helper scripts while they run.
const DIRECTORY: &str = "/run/cloud-init/tmp";

/// The packaged clients.
pub(super) struct PackagedClients {
    pub(super) files: Arc<dyn Files>,
    pub(super) commands: Arc<dyn Commands>,
}

impl PackagedClients {
    /// Requests a lease with one of them.
    pub(super) fn lease(
        &self,
        client: &str,
        interface: &str,
        limit: Duration,
    ) -> Result<Lease, EphemeralError> {
        let no_lease = |reason: String| EphemeralError::NoLease { interface: interface.to_owned(), reason };
        let run = |command: Command| {
            self.commands.run(&command.timeout(limit)).map_err(|error| no_lease(error.to_string()))
        };
        let seconds = limit.as_secs().max(1).to_string();
        let options =
            match client {
                "dhcpcd" => {
                    run(Command::line(["dhcpcd", "--ipv4only", "--waitip", "--persistent", "--noarp"])
                        .args(["--timeout", &seconds, "--script=/bin/true", interface]))?;
                    let dump = run(Command::line(["dhcpcd", "--dumplease", "--ipv4only", interface]));
                    // The client keeps running as a daemon; we remove its address.
                    let stop = self.commands.run(
                        &Command::line(["dhcpcd", "--exit", "--ipv4only", interface])
                            .timeout(Duration::from_secs(10)),
                    );
                    if let Err(error) = stop {
                        tracing::debug!("dhcpcd did not exit: {error}");
                    }
                    lease::dhcpcd(&dump?.text())
                }
                "dhclient" => {
                    let directory = Path::new(DIRECTORY);
                    self.files.create_dir(directory, None).map_err(|error| no_lease(error.to_string()))?;
                    let leases = directory.join(format!("dhclient.{interface}.lease"));
                    let pid = directory.join(format!("dhclient.{interface}.pid"));
                    let _ = self.files.remove(&leases);
                    let shown = |path: &PathBuf| path.display().to_string();
                    let outcome = run(Command::line(["dhclient", "-1", "-v", "-lf", &shown(&leases)])
                        .args(["-pf", &shown(&pid), "-sf", "/bin/true", interface]));
                    if let Some(number) = self.files.text(&pid) {
                        let _ = self.commands.run(&Command::line(["kill", number.trim()]));
                    }
                    outcome?;
                    lease::dhclient(&self.files.text(&leases).unwrap_or_default())
                }
                _ => {
                    let directory = Path::new(DIRECTORY);
                    let leases = directory.join(format!("udhcpc.{interface}.lease"));
                    let script = directory.join("udhcpc_script");
                    let text =
                        format!("#!/bin/sh\n[ \"$1\" = bound ] && env > {}\nexit 0\n", leases.display());
                    self.files
                        .write(&script, text.as_bytes(), &Attributes::mode(0o700))
                        .map_err(|error| no_lease(error.to_string()))?;
                    run(Command::line(["udhcpc", "-O", "staticroutes", "-i", interface, "-n", "-q", "-f"])
                        .args(["-s", &script.display().to_string()]))?;
                    lease::udhcpc(&self.files.text(&leases).unwrap_or_default())
                }
            };
        lease::from_options(interface, options)
            .ok_or_else(|| no_lease(format!("{client} wrote no readable lease")))
    }
}
