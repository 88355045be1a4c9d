//! Operations on SUSE: the commands and files are upstream's (cloudinit/distros/opensuse.py), except where
//! docs/differences.md says otherwise.

#[path = "../../everyday.rs"]
mod everyday;

use std::path::Path;

use model::distro::{Distro, PackageSpec, ServiceAction};
use model::{Node, System};
use system::{Recording, Scratch};

fn machine(name: &str, root: Scratch, programs: &[&str]) -> (Box<dyn Distro>, System, Recording) {
    let tools = ["/usr/bin/systemctl", "/usr/bin/hostnamectl", "/usr/bin/hostname"];
    let (system, recording) = root.programs(&tools).programs(programs).system();
    let distro = suse::FAMILY.create(&system, name, &Node::default()).expect("a name of the family");
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
    let (distro, _, recording) = machine("sles", Scratch::new(), &["/usr/bin/zypper"]);
    distro.packages().install(&versioned("nginx")).expect("installed");
    distro.packages().upgrade().expect("upgraded");
    distro.packages().refresh(true).expect("updated");
    assert_eq!(
        recording.commands(),
        [
            "zypper --non-interactive install --auto-agree-with-licenses nginx-1.2",
            "zypper --non-interactive update",
            "zypper --non-interactive refresh"
        ]
    );
}

#[test]
fn packages_of_a_read_only_root() {
    let root = Scratch::new().file("/proc/mounts", "/dev/vda3 / btrfs ro,relatime 0 0\n");
    let programs = ["/usr/bin/zypper", "/usr/sbin/transactional-update"];
    let (distro, _, recording) = machine("opensuse-microos", root, &programs);
    distro.packages().install(&[PackageSpec::named("nginx")]).expect("installed");
    distro.packages().upgrade().expect("upgraded");
    distro.packages().refresh(true).expect("updated");
    let transaction = "transactional-update --non-interactive --drop-if-no-change";
    assert_eq!(
        recording.commands(),
        [
            &format!("{transaction} pkg install --auto-agree-with-licenses nginx"),
            &format!("{transaction} up"),
            "zypper --non-interactive refresh",
        ]
    );
    // proc_pid_mounts(5): the last mount counts, and the initial root is none of the system.
    for (mounts, tool) in [
        ("rootfs / btrfs rw 0 0\n/dev/vda3 / ext4 rw 0 0\n", "zypper"),
        ("/dev/vda3 / ext4 rw 0 0\nrootfs / btrfs rw 0 0\n", "zypper"),
        ("/dev/vda3 / ext4 rw 0 0\n/dev/vda4 / btrfs rw 0 0\n", "transactional-update"),
        ("/dev/vda3 / ext4 rw,errors=remount-ro 0 0\n/dev/vda4 /home btrfs rw 0 0\n", "zypper"),
        ("", "zypper"),
    ] {
        let root = Scratch::new().file("/proc/mounts", mounts);
        let (distro, _, recording) = machine("opensuse-microos", root, &programs);
        distro.packages().upgrade().expect("upgraded");
        let lines = recording.commands();
        assert_eq!(lines[0].split(' ').next(), Some(tool), "{mounts}");
    }
    let root = Scratch::new().file("/proc/mounts", "/dev/vda3 / ext4 ro 0 0\n");
    let (distro, _, recording) = machine("sles", root, &["/usr/bin/zypper"]);
    assert!(distro.packages().install(&[PackageSpec::named("nginx")]).is_err());
    assert_eq!(recording.commands(), Vec::<String>::new());
}

#[test]
fn without_systemd_settings_are_in_sysconfig() {
    let root = Scratch::new().file("/usr/share/zoneinfo/UTC", "TZif");
    let (distro, system, _) = machine("sles", root, &[]);
    distro.locale().apply("de_DE.UTF-8", None).expect("set");
    distro.time().set_timezone("UTC").expect("set");
    distro.hostname().persist("h").expect("set");
    assert!(text(&system, "/etc/sysconfig/language").ends_with("\nRC_LANG=de_DE.UTF-8\n"));
    assert!(text(&system, "/etc/sysconfig/clock").ends_with("\nTIMEZONE=UTC\n"));
    assert_eq!(text(&system, "/etc/HOSTNAME"), "h\n");
    assert_eq!(distro.info().ssh_service, "sshd");
}

#[test]
fn with_systemd() {
    let root = Scratch::new().directory("/run/systemd/system");
    let (distro, _, recording) = machine("opensuse", root, &[]);
    distro.hostname().persist("h").expect("set");
    distro.services().manage(ServiceAction::Restart, &distro.info().ssh_service).expect("restarted");
    assert_eq!(recording.commands(), ["hostnamectl set-hostname h", "systemctl restart sshd.service"]);
}

/// Upstream's `preferred_ntp_clients`: ntp before release 15, chrony since, and on Micro.
#[test]
fn the_preferred_time_client_depends_on_the_release() {
    for (id, version, expected) in [
        ("sles", "12.5", "ntp"),
        ("sles", "15.7", "chrony"),
        ("sle-micro", "5.5", "chrony"),
        ("opensuse-tumbleweed", "20251101", "chrony"),
    ] {
        let root = Scratch::new().file("/etc/os-release", format!("ID=\"{id}\"\nVERSION_ID=\"{version}\"\n"));
        let (distro, ..) = machine(id, root, &[]);
        let chosen = distro.time_sync().expect("there").choose(None).expect("one");
        assert_eq!(chosen.name, expected, "{id} {version}");
    }
}

#[test]
fn accounts_time_keyboard_and_certificates() {
    let expected = everyday::Expected {
        timezone: None,
        certificate: "/usr/share/pki/trust/anchors/cloud-init-ca-cert-1.crt",
        update: "update-ca-certificates",
    };
    let root = Scratch::new();
    everyday::check(root, |root, programs| machine("sles", root, programs), &expected);
}

/// Upstream's `set_timezone` without systemd.
#[test]
fn the_time_zone_without_systemd() {
    let root = Scratch::new()
        .file("/usr/share/zoneinfo/Europe/Berlin", "TZif2")
        .file("/etc/sysconfig/clock", "HWCLOCK=\"-u\"\nTIMEZONE=\"UTC\"\n");
    let (distro, system, _) = machine("sles", root, &[]);
    distro.time().set_timezone("Europe/Berlin").expect("set");
    assert_eq!(text(&system, "/etc/localtime"), "TZif2");
    assert!(system.files.read_link(Path::new("/etc/localtime")).is_err(), "a copy");
    let clock = text(&system, "/etc/sysconfig/clock");
    assert!(clock.contains("HWCLOCK=\"-u\"\n") || clock.contains("HWCLOCK=-u\n"), "{clock}");
    assert!(
        clock.contains("TIMEZONE=Europe/Berlin\n") || clock.contains("TIMEZONE=\"Europe/Berlin\"\n"),
        "{clock}"
    );
}

#[test]
fn packages_of_a_named_manager() {
    let machine = machine("sles", Scratch::new(), &["/usr/bin/zypper"]);
    everyday::packages_of_a_named_manager(
        machine,
        "zypper",
        &["zypper --non-interactive install --auto-agree-with-licenses x"],
    );
}
