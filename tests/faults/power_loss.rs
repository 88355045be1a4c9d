//! Power loss between any two effects, and a reboot, end in a finished boot with nothing forgotten.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::machine::{Machine, SEED, centos, image, seeded};

const USER_DATA: &str = "\
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=\"B\"

--B
Content-Type: text/cloud-config

#cloud-config
hostname: alpha
timezone: Europe/Berlin
bootcmd: ['echo early']
users:
- default
- name: bob
  groups: [adm]
  ssh_authorized_keys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE bob']
  sudo: 'ALL=(ALL) ALL'
ssh_authorized_keys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIF all']
chpasswd: {users: [{name: bob, password: $6$salt$hash, type: hash}]}
ssh_pwauth: false
manage_etc_hosts: true
packages: [tree]
write_files:
- {path: /etc/app/one, content: one, permissions: '0640'}
- {path: /home/bob/two, content: two, owner: 'bob:bob', defer: true}
runcmd: ['echo done']
--B
Content-Type: text/x-shellscript; charset=utf-8
Content-Disposition: attachment; filename=\"user.sh\"

#!/bin/sh
--B
Content-Type: text/x-shellscript-per-boot
Content-Disposition: attachment; filename=\"every.sh\"

#!/bin/sh
--B
Content-Type: text/x-shellscript-per-instance
Content-Disposition: attachment; filename=\"inst.sh\"

#!/bin/sh
--B
Content-Type: text/x-shellscript-per-once
Content-Disposition: attachment; filename=\"once.sh\"

#!/bin/sh
--B
Content-Type: text/cloud-boothook
Content-Disposition: attachment; filename=\"hook.sh\"

#cloud-boothook
#!/bin/sh
--B--
";

const SCRIPTS: &[&str] = &[
    "/var/lib/cloud/instance/scripts/runcmd",
    "/var/lib/cloud/instance/scripts/user.sh",
    "/var/lib/cloud/scripts/per-boot/every.sh",
    "/var/lib/cloud/scripts/per-instance/inst.sh",
    "/var/lib/cloud/scripts/per-once/once.sh",
    "/boothooks/hook.sh",
];

fn machine() -> Machine {
    Machine::new(seeded(image(), "i-one", USER_DATA))
}

/// What must be the same however the machine came to it: mode, owner and content, without times, and without the
/// boundaries of messages, which are random.
fn lasting(machine: &Machine) -> BTreeMap<PathBuf, (u32, (u32, u32), String)> {
    let passing =
        |path: &str| ["/run", "/var/lib/cloud/data", "/var/log"].iter().any(|below| path.starts_with(below));
    machine
        .disk()
        .into_iter()
        .filter(|(path, _)| !passing(&path.to_string_lossy()))
        .map(|(path, item)| {
            let text = String::from_utf8_lossy(&item.content).into_owned();
            let name = path.to_string_lossy();
            let text = if name.contains("/sem/") || name.ends_with("/boot-finished") {
                String::new()
            } else if name.ends_with(".txt.i") {
                text.lines().filter(|line| !line.contains("==============")).collect()
            } else {
                text
            };
            (path, (item.mode, item.owner, text))
        })
        .collect()
}

fn finished(machine: &Machine, when: &str) {
    let result = machine.json("/run/cloud-init/result.json");
    assert_eq!(result["v1"]["errors"], serde_json::json!([]), "{when}");
    assert!(machine.has("/var/lib/cloud/instance/boot-finished"), "{when}");
}

#[test]
fn an_undisturbed_boot_is_finished() {
    let machine = machine();
    let booted = machine.boot();
    assert_eq!(booted.all_errors(), Vec::<&str>::new());
    finished(&machine, "undisturbed");
    for &script in SCRIPTS {
        assert!(booted.ran(script), "{script}: {:#?}", booted.commands);
    }
    let passwd = machine.text("/etc/passwd").unwrap_or_default();
    assert!(passwd.contains("bob:") && passwd.contains("debian:"), "{passwd}");
    assert_eq!(machine.text("/home/bob/two").as_deref(), Some("two"));
}

/// The file that notes a person's own commands as run, written before they do; `None` for what runs at every boot.
fn mark_of(script: &str) -> Option<&'static str> {
    if script.contains("/per-once/") {
        Some("/var/lib/cloud/sem/config_scripts_per_once.once")
    } else if script.contains("/per-instance/") {
        Some("/var/lib/cloud/instance/sem/config_scripts_per_instance")
    } else if script.contains("/scripts/vendor/") {
        Some("/var/lib/cloud/instance/sem/config_scripts_vendor")
    } else if script.contains("/instance/scripts/") {
        Some("/var/lib/cloud/instance/sem/config_scripts_user")
    } else {
        None
    }
}

/// Cuts the power of a boot of `prepared` after every `step`th effect and boots again; gives what is not as an
/// undisturbed boot leaves it, and the known differences that were met.
fn cuts(prepared: impl Fn() -> Machine, scripts: &[&str], step: usize) -> Vec<String> {
    let undisturbed = prepared();
    undisturbed.boot();
    let effects = undisturbed.power.effects();
    let expected = lasting(&undisturbed);
    assert!(effects > 100, "a first boot has many effects: {effects}");
    let mut wrong = Vec::new();
    for cut in (0..effects).step_by(step) {
        let machine = prepared();
        let Err(before) = machine.boot_with(Some(cut)) else { panic!("{cut} of {effects} is no whole boot") };
        let marked = |script: &str| mark_of(script).is_some_and(|path| machine.has(path));
        let noted: Vec<&str> = scripts.iter().copied().filter(|script| marked(script)).collect();
        let after = machine.boot();
        assert_eq!(machine.id(), undisturbed.id(), "cut after {cut}");
        finished(&machine, &format!("cut after {cut} effects"));
        for script in scripts {
            if !before.ran(script) && !after.ran(script) && !noted.contains(script) {
                wrong.push(format!("cut after {cut}: {script} never ran"));
            }
            // As a restart by the script itself is a cut at its command: it must not come again, boot after boot.
            if before.ran(script) && after.ran(script) && mark_of(script).is_some() {
                wrong.push(format!("cut after {cut}: {script} ran twice"));
            }
        }
        let found = lasting(&machine);
        for path in expected.keys().chain(found.keys().filter(|path| !expected.contains_key(*path))) {
            if expected.get(path) == found.get(path) {
                continue;
            }
            let (found, expected) = (found.get(path), expected.get(path));
            wrong.push(format!("cut after {cut}: {}: {found:?} instead of {expected:?}", path.display()));
        }
    }
    wrong
}

#[test]
fn any_cut_and_a_reboot_end_as_if_there_had_been_none() {
    let wrong = cuts(machine, SCRIPTS, 1);
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_cut_in_a_clones_first_boot() {
    let clone = || {
        let machine = machine();
        machine.boot();
        machine.put(&format!("{SEED}/meta-data"), "instance-id: i-two\nlocal-hostname: i-two-host\n");
        machine
    };
    let wrong = cuts(clone, &SCRIPTS[..4], 13);
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_cut_on_a_machine_with_ifcfg_files() {
    let wrong = cuts(|| Machine::new(seeded(centos(), "i-one", USER_DATA)), SCRIPTS, 13);
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn power_that_fails_again_and_again() {
    let undisturbed = machine();
    undisturbed.boot();
    let expected = lasting(&undisturbed);
    for step in [23, 31, 47] {
        let machine = machine();
        let mut boots = 0;
        // Each boot gets further than the last, until one is whole.
        while machine.boot_with(Some(step + step * boots)).is_err() {
            boots += 1;
        }
        finished(&machine, &format!("in steps of {step}"));
        assert!(boots > 1, "{boots} cuts");
        for (path, item) in lasting(&machine) {
            assert!(expected.get(&path) == Some(&item), "steps of {step}: {}", path.display());
        }
    }
}

#[test]
fn a_script_that_was_being_written_is_not_run() {
    let left = "/var/lib/cloud/scripts/per-boot/.every.sh.cloud-init.77.tmp";
    let own = "/var/lib/cloud/instances/i-one/scripts/.user.sh.cloud-init.78.tmp";
    let root = seeded(image(), "i-one", USER_DATA)
        .program(left)
        .program(own)
        .link("/var/lib/cloud/instance", "/var/lib/cloud/instances/i-one")
        .program("/var/lib/cloud/scripts/per-boot/.hidden.tmp");
    let machine = Machine::new(root);
    let booted = machine.boot();
    assert_eq!(booted.all_errors(), Vec::<&str>::new());
    assert!(!booted.ran(left) && !booted.ran(own), "{:#?}", booted.commands);
    assert!(!machine.has(left) && !machine.has(own));
    assert!(booted.ran(".hidden.tmp"), "an administrator's own is run, as the original does");
}
