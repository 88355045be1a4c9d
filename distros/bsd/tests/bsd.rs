//! Operations on the BSDs. Expected commands and files are those of the original (26.2, cloudinit/distros/freebsd.py,
//! netbsd.py, openbsd.py and its tests), or of docs/differences.md with the manual page named at the test.

use model::distro::{Distro, Init, PackageSpec, Password};
use model::user::UserSpec;
use model::{Node, Secret, System};
use std::path::Path;
use system::{Recording, Scratch};

fn machine(name: &str, root: Scratch) -> (Box<dyn Distro>, System, Recording) {
    let programs = [
        "pw",
        "service",
        "sysrc",
        "pkg",
        "pkgin",
        "pkg_add",
        "useradd",
        "usermod",
        "groupadd",
        "hostname",
        "cap_mkdb",
        "ifconfig",
        "rcctl",
        "pwhash",
        "encrypt",
        "dhcpleasectl",
        "route",
        "sh",
    ];
    let root = programs.iter().fold(root, |root, name| root.program(&format!("/usr/sbin/{name}")));
    let (system, recording) = root.file("/etc/rc.subr", "").system();
    let distro = bsd::FAMILY.create(&system, name, &Node::default()).expect("a name of the family");
    (distro.expect("valid settings"), system, recording)
}

fn spec(yaml: &str) -> UserSpec {
    let node = Node::from_yaml("user", yaml.as_bytes()).expect("valid").expect("there");
    model::config::from_node(&node).expect("a user")
}

fn text(system: &System, path: &str) -> String {
    system.files.text(Path::new(path)).unwrap_or_else(|| panic!("{path} is missing"))
}

const BOB: &str = "{name: bob, gecos: Bob, groups: [wheel, video], shell: /bin/sh, uid: 1500, passwd: $6$x$y, \
                   lock_passwd: false, expiredate: '2030-02-01', sudo: 'ALL=(ALL) NOPASSWD:ALL', \
                   doas: [permit nopass bob]}";

#[test]
fn accounts_are_created_with_each_tool() {
    let made = |name: &str| {
        let (distro, system, recording) = machine(name, Scratch::new().file("/etc/group", "wheel:*:0:\n"));
        assert!(distro.users().add_user(&spec(BOB)).expect("made"));
        (recording.commands(), system)
    };
    let (freebsd, system) = made("freebsd");
    // pw(8): -e takes dd-mmm-yyyy.
    assert_eq!(
        freebsd,
        [
            "pw group add video",
            "pw useradd -n bob -e 01-Feb-2030 -c Bob -G wheel,video -s /bin/sh -u 1500 -d /home/bob -m",
            "pw usermod bob -H 0",
        ]
    );
    assert!(
        text(&system, "/usr/local/etc/sudoers.d/90-cloud-init-users")
            .contains("bob ALL=(ALL) NOPASSWD:ALL\n")
    );
    assert!(text(&system, "/usr/local/etc/doas.conf").contains("permit nopass bob\n"));
    assert_eq!(made("dragonflybsd").0, freebsd);
    let (netbsd, system) = made("netbsd");
    // useradd(8): -e takes the month, day and year.
    let useradd = "useradd -e February 1 2030 -c Bob -G wheel,video -s /bin/sh -u 1500 -m bob";
    let shown = |line: &String| line.starts_with("usermod -p");
    assert_eq!(netbsd[..2], ["groupadd video".to_owned(), useradd.to_owned()]);
    assert!(shown(&netbsd[2]) && !netbsd[2].contains("$6$"), "{netbsd:?}");
    assert_eq!(netbsd[3..], ["usermod -C no bob", "usermod -C no bob"]);
    assert!(text(&system, "/usr/pkg/etc/sudoers.d/90-cloud-init-users").contains("bob "));
    let (openbsd, system) = made("openbsd");
    assert_eq!((openbsd.len(), &openbsd[1]), (3, &useradd.to_owned()));
    assert!(text(&system, "/etc/doas.conf").contains("permit nopass bob\n"));
}

#[test]
fn passwords_are_set_locked_and_expired() {
    let done = |name: &str| {
        let root = Scratch::new().file("/etc/passwd", "bob:*:1001:1001:Bob:/home/bob:/bin/sh\n");
        let (distro, _, recording) = machine(name, root);
        let users = distro.users();
        let value = Secret::new("pass word".to_owned());
        users.set_passwords(&[Password { user: "bob".to_owned(), value, hashed: false }]).expect("set");
        users.lock_password("bob").expect("locked");
        let expired = users.expire_password("bob").is_ok();
        let lines = recording.commands();
        assert!(!lines.join(" ").contains("pass word"), "{lines:?}");
        (lines, expired)
    };
    let freebsd = ["pw usermod bob -h 0", "pw usermod bob -w no", "pw usermod bob -p 01-Jan-1970"];
    assert_eq!(done("freebsd"), (freebsd.map(str::to_owned).to_vec(), true));
    let (netbsd, _) = done("netbsd");
    assert!(netbsd[0].starts_with("sh -c ") && netbsd[0].contains("pwhash -b 8"), "{netbsd:?}");
    assert_eq!(netbsd[1..], ["usermod -C no bob", "usermod -C yes bob", "usermod -F bob"]);
    let (openbsd, expired) = done("openbsd");
    assert!(openbsd[0].contains("encrypt -b a") && !expired, "{openbsd:?}");
    assert_eq!(openbsd[1..], ["usermod -p * bob"]);
}

/// Only a password that exists is unlocked: passwd(5) of each system.
#[test]
fn existing_accounts_are_unlocked_if_they_have_a_password() {
    let unlocked = |hash: &str| {
        let root = Scratch::new()
            .file("/etc/passwd", "bob:*:1001:1001:Bob:/home/bob:/bin/sh\n")
            .file("/etc/master.passwd", format!("bob:{hash}:1001:1001::0:0:Bob:/home/bob:/bin/sh\n"));
        let (distro, _, recording) = machine("netbsd", root);
        assert!(!distro.users().add_user(&spec("{name: bob, lock_passwd: false}")).expect("changed"));
        recording.commands()
    };
    assert_eq!(unlocked("$2a$x"), ["usermod -C no bob"]);
    for hash in ["", "*************", "*LOCKED**************"] {
        assert_eq!(unlocked(hash), Vec::<String>::new(), "{hash}");
    }
}

/// The original's tests/unittests/distros: the host name is in rc.conf, or in /etc/myname.
#[test]
fn host_names_have_their_files() {
    for (name, path, expected) in [
        ("freebsd", "/etc/rc.conf", "sshd_enable=\"YES\"\nhostname=web.example.org\n"),
        ("dragonflybsd", "/etc/rc.conf", "sshd_enable=\"YES\"\nhostname=web.example.org\n"),
        ("netbsd", "/etc/rc.conf", "sshd_enable=\"YES\"\nhostname=web\n"),
        ("openbsd", "/etc/myname", "web\n"),
    ] {
        let root = Scratch::new().file("/etc/rc.conf", "sshd_enable=\"YES\"\nhostname=old\n");
        let (distro, system, recording) = machine(name, root);
        let chosen = distro.hostname().choose("web", "web.example.org", None);
        distro.hostname().apply(&chosen).expect("set");
        assert_eq!(text(&system, path), expected, "{name}");
        assert_eq!(distro.hostname().persisted().expect("read").as_deref(), Some(chosen.as_str()));
        assert_eq!(recording.commands(), [format!("hostname {chosen}")]);
        assert_eq!(distro.services().init(), Init::Bsd);
    }
}

#[test]
fn packages_are_installed_by_each_manager() {
    let installed = |name: &str, root: Scratch| {
        let (distro, _, recording) = machine(name, root);
        let packages = [
            PackageSpec::named("vim"),
            PackageSpec { version: Some("1.2".into()), ..PackageSpec::named("jq") },
        ];
        distro.packages().install(&packages).expect("installed");
        distro.packages().upgrade().expect("upgraded");
        recording.commands()
    };
    assert_eq!(installed("freebsd", Scratch::new()), ["pkg update", "pkg install vim jq-1.2", "pkg upgrade"]);
    let pkgin = Scratch::new().program("/usr/pkg/bin/pkgin");
    assert_eq!(installed("netbsd", pkgin), ["pkgin -y install vim jq-1.2", "pkgin -y full-upgrade"]);
    assert_eq!(installed("openbsd", Scratch::new()), ["pkg_add -U vim jq-1.2"]);
}

/// login.conf(5); a second locale replaces the first, which the original keeps.
#[test]
fn a_locale_belongs_to_the_default_class() {
    let (distro, system, recording) = machine(
        "freebsd",
        Scratch::new().file("/etc/login.conf", "default:\\\n\t:umask=022:\nroot:\\\n\t:tc=default:\n"),
    );
    distro.locale().apply("de_DE.UTF-8", None).expect("set");
    assert_eq!(
        text(&system, "/etc/login.conf"),
        "default:lang=de_DE.UTF-8:\\\n\t:umask=022:\nroot:\\\n\t:tc=default:\n"
    );
    assert_eq!(distro.locale().current().expect("read"), "de_DE.UTF-8");
    distro.locale().apply("fr_FR.UTF-8", None).expect("set");
    assert!(text(&system, "/etc/login.conf").starts_with("default:lang=fr_FR.UTF-8:\\\n"));
    assert_eq!(recording.commands(), ["cap_mkdb /etc/login.conf", "cap_mkdb /etc/login.conf"]);
    assert!(distro.locale().apply("a:tc=root", None).is_err());
    let (distro, _, recording) = machine("openbsd", Scratch::new());
    distro.locale().apply("de_DE.UTF-8", None).expect("ignored");
    assert_eq!(recording.commands(), Vec::<String>::new());
}

/// The original's cloudinit/net/freebsd.py, netbsd.py and openbsd.py: `start_services`.
#[test]
fn a_rendered_network_is_started() {
    let started = |name: &str| {
        let root = Scratch::new()
            .file("/sys/class/net/em0/address", "52:54:00:12:34:00\n")
            .file("/sys/class/net/em0/type", "1\n");
        let (distro, system, recording) = machine(name, root.file("/etc/rc.conf", "hostname=a\n"));
        let yaml = "version: 2\nethernets: {em0: {dhcp4: true}}\n";
        let node = Node::from_yaml("network", yaml.as_bytes()).expect("valid").expect("there");
        let config = model::NetworkConfig::new(node);
        let mut described = distro.network().read(&config).expect("read");
        let rendered = described.render().expect("rendered");
        let first = rendered.files.first().expect("a file").display().to_string();
        (recording.commands(), text(&system, &first))
    };
    let (freebsd, rc_conf) = started("freebsd");
    assert_eq!(
        freebsd,
        [
            "service dhclient stop em0",
            "service netif restart",
            "service routing restart",
            "service dhclient start em0"
        ]
    );
    assert_eq!(rc_conf, "hostname=a\nifconfig_em0=DHCP\n");
    let (netbsd, rc_conf) = started("netbsd");
    assert_eq!(netbsd, ["service network restart", "service dhcpcd restart"]);
    assert_eq!(rc_conf, "hostname=a\ndhcpcd=YES\ndhcpcd_flags=em0\n");
    let (openbsd, file) = started("openbsd");
    assert_eq!(
        (openbsd, file.as_str()),
        (vec!["sh /etc/netstart".to_owned(), "dhcpleasectl -w 30 em0".to_owned()], "dhcp\n")
    );
}

/// The original's `set_timezone` of bsd.py, which is `set_etc_timezone`.
#[test]
fn the_time_zone_and_the_directory_of_ssh() {
    for name in ["freebsd", "netbsd", "openbsd"] {
        let (distro, system, _) =
            machine(name, Scratch::new().file("/usr/share/zoneinfo/Europe/Berlin", "TZif2"));
        distro.time().set_timezone("Europe/Berlin").expect("set");
        let link = system.files.read_link(Path::new("/etc/localtime")).expect("a link");
        assert_eq!(link, Path::new("/usr/share/zoneinfo/Europe/Berlin"), "{name}");
        assert_eq!(text(&system, "/etc/timezone"), "Europe/Berlin\n", "{name}");
        assert_eq!(distro.ssh().directory(), Path::new("/etc/ssh"), "{name}");
        assert_eq!(distro.ssh().key_types().len(), 3, "{name}");
        assert!(distro.keyboard().is_err() && distro.trust_store().is_err(), "{name}");
    }
}

/// Upstream's `packages` with a manager's name: it gets those that name it, and no other does.
#[test]
fn packages_of_a_named_manager() {
    let of = |manager: &str| [PackageSpec { manager: Some(manager.into()), ..PackageSpec::named("x") }];
    let (distro, _, recording) = machine("freebsd", Scratch::new());
    distro.packages().install(&of("pkg")).expect("installed");
    assert_eq!(recording.commands(), ["pkg update", "pkg install x"]);
    distro.packages().install(&of("xyz")).expect("upstream only logs an error");
    assert_eq!(recording.commands().len(), 2, "nothing is run for an unknown manager");
}

/// The original's clients: ntp of the FreeBSDs; OpenBSD has its own (docs/differences.md), NetBSD none.
#[test]
fn time_clients() {
    for (name, known) in [("freebsd", true), ("openbsd", true), ("netbsd", false)] {
        let (distro, ..) = machine(name, Scratch::new());
        let clients = distro.time_sync().map(|clients| clients.clients().len());
        assert_eq!(clients.is_ok_and(|count| count > 0), known, "{name}");
    }
}
