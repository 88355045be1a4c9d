//! Options of the leases that this or another program holds, for clouds whose service is the DHCP server.

use std::path::{Path, PathBuf};

use model::effects::{Command, Lease, ReadFiles};
use model::{Crawl, System};

/// Where systemd-networkd stores leases, by the number of the device.
const NETWORKD: &str = "/run/systemd/netif/leases";
/// Where distributions have dhclient store leases; the last one is its own default.
const DHCLIENT: &[&str] = &["/var/lib/dhcp", "/var/lib/NetworkManager", "/var/lib/dhclient"];

/// An option with its name in the leases of each client; the first name that has a value is used.
#[derive(Clone, Copy, Debug)]
pub struct Name {
    networkd: &'static [&'static str],
    dhclient: &'static str,
    network_manager: &'static str,
    /// Names in the leases of this program and of dhcpcd.
    own: &'static [&'static str],
}

/// The server's address.
pub const SERVER: Name = Name {
    networkd: &["SERVER_ADDRESS"],
    dhclient: "dhcp-server-identifier",
    network_manager: "dhcp_server_identifier",
    own: &["dhcp-server-identifier", "dhcp_server_identifier", "serverid"],
};

/// The domain of the network.
pub const DOMAIN: Name = Name {
    networkd: &["DOMAINNAME", "Domain", "domain-name"],
    dhclient: "domain-name",
    network_manager: "domain_name",
    own: &["domain-name", "domain_name", "domain"],
};

/// The value of an option: in the lease that is held now, else in those of systemd-networkd, dhclient, NetworkManager,
/// this program's local stage and dhcpcd.
pub fn option(crawl: &Crawl<'_>, held: Option<&Lease>, name: Name) -> Option<String> {
    let system = crawl.system();
    let found = held
        .and_then(|lease| of_lease(lease, name))
        .or_else(|| networkd(system.files.as_ref(), name))
        .or_else(|| dhclient(system, name))
        .or_else(|| network_manager(system, name))
        .or_else(|| kept(crawl, name))
        .or_else(|| dhcpcd(crawl, name))?;
    let found = found.trim();
    (!found.is_empty()).then(|| found.to_owned())
}

/// The first non-empty value of one of these names.
fn pick<'o>(options: impl Iterator<Item = (&'o str, &'o str)> + Clone, names: &[&str]) -> Option<String> {
    let value = |name: &&str| {
        options
            .clone()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.to_owned())
    };
    names.iter().find_map(value)
}

fn of_lease(lease: &Lease, name: Name) -> Option<String> {
    let options = lease.options.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let server = lease.server.filter(|_| name.dhclient == SERVER.dhclient).map(|server| server.to_string());
    server.or_else(|| pick(options, name.own))
}

fn networkd(files: &dyn ReadFiles, name: Name) -> Option<String> {
    let directory = Path::new(NETWORKD);
    let texts: Vec<String> = files
        .list(directory)
        .unwrap_or_default()
        .iter()
        .filter_map(|lease| files.text(&directory.join(lease)))
        .collect();
    name.networkd.iter().find_map(|name| texts.iter().find_map(|text| pick(assignments(text), &[name])))
}

/// `KEY=VALUE` lines, with optional quotes and spaces.
fn assignments(text: &str) -> impl Iterator<Item = (&str, &str)> + Clone {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let (key, value) = line.split_once('=')?;
        Some((key.trim(), value.trim().trim_matches(['"', '\''])))
    })
}

/// The last lease with the option in the newest file, if dhclient is installed: images may contain old leases.
fn dhclient(system: &System, name: Name) -> Option<String> {
    system.commands.which("dhclient")?;
    let files = system.files.as_ref();
    let newest = DHCLIENT.iter().find_map(|directory| newest_lease(files, Path::new(directory)))?;
    let leases = etc_files::lease::parse_leases(&files.read(&newest).ok()?)
        .map_err(|error| tracing::warn!("{}: {error}", newest.display()))
        .ok()?;
    leases.iter().rev().find_map(|lease| lease.get(name.dhclient)).map(str::to_owned)
}

fn newest_lease(files: &dyn ReadFiles, directory: &Path) -> Option<PathBuf> {
    let is_lease = |name: &String| {
        name.starts_with("dhclient") && (name.ends_with(".lease") || name.ends_with(".leases"))
    };
    let names = files.list(directory).unwrap_or_default();
    let paths = names.iter().filter(|name| is_lease(name)).map(|name| directory.join(name));
    paths
        .filter_map(|path| Some((files.stat(&path).ok()??.modified, path)))
        .max_by_key(|(modified, _)| *modified)
        .map(|(_, path)| path)
}

/// The lease of the first connected device.
fn network_manager(system: &System, name: Name) -> Option<String> {
    system.commands.which("nmcli")?;
    let nmcli = |words: &[&str]| {
        let command = Command::new("nmcli").args(words.iter().copied());
        let output = system.commands.run(&command);
        output.map_err(|error| tracing::debug!("{error}")).ok().map(|output| output.text())
    };
    let devices = nmcli(&["--terse", "device"])?;
    let device = devices.lines().find_map(|line| {
        let mut words = line.split(':');
        let (device, _kind, state) = (words.next()?, words.next()?, words.next()?);
        (state == "connected" && device != "lo").then_some(device)
    })?;
    let lease = nmcli(&["--fields", "DHCP4", "device", "show", device])?;
    let options = lease.lines().filter_map(|line| line.split_once(':')?.1.split_once('='));
    pick(options.map(|(key, value)| (key.trim(), value.trim())), &[name.network_manager])
}

/// The lease that the local stage of this boot has stored.
fn kept(crawl: &Crawl<'_>, name: Name) -> Option<String> {
    let link = crawl.fallback_link.as_deref()?;
    let path = crawl.paths().run("leases").join(format!("{link}.json"));
    let bytes = crawl.system().files.read_optional(&path).ok()??;
    let lease: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    if name.dhclient == SERVER.dhclient
        && let Some(server) = lease.get("server").and_then(serde_json::Value::as_str)
    {
        return Some(server.to_owned());
    }
    let options: Vec<(String, String)> = serde_json::from_value(lease.get("options")?.clone()).ok()?;
    pick(options.iter().map(|(key, value)| (key.as_str(), value.as_str())), name.own)
}

fn dhcpcd(crawl: &Crawl<'_>, name: Name) -> Option<String> {
    let commands = &crawl.system().commands;
    commands.which("dhcpcd")?;
    let link = crawl.fallback_link.as_deref()?;
    let dump = commands.run(&Command::line(["dhcpcd", "--dumplease", "--ipv4only", link]));
    let dump = dump.map_err(|error| tracing::debug!("{error}")).ok()?.text();
    pick(assignments(&dump), name.own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use system::Scratch;

    #[test]
    fn options_of_each_client() {
        // networkd(8)'s private format; the keys are those that CloudStack's documentation names.
        let (system, _) = Scratch::new()
            .file("/run/systemd/netif/leases/2", "# private\nADDRESS=10.1.1.9\nSERVER_ADDRESS=10.1.1.1\n")
            .file("/run/systemd/netif/leases/3", "SERVER_ADDRESS=10.2.2.1\nDOMAINNAME=b.example\n")
            .system();
        assert_eq!(networkd(system.files.as_ref(), SERVER).as_deref(), Some("10.1.1.1"));
        assert_eq!(networkd(system.files.as_ref(), DOMAIN).as_deref(), Some("b.example"));
        let old = "lease {\n  option domain-name \"old.example\";\n  option dhcp-server-identifier 10.0.0.1;\n}\n\
                   lease {\n  option dhcp-server-identifier 10.0.0.2;\n}\n";
        let leases = Scratch::new().file("/var/lib/dhcp/dhclient.eth0.leases", old);
        let (system, _) = leases.program("/usr/sbin/dhclient").system();
        assert_eq!(dhclient(&system, SERVER).as_deref(), Some("10.0.0.2"));
        assert_eq!(dhclient(&system, DOMAIN).as_deref(), Some("old.example"));
        let (system, _) = Scratch::new().file("/var/lib/dhcp/dhclient.eth0.leases", old).system();
        assert_eq!(dhclient(&system, SERVER), None, "a stale file without the program");
        let dump = "domain_name='cloud.test'\ndhcp_server_identifier=192.0.2.1\n";
        assert_eq!(pick(assignments(dump), DOMAIN.own).as_deref(), Some("cloud.test"));
        assert_eq!(pick(assignments(dump), SERVER.own).as_deref(), Some("192.0.2.1"));
    }

    /// nmcli(1): `--terse device` lists device, type, state and connection; DHCP4.OPTION lines have the options.
    #[test]
    fn the_lease_of_network_manager_is_that_of_the_first_connected_device() {
        let lease = |devices: &str, shown: &str| {
            let (mut system, _) = Scratch::new().program("/usr/bin/nmcli").system();
            let answering = system::Answering::over(&system)
                .prints("nmcli --terse device", devices)
                .prints("nmcli --fields DHCP4 device show eth1", shown);
            system.commands = std::sync::Arc::new(answering);
            network_manager(&system, SERVER)
        };
        let options = "DHCP4.OPTION[1]:   dhcp_client_identifier = 01:52\n\
                       DHCP4.OPTION[2]:   dhcp_server_identifier = 192.0.2.1\n";
        let devices = "lo:loopback:connected:lo\neth0:ethernet:disconnected:\neth1:ethernet:connected:net\n";
        assert_eq!(lease(devices, options).as_deref(), Some("192.0.2.1"));
        assert_eq!(lease(devices, "DHCP4.OPTION[1]:   domain_name = x\n"), None);
        assert_eq!(lease("lo:loopback:connected:lo\neth0:ethernet:disconnected:\n", options), None);
        let (system, _) = Scratch::new().system();
        assert_eq!(network_manager(&system, SERVER), None);
    }

    /// dhclient.leases(5) and the newest file: an interface of an image may have an old one.
    #[test]
    fn the_newest_file_of_leases_counts() {
        assert_eq!(newest_lease(&*Scratch::new().system().0.files, Path::new("/var/lib/dhcp")), None);
        for (name, counts) in [
            ("dhclient.eth0.leases", true),
            ("dhclient-1a2b-eth0.lease", true),
            ("dhclient.leases~", false),
            ("dhcpd.leases", false),
            ("dhclient.eth0.pid", false),
        ] {
            let (system, _) = Scratch::new().file(&format!("/var/lib/dhcp/{name}"), "").system();
            let found = newest_lease(system.files.as_ref(), Path::new("/var/lib/dhcp"));
            assert_eq!(found.is_some(), counts, "{name}");
        }
    }

    /// The lease that is held now has a server of its own; its options have the client's names.
    #[test]
    fn a_held_lease_has_its_options() {
        let lease = |server: Option<&str>, options: &[(&str, &str)]| Lease {
            interface: "eth0".to_owned(),
            address: std::net::Ipv4Addr::new(192, 0, 2, 9),
            prefix: 24,
            router: None,
            static_routes: Vec::new(),
            server: server.map(|server| server.parse().expect("an address")),
            mtu: None,
            option_245: None,
            options: options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        };
        let own = [("domain-name", "a.example"), ("dhcp-server-identifier", "192.0.2.2")];
        assert_eq!(of_lease(&lease(Some("192.0.2.1"), &own), SERVER).as_deref(), Some("192.0.2.1"));
        assert_eq!(of_lease(&lease(None, &own), SERVER).as_deref(), Some("192.0.2.2"));
        assert_eq!(of_lease(&lease(Some("192.0.2.1"), &own), DOMAIN).as_deref(), Some("a.example"));
        assert_eq!(of_lease(&lease(Some("192.0.2.1"), &[("domain-name", "")]), DOMAIN), None);
        let text = "# DOMAINNAME=old\n DOMAINNAME = 'b.example' \nEMPTY=\nno assignment\n";
        let pairs: Vec<(&str, &str)> = assignments(text).collect();
        assert_eq!(pairs, [("DOMAINNAME", "b.example"), ("EMPTY", "")]);
        assert_eq!(pick(pairs.iter().copied(), &["EMPTY", "DOMAINNAME"]).as_deref(), Some("b.example"));
    }
}
