//! What brings a network up where nothing but the BSDs' or no tools are, and what waits for it. Command lines are those of
//! upstream's cloudinit/net/activators.py and distros/openbsd.py.

use std::sync::Arc;

use model::distro::Network as _;
use model::{NetworkConfig, Node, System};
use network_managers::{NetworkTools, Settings};
use system::{Answering, Recording, Scratch};

const CONFIG: &str = "version: 1\nconfig:\n- {type: physical, name: vio0, subnets: [{type: dhcp4}]}\n";

fn tools(system: &System, distro: &str, renderers: &[&str], activators: &[&str]) -> NetworkTools {
    let names = |all: &[&str]| Some(all.iter().map(|name| (*name).to_owned()).collect());
    let (renderers, activators) = (names(renderers), names(activators));
    let settings = Settings {
        distro: distro.into(),
        renderers,
        activators,
        waits_for_network: true,
        ..Settings::of(distro)
    };
    NetworkTools::new(system.clone(), settings)
}

fn config() -> NetworkConfig {
    NetworkConfig::new(Node::from_yaml("net.yaml", CONFIG.as_bytes()).expect("YAML").expect("a document"))
}

fn openbsd(programs: &[&str]) -> (System, Recording) {
    let root = Scratch::new().file("/etc/rc.subr", "").file("/etc/hostname.vio1", "inet 192.0.2.2\n");
    root.program("/bin/sh").program("/sbin/ifconfig").programs(programs).file("/etc/netstart", "").system()
}

#[test]
fn netstart_brings_openbsd_up() {
    let ran = |programs: &[&str]| {
        let (system, recording) = openbsd(programs);
        let tools = tools(&system, "openbsd", &["openbsd"], &[]);
        tools.read(&config()).expect("read").render().expect("renders");
        recording.commands()
    };
    assert_eq!(
        ran(&["/usr/bin/pkill", "/sbin/route"]),
        ["pkill dhclient", "route del default", "route flush default", "sh /etc/netstart"]
    );
    // dhcpleased(8), since 7.0: only devices with a lease are waited for.
    assert_eq!(ran(&["/usr/sbin/dhcpleasectl"]), ["sh /etc/netstart", "dhcpleasectl -w 30 vio0"]);
}

#[test]
fn ifconfig_brings_one_device_up() {
    let (system, recording) = openbsd(&[]);
    let tools = tools(&system, "openbsd", &["openbsd"], &["ifconfig"]);
    tools.bring_up_link("vio1").expect("up");
    assert_eq!(recording.commands(), ["ifconfig vio1 up"]);
    tools.wait_online().expect("nothing to wait for");
    assert_eq!(recording.commands().len(), 1);
}

#[test]
fn without_an_activator_nothing_is_waited_for() {
    let (system, recording) = Scratch::new().system();
    tools(&system, "debian", &[], &["eni"]).wait_online().expect("no failure");
    assert_eq!(recording.commands(), Vec::<String>::new());
}

/// Debian's images leave the wait to the units of systemd.
#[test]
fn a_distribution_that_does_not_wait_asks_nobody() {
    let (mut system, recording) =
        Scratch::new().programs(&["/usr/sbin/netplan", "/usr/bin/systemctl"]).system();
    system.commands = Arc::new(Answering::over(&system).exits("systemctl", 1, "no"));
    let settings = Settings {
        activators: Some(vec!["netplan".into()]),
        waits_for_network: false,
        ..Settings::of("debian")
    };
    NetworkTools::new(system, settings).wait_online().expect("nothing is asked");
    assert_eq!(recording.commands(), Vec::<String>::new());
}

/// The original's net/networkd.py, dhcp_domain and parse_dhcp_overrides.
#[test]
fn domains_of_dhcp_are_used_as_told() {
    let rendered = |ethernet: &str| {
        let (system, _) = Scratch::new().program("/bin/ip").program("/bin/systemctl").system();
        let text = format!("version: 2\nethernets: {{eth0: {{{ethernet}}}}}\n");
        let node = Node::from_yaml("net.yaml", text.as_bytes()).expect("YAML").expect("a document");
        let done = tools(&system, "photon", &["networkd"], &["networkd"])
            .read(&NetworkConfig::new(node))
            .and_then(|mut network| network.render());
        let path = std::path::Path::new("/etc/systemd/network/10-cloud-init-eth0.network");
        done.map(|_| system.files.text(path).expect("written")).map_err(|error| error.to_string())
    };
    for (word, value) in [("true", "yes"), ("'NO'", "no"), ("route", "route"), ("maybe", "no")] {
        let text = rendered(&format!("dhcp4: true, dhcp4domain: {word}")).expect("renders");
        assert!(text.contains(&format!("[DHCPv4]\nUseDomains={value}\n")), "{word}: {text}");
        assert!(!text.contains("[DHCPv6]"), "{text}");
    }
    let text =
        rendered("dhcp6: true, dhcp6domain: route, dhcp4-overrides: {use-mtu: false}").expect("renders");
    assert!(text.contains("[DHCPv6]\nUseDomains=route\n") && !text.contains("UseMTU"), "{text}");
    let both = "dhcp4: true, dhcp4domain: true, dhcp4-overrides: {use-domains: true}";
    let error = rendered(both).expect_err("two answers");
    assert!(error.contains("both dhcp4domain and dhcp4-overrides.use-domains"), "{error}");
    let text = rendered("dhcp4: true, dhcp4-overrides: {hostname: h, use-dns: false}").expect("renders");
    assert!(text.contains("[DHCPv4]\nHostname=h\nUseDNS=False\n"), "{text}");
}
