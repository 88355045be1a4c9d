//! Keys of the base configuration that change what a stage itself does.

use crate::machine::{Machine, image, seeded};

const LOG: &str = "/var/log/cloud-init.log";

/// The original's page on network configuration: with `disable_network_activation` the files are written and nothing
/// is brought up.
#[test]
fn the_network_is_not_activated_where_that_is_disabled() {
    for (config, activated) in [("{}\n", true), ("disable_network_activation: true\n", false)] {
        let mut machine = Machine::new(image().file("/etc/cloud/cloud.cfg.d/50.cfg", config));
        // The network stage finds it, so that this stage applies its network.
        machine.datasource_list = "None";
        let booted = machine.boot();
        assert!(machine.has("/etc/netplan/50-cloud-init.yaml"), "{config}");
        assert_eq!(booted.ran("netplan apply"), activated, "{config}: {:#?}", booted.commands);
    }
}

/// The owner of the log after a boot, by this `syslog_fix_perms`.
fn owner_of_log(config: &str) -> ((u32, u32), Vec<String>) {
    let root = seeded(image(), "i-one", "#cloud-config\n")
        .file("/etc/cloud/cloud.cfg.d/50.cfg", format!("def_log_file: {LOG}\n{config}"))
        .file("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nlogger:x:104:110::/:/bin/false\n")
        .file(LOG, "");
    let machine = Machine::new(root);
    let booted = machine.boot();
    let log = machine.disk().remove(std::path::Path::new(LOG)).expect("a log");
    (log.owner, booted.warnings().into_iter().map(str::to_owned).collect())
}

/// The original's `_initialize_filesystem` (cloudinit/stages.py): a string or a list of `user:group`; the first that
/// can be set is set, nothing where the key is empty, and a warning where none of them is known.
#[test]
fn the_log_belongs_to_the_first_owner_that_exists() {
    // `adm` is the group 4 of the image.
    assert_eq!(owner_of_log("syslog_fix_perms: [syslog:adm, logger:adm, root:root]\n").0, (104, 4));
    assert_eq!(owner_of_log("syslog_fix_perms: logger:adm\n").0, (104, 4));
    assert_eq!(owner_of_log("{}\n").0, (0, 4), "the built-in list: syslog is no user here, root:adm is");
    for empty in ["null", "[]", "''"] {
        assert_eq!(owner_of_log(&format!("syslog_fix_perms: {empty}\n")).0, (0, 0), "{empty}");
    }
    let (owner, warnings) = owner_of_log("syslog_fix_perms: [nobody-here:adm, logger:no-group]\n");
    assert_eq!(owner, (0, 0));
    let told = warnings.iter().any(|line| {
        line.starts_with("Failed changing perms on") && line.contains("nobody-here:adm,logger:no-group")
    });
    assert!(told, "{warnings:#?}");
}

/// The original's `_maybe_set_hostname` (cloudinit/cmd/main.py): the local stage sets a name that the metadata has before
/// the network is configured, so that a DHCP client sends it.
#[test]
fn the_host_name_is_set_before_the_network_is_configured() {
    let machine = Machine::new(seeded(image(), "i-one", "#cloud-config\n"));
    let booted = machine.boot();
    let first = |text: &str| {
        let place = booted.commands.iter().position(|line| line.starts_with(text));
        place.unwrap_or_else(|| panic!("no {text}: {:#?}", booted.commands))
    };
    assert!(first("hostname i-one-host") < first("netplan generate"), "{:#?}", booted.commands);
}
