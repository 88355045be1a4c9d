//! Services by systemd and by scripts in /etc/init.d.

use std::sync::Arc;

use model::Node;
use model::distro::{Distro, ServiceAction};
use system::{Answering, Recording, Scratch};

fn machine(root: Scratch) -> (Box<dyn Distro>, Recording) {
    let programs = ["/usr/bin/systemctl", "/usr/sbin/service", "/usr/sbin/update-rc.d"];
    let (system, recording) = root.programs(&programs).system();
    let distro = debian::FAMILY.create(&system, "debian", &Node::default()).expect("a name of the family");
    (distro.expect("valid settings"), recording)
}

/// The original's `manage_service` (cloudinit/distros/__init__.py) and update-rc.d(8).
#[test]
fn each_action_is_a_command_of_the_init_system() {
    use ServiceAction::{Disable, Enable, Reload, Restart, Start, Status, Stop, TryReload};
    for (action, systemd, sysv) in [
        (Start, "systemctl start x", &["service x start"][..]),
        (Stop, "systemctl stop x", &["service x stop"]),
        (Restart, "systemctl restart x", &["service x restart"]),
        (Reload, "systemctl reload-or-restart x", &["service x restart"]),
        (
            TryReload,
            "systemctl try-reload-or-restart x --job-mode=ignore-dependencies",
            &["service x restart"],
        ),
        (Status, "systemctl status x", &["service x status"]),
        (
            Enable,
            "systemctl enable x",
            &["update-rc.d x defaults", "update-rc.d x enable", "service x start"],
        ),
        (
            Disable,
            "systemctl disable x",
            &["update-rc.d x defaults", "update-rc.d x disable", "service x stop"],
        ),
    ] {
        let (distro, recording) = machine(Scratch::new().directory("/run/systemd/system"));
        distro.services().manage(action, "x").expect("done");
        assert_eq!(recording.commands(), [systemd]);
        let (distro, recording) = machine(Scratch::new().file("/etc/init.d/x", ""));
        distro.services().manage(action, "x").expect("done");
        assert_eq!(recording.commands(), sysv);
    }
}

/// org.freedesktop.systemd1(5), «ActiveState»: reloading is active, and activating is on the way there.
#[test]
fn a_service_is_active_by_its_state() {
    for (state, active) in [
        ("active", true),
        ("activating", true),
        ("reloading", true),
        ("inactive", false),
        ("deactivating", false),
        ("failed", false),
        ("", false),
    ] {
        let root = Scratch::new().directory("/run/systemd/system").program("/usr/bin/systemctl");
        let (mut system, recording) = root.system();
        let answers = Answering::over(&system);
        system.commands = Arc::new(answers.prints("systemctl show", &format!("{state}\n")));
        let distro = debian::FAMILY.create(&system, "debian", &Node::default()).expect("of the family");
        let distro = distro.expect("valid settings");
        assert_eq!(distro.services().is_active("ssh").expect("asked"), active, "{state}");
        assert_eq!(recording.commands(), ["systemctl show --property ActiveState --value ssh"]);
    }
}

/// shutdown(8).
#[test]
fn each_end_has_its_option() {
    use model::distro::PowerState::{Halt, Poweroff, Reboot};
    let (distro, _) = machine(Scratch::new());
    for (to, minutes, message, expected) in [
        (Halt, Some(0), "bye", "shutdown -H +0 bye"),
        (Poweroff, None, "", "shutdown -P now"),
        (Reboot, Some(5), "", "shutdown -r +5"),
    ] {
        assert_eq!(distro.services().shutdown_command(to, minutes, message).join(" "), expected);
    }
}
