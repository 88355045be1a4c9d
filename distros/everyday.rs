//! What the tests of several families share.

use std::path::Path;

use model::distro::{Distro, KeyboardLayout, PackageSpec};
use model::user::UserSpec;
use model::{Node, System};
use system::{Recording, Scratch};

/// What differs between families.
pub struct Expected {
    /// The content of /etc/timezone.
    pub timezone: Option<&'static str>,
    /// Where the first of several certificates is.
    pub certificate: &'static str,
    /// The program that reads them.
    pub update: &'static str,
}

/// Accounts, time, keyboard and certificates on a machine that `create` makes of a root and its programs: upstream's
/// `set_etc_timezone` and `set_keymap`, and cc_ca_certs.
pub fn check(
    root: Scratch,
    create: impl Fn(Scratch, &[&str]) -> (Box<dyn Distro>, System, Recording),
    expected: &Expected,
) {
    let root = root.directory("/run/systemd/system").file("/usr/share/zoneinfo/Europe/Berlin", "TZif2");
    let update = format!("/usr/sbin/{}", expected.update);
    let tools = ["/usr/sbin/useradd", "/usr/bin/passwd", "/usr/bin/localectl", &update];
    let (distro, system, recording) = create(root, &tools);
    let bob = UserSpec { name: "bob".into(), ..UserSpec::default() };
    assert!(distro.users().add_user(&bob).expect("made"));
    distro.time().set_timezone("Europe/Berlin").expect("set");
    assert!(distro.time().set_timezone("Mars/Olympus").is_err());
    let zone = system.files.read_link(Path::new("/etc/localtime")).expect("a link");
    assert_eq!(zone, Path::new("/usr/share/zoneinfo/Europe/Berlin"));
    assert_eq!(system.files.text(Path::new("/etc/timezone")).as_deref(), expected.timezone);
    let layout = KeyboardLayout {
        layout: "de".into(),
        model: "pc105".into(),
        variant: "nodeadkeys".into(),
        options: "terminate:ctrl_alt_bksp".into(),
    };
    distro.keyboard().expect("has one").apply(&layout).expect("set");
    let store = distro.trust_store().expect("has one");
    let written = store.add(&["one".to_owned(), "two".to_owned()]).expect("added");
    let second = expected.certificate.replace("-1.", "-2.");
    assert_eq!(written, [Path::new(expected.certificate), Path::new(&second)]);
    store.update().expect("updated");
    let clients: Vec<&str> =
        distro.time_sync().expect("known").clients().iter().map(|client| client.name).collect();
    assert_eq!(clients, ["chrony", "systemd-timesyncd", "ntp", "ntpdate"]);
    let document = b"{version: 2, ethernets: {eth0: {dhcp4: true}}}";
    let config = Node::from_yaml("network-config", document).expect("valid").expect("there");
    distro.network().read(&model::NetworkConfig::new(config)).expect("a description");
    assert_eq!(distro.ssh().directory(), Path::new("/etc/ssh"));
    assert_eq!(distro.ssh().key_types().len(), 3);
    let keyboard = "localectl set-x11-keymap de pc105 nodeadkeys terminate:ctrl_alt_bksp";
    assert_eq!(recording.commands(), ["useradd bob -m", "passwd -l bob", keyboard, expected.update]);
}

/// Upstream's `packages` with a manager's name: it gets those that name it, and no other does.
pub fn packages_of_a_named_manager(
    machine: (Box<dyn Distro>, System, Recording),
    manager: &str,
    commands: &[&str],
) {
    let (distro, _, recording) = machine;
    let of = |manager: &str| [PackageSpec { manager: Some(manager.into()), ..PackageSpec::named("x") }];
    distro.packages().install(&of(manager)).expect("installed");
    assert_eq!(recording.commands(), commands);
    distro.packages().install(&of("xyz")).expect("upstream only logs an error");
    assert_eq!(recording.commands().len(), commands.len(), "nothing is run for an unknown manager");
}
