//! What apt-get is started by, as `system_info.apt_get_wrapper` says. Upstream: `cloudinit/distros/package_management/apt.py`.

use model::Node;
use system::Scratch;

/// The first words of the command that updates the lists of packages.
fn started_by(system_info: &str, programs: &[&str]) -> String {
    let (system, recording) = Scratch::new().program("/usr/bin/apt-get").programs(programs).system();
    let system_info = Node::from_yaml("cloud.cfg", system_info.as_bytes()).expect("valid").expect("there");
    let distro =
        debian::FAMILY.create(&system, "debian", &system_info).expect("of the family").expect("valid");
    distro.packages().refresh(true).expect("updated");
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
    ] {
        assert_eq!(started_by(system_info, programs), expected, "{system_info} {programs:?}");
    }
}
