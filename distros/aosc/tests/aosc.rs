//! Operations on AOSC: the commands and files are upstream's (cloudinit/distros/aosc.py), except where
//! docs/differences.md says otherwise.

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

/// Upstream's `set_etc_timezone` and `set_keymap`, and cc_ca_certs.
#[test]
fn accounts_time_keyboard_and_certificates() {
    let root =
        Scratch::new().directory("/run/systemd/system").file("/usr/share/zoneinfo/Europe/Berlin", "TZif2");
    let tools = ["/usr/sbin/useradd", "/usr/bin/passwd", "/usr/bin/localectl", "/usr/sbin/update-ca-bundle"];
    let (distro, system, recording) = machine("aosc", root, &tools);
    let bob = model::user::UserSpec { name: "bob".into(), ..model::user::UserSpec::default() };
    assert!(distro.users().add_user(&bob).expect("made"));
    distro.time().set_timezone("Europe/Berlin").expect("set");
    assert!(distro.time().set_timezone("Mars/Olympus").is_err());
    let zone = system.files.read_link(Path::new("/etc/localtime")).expect("a link");
    assert_eq!(zone, Path::new("/usr/share/zoneinfo/Europe/Berlin"));
    assert_eq!(system.files.text(Path::new("/etc/timezone")).as_deref(), None);
    let layout = model::distro::KeyboardLayout {
        layout: "de".into(),
        model: "pc105".into(),
        variant: "nodeadkeys".into(),
        options: "terminate:ctrl_alt_bksp".into(),
    };
    distro.keyboard().expect("has one").apply(&layout).expect("set");
    let store = distro.trust_store().expect("has one");
    let certificates = ["one".to_owned(), "two".to_owned()];
    let written = store.add(&certificates).expect("added");
    assert_eq!(
        written,
        [
            Path::new("/etc/ssl/certs/cloud-init-ca-cert-1.pem"),
            Path::new("/etc/ssl/certs/cloud-init-ca-cert-2.pem")
        ]
    );
    store.update().expect("updated");
    let clients: Vec<&str> =
        distro.time_sync().expect("known").clients().iter().map(|client| client.name).collect();
    assert_eq!(clients, ["chrony", "systemd-timesyncd", "ntp", "ntpdate"]);
    let document = b"{version: 2, ethernets: {eth0: {dhcp4: true}}}";
    let config = Node::from_yaml("network-config", document).expect("valid").expect("there");
    distro.network().read(&model::NetworkConfig::new(config)).expect("a description");
    assert_eq!(distro.ssh().directory(), Path::new("/etc/ssh"));
    assert_eq!(distro.ssh().key_types().len(), 3);
    assert_eq!(
        recording.commands(),
        [
            "useradd bob -m",
            "passwd -l bob",
            "localectl set-x11-keymap de pc105 nodeadkeys terminate:ctrl_alt_bksp",
            "update-ca-bundle"
        ]
    );
}

/// Upstream's `packages` with a manager's name: it gets those that name it, and no other does.
#[test]
fn packages_of_a_named_manager() {
    let of = |manager: &str| [PackageSpec { manager: Some(manager.into()), ..PackageSpec::named("x") }];
    let (distro, _, recording) = machine("aosc", Scratch::new(), &["/usr/bin/oma"]);
    distro.packages().install(&of("oma")).expect("installed");
    assert_eq!(recording.commands(), ["oma install -y x"]);
    distro.packages().install(&of("xyz")).expect("upstream only logs an error");
    assert_eq!(recording.commands().len(), 1, "nothing is run for an unknown manager");
}
