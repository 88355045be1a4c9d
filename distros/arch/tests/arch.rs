//! Operations on Arch: the commands and files are upstream's (cloudinit/distros/arch.py), except where
//! docs/differences.md says otherwise.

#[path = "../../everyday.rs"]
mod everyday;

use std::path::Path;

use model::distro::{Distro, PackageSpec, ServiceAction};
use model::{Node, System};
use system::{Recording, Scratch};

fn machine(name: &str, root: Scratch, programs: &[&str]) -> (Box<dyn Distro>, System, Recording) {
    let tools = ["/usr/bin/systemctl", "/usr/bin/locale-gen", "/usr/bin/localectl", "/usr/bin/hostnamectl"];
    let (system, recording) = root.programs(&tools).programs(programs).system();
    let distro = arch::FAMILY.create(&system, name, &Node::default()).expect("a name of the family");
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
    let (distro, _, recording) = machine("arch", Scratch::new(), &["/usr/bin/pacman"]);
    distro.packages().install(&versioned("nginx")).expect("installed");
    distro.packages().upgrade().expect("upgraded");
    distro.packages().refresh(true).expect("updated");
    assert_eq!(
        recording.commands(),
        [
            "pacman -Sy --quiet --noconfirm -y",
            "pacman -Sy --quiet --noconfirm nginx=1.2",
            "pacman -Sy --quiet --noconfirm -u",
            "pacman -Sy --quiet --noconfirm -y"
        ]
    );
}

#[test]
fn services() {
    let (distro, _, recording) = machine("arch", Scratch::new(), &[]);
    distro.services().manage(ServiceAction::Enable, "x").expect("enabled");
    distro.services().manage(ServiceAction::Reload, "x").expect("reloaded");
    assert_eq!(recording.commands(), ["systemctl enable x", "systemctl reload-or-restart x"]);
}

#[test]
fn locale_and_host_name() {
    let (distro, system, recording) = machine("arch", Scratch::new(), &[]);
    distro.locale().apply("de_DE.UTF-8", None).expect("set");
    assert!(text(&system, "/etc/locale.gen").ends_with("\nde_DE.UTF-8 UTF-8\n"));
    distro.hostname().apply("h").expect("set");
    assert_eq!(text(&system, "/etc/hostname"), "h\n");
    assert_eq!(
        recording.commands(),
        ["locale-gen", "localectl set-locale de_DE.UTF-8", "hostnamectl --transient set-hostname h"]
    );
}

/// The original's `default_locale`.
#[test]
fn a_locale_that_is_not_set_is_the_default() {
    let (distro, _, _) = machine("arch", Scratch::new(), &[]);
    assert_eq!(distro.locale().current().expect("the default"), "en_US.UTF-8");
}

#[test]
fn accounts_time_keyboard_and_certificates() {
    let expected = everyday::Expected {
        timezone: Some("Europe/Berlin\n"),
        certificate: "/usr/local/share/ca-certificates/cloud-init-ca-cert-1.crt",
        update: "update-ca-certificates",
    };
    let root = Scratch::new().file("/usr/bin/netctl", "");
    everyday::check(root, |root, programs| machine("arch", root, programs), &expected);
}

#[test]
fn packages_of_a_named_manager() {
    let machine = machine("arch", Scratch::new(), &["/usr/bin/pacman"]);
    everyday::packages_of_a_named_manager(
        machine,
        "pacman",
        &["pacman -Sy --quiet --noconfirm -y", "pacman -Sy --quiet --noconfirm x"],
    );
}
