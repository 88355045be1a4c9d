//! Operations on AOSC: the commands and files are upstream's (cloudinit/distros/aosc.py), except where
//! docs/differences.md says otherwise.

#[path = "../../everyday.rs"]
mod everyday;

use std::path::Path;

use model::distro::{Distro, PackageSpec, ServiceAction};
use model::{Node, System};
use system::{Recording, Scratch};

fn machine(name: &str, root: Scratch, programs: &[&str]) -> (Box<dyn Distro>, System, Recording) {
    let tools = ["/usr/bin/systemctl", "/usr/bin/hostnamectl", "/usr/bin/hostname"];
    let (system, recording) = root.programs(&tools).programs(programs).system();
    let distro = aosc::FAMILY.create(&system, name, &Node::default()).expect("a name of the family");
    (distro.expect("valid settings"), system, recording)
}

fn versioned(name: &str) -> [PackageSpec; 1] {
    [PackageSpec { version: Some("1.2".into()), ..PackageSpec::named(name) }]
}

#[test]
fn packages() {
    let (distro, _, recording) = machine("aosc", Scratch::new(), &["/usr/bin/oma"]);
    distro.packages().install(&versioned("nginx")).expect("installed");
    distro.packages().upgrade().expect("upgraded");
    distro.packages().refresh(true).expect("updated");
    assert_eq!(recording.commands(), ["oma install -y nginx=1.2", "oma upgrade -y", "oma refresh -y"]);
}

#[test]
fn services() {
    let (distro, _, recording) = machine("aosc", Scratch::new(), &[]);
    distro.services().manage(ServiceAction::Enable, "x").expect("enabled");
    distro.services().manage(ServiceAction::Reload, "x").expect("reloaded");
    assert_eq!(recording.commands(), ["systemctl enable x", "systemctl reload-or-restart x"]);
}

#[test]
fn locale_and_host_name() {
    let (distro, system, recording) = machine("aosc", Scratch::new(), &[]);
    distro.locale().apply("de_DE.UTF-8", None).expect("set");
    assert!(
        system.files.text(Path::new("/etc/locale.conf")).expect("there").ends_with("\nLANG=de_DE.UTF-8\n")
    );
    distro.hostname().apply("h").expect("set");
    assert_eq!(recording.commands(), ["hostnamectl set-hostname h", "hostname h"]);
}

#[test]
fn accounts_time_keyboard_and_certificates() {
    let expected = everyday::Expected {
        timezone: None,
        certificate: "/etc/ssl/certs/cloud-init-ca-cert-1.pem",
        update: "update-ca-bundle",
    };
    let root = Scratch::new();
    everyday::check(root, |root, programs| machine("aosc", root, programs), &expected);
}

#[test]
fn packages_of_a_named_manager() {
    let machine = machine("aosc", Scratch::new(), &["/usr/bin/oma"]);
    everyday::packages_of_a_named_manager(machine, "oma", &["oma install -y x"]);
}
