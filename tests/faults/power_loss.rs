//! Power loss between any two effects, and a reboot, end in a finished boot with nothing forgotten.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::machine::{Machine, image, seeded};

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

const SCRIPTS: [&str; 6] = [
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
    assert_eq!(machine.id(), "i-one", "{when}");
    assert!(machine.has("/var/lib/cloud/instance/boot-finished"), "{when}");
}

#[test]
fn an_undisturbed_boot_is_finished() {
    let machine = machine();
    let booted = machine.boot();
    assert_eq!(booted.all_errors(), Vec::<&str>::new());
    finished(&machine, "undisturbed");
    for script in SCRIPTS {
        assert!(booted.ran(script), "{script}: {:#?}", booted.commands);
    }
    let passwd = machine.text("/etc/passwd").unwrap_or_default();
    assert!(passwd.contains("bob:") && passwd.contains("debian:"), "{passwd}");
    assert_eq!(machine.text("/home/bob/two").as_deref(), Some("two"));
}

#[test]
fn any_cut_and_a_reboot_end_as_if_there_had_been_none() {
    let undisturbed = machine();
    undisturbed.boot();
    let effects = undisturbed.power.effects();
    let expected = lasting(&undisturbed);
    assert!(effects > 100, "a first boot has many effects: {effects}");
    let mut wrong = Vec::new();
    for cut in 0..effects {
        let machine = machine();
        let Err(before) = machine.boot_with(Some(cut)) else { panic!("{cut} of {effects} is no whole boot") };
        let after = machine.boot();
        finished(&machine, &format!("cut after {cut} effects"));
        for script in SCRIPTS {
            if !before.ran(script) && !after.ran(script) {
                wrong.push(format!("cut after {cut}: {script} never ran"));
            }
        }
        let found = lasting(&machine);
        for path in expected.keys().chain(found.keys()) {
            if expected.get(path) != found.get(path) {
                wrong.push(format!(
                    "cut after {cut}: {}: {:?} instead of {:?}",
                    path.display(),
                    found.get(path),
                    expected.get(path)
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differences in {effects} cuts:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
}
