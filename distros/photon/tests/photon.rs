//! Operations on Photon: the commands and files are upstream's (cloudinit/distros/photon.py), except where
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
    let distro = photon::FAMILY.create(&system, name, &Node::default()).expect("a name of the family");
    (distro.expect("valid settings"), system, recording)
}

fn versioned(name: &str) -> [PackageSpec; 1] {
    [PackageSpec { version: Some("1.2".into()), ..PackageSpec::named(name) }]
}

#[test]
fn packages() {
    let (distro, _, recording) = machine("photon", Scratch::new(), &["/usr/bin/tdnf"]);
    distro.packages().install(&versioned("nginx")).expect("installed");
    distro.packages().upgrade().expect("upgraded");
    distro.packages().refresh(true).expect("updated");
    assert_eq!(recording.commands(), ["tdnf -y install nginx-1.2", "tdnf -y upgrade", "tdnf -y makecache"]);
}

#[test]
fn services() {
    let (distro, _, recording) = machine("mariner", Scratch::new(), &[]);
    distro.services().manage(ServiceAction::Enable, "x").expect("enabled");
    distro.services().manage(ServiceAction::Reload, "x").expect("reloaded");
    assert_eq!(recording.commands(), ["systemctl enable x", "systemctl reload-or-restart x"]);
}

#[test]
fn locale_and_host_name() {
    let (distro, system, recording) = machine("photon", Scratch::new(), &[]);
    distro.locale().apply("de_DE.UTF-8", None).expect("set");
    assert!(
        system.files.text(Path::new("/etc/locale.conf")).expect("there").ends_with("\nLANG=de_DE.UTF-8\n")
    );
    distro.hostname().apply("h").expect("set");
    assert_eq!(
        recording.commands(),
        ["systemctl restart systemd-localed", "hostnamectl set-hostname h", "hostname h"]
    );
}

#[test]
fn an_image_has_its_own_network() {
    let (distro, ..) = machine("photon", Scratch::new(), &[]);
    assert!(distro.info().own_network);
}

#[test]
fn accounts_time_keyboard_and_certificates() {
    let expected = everyday::Expected {
        timezone: Some("Europe/Berlin\n"),
        certificate: "/etc/ssl/certs/cloud-init-ca-cert-1.pem",
        update: "rehash_ca_certificates.sh",
    };
    let root = Scratch::new();
    everyday::check(root, |root, programs| machine("photon", root, programs), &expected);
}

/// Upstream's cc_ca_certs has a row for Photon only.
#[test]
fn certificates_of_mariner() {
    for (name, path) in [
        ("photon", "/etc/ssl/certs/cloud-init-ca-cert-1.pem"),
        ("mariner", "/usr/local/share/ca-certificates/cloud-init-ca-cert-1.crt"),
    ] {
        let (distro, ..) = machine(name, Scratch::new(), &[]);
        let written = distro.trust_store().expect("has one").add(&["one".to_owned()]).expect("added");
        assert_eq!(written, [Path::new(path)], "{name}");
    }
}

#[test]
fn repositories_are_files_of_yum() {
    let (distro, system, _) = machine("photon", Scratch::new(), &[]);
    let settings = vec![("baseurl".to_owned(), vec!["http://x/".to_owned()])];
    let repository = model::distro::Repository { id: "x".to_owned(), settings };
    let repositories = distro.repositories().expect("has them");
    assert!(repositories.add(None, &repository).expect("written"));
    assert!(!repositories.add(None, &repository).expect("it exists"));
    let text = system.files.text(Path::new("/etc/yum.repos.d/x.repo")).expect("written");
    assert!(text.contains("[x]\nbaseurl = http://x/\n"), "{text}");
}

#[test]
fn packages_of_a_named_manager() {
    let machine = machine("photon", Scratch::new(), &["/usr/bin/tdnf"]);
    everyday::packages_of_a_named_manager(machine, "tdnf", &["tdnf -y install x"]);
}
