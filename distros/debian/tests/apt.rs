//! What apt-get is started by, as `system_info.apt_get_wrapper` says. Upstream: `cloudinit/distros/package_management/apt.py`.

use std::path::Path;
use std::sync::Arc;

use model::distro::{Distro, PackageSpec};
use model::{Node, System};
use system::{Answering, Scratch};

fn of(name: &str, system: &System, system_info: &str) -> Box<dyn Distro> {
    let system_info = Node::from_yaml("cloud.cfg", system_info.as_bytes()).expect("valid").expect("there");
    debian::FAMILY.create(system, name, &system_info).expect("of the family").expect("valid")
}

const MISSING: &str = "apt_get_wrapper: {command: missing, enabled: true}";

/// The first words of the command that updates the lists of packages.
fn started_by(system_info: &str, programs: &[&str]) -> String {
    let (system, recording) = Scratch::new().program("/usr/bin/apt-get").programs(programs).system();
    let distro = of("debian", &system, system_info);
    // A wrapper that is wanted and missing is an error of the command.
    let is_there = system_info != MISSING;
    assert_eq!(distro.packages().refresh(true).is_ok(), is_there, "{system_info}");
    let commands = recording.commands();
    let command = commands.first().expect("one command");
    command.split("--option").next().unwrap_or_default().trim().to_owned()
}

#[test]
fn a_wrapper_is_used_if_it_is_installed_or_wanted() {
    let eatmydata = ["/usr/bin/eatmydata"];
    let nice = "apt_get_wrapper: {command: [nice, '-n19'], enabled: auto}";
    for (system_info, programs, expected) in [
        ("{}", &[][..], "apt-get"),
        ("{}", &eatmydata[..], "eatmydata apt-get"),
        (nice, &eatmydata[..], "apt-get"),
        (nice, &["/usr/bin/nice"][..], "nice -n19 apt-get"),
        ("apt_get_wrapper: {command: eatmydata, enabled: false}", &eatmydata[..], "apt-get"),
        (MISSING, &[][..], "missing apt-get"),
        ("apt_get_wrapper: {command: [eatmydata], enabled: Auto}", &eatmydata[..], "eatmydata apt-get"),
        ("apt_get_wrapper: {enabled: auto}", &eatmydata[..], "apt-get"),
    ] {
        assert_eq!(started_by(system_info, programs), expected, "{system_info} {programs:?}");
    }
}

/// `apt_get_command` and `apt_get_upgrade_subcommand` of `system_info`, whose defaults upgrade with dist-upgrade.
#[test]
fn its_command_and_how_it_upgrades_can_be_replaced() {
    let apt = "apt-get --option=Dpkg::Options::=--force-confold --option=Dpkg::options::=--force-unsafe-io --assume-yes --quiet";
    for (system_info, upgrade) in [
        ("{}", format!("{apt} dist-upgrade")),
        ("apt_get_upgrade_subcommand: upgrade", format!("{apt} upgrade")),
        ("apt_get_command: [apt-get, '-y']", "apt-get -y dist-upgrade".to_owned()),
    ] {
        let (system, recording) = Scratch::new().program("/usr/bin/apt-get").system();
        of("debian", &system, system_info).packages().upgrade().expect("upgraded");
        assert_eq!(recording.commands(), [upgrade], "{system_info}");
    }
    let (system, recording) = Scratch::new().system();
    of("debian", &system, "{}").packages().upgrade().expect("without apt-get");
    assert_eq!(recording.commands(), Vec::<String>::new());
}

/// apt-get(8): a version after `=`, a release after `/`, and `-` or `^` at the end; a name alone is looked up.
#[test]
fn what_apt_knows_is_asked_by_the_name_alone() {
    let install = |names: &[&str]| {
        let (mut system, recording) =
            Scratch::new().programs(&["/usr/bin/apt-get", "/usr/bin/apt-cache"]).system();
        system.commands =
            Arc::new(Answering::over(&system).prints("apt-cache pkgnames", "nginx\nvim\nedubuntu\n"));
        let packages: Vec<PackageSpec> = names.iter().map(|name| PackageSpec::named(*name)).collect();
        let outcome =
            of("debian", &system, "{}").packages().install(&packages).map_err(|error| error.to_string());
        let lines = recording.commands();
        let installed =
            lines.iter().find_map(|line| line.split_once(" install ").map(|(_, names)| names.to_owned()));
        (installed, outcome)
    };
    let all = ["nginx-", "vim=2:9.1", "vim/bookworm-backports", "edubuntu^"];
    assert_eq!(install(&all), (Some(all.join(" ")), Ok(())));
    let (installed, outcome) = install(&["nginx", "nano"]);
    assert_eq!(installed.as_deref(), Some("nginx"));
    let error = outcome.expect_err("nobody knows it");
    assert!(error.contains("nano") && !error.contains("nginx"), "{error}");
    let (installed, outcome) = install(&["nano"]);
    assert!(installed.is_none() && outcome.is_err(), "nothing is left to install");
}

/// A failure is one of a lock only with apt-get's exit code and a lock that is held.
#[test]
fn other_failures_are_not_repeated() {
    let held = "1: POSIX  ADVISORY  WRITE 4242 08:01:815 0 EOF\n";
    for (locks, stat, code) in [(Some(held), true, 1), (Some(held), false, 100), (None, true, 100)] {
        let mut root = Scratch::new().program("/usr/bin/apt-get");
        if let Some(locks) = locks {
            root = root.file("/proc/locks", locks);
        }
        if stat {
            root = root.program("/usr/bin/stat");
        }
        let (mut system, recording) = root.system();
        system.commands =
            Arc::new(Answering::over(&system).prints("stat ", "815\n").exits("apt-get", code, "no"));
        assert!(of("debian", &system, "{}").packages().refresh(true).is_err());
        let tries = recording.commands().iter().filter(|line| line.starts_with("apt-get ")).count();
        assert_eq!(tries, 1, "{locks:?} {stat} {code}");
    }
}

/// The files by which Debian and others tell that a reboot is due.
#[test]
fn a_reboot_is_wanted_by_a_file() {
    let (system, _) = Scratch::new().system();
    let markers = of("debian", &system, "{}").packages().reboot_markers();
    assert_eq!(markers, [Path::new("/var/run/reboot-required"), Path::new("/run/reboot-needed")]);
}
