//! What RHEL's family does when it is asked for a thing: the commands and files of the original.

use std::path::Path;

use model::distro::{Distro, PackageSpec};
use model::effects::Owner;
use model::{Node, System};
use system::{EffectKind, Recording, Scratch};

fn machine(name: &str, root: Scratch) -> (Box<dyn Distro>, System, Recording) {
    let root = ["/usr/bin/hostname", "/usr/bin/hostnamectl"]
        .iter()
        .fold(root, |root, program| root.program(program));
    let (system, recording) = root.system();
    let facts = rhel::FAMILY.member(name).expect("a name of the family");
    let distro = (rhel::FAMILY.make)(&system, facts, &Node::default()).expect("valid settings");
    (distro, system, recording)
}

fn commands(recording: &Recording) -> Vec<String> {
    let effects = recording.effects();
    let lines = effects.iter().filter_map(|effect| match &effect.kind {
        EffectKind::Command { words, .. } => Some(words.join(" ")),
        _ => None,
    });
    lines.collect()
}

#[test]
fn the_host_name_has_its_domain_and_hostnamectl_sets_it() {
    let (distro, _, recording) = machine("centos", Scratch::new().directory("/run/systemd/system"));
    assert_eq!(distro.hostname().choose("h", "h.example.org", None), "h.example.org");
    distro.hostname().apply("h.example.org").expect("set");
    assert_eq!(commands(&recording), ["hostnamectl set-hostname h.example.org", "hostname h.example.org"]);
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
    assert_eq!(commands(&recording), ["dnf -y install nginx-1.24"]);
    let (distro, _, recording) = machine("centos", Scratch::new().program("/usr/bin/yum"));
    distro.packages().install(&wanted).expect("installed");
    assert_eq!(commands(&recording), ["yum -t -y install nginx-1.24"]);
}

#[test]
fn amazon_fetches_lists_of_packages_by_itself() {
    let (distro, _, recording) = machine("amazon", Scratch::new().program("/usr/bin/dnf"));
    distro.packages().refresh(true).expect("nothing to do");
    assert_eq!(commands(&recording), Vec::<String>::new());
}

#[test]
fn host_keys_belong_to_their_group_where_there_is_one() {
    let (distro, ..) = machine("centos", Scratch::new().file("/etc/group", "ssh_keys:x:999:\n"));
    assert_eq!(distro.ssh().private_key_owner().expect("read"), (Owner::new(0, 999), 0o640));
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
