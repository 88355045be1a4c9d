//! Where secrets go: into the files and commands that need them and nowhere else.

use std::sync::Arc;

use model::effects::FileKind;

use crate::machine::{Booted, Machine, SEED, image, seeded};
use crate::service::{Service, ec2};

/// Where a secret is that should not be there: the log, what people are told, a command line, an error, or a file that
/// everybody may read.
fn leaks(machine: &Machine, booted: &Booted, secrets: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for secret in secrets {
        for (level, line) in booted.log.iter().filter(|(_, line)| line.contains(secret)) {
            found.push(format!("logged at {level}: {line}"));
        }
        for text in
            machine.power.messages().iter().chain(&booted.commands).filter(|text| text.contains(secret))
        {
            found.push(format!("shown: {text}"));
        }
        for error in booted.all_errors().into_iter().filter(|error| error.contains(secret)) {
            found.push(format!("in an error: {error}"));
        }
        for (path, item) in machine.disk() {
            let open = item.kind == FileKind::File && item.mode & 0o004 != 0 && !path.starts_with(SEED);
            if open && String::from_utf8_lossy(&item.content).contains(secret) {
                found.push(format!("{} is {:o}", path.display(), item.mode));
            }
        }
    }
    found
}

pub fn check(machine: &Machine, booted: &Booted, secrets: &[&str]) {
    assert_eq!(leaks(machine, booted, secrets), Vec::<String>::new());
}

const USER_DATA: &str = "\
#cloud-config
# COMMENT-MARKER
users:
- {name: bob, plain_text_passwd: PLAIN-MARKER, lock_passwd: false}
chpasswd:
  expire: false
  users:
  - {name: root, password: PASSWORD-MARKER, type: text}
write_files:
- {path: /etc/app/key, content: CONTENT-MARKER, permissions: '0600'}
runcmd:
- [login, --password, RUNCMD-MARKER]
ssh_keys:
  rsa_private: PRIVATE-MARKER
  rsa_public: public
";

#[test]
fn user_data_is_for_root_alone() {
    let vendor =
        "#cloud-config\nwrite_files: [{path: /etc/app/v, content: VENDOR-MARKER, permissions: '0600'}]\n";
    let root = seeded(image(), "i-one", USER_DATA).file(&format!("{SEED}/vendor-data"), vendor);
    let machine = Machine::new(root);
    let booted = machine.boot();
    assert_eq!(booted.all_errors(), Vec::<&str>::new());
    assert!(machine.power.inputs().iter().any(|input| input.contains("PASSWORD-MARKER")), "chpasswd got it");
    assert_eq!(machine.text("/etc/app/key").as_deref(), Some("CONTENT-MARKER"));
    // CVE-2023-1786 for the vendor's.
    let secrets = [
        "COMMENT-MARKER",
        "PLAIN-MARKER",
        "PASSWORD-MARKER",
        "CONTENT-MARKER",
        "RUNCMD-MARKER",
        "PRIVATE-MARKER",
        "VENDOR-MARKER",
    ];
    check(&machine, &booted, &secrets);
    check(&machine, &machine.boot(), &secrets);
}

/// CVE-2022-2084: errors of the schema echoed the user's values.
fn not_echoed(documents: &[&str]) {
    let mut wrong = Vec::new();
    for user_data in documents {
        let machine = Machine::new(seeded(image(), "i-one", user_data));
        let booted = machine.boot();
        for leak in leaks(&machine, &booted, &["SECRET-MARKER"]) {
            wrong.push(format!("{user_data:?}: {leak}"));
        }
    }
    assert!(wrong.is_empty(), "echoed:\n{}", wrong.join("\n"));
}

#[test]
fn values_that_make_no_sense_are_not_echoed() {
    not_echoed(&[
        "#cloud-config\nusers: {name: SECRET-MARKER}\n",
        "#cloud-config\nchpasswd: {users: [{name: bob, password: [SECRET-MARKER]}]}\n",
        "#cloud-config\nchpasswd: {list: {a: SECRET-MARKER}}\n",
        "#cloud-config\npassword: {a: SECRET-MARKER}\n",
        "#cloud-config\nwrite_files: [{path: /x, content: SECRET-MARKER, encoding: [1], permissions: 'x', owner: 5}]\n",
        "#cloud-config\nruncmd: [{a: SECRET-MARKER}]\n",
        "#cloud-config\nssh_keys: {rsa_private: {a: SECRET-MARKER}}\n",
        "#cloud-config\nphone_home: {url: 'http://u:SECRET-MARKER@h/', tries: x}\n",
        "#cloud-config\n- SECRET-MARKER\n",
        "## template: jinja\n#cloud-config\npassword: {{ SECRET-MARKER | nofilter }}\n",
    ]);
}

#[test]
fn a_scalar_in_the_place_of_a_mapping_is_not_echoed() {
    not_echoed(&[
        "#cloud-config\nchpasswd: SECRET-MARKER\n",
        "#cloud-config\nwrite_files: SECRET-MARKER\n",
        "#cloud-config\nruncmd: SECRET-MARKER\n",
        "#cloud-config\nssh_keys: SECRET-MARKER\n",
    ]);
}

#[test]
fn a_line_of_broken_yaml_is_not_echoed() {
    not_echoed(&[
        "#cloud-config\npassword: [SECRET-MARKER\n",
        "#cloud-config\npassword: 'SECRET-MARKER\n",
        "#cloud-config\npassword: @SECRET-MARKER\n",
        "#cloud-config\npassword: *SECRET-MARKER\n",
        "#cloud-config\npassword: !SECRET-MARKER x\n",
        "#cloud-config\npassword: SECRET-MARKER: x\n",
    ]);
}

#[test]
fn a_random_password_goes_to_the_console_only() {
    let user_data = "#cloud-config\nusers: [{name: bob}]\nchpasswd: {users: [{name: bob, type: RANDOM}]}\n";
    let machine = Machine::new(seeded(image(), "i-one", user_data).node("/dev/console"));
    let booted = machine.boot();
    let inputs = machine.power.inputs();
    let password = inputs
        .iter()
        .flat_map(|input| input.lines())
        .find_map(|line| line.strip_prefix("bob:"))
        .expect("chpasswd got one");
    // CVE-2020-8632: at least twenty characters.
    assert!(password.len() >= 20, "{} characters", password.len());
    assert!(
        machine.text("/dev/console").unwrap_or_default().contains(password),
        "who owns the machine can read it"
    );
    // CVE-2021-3429.
    check(&machine, &booted, &[password]);
}

#[test]
fn a_session_token_is_never_shown() {
    let service = Service::default();
    service.serve(Some(ec2("i-0abc", "#cloud-config\n# USER-MARKER\n")));
    let id = "ec2f00d0-0000-4000-8000-000000000000\n";
    let root =
        image().file("/sys/class/dmi/id/product_uuid", id).file("/sys/class/dmi/id/product_serial", id);
    let mut machine = Machine::with_http(root, Arc::new(service.clone()));
    machine.datasource_list = "Ec2, None";
    let booted = machine.boot();
    assert_eq!(machine.id(), "i-0abc");
    check(&machine, &booted, &["TOKEN-MARKER", "USER-MARKER"]);
    service.serve(None);
    check(&machine, &machine.boot(), &["TOKEN-MARKER", "USER-MARKER"]);
}

#[test]
fn instance_data_for_everybody_is_redacted() {
    let metadata = "instance-id: i-one\nrandom_seed: SEED-MARKER\n";
    let root = seeded(image(), "i-one", "#cloud-config\n# USER-MARKER\n")
        .file(&format!("{SEED}/meta-data"), metadata);
    let machine = Machine::new(root);
    let booted = machine.boot();
    check(&machine, &booted, &["USER-MARKER"]);
    assert_eq!(machine.mode("/run/cloud-init/instance-data-sensitive.json"), Some(0o600));
    assert_eq!(machine.mode("/run/cloud-init/instance-data.json"), Some(0o644));
    assert_eq!(machine.mode("/run/cloud-init/combined-cloud-config.json"), Some(0o600));
    for name in
        ["user-data.txt", "user-data.txt.i", "cloud-config.txt", "vendor-data.txt", "network-config.json"]
    {
        let mode = machine.mode(&format!("/var/lib/cloud/instance/{name}"));
        assert_eq!(mode, Some(0o600), "{name}");
    }
}
