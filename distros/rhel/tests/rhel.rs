//! Operations on the RHEL family: the commands and files are upstream's.

use std::path::Path;

use model::distro::{Distro, KeyboardLayout, PackageSpec, Repository};
use model::effects::Owner;
use model::{Node, System};
use system::{Recording, Scratch};

fn machine(name: &str, root: Scratch) -> (Box<dyn Distro>, System, Recording) {
    machine_with(name, root, "{}")
}

fn machine_with(name: &str, root: Scratch, system_info: &str) -> (Box<dyn Distro>, System, Recording) {
    let tools =
        ["/usr/bin/hostname", "/usr/bin/hostnamectl", "/usr/bin/localectl", "/usr/bin/update-ca-trust"];
    let (system, recording) = root.programs(&tools).system();
    let system_info = Node::from_yaml("cloud.cfg", system_info.as_bytes()).expect("valid").expect("there");
    let distro = rhel::FAMILY.create(&system, name, &system_info).expect("a name of the family");
    (distro.expect("valid settings"), system, recording)
}

#[test]
fn the_host_name_has_its_domain_and_hostnamectl_sets_it() {
    let (distro, _, recording) = machine("centos", Scratch::new().directory("/run/systemd/system"));
    assert_eq!(distro.hostname().choose("h", "h.example.org", None), "h.example.org");
    distro.hostname().apply("h.example.org").expect("set");
    assert_eq!(recording.commands(), ["hostnamectl set-hostname h.example.org", "hostname h.example.org"]);
}

#[test]
fn without_systemd_the_name_stands_in_sysconfig() {
    let root = Scratch::new().file("/etc/sysconfig/network", "NETWORKING=yes\nHOSTNAME=old\n");
    let (distro, system, _) = machine("centos", root);
    assert_eq!(distro.hostname().persisted().expect("read").as_deref(), Some("old"));
    distro.hostname().persist("new").expect("written");
    let text = system.files.text(Path::new("/etc/sysconfig/network")).expect("there");
    assert_eq!(text, "NETWORKING=yes\nHOSTNAME=new\n");
}

#[test]
fn packages_by_dnf_or_yum() {
    let wanted = [PackageSpec { name: "nginx".into(), version: Some("1.24".into()), manager: None }];
    let (distro, _, recording) =
        machine("rocky", Scratch::new().program("/usr/bin/dnf").program("/usr/bin/yum"));
    distro.packages().install(&wanted).expect("installed");
    assert_eq!(recording.commands(), ["dnf -y install nginx-1.24"]);
    let (distro, _, recording) = machine("centos", Scratch::new().program("/usr/bin/yum"));
    distro.packages().install(&wanted).expect("installed");
    assert_eq!(recording.commands(), ["yum -t -y install nginx-1.24"]);
}

#[test]
fn amazon_fetches_lists_of_packages_by_itself() {
    let (distro, _, recording) = machine("amazon", Scratch::new().program("/usr/bin/dnf"));
    distro.packages().refresh(true).expect("nothing to do");
    assert_eq!(recording.commands(), Vec::<String>::new());
}

#[test]
fn host_keys_belong_to_their_group_where_there_is_one() {
    let (distro, ..) = machine("centos", Scratch::new().file("/etc/group", "ssh_keys:x:999:\n"));
    assert_eq!(distro.ssh().private_key_owner().expect("read"), (Owner::new(0, 999), 0o640));
    let (distro, ..) = machine("openeuler", Scratch::new().file("/etc/group", "ssh_keys:x:999:\n"));
    assert_eq!(distro.ssh().private_key_owner().expect("read"), (Owner::ROOT, 0o600));
    let (distro, ..) = machine("rhel", Scratch::new());
    assert_eq!(distro.ssh().private_key_owner().expect("read"), (Owner::ROOT, 0o600));
}

#[test]
fn the_locale_is_a_variable() {
    let (distro, system, _) = machine(
        "fedora",
        Scratch::new().directory("/run/systemd/system").file("/etc/locale.conf", "# x\nLANG=\"C\"\n"),
    );
    distro.locale().apply("en_GB.UTF-8", None).expect("set");
    let text = system.files.text(Path::new("/etc/locale.conf")).expect("there");
    assert!(text.starts_with("# x\n") && text.contains("LANG=") && text.contains("en_GB.UTF-8"), "{text}");
    assert_eq!(distro.locale().current().expect("read"), "en_GB.UTF-8");
}

/// Releases without systemd (the original's `locale_conf_fn` and `clock_conf_fn`, cloudinit/distros/rhel.py): `LANG` in
/// /etc/sysconfig/i18n; `ZONE` in /etc/sysconfig/clock, and a copy of the zone.
#[test]
fn without_systemd_locale_and_time_zone_stand_in_sysconfig() {
    let root = Scratch::new()
        .file("/etc/sysconfig/i18n", "LANG=\"C\"\nSYSFONT=\"latarcyrheb-sun16\"\n")
        .file("/etc/sysconfig/clock", "UTC=true\nZONE=\"America/New_York\"\n")
        .file("/usr/share/zoneinfo/Europe/Berlin", "TZif of Berlin")
        .link("/etc/localtime", "/usr/share/zoneinfo/America/New_York");
    let (distro, system, _) = machine("centos", root);
    distro.locale().apply("en_GB.UTF-8", None).expect("set");
    distro.time().set_timezone("Europe/Berlin").expect("set");
    let text = |path: &str| system.files.text(Path::new(path)).expect("there");
    let values = |path: &str, name: &str| {
        let file = ifcfg::Document::parse(text(path).as_bytes()).expect("shell variables");
        file.get(name)
    };
    assert_eq!(values("/etc/sysconfig/i18n", "LANG").as_deref(), Some("en_GB.UTF-8"));
    assert_eq!(values("/etc/sysconfig/i18n", "SYSFONT").as_deref(), Some("latarcyrheb-sun16"));
    assert_eq!(distro.locale().current().expect("read"), "en_GB.UTF-8");
    assert_eq!(values("/etc/sysconfig/clock", "ZONE").as_deref(), Some("Europe/Berlin"));
    assert_eq!(values("/etc/sysconfig/clock", "UTC").as_deref(), Some("true"));
    assert_eq!(text("/etc/localtime"), "TZif of Berlin");
    assert!(!system.files.exists(Path::new("/etc/locale.conf")));
}

/// The original's `_write_hostname` (cloudinit/distros/rhel.py): with `create_hostname_file: false` hostnamectl sets the
/// transient name alone.
#[test]
fn a_missing_hostname_file_is_not_created_where_that_is_unwanted() {
    let info = "{create_hostname_file: false}";
    let (distro, system, recording) =
        machine_with("rocky", Scratch::new().directory("/run/systemd/system"), info);
    distro.hostname().apply("h.example.org").expect("set");
    assert_eq!(
        recording.commands(),
        ["hostnamectl set-hostname --transient h.example.org", "hostname h.example.org"]
    );
    assert!(!system.files.exists(Path::new("/etc/hostname")));
}

/// restorecon(8): `-R` relabels a directory with all that is in it. It is run where SELinux is on, which the kernel shows
/// by the file system that it mounts at /sys/fs/selinux.
#[test]
fn labels_are_restored_where_selinux_is_on() {
    let restored = |root: Scratch| {
        let (distro, _, recording) = machine("centos", root);
        distro.ssh().restore_context(Path::new("/home/bob/.ssh")).expect("done");
        recording.commands()
    };
    let on = || Scratch::new().file("/sys/fs/selinux/enforce", "1");
    assert_eq!(restored(on().program("/usr/sbin/restorecon")), ["restorecon -R /home/bob/.ssh"]);
    assert_eq!(restored(on()), [] as [&str; 0], "without policycoreutils");
    assert_eq!(restored(Scratch::new().program("/usr/sbin/restorecon")), [] as [&str; 0], "SELinux is off");
}

#[test]
fn the_time_zone_is_a_link_under_systemd() {
    let root = Scratch::new().directory("/run/systemd/system").file("/usr/share/zoneinfo/UTC", "TZif");
    let (distro, system, _) = machine("almalinux", root);
    distro.time().set_timezone("UTC").expect("set");
    assert_eq!(
        system.files.read_link(Path::new("/etc/localtime")).expect("a link"),
        Path::new("/usr/share/zoneinfo/UTC")
    );
}

#[test]
fn a_repository_is_a_file_that_is_written_once() {
    let (distro, system, _) = machine("rocky", Scratch::new());
    let repository = Repository {
        id: "epel".into(),
        settings: vec![
            ("name".into(), vec!["EPEL".into()]),
            ("baseurl".into(), vec!["https://a.example/".into(), "https://b.example/".into()]),
        ],
    };
    let repositories = distro.repositories().expect("RHEL's family has them");
    assert!(repositories.add(None, &repository).expect("written"));
    let text = system.files.text(Path::new("/etc/yum.repos.d/epel.repo")).expect("there");
    let (header, rest) = text.split_once('\n').expect("lines");
    assert!(header.starts_with("# Created by cloud-init on "), "{header}");
    assert_eq!(rest, "[epel]\nname = EPEL\nbaseurl = https://a.example/\n\thttps://b.example/\n\n");
    assert!(!repositories.add(None, &repository).expect("left alone"));
    assert!(repositories.add(None, &Repository { id: "../x".into(), settings: Vec::new() }).is_err());
}

#[test]
fn trust_is_anchors_and_a_bundle() {
    let root =
        Scratch::new().file("/etc/pki/ca-trust/source/x", "x").file("/usr/share/pki/ca-trust-source/y", "y");
    let (distro, system, recording) = machine("centos", root);
    let store = distro.trust_store().expect("CentOS has one");
    store.remove_defaults().expect("removed");
    store.add(&["PEM\n".to_owned()]).expect("written");
    store.update().expect("done");
    let there = |path: &str| system.files.exists(Path::new(path));
    assert!(!there("/etc/pki/ca-trust/source") && !there("/usr/share/pki/ca-trust-source/y"));
    assert!(there("/usr/share/pki/ca-trust-source/anchors/cloud-init-ca-cert-1.crt"));
    assert_eq!(recording.commands(), ["update-ca-trust"]);
}

#[test]
fn the_keyboard_is_set_by_localectl_under_systemd() {
    let keyboard = KeyboardLayout { layout: "de".into(), model: "pc105".into(), ..KeyboardLayout::default() };
    let (distro, _, recording) = machine("fedora", Scratch::new().directory("/run/systemd/system"));
    distro.keyboard().expect("Fedora has one").apply(&keyboard).expect("set");
    assert_eq!(recording.commands(), ["localectl set-x11-keymap de pc105  "]);
    let (distro, ..) = machine("fedora", Scratch::new());
    assert!(distro.keyboard().expect("Fedora has one").apply(&keyboard).is_err());
}

#[test]
fn chrony_is_chronyd() {
    let (distro, ..) = machine("almalinux", Scratch::new());
    let chosen = distro.time_sync().expect("AlmaLinux has one").choose(None).expect("the first");
    assert_eq!((chosen.service, chosen.file), ("chronyd", "/etc/chrony.conf"));
}

/// Upstream's `set_timezone` with and without systemd.
#[test]
fn the_time_zone_is_a_link_or_a_copy() {
    let root = || Scratch::new().file("/usr/share/zoneinfo/Europe/Berlin", "TZif2");
    let (distro, system, _) = machine("centos", root().directory("/run/systemd/system"));
    distro.time().set_timezone("Europe/Berlin").expect("set");
    let link = system.files.read_link(Path::new("/etc/localtime")).expect("a link");
    assert_eq!(link, Path::new("/usr/share/zoneinfo/Europe/Berlin"));
    assert!(!system.files.exists(Path::new("/etc/sysconfig/clock")));
    let (distro, system, _) = machine("centos", root());
    distro.time().set_timezone("Europe/Berlin").expect("set");
    assert!(system.files.read_link(Path::new("/etc/localtime")).is_err(), "a copy");
    assert_eq!(system.files.text(Path::new("/etc/localtime")).as_deref(), Some("TZif2"));
    let clock = system.files.text(Path::new("/etc/sysconfig/clock")).expect("written");
    assert!(clock.contains("ZONE=Europe/Berlin\n") || clock.contains("ZONE=\"Europe/Berlin\"\n"), "{clock}");
}

/// Upstream's `uses_systemd` of Azure Linux: it counts even where it is not running.
#[test]
fn services_without_a_running_systemd() {
    for (name, command) in [("azurelinux", "systemctl restart x"), ("centos", "service x restart")] {
        let (distro, _, recording) =
            machine(name, Scratch::new().programs(&["/usr/bin/systemctl", "/usr/sbin/service"]));
        distro.services().manage(model::distro::ServiceAction::Restart, "x").expect("restarted");
        assert_eq!(recording.commands(), [command], "{name}");
    }
}

#[test]
fn accounts_network_and_clients() {
    let root = Scratch::new().programs(&["/usr/sbin/useradd", "/usr/bin/passwd"]);
    let (distro, _, recording) = machine("fedora", root);
    let bob = model::user::UserSpec { name: "bob".into(), ..model::user::UserSpec::default() };
    assert!(distro.users().add_user(&bob).expect("made"));
    assert_eq!(recording.commands(), ["useradd bob -m", "passwd -l bob"]);
    let document = b"{version: 2, ethernets: {eth0: {dhcp4: true}}}";
    let config = Node::from_yaml("network-config", document).expect("valid").expect("there");
    distro.network().read(&model::NetworkConfig::new(config)).expect("a description");
    let clients: Vec<&str> =
        distro.time_sync().expect("known").clients().iter().map(|client| client.name).collect();
    assert_eq!(clients, ["chrony", "systemd-timesyncd", "ntp", "ntpdate"]);
}
