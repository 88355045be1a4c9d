//! Raspberry Pi OS. Expectations: cloudinit/distros/raspberry_pi_os.py of upstream.

use std::sync::Arc;

use model::distro::{Distro, KeyboardLayout};
use model::user::UserSpec;
use model::{Node, System};
use system::{Answering, Recording, Scratch};

fn machine(root: Scratch, programs: &[&str], failing: Option<&str>) -> (Box<dyn Distro>, Recording) {
    let (mut system, recording): (System, Recording) = root
        .directory("/run/systemd/system")
        .programs(&["/usr/bin/systemctl", "/usr/bin/raspi-config"])
        .programs(programs)
        .system();
    if let Some(failing) = failing {
        system.commands = Arc::new(Answering::over(&system).exits(failing, 1, "no"));
    }
    let distro =
        debian::FAMILY.create(&system, "raspberry-pi-os", &Node::default()).expect("a name of the family");
    (distro.expect("valid settings"), recording)
}

#[test]
fn the_keyboard_is_also_the_desktops() {
    let keyboard = KeyboardLayout { layout: "gb".into(), model: "pc105".into(), ..KeyboardLayout::default() };
    let after = |programs: &[&str]| {
        let (distro, recording) = machine(Scratch::new(), programs, None);
        distro.keyboard().expect("has one").apply(&keyboard).expect("set");
        recording.commands().into_iter().skip_while(|line| !line.contains("raspi-config")).collect::<Vec<_>>()
    };
    let desktop = [
        "/usr/bin/raspi-config nonint update_labwc_keyboard",
        "/usr/bin/raspi-config nonint update_squeekboard restart",
        "systemctl restart keyboard-setup",
    ];
    assert_eq!(after(&[]), desktop);
    assert_eq!(
        after(&["/usr/bin/udevadm"]),
        [&desktop[..], &["udevadm trigger --subsystem-match=input --action=change"]].concat()
    );
}

#[test]
fn a_locale_without_its_character_set_is_tried_with_it() {
    let tried = |locale: &str, failing: Option<&str>| {
        let (distro, recording) = machine(Scratch::new(), &[], failing);
        let done = distro.locale().apply(locale, None).is_ok();
        let lines = recording.commands();
        (
            done,
            lines
                .iter()
                .filter_map(|line| line.split(' ').next_back().map(str::to_owned))
                .collect::<Vec<_>>(),
        )
    };
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(tried("en_GB", None), (true, owned(&["en_GB"])));
    // The second attempt begins like the first, so that it fails here too.
    let failing = Some("/usr/bin/raspi-config nonint do_change_locale en_GB");
    assert_eq!(tried("en_GB", failing), (false, owned(&["en_GB", "en_GB.UTF-8"])));
    assert_eq!(tried("en_GB.UTF-8", failing), (false, owned(&["en_GB.UTF-8"])));
}

#[test]
fn a_new_account_takes_the_place_of_the_first_one() {
    let spec = UserSpec { name: "ann".into(), ..UserSpec::default() };
    let root = || {
        Scratch::new().file("/etc/passwd", "root:x:0:0::/root:/bin/sh\n").file("/etc/group", "root:x:0:\n")
    };
    let tools = ["/usr/sbin/useradd", "/usr/bin/passwd", "/usr/bin/rename-user"];
    let (distro, recording) = machine(root(), &tools, None);
    let users = distro.users();
    assert!(users.add_user(&spec).expect("made"));
    let lines = recording.commands();
    assert_eq!(lines.last().map(String::as_str), Some("/usr/bin/rename-user -f -s"), "{lines:?}");
    assert!(users.find("ann").expect("readable").is_some());
    assert_eq!(users.find_group("root").expect("readable"), Some(0));
    users.lock_password("ann").expect("locked");
    users.expire_password("ann").expect("expired");
    let lines = recording.commands();
    assert_eq!(lines[lines.len() - 2..], ["passwd -l ann", "passwd --expire ann"]);
    // It is no failure of the boot: the account is there.
    let (distro, recording) = machine(root(), &tools, Some("/usr/bin/rename-user"));
    assert!(distro.users().add_user(&spec).expect("made"));
    // An account that exists takes nobody's place.
    let before = recording.commands().len();
    assert!(!distro.users().add_user(&spec).expect("there"));
    assert!(!recording.commands()[before..].iter().any(|line| line.contains("rename-user")));
}

/// The rest is Debian's.
#[test]
fn groups_passwords_owners_and_the_locale_are_debians() {
    let root = Scratch::new()
        .file("/etc/passwd", "pi:x:1000:1000::/home/pi:/bin/bash\n")
        .file("/etc/group", "pi:x:1000:\n")
        .file("/etc/shadow", "pi:*:19675:0:99999:7:::\n")
        .file("/etc/default/locale", "LANG=en_GB.UTF-8\n");
    let tools = ["/usr/sbin/groupadd", "/usr/sbin/usermod", "/usr/sbin/chpasswd", "/usr/sbin/userdel"];
    let (distro, recording) = machine(root, &tools, None);
    assert_eq!(distro.locale().current().expect("read"), "en_GB.UTF-8");
    let owner = distro.users().owner("pi:pi").expect("known");
    assert_eq!((owner.uid, owner.gid), (Some(1000), Some(1000)));
    assert!(distro.users().owner("bob").is_err());
    distro.users().add_group("ops", &["pi".to_owned()]).expect("made");
    let password = model::distro::Password {
        user: "pi".into(),
        value: model::Secret::new("secret".to_owned()),
        hashed: false,
    };
    distro.users().set_passwords(&[password]).expect("set");
    distro.users().discard(&["pi".to_owned()], &[]).expect("removed");
    assert_eq!(recording.commands(), ["groupadd ops", "usermod -a -G ops pi", "chpasswd", "userdel pi"]);
}
