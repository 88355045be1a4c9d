//! Tools of Alpine: keymaps, OpenRC's services, and accounts with Busybox's programs. Expectations:
//! cloudinit/distros/alpine.py of upstream.

use std::path::Path;

use model::distro::{Distro, KeyboardLayout};
use model::{Node, System};
use system::{Recording, Scratch};

const BOB: &str = "bob:x:1000:1000::/home/bob:/bin/ash\n";

fn machine(root: Scratch, programs: &[&str]) -> (Box<dyn Distro>, System, Recording) {
    let (system, recording) =
        root.programs(&["/usr/bin/rc-update", "/usr/bin/rc-service"]).programs(programs).system();
    let distro = alpine::FAMILY.create(&system, "alpine", &Node::default()).expect("a name of the family");
    (distro.expect("valid settings"), system, recording)
}

fn layout(layout: &str, variant: &str) -> KeyboardLayout {
    KeyboardLayout {
        layout: layout.into(),
        model: "pc105".into(),
        variant: variant.into(),
        options: String::new(),
    }
}

#[test]
fn a_keymap_is_a_layout_and_a_variant() {
    let root = Scratch::new().file("/usr/share/bkeymaps/de/de-nodeadkeys.bmap.gz", "");
    let (distro, _, recording) = machine(root, &["/usr/sbin/setup-keymap"]);
    let keyboard = distro.keyboard().expect("has one");
    keyboard.apply(&layout("de", "de-nodeadkeys")).expect("set");
    assert_eq!(recording.commands(), ["setup-keymap de de-nodeadkeys"]);
    for (name, variant, reason) in [
        ("xx", "xx", "unknown keyboard layout 'xx'"),
        ("", "de", "unknown keyboard layout ''"),
        ("../bkeymaps/de", "de", "unknown keyboard layout '../bkeymaps/de'"),
        ("de", "", "keyboard.variant is required on Alpine"),
        ("de", "neo", "unknown variant 'neo' of keyboard layout 'de'"),
        ("de", "../de/de-nodeadkeys", "unknown variant '../de/de-nodeadkeys' of keyboard layout 'de'"),
    ] {
        let error = keyboard.apply(&layout(name, variant)).expect_err("refused").to_string();
        assert!(error.contains(reason), "{error}");
    }
    assert_eq!(recording.commands().len(), 1, "nothing is run for what is refused");
}

#[test]
fn services_are_managed_by_openrc() {
    let (distro, _, recording) = machine(Scratch::new(), &[]);
    let services = distro.services();
    services.restart_unordered("sshd").expect("restarted");
    services.reload_configuration().expect("nothing to do");
    assert_eq!(recording.commands(), ["rc-service --nocolor sshd restart"]);
    let error = services.is_active("sshd").expect_err("only systemd tells").to_string();
    assert!(error.contains("queries of service states"), "{error}");
}

#[test]
fn passwords_and_groups_by_busybox() {
    let root = || {
        Scratch::new()
            .file("/etc/passwd", BOB)
            .file("/etc/group", "")
            .file("/etc/shadow", "bob:!:19000::::::\n")
    };
    let busybox = root().program("/bin/bbsuid").link("/usr/bin/passwd", "/bin/bbsuid");
    let (distro, _, recording) = machine(busybox, &["/usr/sbin/addgroup"]);
    distro.users().lock_password("bob").expect("locked");
    distro.users().add_group("staff", &["bob".into()]).expect("added");
    assert_eq!(recording.commands()[..2], ["passwd -l bob", "addgroup staff"]);

    let (distro, _, recording) = machine(root(), &["/usr/bin/passwd", "/usr/sbin/groupadd"]);
    distro.users().lock_password("bob").expect("locked");
    distro.users().expire_password("bob").expect("expired");
    distro.users().add_group("staff", &[]).expect("added");
    assert_eq!(recording.commands(), ["passwd -l bob", "passwd --expire bob", "groupadd staff"]);
}

#[test]
fn the_locale_can_have_a_file_of_its_own() {
    let (distro, system, _) = machine(Scratch::new(), &[]);
    distro.locale().apply("", Some(Path::new("/etc/profile.d/own.sh"))).expect("set");
    let text = system.files.text(Path::new("/etc/profile.d/own.sh")).expect("there");
    assert!(text.contains("export LANG=C.UTF-8\n"), "musl's locale where none is named: {text}");
    assert_eq!(distro.locale().current().expect("known"), "C.UTF-8");
}

/// rc-service(8), rc-update(8).
#[test]
fn each_action_is_a_command_of_openrc() {
    use model::distro::ServiceAction::{Disable, Enable, Reload, Restart, Start, Status, Stop, TryReload};
    for (action, expected) in [
        (Start, "rc-service --nocolor x start"),
        (Stop, "rc-service --nocolor x stop"),
        (Restart, "rc-service --nocolor x restart"),
        (Reload, "rc-service --nocolor x restart"),
        (TryReload, "rc-service --nocolor x restart"),
        (Status, "rc-service --nocolor x status"),
        (Enable, "rc-update --nocolor add x"),
        (Disable, "rc-update --nocolor del x"),
    ] {
        let (distro, _, recording) = machine(Scratch::new(), &[]);
        distro.services().manage(action, "x").expect("done");
        assert_eq!(recording.commands(), [expected]);
        assert_eq!(distro.services().init(), model::distro::Init::OpenRc);
        assert!(distro.services().is_active("x").is_err());
    }
}

#[test]
fn an_owner_is_looked_up() {
    let root =
        Scratch::new().file("/etc/passwd", "bob:x:7:8::/:/bin/sh\n").file("/etc/group", "staff:x:50:\n");
    let (distro, _, _) = machine(root, &[]);
    let owner = distro.users().owner("bob:staff").expect("known");
    assert_eq!((owner.uid, owner.gid), (Some(7), Some(50)));
    assert!(distro.users().owner("alice").is_err());
}

/// deluser(8) and delgroup(8) of Busybox, or shadow-utils; an account with something in its home keeps that.
#[test]
fn half_made_accounts_are_discarded() {
    for (programs, expected) in [
        (["/usr/sbin/deluser", "/usr/sbin/delgroup"], ["deluser bob", "deluser eve", "delgroup staff"]),
        (["/usr/sbin/userdel", "/usr/sbin/groupdel"], ["userdel bob", "userdel eve", "groupdel staff"]),
    ] {
        let root = Scratch::new()
            .file("/etc/passwd", format!("{BOB}eve:x:1001:1001::/home/eve:/bin/ash\n"))
            .file("/etc/group", "staff:x:50:\n")
            .directory("/home/bob")
            .file("/home/eve/letter", "");
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (distro, system, recording) = machine(root, &programs);
        distro.users().discard(&names(&["bob", "eve", "ann"]), &names(&["staff", "new"])).expect("removed");
        assert_eq!(recording.commands(), expected);
        let is_there = |path: &str| system.files.exists(Path::new(path));
        assert!(!is_there("/home/bob") && is_there("/home/eve/letter"));
    }
}

/// Upstream's `shutdown_command` of Alpine: halt(8), poweroff(8) and reboot(8) of Busybox.
#[test]
fn each_end_has_its_program() {
    use model::distro::PowerState::{Halt, Poweroff, Reboot};
    let (distro, ..) = machine(Scratch::new(), &[]);
    for (to, minutes, expected) in [
        (Halt, None, ["halt", "-d", "0"]),
        (Poweroff, Some(1), ["poweroff", "-d", "60"]),
        (Reboot, Some(10), ["reboot", "-d", "600"]),
    ] {
        assert_eq!(distro.services().shutdown_command(to, minutes, "bye"), expected);
    }
}
