//! Operations on Gentoo: the commands and files are upstream's (cloudinit/distros/gentoo.py), except where
//! docs/differences.md says otherwise.

#[path = "../../everyday.rs"]
mod everyday;

use std::path::Path;

use model::distro::{Distro, PackageSpec, ServiceAction};
use model::{Node, System};
use system::{Recording, Scratch};

fn machine(name: &str, root: Scratch, programs: &[&str]) -> (Box<dyn Distro>, System, Recording) {
    let tools = ["/usr/bin/rc-update", "/usr/bin/rc-service", "/usr/bin/locale-gen", "/usr/bin/eselect"];
    let (system, recording) = root.programs(&tools).programs(programs).system();
    let distro = gentoo::FAMILY.create(&system, name, &Node::default()).expect("a name of the family");
    (distro.expect("valid settings"), system, recording)
}

fn versioned(name: &str) -> [PackageSpec; 1] {
    [PackageSpec { version: Some("1.2".into()), ..PackageSpec::named(name) }]
}

fn text(system: &System, path: &str) -> String {
    system.files.text(Path::new(path)).expect("there")
}

#[test]
fn packages() {
    let (distro, _, recording) = machine("gentoo", Scratch::new(), &["/usr/bin/emerge"]);
    distro.packages().install(&versioned("www-servers/nginx")).expect("installed");
    distro.packages().upgrade().expect("upgraded");
    distro.packages().refresh(true).expect("updated");
    assert_eq!(
        recording.commands(),
        [
            "emerge --quiet --sync",
            "emerge --quiet =www-servers/nginx-1.2",
            "emerge --quiet --update world",
            "emerge --quiet --sync"
        ]
    );
}

#[test]
fn services_of_openrc() {
    let (distro, _, recording) = machine("gentoo", Scratch::new().directory("/run/openrc"), &[]);
    distro.services().manage(ServiceAction::Enable, "x").expect("enabled");
    assert_eq!(recording.commands(), ["rc-update --nocolor add x"]);
}

#[test]
fn the_host_name_of_openrc_is_a_variable() {
    let root = Scratch::new().file("/etc/conf.d/hostname", "# The name\nhostname=\"localhost\"\n");
    let (distro, system, _) = machine("gentoo", root, &[]);
    assert_eq!(distro.hostname().persisted().expect("read").as_deref(), Some("localhost"));
    distro.hostname().persist("h").expect("set");
    assert_eq!(text(&system, "/etc/conf.d/hostname"), "# The name\nhostname=\"h\"\n");
    assert!(distro.hostname().persist("h\"; x").is_err());
    let (distro, system, _) = machine("gentoo", Scratch::new().directory("/run/systemd/system"), &[]);
    distro.hostname().persist("h").expect("set");
    assert_eq!(text(&system, "/etc/hostname"), "h\n");
}

#[test]
fn the_locale_is_generated_and_selected() {
    let (distro, system, recording) = machine("cos", Scratch::new(), &[]);
    distro.locale().apply("de_DE.UTF-8", None).expect("set");
    assert_eq!(text(&system, "/etc/locale.gen"), "C.UTF8 UTF-8\nen_US.UTF-8 UTF-8\nde_DE.UTF-8 UTF-8");
    assert_eq!(recording.commands(), ["locale-gen", "eselect locale set de_DE.UTF-8"]);
}

/// The original's `default_locale`.
#[test]
fn a_locale_that_is_not_set_is_the_default() {
    let (distro, _, _) = machine("gentoo", Scratch::new(), &[]);
    assert_eq!(distro.locale().current().expect("the default"), "en_US.UTF-8");
}

#[test]
fn accounts_time_keyboard_and_certificates() {
    let expected = everyday::Expected {
        timezone: Some("Europe/Berlin\n"),
        certificate: "/usr/local/share/ca-certificates/cloud-init-ca-cert-1.crt",
        update: "update-ca-certificates",
    };
    let root = Scratch::new();
    everyday::check(root, |root, programs| machine("gentoo", root, programs), &expected);
}

#[test]
fn packages_of_a_named_manager() {
    let machine = machine("gentoo", Scratch::new(), &["/usr/bin/emerge"]);
    everyday::packages_of_a_named_manager(machine, "emerge", &["emerge --quiet --sync", "emerge --quiet x"]);
}
