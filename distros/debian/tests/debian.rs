//! Operations on Debian and Ubuntu: the commands and files are upstream's.

use std::path::Path;

use model::distro::{Distro, Init, KeyboardLayout, PackageSpec, Password, ServiceAction};
use model::user::UserSpec;
use model::{Node, Secret, System};
use system::{EffectKind, Recording, Scratch};

fn machine(name: &str, root: Scratch) -> (Box<dyn Distro>, System, Recording) {
    machine_with(name, root, "{}")
}

fn machine_with(name: &str, root: Scratch, system_info: &str) -> (Box<dyn Distro>, System, Recording) {
    let programs = [
        "/usr/sbin/useradd",
        "/usr/sbin/groupadd",
        "/usr/sbin/usermod",
        "/usr/bin/passwd",
        "/usr/sbin/chpasswd",
        "/usr/bin/apt-get",
        "/usr/bin/apt-cache",
        "/usr/bin/hostname",
        "/usr/bin/systemctl",
        "/usr/sbin/update-ca-certificates",
        "/usr/bin/debconf-set-selections",
        "/usr/sbin/locale-gen",
        "/usr/sbin/update-locale",
    ];
    let root = programs.iter().fold(root, |root, program| root.program(program));
    let (system, recording) = root.system();
    let system_info = Node::from_yaml("cloud.cfg", system_info.as_bytes()).expect("valid").expect("there");
    let facts = debian::FAMILY.member(name).expect("a name of the family");
    let distro = (debian::FAMILY.make)(&system, facts, &system_info).expect("valid settings");
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

fn spec(yaml: &str) -> UserSpec {
    let node = Node::from_yaml("user", yaml.as_bytes()).expect("valid").expect("there");
    model::config::from_node(&node).expect("a user")
}

#[test]
fn a_user_with_everything() {
    let (distro, system, recording) = machine("debian", Scratch::new().file("/etc/group", "sudo:x:27:\n"));
    let user = spec(
        "{name: bob, gecos: Bob, groups: 'sudo, docker', shell: /bin/bash, uid: 1500, passwd: $6$x$y, lock_passwd: false, \
         sudo: 'ALL=(ALL) NOPASSWD:ALL'}",
    );
    assert!(distro.users().add_user(&user).expect("made"));
    assert_eq!(
        commands(&recording),
        [
            "groupadd docker",
            "useradd bob --comment Bob --groups sudo,docker --password REDACTED --shell /bin/bash --uid 1500 -m",
            "passwd -u bob",
        ]
    );
    let rules = system.files.text(Path::new("/etc/sudoers.d/90-cloud-init-users")).expect("written");
    assert!(rules.ends_with("\n\n# User rules for bob\nbob ALL=(ALL) NOPASSWD:ALL\n"), "{rules}");
    let mode = |path: &str| system.files.stat(Path::new(path)).expect("no error").expect("there").mode;
    assert_eq!((mode("/etc/sudoers.d/90-cloud-init-users"), mode("/etc/sudoers.d")), (0o440, 0o750));
}

#[test]
fn a_system_user_has_no_home_and_is_locked() {
    let (distro, _, recording) = machine("debian", Scratch::new());
    distro.users().add_user(&spec("{name: d, system: true, no_log_init: true}")).expect("made");
    assert_eq!(commands(&recording), ["useradd d --no-log-init --system -M", "passwd -l d"]);
}

#[test]
fn a_user_that_is_there_is_not_made_again() {
    let root = Scratch::new()
        .file("/etc/passwd", "bob:x:1000:1000::/home/bob:/bin/sh\n")
        .file("/etc/shadow", "bob:!:19000:0:99999:7:::\n");
    let (distro, _, recording) = machine("debian", root);
    assert!(!distro.users().add_user(&spec("{name: bob, lock_passwd: false}")).expect("left"));
    // It has no password: unlocking it would allow login without one.
    assert_eq!(commands(&recording), Vec::<String>::new());
}

#[test]
fn passwords_go_in_by_standard_input() {
    let (distro, _, recording) =
        machine("debian", Scratch::new().file("/etc/shadow", "a:*:1::::::\nb:*:1::::::\n"));
    let password =
        |user: &str, hashed| Password { user: user.into(), value: Secret::new("s3cret".into()), hashed };
    distro.users().set_passwords(&[password("a", false), password("b", true)]).expect("set");
    assert_eq!(commands(&recording), ["chpasswd", "chpasswd -e"]);
}

#[test]
fn the_host_name_is_short_and_its_file_keeps_comments() {
    let (distro, system, recording) =
        machine("debian", Scratch::new().file("/etc/hostname", "# mine\nold\n"));
    assert_eq!(distro.hostname().choose("h", "h.example.org", None), "h");
    assert_eq!(distro.hostname().choose("h", "h.example.org", Some(true)), "h.example.org");
    distro.hostname().apply("new").expect("set");
    assert_eq!(system.files.text(Path::new("/etc/hostname")).as_deref(), Some("# mine\nnew\n"));
    assert_eq!(commands(&recording), ["hostname new"]);
}

#[test]
fn packages_are_installed_by_apt_get() {
    let (distro, _, recording) = machine("debian", Scratch::new());
    let package = |name: &str, version: Option<&str>| PackageSpec {
        name: name.into(),
        version: version.map(str::to_owned),
        manager: None,
    };
    distro.packages().install(&[package("nginx", None), package("curl", Some("8.5"))]).expect("installed");
    let apt = "apt-get --option=Dpkg::Options::=--force-confold --option=Dpkg::options::=--force-unsafe-io --assume-yes --quiet";
    assert_eq!(
        commands(&recording),
        [format!("{apt} update"), "apt-cache pkgnames".to_owned(), format!("{apt} install nginx curl=8.5"),]
    );
}

#[test]
fn a_locale_is_generated_once() {
    let root = Scratch::new()
        .file("/usr/share/i18n/SUPPORTED", "de_DE.UTF-8 UTF-8\nde_DE ISO-8859-1\n")
        .file("/etc/locale.gen", "# de_DE.UTF-8 UTF-8\nen_US.UTF-8 UTF-8\n");
    let (distro, system, recording) = machine("debian", root);
    distro.locale().apply("de_DE.UTF-8", None).expect("set");
    let text = system.files.text(Path::new("/etc/locale.gen")).expect("there");
    assert_eq!(text, "de_DE.UTF-8 UTF-8\nen_US.UTF-8 UTF-8\n");
    assert_eq!(
        commands(&recording),
        ["locale-gen --keep-existing", "update-locale --locale-file=/etc/default/locale LANG=de_DE.UTF-8",]
    );
}

#[test]
fn a_time_zone_that_is_none_is_refused() {
    let (distro, system, _) =
        machine("debian", Scratch::new().file("/usr/share/zoneinfo/Europe/Berlin", "TZif"));
    assert!(distro.time().set_timezone("Europe/Atlantis").is_err());
    assert!(distro.time().set_timezone("../../../etc/passwd").is_err());
    distro.time().set_timezone("Europe/Berlin").expect("set");
    assert_eq!(system.files.text(Path::new("/etc/timezone")).as_deref(), Some("Europe/Berlin\n"));
    let link = system.files.read_link(Path::new("/etc/localtime")).expect("a link");
    assert_eq!(link, Path::new("/usr/share/zoneinfo/Europe/Berlin"));
}

#[test]
fn services_by_systemd_or_without() {
    let (distro, _, recording) = machine("debian", Scratch::new().directory("/run/systemd/system"));
    distro.services().manage(ServiceAction::Reload, "ssh").expect("done");
    assert_eq!(commands(&recording), ["systemctl reload-or-restart ssh"]);
    let (distro, _, recording) = machine("debian", Scratch::new().program("/usr/sbin/service"));
    distro.services().manage(ServiceAction::Reload, "ssh").expect("done");
    assert_eq!(commands(&recording), ["service ssh restart"]);
}

#[test]
fn an_owner_is_looked_up_in_the_root() {
    let root =
        Scratch::new().file("/etc/passwd", "bob:x:7:8::/:/bin/sh\n").file("/etc/group", "staff:x:50:\n");
    let (distro, ..) = machine("ubuntu", root);
    let owner = |text: &str| distro.users().owner(text).map(|owner| (owner.uid, owner.gid));
    assert_eq!(owner("bob:staff").expect("known"), (Some(7), Some(50)));
    assert_eq!(owner("bob").expect("known"), (Some(7), None));
    assert_eq!(owner("12:13").expect("numbers"), (Some(12), Some(13)));
    assert!(owner("nobody-here").is_err());
}

#[test]
fn settings_of_system_info_are_honoured() {
    let info = "{ssh_svcname: dropbear, paths: {cloud_dir: /srv/cloud}}";
    let (distro, system, _) = machine_with("debian", Scratch::new(), info);
    assert_eq!(distro.info().ssh_service, "dropbear");
    distro.packages().refresh(false).expect("fetched");
    assert!(system.files.exists(Path::new("/srv/cloud/instance/sem/update_sources")));
    assert!(!system.files.exists(Path::new("/var/lib/cloud")));
}

#[test]
fn the_init_system_is_that_of_the_root() {
    let init = |root: Scratch| machine("debian", root).0.services().init();
    assert_eq!(init(Scratch::new()), Init::SysV);
    assert_eq!(init(Scratch::new().directory("/run/systemd/system")), Init::Systemd);
    assert_eq!(init(Scratch::new().program("/sbin/openrc")), Init::OpenRc);
    assert_eq!(init(Scratch::new().file("/etc/rc.subr", "")), Init::Bsd);
    // An image's init system is the one it will boot; a running system's is the one that runs.
    let image = || Scratch::new().link("/sbin/init", "/lib/systemd/systemd");
    assert_eq!(init(image()), Init::Systemd);
    assert_eq!(init(image().directory("/proc/1")), Init::SysV);
}

#[test]
fn services_know_what_systemd_is_for() {
    let (distro, _, recording) = machine("debian", Scratch::new().directory("/run/systemd/system"));
    distro.services().restart_unordered("ssh").expect("done");
    distro.services().reload_configuration().expect("done");
    assert_eq!(
        commands(&recording),
        ["systemctl restart ssh --job-mode=ignore-dependencies", "systemctl daemon-reload"]
    );
    let (distro, _, recording) = machine("debian", Scratch::new().program("/usr/sbin/service"));
    distro.services().reload_configuration().expect("nothing to do");
    assert!(distro.services().is_active("ssh").is_err());
    assert_eq!(commands(&recording), Vec::<String>::new());
}

#[test]
fn trust_is_a_file_for_each_authority_and_a_bundle() {
    let root = Scratch::new().file("/etc/ca-certificates.conf", "# mine\nmozilla/A.crt\n!mozilla/B.crt\n");
    let (distro, system, recording) = machine("ubuntu", root);
    let store = distro.trust_store().expect("Ubuntu has one");
    store.remove_defaults().expect("deselected");
    store.add(&["PEM\n".to_owned()]).expect("written");
    store.update().expect("done");
    assert_eq!(commands(&recording), ["debconf-set-selections -", "update-ca-certificates"]);
    let text = |path: &str| system.files.text(Path::new(path)).expect("written");
    assert_eq!(text("/usr/local/share/ca-certificates/cloud-init-ca-cert-1.crt"), "PEM\n");
    assert_eq!(
        text("/etc/ca-certificates.conf"),
        "# mine\n# Modified by cloud-init to deselect certs due to user-data\n!mozilla/A.crt\n!mozilla/B.crt\n"
    );
}

#[test]
fn the_keyboard_is_a_file_that_console_setup_reads() {
    let (distro, system, recording) = machine("debian", Scratch::new().directory("/run/systemd/system"));
    let mut keyboard =
        KeyboardLayout { layout: "de".into(), model: "pc105".into(), ..KeyboardLayout::default() };
    distro.keyboard().expect("Debian has one").apply(&keyboard).expect("set");
    assert_eq!(
        system.files.text(Path::new("/etc/default/keyboard")).as_deref(),
        Some(
            "# This file was generated by cloud-init\n\nXKBMODEL=\"pc105\"\nXKBLAYOUT=\"de\"\nXKBVARIANT=\"\"\n\
             XKBOPTIONS=\"\"\n\nBACKSPACE=\"guess\"\n"
        )
    );
    assert_eq!(commands(&recording), ["systemctl restart console-setup"]);
    keyboard.layout = "de\"; reboot".into();
    assert!(distro.keyboard().expect("Debian has one").apply(&keyboard).is_err());
}

#[test]
fn the_ntp_client_is_the_one_that_is_installed() {
    let name = |root: Scratch, wanted| {
        let distro = machine("ubuntu", root).0;
        let chosen = distro.time_sync().expect("Ubuntu has one").choose(wanted).map(|client| client.name);
        chosen.map_err(|error| error.to_string())
    };
    assert_eq!(name(Scratch::new().program("/lib/systemd/systemd-timesyncd"), None), Ok("systemd-timesyncd"));
    assert_eq!(name(Scratch::new(), Some("auto")), Ok("chrony"));
    assert_eq!(name(Scratch::new(), Some("ntp")), Ok("ntp"));
    let error = name(Scratch::new(), Some("sundial")).expect_err("there is none");
    assert!(error.contains("NTP client 'sundial' (supported: chrony"), "{error}");
}

#[test]
fn what_is_not_there_is_refused_by_name() {
    let (distro, ..) = machine("debian", Scratch::new());
    let error = distro.repositories().err().expect("apt's sources are not known yet").to_string();
    assert_eq!(error, "configuration of package repositories is not supported on debian");
}
