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

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use model::System;
    use model::effects::CommandError;

    use super::*;
    use crate::{Answering, Recording, Scratch};

    const LEASE: &str = "/run/cloud-init/tmp";
    const PROGRAMS: &[&str] = &["/sbin/dhcpcd", "/sbin/dhclient", "/sbin/udhcpc", "/bin/kill"];

    /// A machine with the clients. What they would write is there already.
    fn machine() -> (System, Recording) {
        Scratch::new()
            .programs(PROGRAMS)
            .file("/run/cloud-init/tmp/udhcpc.eth0.lease", "ip=10.0.0.6\nsubnet=255.255.0.0\n")
            .file("/run/cloud-init/tmp/dhclient.eth0.pid", "1234\n")
            .system()
    }

    fn lease(
        client: &str,
        answers: impl FnOnce(Answering) -> Answering,
    ) -> (Result<Lease, EphemeralError>, System, Vec<String>) {
        let (system, recording) = machine();
        let commands = Arc::new(answers(Answering::over(&system)));
        let clients = PackagedClients { files: system.files.clone(), commands };
        let lease = clients.lease(client, "eth0", Duration::from_millis(2500));
        (lease, system, recording.commands())
    }

    /// dhcpcd(8): the address is that of the dumped lease, and the daemon ends.
    #[test]
    fn dhcpcd_is_started_asked_and_stopped() {
        let dumped = "ip_address='10.0.0.5'\nsubnet_cidr='20'\n";
        let (found, _, commands) = lease("dhcpcd", |commands| commands.prints("dhcpcd --dumplease", dumped));
        let found = found.expect("a lease");
        assert_eq!((found.address, found.prefix), (Ipv4Addr::new(10, 0, 0, 5), 20));
        assert_eq!(
            commands,
            [
                "dhcpcd --ipv4only --waitip --persistent --noarp --timeout 2 --script=/bin/true eth0",
                "dhcpcd --dumplease --ipv4only eth0",
                "dhcpcd --exit --ipv4only eth0",
            ]
        );
        let (failed, _, commands) =
            lease("dhcpcd", |commands| commands.exits("dhcpcd --dumplease", 1, "none"));
        assert!(failed.is_err());
        assert_eq!(commands.len(), 3, "it is stopped all the same");
        let (failed, ..) = lease("dhcpcd", |commands| commands.exits("dhcpcd --ipv4only", 1, "timed out"));
        let message = failed.expect_err("no lease").to_string();
        assert!(message.contains("eth0") && message.contains("timed out"), "{message}");
    }

    /// dhclient(8): its lease file is its own, and what it leaves running ends.
    #[test]
    fn dhclient_leaves_no_process() {
        let (found, system, commands) = lease("dhclient", |commands| commands);
        let message = found.expect_err("it wrote nothing").to_string();
        assert!(message.contains("dhclient wrote no readable lease"), "{message}");
        assert!(system.files.is_dir(Path::new(LEASE)));
        assert_eq!(
            commands,
            [
                "dhclient -1 -v -lf /run/cloud-init/tmp/dhclient.eth0.lease -pf \
                 /run/cloud-init/tmp/dhclient.eth0.pid -sf /bin/true eth0",
                "kill 1234",
            ]
        );
        let (failed, _, commands) = lease("dhclient", |commands| commands.exits("dhclient", 2, "no answer"));
        assert!(failed.expect_err("no lease").to_string().contains("no answer"));
        assert_eq!(commands.len(), 2, "it is killed all the same");
    }

    /// An earlier lease is not this one's.
    #[test]
    fn an_old_lease_of_dhclient_does_not_count() {
        let old = "lease {\n fixed-address 10.0.0.9;\n}\n";
        let root = Scratch::new().programs(PROGRAMS).file("/run/cloud-init/tmp/dhclient.eth0.lease", old);
        let (system, _) = root.system();
        let clients = PackagedClients { files: system.files.clone(), commands: system.commands.clone() };
        assert!(clients.lease("dhclient", "eth0", Duration::from_secs(1)).is_err());
    }

    /// udhcpc runs a script with the lease in its environment.
    #[test]
    fn udhcpc_writes_its_lease_by_a_script() {
        let (found, system, commands) = lease("udhcpc", |commands| commands);
        let found = found.expect("a lease");
        assert_eq!((found.address, found.prefix), (Ipv4Addr::new(10, 0, 0, 6), 16));
        let script = Path::new("/run/cloud-init/tmp/udhcpc_script");
        assert_eq!(commands, [format!("udhcpc -O staticroutes -i eth0 -n -q -f -s {}", script.display())]);
        let text = system.files.text(script).expect("written");
        assert!(text.starts_with("#!/bin/sh\n") && text.contains("> /run/cloud-init/tmp/udhcpc.eth0.lease"));
        assert_eq!(system.files.stat(script).expect("no error").expect("there").mode, 0o700);
    }

    /// Even less than a second is one, which is dhcpcd's unit.
    #[test]
    fn the_time_limit_is_the_commands() {
        struct Limits(std::sync::Mutex<Vec<Option<Duration>>>);
        impl Commands for Limits {
            fn run(&self, command: &Command) -> Result<model::effects::Output, CommandError> {
                self.0.lock().expect("not poisoned").push(command.timeout);
                assert!(command.args.iter().all(|arg| arg != "0"), "{:?}", command.args);
                Ok(model::effects::Output::default())
            }

            fn which(&self, _program: &str) -> Option<PathBuf> {
                None
            }

            fn spawn_detached(&self, _command: &Command) -> Result<(), CommandError> {
                Ok(())
            }
        }
        let limit = Duration::from_millis(300);
        let commands = Arc::new(Limits(std::sync::Mutex::default()));
        let clients = PackagedClients { files: machine().0.files, commands: commands.clone() };
        assert!(clients.lease("dhcpcd", "eth0", limit).is_err());
        let limits = commands.0.lock().expect("not poisoned").clone();
        assert_eq!(limits, [Some(limit), Some(limit), Some(Duration::from_secs(10))]);
    }
}
