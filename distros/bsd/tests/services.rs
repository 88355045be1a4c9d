//! Services and accounts of the BSDs by the original's `manage_service` (cloudinit/distros/freebsd.py, openbsd.py),
//! service(8), rcctl(8) and rc.conf(5).

use std::path::Path;

use model::distro::{Distro, PowerState, ServiceAction};
use model::{Node, System};
use system::{Recording, Scratch};

fn machine(name: &str) -> (Box<dyn Distro>, System, Recording) {
    let programs = ["service", "rcctl", "pw", "groupadd", "usermod", "hostname", "userdel", "groupdel"];
    let root = programs.iter().fold(Scratch::new(), |root, name| root.program(&format!("/usr/sbin/{name}")));
    let root = root
        .file("/etc/rc.subr", "")
        .file("/etc/rc.conf", "sshd=YES\n")
        .file("/etc/passwd", "bob:*:1001:1002::/home/bob:/bin/sh\n")
        .file("/etc/group", "wheel:*:0:\nstaff:*:20:\n");
    let (system, recording) = root.system();
    let distro = bsd::FAMILY.create(&system, name, &Node::default()).expect("a name of the family");
    (distro.expect("valid settings"), system, recording)
}

#[test]
fn each_action_is_a_command_of_the_system() {
    use ServiceAction::{Disable, Enable, Reload, Restart, Start, Status, Stop, TryReload};
    for (action, service, rcctl) in [
        (Start, "start", "start"),
        (Stop, "stop", "stop"),
        (Restart, "restart", "restart"),
        (Reload, "restart", "restart"),
        (TryReload, "restart", "restart"),
        (Status, "status", "check"),
        (Enable, "enable", "enable"),
        (Disable, "disable", "disable"),
    ] {
        for (name, expected) in [
            ("freebsd", format!("service chronyd {service}")),
            ("dragonflybsd", format!("service chronyd {service}")),
            ("openbsd", format!("rcctl {rcctl} chronyd")),
        ] {
            let (distro, _, recording) = machine(name);
            distro.services().manage(action, "chronyd").expect("done");
            assert_eq!(recording.commands(), [expected], "{name}");
        }
    }
}

/// NetBSD's service(8) does not change rc.conf: it is edited, and a hyphen is no part of a shell's name.
#[test]
fn netbsd_enables_by_its_rc_conf() {
    let (distro, system, recording) = machine("netbsd");
    let conf = || system.files.text(Path::new("/etc/rc.conf")).expect("there");
    distro.services().manage(ServiceAction::Enable, "my-daemon").expect("done");
    assert_eq!(conf(), "sshd=YES\nmy_daemon=YES\n");
    distro.services().manage(ServiceAction::Disable, "sshd").expect("done");
    assert_eq!(conf(), "sshd=NO\nmy_daemon=YES\n");
    distro.services().manage(ServiceAction::Reload, "sshd").expect("done");
    assert_eq!(
        recording.commands(),
        ["service my-daemon start", "service sshd stop", "service sshd restart"]
    );
}

#[test]
fn there_are_no_units() {
    for name in ["freebsd", "netbsd", "openbsd"] {
        let (distro, _, recording) = machine(name);
        let services = distro.services();
        assert!(services.is_active("sshd").is_err(), "{name}");
        services.reload_configuration().expect("nothing to do");
        services.restart_unordered("sshd").expect("done");
        let expected = if name == "openbsd" { "rcctl restart sshd" } else { "service sshd restart" };
        assert_eq!(recording.commands(), [expected], "{name}");
    }
}

/// The original's `shutdown_options_map` of bsd.py: -p powers off.
#[test]
fn shutdown_has_the_options_of_the_bsds() {
    let (distro, _, _) = machine("freebsd");
    for (to, option) in [(PowerState::Halt, "-H"), (PowerState::Poweroff, "-p"), (PowerState::Reboot, "-r")] {
        let command = distro.services().shutdown_command(to, Some(5), "bye");
        assert_eq!(command, ["shutdown", option, "+5", "bye"]);
        assert_eq!(distro.services().shutdown_command(to, None, "")[..3], ["shutdown", option, "now"]);
    }
}

/// pw(8), usermod(8) of NetBSD and OpenBSD.
#[test]
fn members_are_added_to_a_group() {
    for (name, expected) in [
        ("freebsd", ["pw group add ops", "pw groupmod ops -m bob"]),
        ("netbsd", ["groupadd ops", "usermod -G ops bob"]),
        ("openbsd", ["groupadd ops", "usermod -G ops bob"]),
    ] {
        let (distro, _, recording) = machine(name);
        distro.users().add_group("ops", &["bob".to_owned(), "nobody-here".to_owned()]).expect("made");
        assert_eq!(recording.commands(), expected, "{name}");
    }
}

#[test]
fn an_owner_is_looked_up_and_a_name_is_told() {
    for name in ["freebsd", "netbsd", "openbsd"] {
        let (distro, system, recording) = machine(name);
        let owner = distro.users().owner("bob:staff").expect("known");
        assert_eq!((owner.uid, owner.gid), (Some(1001), Some(20)), "{name}");
        assert!(distro.users().owner("alice").is_err(), "{name}");
        distro.hostname().apply_transient("h").expect("told");
        assert_eq!(recording.commands(), ["hostname h"], "{name}");
        assert_eq!(system.files.text(Path::new("/etc/rc.conf")).as_deref(), Some("sshd=YES\n"), "{name}");
    }
}

/// pw(8), userdel(8) and groupdel(8).
#[test]
fn half_made_accounts_are_discarded() {
    for (name, expected) in [
        ("freebsd", ["pw userdel -n bob", "pw groupdel staff"]),
        ("dragonflybsd", ["pw userdel -n bob", "pw groupdel staff"]),
        ("netbsd", ["userdel bob", "groupdel staff"]),
        ("openbsd", ["userdel bob", "groupdel staff"]),
    ] {
        let (distro, _, recording) = machine(name);
        let names = |names: [&str; 2]| names.map(str::to_owned);
        distro.users().discard(&names(["bob", "eve"]), &names(["staff", "new"])).expect("removed");
        assert_eq!(recording.commands(), expected, "{name}");
    }
}
