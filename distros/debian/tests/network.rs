//! The network of Debian and Ubuntu: the original's distros/debian.py and net/activators.py.

use std::path::Path;

use model::distro::Distro;
use model::{NetworkConfig, Node, System};
use system::{Recording, Scratch};

const LEGACY: &str = "/etc/network/interfaces.d/eth0.cfg";

fn machine(name: &str, root: Scratch) -> (Box<dyn Distro>, System, Recording) {
    let (system, recording) = root.system();
    let settings = Node::from_yaml("cloud.cfg", b"{}").expect("valid").expect("there");
    let distro = debian::FAMILY.create(&system, name, &settings).expect("a name of the family");
    (distro.expect("valid settings"), system, recording)
}

fn ifupdown() -> Scratch {
    Scratch::new()
        .programs(&["/usr/sbin/ifup", "/usr/sbin/ifdown", "/usr/sbin/ifquery", "/usr/sbin/ip"])
        .file("/etc/network/interfaces", "source /etc/network/interfaces.d/*\n")
}

fn config(devices: &str) -> NetworkConfig {
    let text = format!("version: 1\nconfig:\n{devices}\n");
    NetworkConfig::new(Node::from_yaml("net.yaml", text.as_bytes()).expect("YAML").expect("a document"))
}

/// `_maybe_remove_legacy_eth0`: only the content of the images, whatever the comments and the indentation.
#[test]
fn the_images_file_of_eth0_makes_way_for_the_rendered_one() {
    for (content, stays) in [
        ("auto eth0\niface eth0 inet dhcp\n", false),
        ("# The primary network interface\nauto eth0\n  iface eth0 inet dhcp\n", false),
        ("auto eth0\niface eth0 inet dhcp\n\n", true),
        ("auto eth0\niface eth0 inet static\n  address 192.0.2.2/24\n", true),
        ("  # indented\nauto eth0\niface eth0 inet dhcp\n", true),
        ("", true),
    ] {
        let (distro, system, _) = machine("debian", ifupdown().file(LEGACY, content));
        let config = config("- {type: physical, name: eth0, subnets: [{type: dhcp4}]}");
        let mut described = distro.network().read(&config).expect("read");
        assert!(system.files.exists(Path::new(LEGACY)), "only rendering removes it");
        let rendered = described.render().expect("renders");
        assert_eq!(rendered.renderer, "eni");
        assert_eq!(system.files.exists(Path::new(LEGACY)), stays, "{content:?}");
        let text = system.files.text(&rendered.files[0]).expect("written");
        assert!(text.contains("auto eth0\niface eth0 inet dhcp\n"), "{text}");
    }
}

#[test]
fn devices_are_brought_up_by_ifup() {
    let (distro, _, recording) = machine("debian", ifupdown());
    let config = config("- {type: physical, name: eth0, subnets: [{type: dhcp4}]}");
    distro.network().read(&config).expect("read").activate().expect("up");
    distro.network().bring_up_link("eth1").expect("up");
    assert_eq!(recording.commands(), ["ifup eth0", "ifup eth1"]);
}

/// `NetplanActivator.wait_for_network`: Ubuntu orders cloud-init before the units that wait.
#[test]
fn ubuntu_waits_until_networkd_is_online() {
    let programs = ["/usr/sbin/netplan", "/usr/bin/systemctl"];
    let (distro, _, recording) = machine("ubuntu", Scratch::new().programs(&programs));
    distro.network().wait_online().expect("online");
    assert_eq!(recording.commands(), ["systemctl start systemd-networkd-wait-online.service"]);
    let (distro, _, recording) = machine("debian", Scratch::new().programs(&programs));
    distro.network().wait_online().expect("nothing to wait for");
    assert_eq!(recording.commands(), Vec::<String>::new());
}

/// A device that is identified by its address must exist before its configuration is written.
#[test]
fn a_device_that_is_missing_is_named() {
    let (distro, _, _) = machine("debian", ifupdown());
    let config = config("- {type: physical, name: eth7, mac_address: '52:54:00:12:34:56', subnets: []}");
    let mut described = distro.network().read(&config).expect("read");
    let error = described.wait_for_links().expect_err("no such device").to_string();
    assert!(error.contains("52:54:00:12:34:56") && error.contains("eth7"), "{error}");
}
