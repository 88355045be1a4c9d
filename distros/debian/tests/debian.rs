//! Operations on Debian and Ubuntu: the commands and files are upstream's.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use model::distro::{Distro, Init, KeyboardLayout, PackageSpec, Password, ServiceAction};
use model::effects::{Command, CommandError, Commands, Output};
use model::user::UserSpec;
use model::{Node, Secret, System};
use system::{Answering, Recording, Scratch};

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
    let (system, recording) = root.programs(&programs).system();
    let system_info = Node::from_yaml("cloud.cfg", system_info.as_bytes()).expect("valid").expect("there");
    (of_family(name, &system, &system_info), system, recording)
}

fn of_family(name: &str, system: &System, system_info: &Node) -> Box<dyn Distro> {
    let distro = debian::FAMILY.create(system, name, system_info).expect("a name of the family");
    distro.expect("valid settings")
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
        recording.commands(),
        [
            "groupadd docker",
            "useradd bob --comment Bob --groups sudo,docker --shell /bin/bash --uid 1500 -m",
            "chpasswd -e",
            "passwd -u bob",
        ]
    );
    let rules = system.files.text(Path::new("/etc/sudoers.d/90-cloud-init-users")).expect("written");
    assert!(rules.ends_with("\n\n# User rules for bob\nbob ALL=(ALL) NOPASSWD:ALL\n"), "{rules}");
    let mode = |path: &str| system.files.stat(Path::new(path)).expect("no error").expect("there").mode;
    assert_eq!((mode("/etc/sudoers.d/90-cloud-init-users"), mode("/etc/sudoers.d")), (0o440, 0o750));
}

#[test]
fn rules_are_checked_by_their_program_before_anything_is_done() {
    for (program, check, user, file) in [
        (
            "/usr/sbin/visudo",
            "visudo -c -f -",
            "{name: bob, sudo: 'ALL=(ALL'}",
            "/etc/sudoers.d/90-cloud-init-users",
        ),
        ("/usr/bin/doas", "doas -C /dev/stdin", "{name: bob, doas: ['permit bob as']}", "/etc/doas.conf"),
    ] {
        for rejected in [true, false] {
            let root = Scratch::new().program(program).file(file, "before\n");
            let (_, mut system, recording) = machine("debian", root);
            if rejected {
                system.commands = Arc::new(Answering::over(&system).exits(check, 1, ""));
            }
            let distro = of_family("debian", &system, &Node::default());
            let added = distro.users().add_user(&spec(user));
            assert_eq!(recording.commands()[0], check);
            assert_eq!(recording.commands().iter().any(|line| line.starts_with("useradd")), !rejected);
            let after = system.files.text(Path::new(file)).expect("there");
            match added {
                Ok(_) => assert!(
                    !rejected && after.starts_with("before\n\n# ") && after.contains("bob"),
                    "{after}"
                ),
                Err(error) => assert!(
                    rejected && after == "before\n" && error.to_string().contains("rejects"),
                    "{error}"
                ),
            }
            assert!(!system.files.exists(Path::new("/run/cloud-init/tmp")));
        }
    }
}

#[test]
fn a_system_user_has_no_home_and_is_locked() {
    let (distro, _, recording) = machine("debian", Scratch::new());
    distro.users().add_user(&spec("{name: d, system: true, no_log_init: true}")).expect("made");
    assert_eq!(recording.commands(), ["useradd d --no-log-init --system -M", "passwd -l d"]);
}

#[test]
fn a_user_that_is_there_is_not_made_again() {
    let root = Scratch::new()
        .file("/etc/passwd", "bob:x:1000:1000::/home/bob:/bin/sh\n")
        .file("/etc/shadow", "bob:!:19000:0:99999:7:::\n");
    let (distro, _, recording) = machine("debian", root);
    assert!(!distro.users().add_user(&spec("{name: bob, lock_passwd: false}")).expect("left"));
    // It has no password: unlocking it would allow login without one.
    assert_eq!(recording.commands(), Vec::<String>::new());
}

#[test]
fn passwords_go_in_by_standard_input() {
    let (distro, _, recording) =
        machine("debian", Scratch::new().file("/etc/shadow", "a:*:1::::::\nb:*:1::::::\n"));
    let password =
        |user: &str, hashed| Password { user: user.into(), value: Secret::new("s3cret".into()), hashed };
    distro.users().set_passwords(&[password("a", false), password("b", true)]).expect("set");
    assert_eq!(recording.commands(), ["chpasswd", "chpasswd -e"]);
}

#[test]
fn the_host_name_is_short_and_its_file_keeps_comments() {
    let (distro, system, recording) =
        machine("debian", Scratch::new().file("/etc/hostname", "# mine\nold\n"));
    assert_eq!(distro.hostname().choose("h", "h.example.org", None), "h");
    assert_eq!(distro.hostname().choose("h", "h.example.org", Some(true)), "h.example.org");
    distro.hostname().apply("new").expect("set");
    assert_eq!(system.files.text(Path::new("/etc/hostname")).as_deref(), Some("# mine\nnew\n"));
    assert_eq!(recording.commands(), ["hostname new"]);
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
        recording.commands(),
        [format!("{apt} update"), "apt-cache pkgnames".to_owned(), format!("{apt} install nginx curl=8.5"),]
    );
}

/// The original's `Snap.install_packages` (cloudinit/distros/package_management/snap.py): one call for each package,
/// `name=version` taken apart, and those that fail are reported.
#[test]
fn snaps_are_installed_one_by_one() {
    let package = |name: &str, version: Option<&str>| PackageSpec {
        name: name.into(),
        version: version.map(str::to_owned),
        manager: Some("snap".into()),
    };
    // Also where snap is none of the distribution's own package managers.
    for name in ["ubuntu", "debian"] {
        let (distro, _, recording) = machine(name, Scratch::new().program("/usr/bin/snap"));
        distro.packages().install(&[package("lxd", None), package("juju", Some("3.6"))]).expect("installed");
        assert_eq!(recording.commands(), ["snap install lxd", "snap install juju 3.6"], "{name}");
        let (distro, ..) = machine(name, Scratch::new());
        let error = distro.packages().install(&[package("lxd", None)]).expect_err("there is no snap");
        assert!(error.to_string().contains("lxd"), "{name}: {error}");
    }
}

/// The original's `Apt.install_packages` leaves what apt does not know to snap, and what was asked of apt alone to nobody
/// (its `test_distros/package_management`).
#[test]
fn what_apt_does_not_know_may_be_a_snap() {
    let root = Scratch::new().program("/usr/bin/snap");
    let (mut system, recording) = root.program("/usr/bin/apt-get").program("/usr/bin/apt-cache").system();
    system.commands = Arc::new(Answering::over(&system).prints("apt-cache pkgnames", "nginx\ncurl\n"));
    let distro = of_family("ubuntu", &system, &Node::default());
    let package = |name: &str, manager: Option<&str>| PackageSpec {
        name: name.into(),
        version: None,
        manager: manager.map(str::to_owned),
    };
    let wanted = [package("nginx", None), package("lxd", None), package("nowhere", Some("apt"))];
    let error = distro.packages().install(&wanted).expect_err("one is of apt alone").to_string();
    assert!(error.contains("nowhere") && !error.contains("lxd"), "{error}");
    let lines = recording.commands();
    assert!(lines.iter().any(|line| line.ends_with("install nginx")), "{lines:#?}");
    assert_eq!(lines.last().map(String::as_str), Some("snap install lxd"));
}

/// The original's `Apt.get_all_packages` (cloudinit/distros/package_management/apt.py) is cached.
#[test]
fn the_names_of_packages_are_listed_once_for_each_update() {
    let (distro, _, recording) = machine("debian", Scratch::new());
    let listed = || recording.commands().iter().filter(|line| *line == "apt-cache pkgnames").count();
    for (update, times) in [(false, 1), (false, 1), (true, 2)] {
        if update {
            distro.packages().refresh(true).expect("fetched");
        }
        distro.packages().install(&[PackageSpec::named("nginx")]).expect("installed");
        assert_eq!(listed(), times);
    }
}

/// The original's `update_package_sources` (cloudinit/distros/__init__.py): once for an instance, unless it is forced.
#[test]
fn lists_of_packages_are_fetched_once_unless_forced() {
    let (distro, _, recording) = machine("debian", Scratch::new());
    let updates = || recording.commands().iter().filter(|line| line.ends_with(" update")).count();
    for (force, made) in [(false, 1), (false, 1), (true, 2), (true, 3), (false, 3)] {
        distro.packages().refresh(force).expect("fetched");
        assert_eq!(updates(), made, "force {force}");
    }
}

/// The original's `Snap.upgrade_packages`: nothing is refreshed where snapd's `refresh.hold` is `forever`.
#[test]
fn snaps_are_refreshed_unless_they_are_held() {
    for (settings, refreshed) in [
        ("{\"refresh\": {\"hold\": \"forever\"}}", false),
        ("{\"refresh\": {\"hold\": \"2030-01-01\"}}", true),
        ("", true),
    ] {
        let (mut system, recording) = Scratch::new().program("/usr/bin/snap").system();
        system.commands = Arc::new(Answering::over(&system).prints("snap get system -d", settings));
        let distro = of_family("ubuntu", &system, &Node::default());
        distro.packages().upgrade().expect("done");
        assert_eq!(recording.commands().contains(&"snap refresh".to_owned()), refreshed, "{settings}");
    }
}

/// The original's `Apt._wait_for_apt_command` (cloudinit/distros/package_management/apt.py): while another process holds
/// one of its locks, the command is tried again for 30 seconds; a failure without a held lock is one at once.
#[test]
fn apt_waits_for_whoever_holds_its_locks() {
    // proc_locks(5): the last part of the field with two colons is the inode.
    let held = "1: POSIX  ADVISORY  WRITE 4242 08:01:815 0 EOF\n";
    for (locks, busy_for, tries, ends_well) in [
        (held, 2, 3, true),
        (held, u32::MAX, 31, false),
        ("1: POSIX  ADVISORY  WRITE 1 08:01:9 0 EOF\n", 2, 1, false),
    ] {
        let root =
            Scratch::new().file("/proc/locks", locks).program("/usr/bin/apt-get").program("/usr/bin/stat");
        let (mut system, recording) = root.system();
        let below = Answering::over(&system).prints("stat ", "815\n");
        system.commands = Arc::new(Locked { below, busy_for: AtomicU32::new(busy_for) });
        let distro = of_family("debian", &system, &Node::default());
        let before = system.clock.monotonic();
        assert_eq!(distro.packages().refresh(true).is_ok(), ends_well, "{locks}");
        let made = recording.commands().iter().filter(|line| line.starts_with("apt-get ")).count();
        assert_eq!(made, tries, "{locks}");
        let waited = system.clock.monotonic().saturating_sub(before).as_secs();
        assert_eq!(usize::try_from(waited).expect("small"), tries - 1, "a second between two tries");
    }
}

/// Commands of which apt-get fails for a while as it does when it is locked.
struct Locked {
    below: Answering,
    busy_for: AtomicU32,
}

impl Commands for Locked {
    fn run(&self, command: &Command) -> Result<Output, CommandError> {
        let mut output = self.below.run(command)?;
        let line = command.shown().join(" ");
        let left = self.busy_for.load(Ordering::Relaxed);
        if line.starts_with("apt-get ") && left > 0 {
            self.busy_for.store(left - 1, Ordering::Relaxed);
            output.code = 100;
            return Err(CommandError::Failed { command: line, output });
        }
        Ok(output)
    }

    fn which(&self, program: &str) -> Option<PathBuf> {
        self.below.which(program)
    }

    fn spawn_detached(&self, command: &Command) -> Result<(), CommandError> {
        self.below.spawn_detached(command)
    }
}

/// The original's `create_group`: a warning, after which the members are added.
#[test]
fn a_group_that_cannot_be_created_is_no_failure() {
    let root =
        Scratch::new().file("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n").program("/usr/sbin/groupadd");
    let (mut system, recording) = root.program("/usr/sbin/usermod").system();
    system.commands = Arc::new(Answering::over(&system).exits("groupadd refused", 3, ""));
    let distro = of_family("debian", &system, &Node::default());
    distro.users().add_group("refused", &["root".into()]).expect("a warning");
    assert_eq!(recording.commands(), ["groupadd refused", "usermod -a -G refused root"]);
}

/// The original's `add_user` and `create_group` on Ubuntu Core (`util.system_is_snappy`): accounts are kept beside the
/// system's. An Ubuntu with the database of libnss-extrausers alone is none.
#[test]
fn accounts_of_ubuntu_core_are_extra_users() {
    let add = |root: Scratch| {
        let (distro, _, recording) = machine("ubuntu", root);
        distro.users().add_user(&spec("{name: bob, groups: [docker], lock_passwd: true}")).expect("made");
        recording.commands()
    };
    let extra =
        ["groupadd docker --extrausers", "useradd bob --extrausers --groups docker -m", "passwd -l bob"];
    assert_eq!(add(Scratch::new().file("/etc/os-release", "NAME=\"Ubuntu Core\"\nID=ubuntu-core\n")), extra);
    assert_eq!(add(Scratch::new().file("/proc/cmdline", "ro snap_core=core18_1.snap\n")), extra);
    assert_eq!(add(Scratch::new().file("/etc/system-image/channel.ini", "name: Ubuntu-Core/15.04\n")), extra);
    assert_eq!(add(Scratch::new().directory("/etc/system-image/config.d")), extra);
    let classic = Scratch::new()
        .file("/etc/os-release", "ID=ubuntu\n")
        .file("/var/lib/extrausers/passwd", "")
        .file("/proc/cmdline", "ro quiet\n");
    assert_eq!(add(classic), ["groupadd docker", "useradd bob --groups docker -m", "passwd -l bob"]);
}

/// The original's `ensure_sudo_dir` (cloudinit/distros/__init__.py): where there is no /etc/sudoers, one is written with
/// what /usr/etc/sudoers has, unless that reads the directory already.
#[test]
fn sudoers_in_usr_etc_are_the_ground_of_our_own() {
    let user = spec("{name: bob, sudo: 'ALL=(ALL) ALL'}");
    let vendor = "Defaults secure_path=/usr/bin\n";
    let (distro, system, _) = machine("debian", Scratch::new().file("/usr/etc/sudoers", vendor));
    distro.users().add_user(&user).expect("made");
    let text = system.files.text(Path::new("/etc/sudoers")).expect("written");
    let (head, rest) = text.split_once("\n\n# Added by cloud-init ").expect("a header");
    assert_eq!(head, format!("{vendor}# See sudoers(5) for more information on \"#include\" directives:"));
    assert!(rest.ends_with("\n#includedir /etc/sudoers.d\n"), "{rest}");
    let mode = system.files.stat(Path::new("/etc/sudoers")).expect("no error").expect("there").mode;
    assert_eq!(mode, 0o440);
    let reading = Scratch::new().file("/usr/etc/sudoers", "@includedir /etc/sudoers.d\n");
    let (distro, system, _) = machine("debian", reading);
    distro.users().add_user(&user).expect("made");
    assert!(!system.files.exists(Path::new("/etc/sudoers")), "it would hide the vendor's");
    assert!(system.files.exists(Path::new("/etc/sudoers.d/90-cloud-init-users")));
}

/// The original's `_write_hostname` (cloudinit/distros/debian.py): with `create_hostname_file: false` a file that is
/// missing stays missing; one that is there is changed, and the kernel is told either way.
#[test]
fn a_missing_hostname_file_is_not_created_where_that_is_unwanted() {
    let info = "{create_hostname_file: false}";
    let (distro, system, recording) = machine_with("debian", Scratch::new(), info);
    distro.hostname().apply("new").expect("set");
    assert!(!system.files.exists(Path::new("/etc/hostname")));
    assert_eq!(recording.commands(), ["hostname new"]);
    let (distro, system, _) = machine_with("debian", Scratch::new().file("/etc/hostname", "old\n"), info);
    distro.hostname().apply("new").expect("set");
    assert_eq!(system.files.text(Path::new("/etc/hostname")).as_deref(), Some("new\n"));
    let (distro, system, _) = machine("debian", Scratch::new());
    distro.hostname().apply("new").expect("set");
    assert_eq!(system.files.text(Path::new("/etc/hostname")).as_deref(), Some("new\n"));
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
        recording.commands(),
        ["locale-gen --keep-existing", "update-locale --locale-file=/etc/default/locale LANG=de_DE.UTF-8",]
    );
}

/// A minimal image lacks the package locales, and perhaps the network to install it from.
#[test]
fn a_locale_of_the_c_library_needs_no_package() {
    let (system, recording) = Scratch::new().program("/usr/bin/apt-get").system();
    let distro = of_family("debian", &system, &Node::default());
    distro.locale().apply("C.UTF-8", None).expect("set");
    let text = system.files.text(Path::new("/etc/default/locale")).expect("written");
    assert_eq!(text.lines().last(), Some("LANG=C.UTF-8"), "{text}");
    assert_eq!(recording.commands(), Vec::<String>::new());
    distro.locale().apply("de_DE.UTF-8", None).expect_err("locale-gen is missing");
    let commands = recording.commands();
    assert!(commands.iter().any(|line| line.starts_with("apt-get ")), "it would be installed: {commands:?}");
}

/// Upstream's `_lookup_supported_i18n_value` and `apply_locale`.
#[test]
fn a_locale_that_nobody_knows_is_all_language_and_an_empty_one_is_refused() {
    let root = || Scratch::new().file("/usr/share/i18n/SUPPORTED", "de_DE.UTF-8 UTF-8\n");
    for (locale, line) in [("1.5", "1.5.UTF-8 UTF-8\n"), ("xx_YY.KOI8-R", "xx_YY.KOI8-R KOI8-R\n")] {
        let (distro, system, _) = machine("debian", root());
        distro.locale().apply(locale, None).expect("set");
        assert_eq!(system.files.text(Path::new("/etc/locale.gen")).as_deref(), Some(line), "{locale}");
    }
    let (distro, system, recording) = machine("debian", root());
    let refused = distro.locale().apply("", None).expect_err("empty");
    assert_eq!(refused.to_string(), "an empty locale is not supported on Debian");
    assert_eq!((recording.commands(), system.files.exists(Path::new("/etc/locale.gen"))), (vec![], false));
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
    assert_eq!(recording.commands(), ["systemctl reload-or-restart ssh"]);
    let (distro, _, recording) = machine("debian", Scratch::new().program("/usr/sbin/service"));
    distro.services().manage(ServiceAction::Reload, "ssh").expect("done");
    assert_eq!(recording.commands(), ["service ssh restart"]);
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
    // The original's `extract_usergroup` (cloudinit/util.py): nothing, `-1` and `none` are no change.
    assert_eq!(owner(":staff").expect("known"), (None, Some(50)));
    assert_eq!(owner("bob:").expect("known"), (Some(7), None));
    for nothing in ["-1:-1", "none:None", "-1"] {
        assert_eq!(owner(nothing).expect("no change"), (None, None), "{nothing}");
    }
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
        recording.commands(),
        ["systemctl restart ssh --job-mode=ignore-dependencies", "systemctl daemon-reload"]
    );
    let (distro, _, recording) = machine("debian", Scratch::new().program("/usr/sbin/service"));
    distro.services().reload_configuration().expect("nothing to do");
    assert!(distro.services().is_active("ssh").is_err());
    assert_eq!(recording.commands(), Vec::<String>::new());
}

#[test]
fn trust_is_a_file_for_each_authority_and_a_bundle() {
    let root = Scratch::new().file("/etc/ca-certificates.conf", "# mine\nmozilla/A.crt\n!mozilla/B.crt\n");
    let (distro, system, recording) = machine("ubuntu", root);
    let store = distro.trust_store().expect("Ubuntu has one");
    store.remove_defaults().expect("deselected");
    store.add(&["PEM\n".to_owned()]).expect("written");
    store.update().expect("done");
    assert_eq!(recording.commands(), ["debconf-set-selections -", "update-ca-certificates"]);
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
    assert_eq!(recording.commands(), ["systemctl restart console-setup"]);
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

#[test]
fn ssh_is_openssh() {
    for name in ["debian", "ubuntu"] {
        let (distro, ..) = machine(name, Scratch::new());
        assert_eq!(distro.ssh().directory(), Path::new("/etc/ssh"), "{name}");
        // The original's GENERATE_KEY_NAMES.
        assert_eq!(distro.ssh().key_types(), ["rsa", "ecdsa", "ed25519"], "{name}");
    }
}
