//! A command that ends the machine runs once: what it belongs to was marked before.

use system::Scratch;

use crate::machine::{Booted, Machine, image, seeded};

/// The first boot of an image, which ends with the first command that holds this.
fn until(root: impl Fn() -> Scratch, command: &str) -> (Machine, Booted) {
    for effects in 1..5000 {
        let machine = Machine::new(root());
        match machine.boot_with(Some(effects)) {
            Err(booted) if booted.ran(command) => return (machine, booted),
            Err(_) => {}
            Ok(booted) => panic!("no command has {command:?}: {:#?}", booted.commands),
        }
    }
    panic!("the boot has no end");
}

#[test]
fn a_reboot_among_a_persons_commands_is_no_loop() {
    let root = || seeded(image(), "i-one", "#cloud-config\nruncmd: [reboot]\n");
    let (machine, _) = until(root, "/scripts/runcmd");
    let second = machine.boot();
    assert!(!second.ran("/scripts/runcmd"), "{:#?}", second.commands);
    assert!(second.all_errors().is_empty(), "{:?}", second.all_errors());
    assert!(second.modules.iter().any(|name| name == "final_message"), "{:?}", second.modules);
    assert!(!machine.json("/run/cloud-init/status.json")["v1"]["modules-final"]["finished"].is_null());
    assert!(machine.has("/run/cloud-init/result.json"), "the boot is finished");
    assert!(!machine.boot().ran("/scripts/runcmd"));
}

#[test]
fn a_reboot_that_packages_ask_for_is_no_loop() {
    let user_data = "#cloud-config\npackage_upgrade: true\npackage_reboot_if_required: true\n";
    let root = || seeded(image(), "i-one", user_data).file("/var/run/reboot-required", "");
    let (machine, first) = until(root, "/sbin/reboot");
    assert!(first.ran("apt-get"), "{:#?}", first.commands);
    assert!(machine.has("/var/lib/cloud/instance/sem/config_package_update_upgrade_install"));
    let second = machine.boot();
    assert!(!second.ran("/sbin/reboot") && !second.ran("apt-get"), "{:#?}", second.commands);
    assert!(machine.has("/run/cloud-init/result.json"), "the boot is finished");
}
