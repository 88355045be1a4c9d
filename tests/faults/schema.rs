//! User-data and network-config that are not what they may be: told at boot with their places, and used as far as
//! they go.

use tracing::Level;

use crate::machine::{Booted, Machine, SEED, image, seeded};

/// A network-config of version 1 with a key that it has not.
const NETWORK: &str = "\
version: 1
config:
- {type: physical, name: eth0, subnets: [{type: dhcp}], wake: SECRET-MARKER}
";

fn told<'b>(booted: &'b Booted, kind: &str) -> Vec<&'b str> {
    let begins = format!("{kind} failed schema validation! ");
    booted.warnings().into_iter().filter_map(|line| line.split_once(&begins).map(|(_, rest)| rest)).collect()
}

#[test]
fn each_mistake_of_user_data_is_told_with_its_place_and_without_its_value() {
    let user_data = "\
#cloud-config
write_file: SECRET-MARKER
users:
- {name: bob, nam: SECRET-MARKER}
runcmd: [{SECRET: 1}]
package_update: SECRET-MARKER
";
    let machine = Machine::new(seeded(image(), "i-one", user_data));
    let booted = machine.boot();
    let told = told(&booted, "cloud-config");
    for expected in [
        "user-data:2:1: write_file: unknown key 'write_file'; did you mean 'write_files'?",
        "user-data:4:15: users.0.nam: unknown key 'nam'; did you mean 'name'?",
        "user-data:5:10: runcmd.0: expected a list, text or nothing (null), found a mapping",
        "user-data:6:17: package_update: expected true or false, found text",
    ] {
        let begins_with_part = |line: &&str| line.replacen(" part-001", "", 1).starts_with(expected);
        assert!(told.iter().any(begins_with_part), "{expected} is not in {told:#?}");
    }
    // The part is used all the same.
    assert!(booted.ran("useradd bob"), "{:?}", booted.commands);
}

#[test]
fn a_mistake_is_told_once() {
    let user_data = "#cloud-config\nusers:\n- {name: bob, nam: x, lock-passwd: true}\n";
    let machine = Machine::new(seeded(image(), "i-one", user_data));
    let booted = machine.boot();
    let about = |word: &str| booted.warnings().into_iter().filter(|line| line.contains(word)).count();
    assert_eq!(about("'nam'"), 1, "{:?}", booted.warnings());
    let machine = Machine::new(seeded(image(), "i-one", "#cloud-config\nchpasswd: {list: ['root:x']}\n"));
    let booted = machine.boot();
    let about: Vec<_> = booted.warnings().into_iter().filter(|line| line.contains("chpasswd")).collect();
    assert_eq!(about.len(), 1, "{about:?}");
}

#[test]
fn old_spellings_are_deprecations_and_no_errors() {
    let machine = Machine::new(seeded(image(), "i-one", "#cloud-config\napt_update: false\n"));
    let booted = machine.boot();
    booted.warned("Deprecated cloud-config provided: user-data");
    booted.warned("apt_update: Deprecated in version 22.2.");
    assert_eq!(told(&booted, "cloud-config"), Vec::<&str>::new());
}

#[test]
fn a_valid_cloud_config_says_nothing() {
    let machine = Machine::new(seeded(image(), "i-one", "#cloud-config\nusers: [default, {name: bob}]\n"));
    let booted = machine.boot();
    let about = booted.log.iter().filter(|(level, line)| *level <= Level::WARN && line.contains("schema"));
    assert_eq!(about.count(), 0);
}

#[test]
fn many_mistakes_are_counted_after_the_first() {
    let users =
        (0..400).map(|number| format!("- {{name: u{number}, nam: x}}\n")).collect::<Vec<_>>().concat();
    let machine = Machine::new(seeded(image(), "i-one", format!("#cloud-config\nusers:\n{users}")));
    let booted = machine.boot();
    let told = told(&booted, "cloud-config");
    assert_eq!(told.len(), 26);
    assert!(told[25].starts_with("375 further findings"), "{}", told[25]);
}

#[test]
fn a_network_config_is_told_of_and_used() {
    let root = seeded(image(), "i-one", "").file(&format!("{SEED}/network-config"), NETWORK);
    let machine = Machine::new(root);
    let booted = machine.boot();
    let told = told(&booted, "network-config");
    assert!(told.iter().any(|line| line.contains("config.0.wake: unknown key 'wake'")), "{told:?}");
    let leaked = booted.log.iter().find(|(level, line)| *level <= Level::INFO && line.contains("SECRET"));
    assert!(leaked.is_none(), "{leaked:?}");
}
