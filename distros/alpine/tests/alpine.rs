//! Operations on Alpine: the commands and files are upstream's (cloudinit/distros/alpine.py), except where
//! docs/differences.md says otherwise.

use std::path::Path;

use model::distro::{Distro, PackageSpec, ServiceAction};
use model::{Node, System};
use system::{Recording, Scratch};

fn machine(name: &str, root: Scratch, programs: &[&str]) -> (Box<dyn Distro>, System, Recording) {
    let tools = ["/usr/bin/rc-update", "/usr/bin/rc-service"];
    let (system, recording) = root.programs(&tools).programs(programs).system();
    let distro = alpine::FAMILY.create(&system, name, &Node::default()).expect("a name of the family");
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
    let (distro, _, recording) = machine("alpine", Scratch::new(), &["/usr/bin/apk"]);
    distro.packages().install(&versioned("nginx")).expect("installed");
    distro.packages().upgrade().expect("upgraded");
    distro.packages().refresh(true).expect("updated");
    assert_eq!(
        recording.commands(),
        [
            "apk --quiet update",
            "apk --quiet add nginx=1.2",
            "apk --quiet upgrade --update-cache --available",
            "apk --quiet update"
        ]
    );
}

#[test]
fn services() {
    let (distro, _, recording) = machine("alpine", Scratch::new(), &[]);
    distro.services().manage(ServiceAction::Enable, "x").expect("enabled");
    distro.services().manage(ServiceAction::Reload, "x").expect("reloaded");
    assert_eq!(recording.commands(), ["rc-update --nocolor add x", "rc-service --nocolor x restart"]);
}

#[test]
fn locale_and_host_name_are_files() {
    let (distro, system, recording) = machine("alpine", Scratch::new(), &["/usr/bin/hostname"]);
    distro.locale().apply("de_DE.UTF-8", None).expect("set");
    let expected = "#\n# This file is created by cloud-init once per new instance boot\n#\nexport CHARSET=UTF-8\n\
                    export LANG=de_DE.UTF-8\nexport LC_COLLATE=C\n";
    assert_eq!(text(&system, "/etc/profile.d/50-cloud-init-locale.sh"), expected);
    assert!(distro.locale().apply("x; reboot", None).is_err());
    distro.hostname().apply("h").expect("set");
    assert_eq!(text(&system, "/etc/hostname"), "h\n");
    assert_eq!(recording.commands(), ["hostname h"]);
}

/// halt(8) of Busybox: the delay is in seconds.
#[test]
fn it_has_no_shutdown() {
    let (distro, ..) = machine("alpine", Scratch::new(), &[]);
    let words = distro.services().shutdown_command(model::distro::PowerState::Reboot, Some(2), "bye");
    assert_eq!(words, ["reboot", "-d", "120"]);
}

/// Busybox's adduser takes no groups, password, expiry or inactivity, and sets the age of the password.
#[test]
fn accounts_of_busybox() {
    accounts_with_passwd_of("/bin/bbsuid");
}

/// An image without the package busybox-suid: its passwd has no --expire either, and fails for an unlocked account.
#[test]
fn accounts_of_busybox_itself() {
    accounts_with_passwd_of("/bin/busybox");
}

fn accounts_with_passwd_of(program: &str) {
    let root = Scratch::new()
        .file("/etc/passwd", "bob:x:1000:1000::/home/bob:/bin/ash\n")
        .file("/etc/shadow", "bob:!:19000:0:99999:7:::\neve:!:19000:0:99999:7:::\n")
        .file("/etc/group", "adm:x:4:\n")
        .program(program)
        .link("/usr/bin/passwd", program);
    let (distro, system, recording) =
        machine("alpine", root, &["/usr/sbin/adduser", "/usr/sbin/addgroup", "/usr/sbin/chpasswd"]);
    let spec = model::user::UserSpec {
        name: "eve".into(),
        gecos: Some("Eve".into()),
        shell: Some("/bin/ash".into()),
        expiredate: Some("2032-09-01".into()),
        groups: Node::from_yaml("x", b"adm").expect("valid"),
        ..model::user::UserSpec::default()
    };
    assert!(distro.users().add_user(&spec).expect("created"));
    distro.users().expire_password("bob").expect("expired");
    assert_eq!(
        recording.commands(),
        ["adduser -D -g Eve -s /bin/ash eve", "addgroup eve adm", "passwd -l eve"]
    );
    let shadow = text(&system, "/etc/shadow");
    assert!(shadow.contains("\neve:") && shadow.contains("::::22889:\n"), "{shadow}");
    assert!(shadow.contains("bob:!:0:0:99999:7:::\n"), "{shadow}");
}

/// Upstream's `set_etc_timezone` and `set_keymap`, and cc_ca_certs.
#[test]
fn accounts_time_keyboard_and_certificates() {
    let root = Scratch::new()
        .file("/etc/shadow", "bob:!::::::\n")
        .file("/usr/share/zoneinfo/Europe/Berlin", "TZif2");
    let tools = ["/usr/sbin/useradd", "/usr/bin/passwd", "/usr/sbin/update-ca-certificates"];
    let (distro, system, recording) = machine("alpine", root, &tools);
    let bob = model::user::UserSpec { name: "bob".into(), ..model::user::UserSpec::default() };
    assert!(distro.users().add_user(&bob).expect("made"));
    distro.time().set_timezone("Europe/Berlin").expect("set");
    assert!(distro.time().set_timezone("Mars/Olympus").is_err());
    let zone = system.files.read_link(Path::new("/etc/localtime")).expect("a link");
    assert_eq!(zone, Path::new("/usr/share/zoneinfo/Europe/Berlin"));
    assert_eq!(system.files.text(Path::new("/etc/timezone")).as_deref(), Some("Europe/Berlin\n"));
    assert!(distro.keyboard().is_ok(), "setup-keymap");
    let store = distro.trust_store().expect("has one");
    let certificates = ["one".to_owned(), "two".to_owned()];
    let written = store.add(&certificates).expect("added");
    assert_eq!(
        written,
        [
            Path::new("/usr/local/share/ca-certificates/cloud-init-ca-cert-1.crt"),
            Path::new("/usr/local/share/ca-certificates/cloud-init-ca-cert-2.crt")
        ]
    );
    store.update().expect("updated");
    let clients: Vec<&str> =
        distro.time_sync().expect("known").clients().iter().map(|client| client.name).collect();
    // Upstream names the first two, the others are its usual ones.
    assert_eq!(clients, ["chrony", "ntp", "systemd-timesyncd", "ntpdate"]);
    let document = b"{version: 2, ethernets: {eth0: {dhcp4: true}}}";
    let config = Node::from_yaml("network-config", document).expect("valid").expect("there");
    distro.network().read(&model::NetworkConfig::new(config)).expect("a description");
    assert_eq!(distro.ssh().directory(), Path::new("/etc/ssh"));
    assert_eq!(distro.ssh().key_types().len(), 3);
    assert_eq!(recording.commands(), ["useradd bob -m", "passwd -l bob", "update-ca-certificates"]);
}

/// Upstream's `packages` with a manager's name: it gets those that name it, and no other does.
#[test]
fn packages_of_a_named_manager() {
    let of = |manager: &str| [PackageSpec { manager: Some(manager.into()), ..PackageSpec::named("x") }];
    let (distro, _, recording) = machine("alpine", Scratch::new(), &["/usr/bin/apk"]);
    distro.packages().install(&of("apk")).expect("installed");
    assert_eq!(recording.commands(), ["apk --quiet update", "apk --quiet add x"]);
    distro.packages().install(&of("xyz")).expect("upstream only logs an error");
    assert_eq!(recording.commands().len(), 2, "nothing is run for an unknown manager");
}
