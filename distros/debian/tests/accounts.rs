//! Accounts by shadow-utils: what the tools refuse, and what they report. Expectations: cloudinit/distros/__init__.py of
//! upstream.

use std::sync::Arc;

use model::distro::{Distro, Password};
use model::user::UserSpec;
use model::{Node, Secret, System};
use system::{Answering, Recording, Scratch};

fn debian(system: &System) -> Box<dyn Distro> {
    debian::FAMILY
        .create(system, "debian", &Node::default())
        .expect("a name of the family")
        .expect("valid settings")
}

fn machine(programs: &[&str], answers: impl Fn(Answering) -> Answering) -> (Box<dyn Distro>, Recording) {
    let root = Scratch::new().file("/etc/passwd", "").file("/etc/group", "").programs(programs);
    let (mut system, recording) = root.system();
    system.commands = Arc::new(answers(Answering::over(&system)));
    (debian(&system), recording)
}

fn spec(yaml: &str) -> UserSpec {
    let node = Node::from_yaml("user", yaml.as_bytes()).expect("valid").expect("there");
    model::config::from_node(&node).expect("a user")
}

/// `unlock_passwd`: passwd exits with 3 and a message where there is no password.
#[test]
fn an_account_without_a_password_is_unlocked_by_an_empty_one() {
    let user = spec("{name: bob, lock_passwd: false, plain_text_passwd: ''}");
    let locks = |programs: &[&str], code: i32, message: &str| {
        let (distro, recording) = machine(programs, |tools| {
            tools.exits("passwd -u", code, message).exits("usermod --unlock", code, message)
        });
        distro.users().add_user(&user).expect("made");
        recording.commands()[1..].to_vec()
    };
    let message = "unlocking the password would result in a passwordless account";
    assert_eq!(locks(&["/usr/sbin/useradd", "/usr/bin/passwd"], 0, ""), ["passwd -u bob"]);
    assert_eq!(
        locks(&["/usr/sbin/useradd", "/usr/bin/passwd"], 3, message),
        ["passwd -u bob", "passwd -d bob"]
    );
    let lines = locks(&["/usr/sbin/useradd", "/usr/sbin/usermod"], 3, message);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0] == "usermod --unlock bob" && lines[1].starts_with("usermod --password"), "{lines:?}");
    let (distro, _) = machine(&["/usr/sbin/useradd"], |tools| tools);
    let error = distro.users().add_user(&user).expect_err("no tool").to_string();
    assert!(error.contains("unlock user account 'bob'") && error.contains("passwd, usermod"), "{error}");
}

#[test]
fn groups_in_each_form() {
    for (yaml, groups) in [
        ("{name: a, groups: 'x, y,,z '}", "x,y,z"),
        ("{name: a, groups: [x, 1, ' y']}", "x,1,y"),
        ("{name: a, groups: {x: null, y: null}}", "x,y"),
    ] {
        let (distro, recording) =
            machine(&["/usr/sbin/useradd", "/usr/sbin/groupadd", "/usr/bin/passwd"], |tools| tools);
        distro.users().add_user(&spec(yaml)).expect("made");
        let lines = recording.commands();
        let useradd = lines.iter().find(|line| line.starts_with("useradd")).expect("run");
        assert!(useradd.contains(&format!("--groups {groups} ")), "{useradd}");
    }
}

#[test]
fn a_line_of_chpasswd_cannot_name_another_account() {
    let (distro, recording) = machine(&["/usr/sbin/chpasswd"], |tools| tools);
    let password = |user: &str, value: &str, hashed| Password {
        user: user.into(),
        value: Secret::new(value.into()),
        hashed,
    };
    for wrong in [
        password("bob\nroot", "x", false),
        password("bob", "x\nroot:y", false),
        password("bob:x", "y", false),
        password("bob", "$6$a:b", true),
        password("bob", "x\0y", false),
    ] {
        let error = distro.users().set_passwords(&[wrong]).expect_err("refused").to_string();
        assert!(error.contains("contains a character that is not allowed there"), "{error}");
        assert!(!error.contains("root:y"), "the password itself is not shown: {error}");
    }
    assert_eq!(recording.commands(), Vec::<String>::new());
    let passwd = "bob:x:1000:1000::/home/bob:/bin/sh\neve:x:1001:1001::/home/eve:/bin/sh\n";
    let root = Scratch::new().file("/etc/passwd", passwd).file("/etc/shadow", "bob:!::::::\neve:!::::::\n");
    let (system, recording) = root.program("/usr/sbin/chpasswd").system();
    let distro = debian(&system);
    distro
        .users()
        .set_passwords(&[password("bob", "a:b", false), password("eve", "$6$a$b", true)])
        .expect("set");
    assert_eq!(recording.commands(), ["chpasswd", "chpasswd -e"]);
}

/// The original's tests/unittests/distros/test_user_data_normalize.py: test_create_snap_user.
#[test]
fn a_user_of_the_snap_store() {
    for (more, option) in [("", ""), (", known: true", "--known "), (", no_create_home: true", "")] {
        let (distro, recording) = machine(&["/usr/bin/snap"], |tools| tools);
        let user = spec(&format!("{{name: joe, snapuser: joe@joe.com{more}}}"));
        assert!(distro.users().add_user(&user).expect("made"));
        let command = format!("snap create-user --sudoer --json {option}joe@joe.com");
        assert_eq!(recording.commands(), [command], "{more}");
    }
}

/// hostnamectl needs D-Bus.
#[test]
fn a_host_name_without_d_bus() {
    let root = Scratch::new()
        .directory("/run/systemd/system")
        .programs(&["/usr/bin/hostnamectl", "/usr/bin/hostname"]);
    let (mut system, recording) = root.system();
    system.commands = Arc::new(Answering::over(&system).exits("hostnamectl", 1, "cannot connect to the bus"));
    let distro = debian(&system);
    distro.hostname().apply("h").expect("set");
    assert_eq!(system.files.text(std::path::Path::new("/etc/hostname")).as_deref(), Some("h\n"));
    distro.hostname().apply_transient("t").expect("set");
    assert_eq!(
        system.files.text(std::path::Path::new("/etc/hostname")).as_deref(),
        Some("h\n"),
        "only the kernel's"
    );
    assert_eq!(recording.commands().last().map(String::as_str), Some("hostname t"));
}

/// After a power cut: what exists is removed, a lock of a process of the boot before as well, and a user who has logged in stays.
#[test]
fn half_made_accounts_are_discarded() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let discarded = |code: i32| {
        let root = Scratch::new()
            .file("/etc/passwd", "bob:x:1000:1000::/home/bob:/bin/sh\n")
            .file("/etc/group", "staff:x:1001:\n")
            .file("/etc/group.lock", "812")
            .directory("/home/bob")
            .programs(&["/usr/sbin/userdel", "/usr/sbin/groupdel"]);
        let (mut system, recording) = root.system();
        system.commands = Arc::new(Answering::over(&system).exits(
            "userdel",
            code,
            "user bob is currently used by process 9",
        ));
        let discard = debian(&system).users().discard(&names(&["bob", "eve"]), &names(&["staff", "new"]));
        discard.expect("a user who cannot be removed is a warning");
        assert!(!system.files.exists(std::path::Path::new("/etc/group.lock")));
        assert_eq!(system.files.is_dir(std::path::Path::new("/home/bob")), code != 0, "it may have no owner");
        recording.commands()
    };
    assert_eq!(discarded(0), ["userdel bob", "groupdel staff"]);
    assert_eq!(discarded(8), ["userdel bob", "groupdel staff"]);
}

/// nsswitch.conf(5) and getent(1): an account of a directory service is in no file.
#[test]
fn accounts_of_a_directory_service() {
    let line = "ldap:x:5000:5001::/home/ldap:/bin/bash\n";
    for (switch, program, found) in [
        (None, true, true),
        (Some("passwd: files ldap\n"), true, true),
        (Some("# passwd: files\npasswd: files systemd # files\n"), true, true),
        (Some("passwd: files\n"), true, false),
        (Some("passwd:\tfiles # ldap\ngroup: files ldap\n"), true, false),
        (Some("group: files\n"), true, true),
        (None, false, false),
    ] {
        let mut root = Scratch::new().file("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
        if let Some(switch) = switch {
            root = root.file("/etc/nsswitch.conf", switch);
        }
        if program {
            root = root.program("/usr/bin/getent");
        }
        let (mut system, _) = root.system();
        system.commands = Arc::new(Directory { inner: system.commands.clone(), line });
        let account = debian(&system).users().find("ldap").expect("no error");
        assert_eq!(
            account.as_ref().map(|account| (account.uid, account.gid)),
            found.then_some((5000, 5001)),
            "{switch:?} {program}"
        );
    }
}

/// Commands where getent knows one more account.
struct Directory {
    inner: Arc<dyn model::effects::Commands>,
    line: &'static str,
}

impl model::effects::Commands for Directory {
    fn run(
        &self,
        command: &model::effects::Command,
    ) -> Result<model::effects::Output, model::effects::CommandError> {
        if command.shown().join(" ") == "getent passwd ldap" {
            return Ok(model::effects::Output {
                stdout: self.line.into(),
                ..model::effects::Output::default()
            });
        }
        self.inner.run(command)
    }

    fn which(&self, program: &str) -> Option<std::path::PathBuf> {
        self.inner.which(program)
    }

    fn spawn_detached(&self, command: &model::effects::Command) -> Result<(), model::effects::CommandError> {
        self.inner.spawn_detached(command)
    }
}
