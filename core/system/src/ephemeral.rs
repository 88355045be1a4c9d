//! Addresses that are held only while a metadata service is asked, by the DHCP clients that distributions package.

mod lease;

use std::any::Any;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::effects::{
    Address, Attributes, Command, Commands, Ephemeral, EphemeralError, Files, Lease, Route,
};

/// Where leases and helper scripts of the clients are kept while they run.
const DIRECTORY: &str = "/run/cloud-init/tmp";

/// The packaged clients: dhcpcd, dhclient, udhcpc.
pub(crate) struct PackagedClients {
    files: Arc<dyn Files>,
    commands: Arc<dyn Commands>,
}

/// Undoes, in reverse order, what was added to a link.
struct Guard {
    commands: Arc<dyn Commands>,
    undo: Vec<Command>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        for command in self.undo.drain(..).rev() {
            if let Err(error) = self.commands.run(&command) {
                tracing::warn!("could not take back an ephemeral address: {error}");
            }
        }
    }
}

impl Guard {
    fn new(commands: &Arc<dyn Commands>) -> Self {
        Self { commands: commands.clone(), undo: Vec::new() }
    }

    fn ip(&self, interface: &str, words: &[String]) -> Result<(), EphemeralError> {
        let command = Command::new("ip").args(words.iter().cloned());
        self.commands.run(&command).map(drop).map_err(|error| EphemeralError::Link {
            interface: interface.to_owned(),
            reason: error.to_string(),
        })
    }

    /// Brings the link up. It is left up: the network stage brings it up anyway.
    fn up(&self, interface: &str) -> Result<(), EphemeralError> {
        self.ip(interface, &words(&["link", "set", "dev", interface, "up"]))
    }

    fn address(&mut self, interface: &str, address: IpAddr, prefix: u8) -> Result<(), EphemeralError> {
        let family = family(address);
        let text = format!("{address}/{prefix}");
        self.ip(interface, &words(&["-family", family, "addr", "replace", &text, "dev", interface]))?;
        self.undo.push(Command::line(["ip", "-family", family, "addr", "del", &text, "dev", interface]));
        Ok(())
    }

    fn route(&mut self, route: &Route) -> Result<(), EphemeralError> {
        let family = family(route.destination);
        let network = if route.prefix == 0 {
            "default".into()
        } else {
            format!("{}/{}", route.destination, route.prefix)
        };
        let mut path = vec![network];
        if let Some(gateway) = route.gateway.filter(|gateway| !gateway.is_unspecified()) {
            path.extend(["via".into(), gateway.to_string()]);
        }
        path.extend(["dev".into(), route.interface.clone()]);
        let mut add = words(&["-family", family, "route", "replace"]);
        add.extend(path.iter().cloned());
        self.ip(&route.interface, &add)?;
        self.undo.push(Command::line(["ip", "-family", family, "route", "del"]).args(path));
        Ok(())
    }
}

fn words(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_owned()).collect()
}

fn family(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "inet" } else { "inet6" }
}

impl PackagedClients {
    pub(crate) fn new(files: Arc<dyn Files>, commands: Arc<dyn Commands>) -> Self {
        Self { files, commands }
    }

    fn lease(&self, client: &str, interface: &str, limit: Duration) -> Result<Lease, EphemeralError> {
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
                    // The client stays as a daemon; its address is ours to remove.
                    let stop = self.commands.run(
                        &Command::line(["dhcpcd", "--exit", "--ipv4only", interface])
                            .timeout(Duration::from_secs(10)),
                    );
                    if let Err(error) = stop {
                        tracing::debug!("dhcpcd did not end: {error}");
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
            .ok_or_else(|| no_lease(format!("{client} left no readable lease")))
    }
}

impl Ephemeral for PackagedClients {
    fn dhcp4(
        &self,
        interface: &str,
        clients: &[String],
        limit: Duration,
    ) -> Result<(Lease, Box<dyn Any + Send>), EphemeralError> {
        let client = clients
            .iter()
            .find(|client| self.commands.which(client).is_some())
            .ok_or(EphemeralError::NoClient)?;
        let mut guard = Guard::new(&self.commands);
        guard.up(interface)?;
        let lease = self.lease(client, interface, limit)?;
        guard.address(interface, lease.address.into(), lease.prefix)?;
        let routes = if lease.static_routes.is_empty() {
            lease.router.map(|router| (std::net::Ipv4Addr::UNSPECIFIED, 0, router)).into_iter().collect()
        } else {
            lease.static_routes.clone()
        };
        for (destination, prefix, gateway) in routes {
            if prefix == 0 && !gateway.is_unspecified() && !same_network(lease.address, lease.prefix, gateway)
            {
                // A gateway outside the network (clouds with /32 addresses) is reached over the link first.
                let host = Route {
                    destination: gateway.into(),
                    prefix: 32,
                    gateway: None,
                    interface: interface.into(),
                };
                guard.route(&host)?;
            }
            let gateway = Some(IpAddr::from(gateway));
            guard.route(&Route {
                destination: destination.into(),
                prefix,
                gateway,
                interface: interface.into(),
            })?;
        }
        Ok((lease, Box::new(guard)))
    }

    fn ipv6(&self, interface: &str, limit: Duration) -> Result<Box<dyn Any + Send>, EphemeralError> {
        let guard = Guard::new(&self.commands);
        guard.up(interface)?;
        let started = Instant::now();
        loop {
            let command = Command::line([
                "ip",
                "-6",
                "-o",
                "addr",
                "show",
                "dev",
                interface,
                "scope",
                "link",
                "-tentative",
            ]);
            if self.commands.run(&command).is_ok_and(|output| !output.stdout.is_empty()) {
                return Ok(Box::new(guard));
            }
            if started.elapsed() >= limit {
                let reason = "no link-local IPv6 address within the time".to_owned();
                return Err(EphemeralError::Link { interface: interface.to_owned(), reason });
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn address(
        &self,
        interface: &str,
        address: &Address,
        routes: &[Route],
    ) -> Result<Box<dyn Any + Send>, EphemeralError> {
        let mut guard = Guard::new(&self.commands);
        guard.up(interface)?;
        guard.address(interface, address.address, address.prefix)?;
        for route in routes {
            guard.route(route)?;
        }
        Ok(Box::new(guard))
    }
}

fn same_network(address: std::net::Ipv4Addr, prefix: u8, other: std::net::Ipv4Addr) -> bool {
    let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
    address.to_bits() & mask == other.to_bits() & mask
}
