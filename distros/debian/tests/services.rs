//! Services by systemd and by scripts in /etc/init.d.

use model::Node;
use model::distro::{Distro, ServiceAction};
use system::{Recording, Scratch};

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
