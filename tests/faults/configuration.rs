//! What cloud.cfg and the kernel command line decide over whole boots.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::identity::once_only;
use crate::machine::{Machine, SEED, centos, image, seeded};

const USER_DATA: &str = "#cloud-config\nruncmd: ['echo']\ntimezone: Europe/Berlin\n";
const NETPLAN: &str = "/etc/netplan/50-cloud-init.yaml";

fn configured(config: &str) -> Machine {
    Machine::new(seeded(image(), "i-one", USER_DATA).file("/etc/cloud/cloud.cfg.d/50.cfg", config))
}

fn commanded(words: &str) -> Machine {
    Machine::new(
        seeded(image(), "i-one", USER_DATA).file("/proc/cmdline", format!("root=/dev/vda1 {words}\n")),
    )
}

/// Boots an image with these config modules twice; which of them ran each time.
fn config_modules(list: &str) -> (Vec<String>, Vec<String>, Machine) {
    let machine = configured(&format!(
        "cloud_init_modules: []\ncloud_final_modules: []\ncloud_config_modules: {list}\n"
    ));
    let ran = |machine: &Machine| {
        let all = machine.boot().modules;
        // It is run early at each boot, whatever the lists say.
        all.into_iter().filter(|name| name != "set_hostname").collect::<Vec<_>>()
    };
    let (first, second) = (ran(&machine), ran(&machine));
    (first, second, machine)
}

#[test]
fn an_entry_sets_its_own_frequency() {
    let (first, second, machine) =
        config_modules("[[timezone, always], [runcmd, once], {name: locale, frequency: once-per-instance}]");
    assert_eq!(first, ["timezone", "runcmd", "locale"]);
    assert_eq!(second, ["timezone"]);
    assert!(machine.has("/var/lib/cloud/sem/config_runcmd.once"));
    assert!(machine.has("/var/lib/cloud/instance/sem/config_locale"));
    assert!(!machine.has("/var/lib/cloud/instance/sem/config_timezone"));
    // A new instance: what is once has been.
    machine.put(&format!("{SEED}/meta-data"), "instance-id: i-two\n");
    let third = machine.boot().modules;
    assert!(
        third.iter().any(|name| name == "locale") && !third.iter().any(|name| name == "runcmd"),
        "{third:?}"
    );
}

#[test]
fn spellings_of_a_name() {
    let (first, second, machine) =
        config_modules("[write-files-deferred, cc_timezone, Runcmd.py, cc_scripts-per-boot.py]");
    // write_files_deferred has no key here.
    assert_eq!(first, ["timezone", "runcmd", "scripts_per_boot"]);
    assert_eq!(second, ["scripts_per_boot"]);
    // The semaphore keeps the spelling.
    assert!(machine.has("/var/lib/cloud/instance/sem/config_cc_timezone"));
}

#[test]
fn an_unknown_module_is_a_warning() {
    let machine = configured("cloud_config_modules: [no_such_module, migrator, cc_emit_upstart, runcmd]\n");
    let booted = machine.boot();
    booted.warned("no_such_module");
    assert!(!booted.warnings().iter().any(|line| line.contains("migrator") || line.contains("emit_upstart")));
    assert_eq!(booted.all_errors(), Vec::<&str>::new());
    assert!(booted.modules.iter().any(|name| name == "runcmd"));
}

#[test]
fn a_section_that_is_broken_stops_only_itself() {
    let booted = configured("cloud_config_modules: [1]\n").boot();
    assert_eq!(booted.all_errors().len(), 1, "{:?}", booted.errors);
    assert!(booted.modules.iter().any(|name| name == "scripts_user"));
}

#[test]
fn manual_cache_clean_trusts_the_cache() {
    let machine = configured("manual_cache_clean: true\n");
    machine.boot();
    assert!(machine.has("/var/lib/cloud/instance/manual-clean"));
    machine.put(&format!("{SEED}/meta-data"), "instance-id: i-two\n");
    let second = machine.boot();
    assert_eq!(machine.id(), "i-one");
    assert_eq!(once_only(&second.modules), Vec::<&str>::new());
}

#[test]
fn network_config_disabled() {
    assert!(configured("{}\n").boot().all_errors().is_empty());
    let machine = configured("network: {config: disabled}\n");
    machine.boot();
    assert!(!machine.has(NETPLAN));
    let machine = commanded("network-config=disabled");
    machine.boot();
    assert!(!machine.has(NETPLAN));
}

#[test]
fn the_kernel_command_lines_network_beats_the_others() {
    let yaml = "network: {version: 2, ethernets: {eth0: {addresses: [192.0.2.7/24]}}}\n";
    let machine = commanded(&format!("network-config={}", STANDARD.encode(yaml)));
    machine.put(
        &format!("{SEED}/network-config"),
        "version: 2\nethernets: {eth0: {addresses: [198.51.100.7/24]}}\n",
    );
    machine.boot();
    let text = machine.text(NETPLAN).unwrap_or_default();
    assert!(text.contains("192.0.2.7/24") && !text.contains("198.51.100.7"), "{text}");
    assert_eq!(machine.mode(NETPLAN), Some(0o600));
}

#[test]
fn a_seeds_network_beats_the_fallback_and_the_system_beats_the_seed() {
    let seed = "version: 2\nethernets: {eth0: {addresses: [198.51.100.7/24]}}\n";
    let machine = configured("{}\n");
    machine.put(&format!("{SEED}/network-config"), seed);
    machine.boot();
    assert!(machine.text(NETPLAN).unwrap_or_default().contains("198.51.100.7/24"));
    let machine = configured("network: {version: 2, ethernets: {eth0: {addresses: [203.0.113.7/24]}}}\n");
    machine.put(&format!("{SEED}/network-config"), seed);
    machine.boot();
    assert!(machine.text(NETPLAN).unwrap_or_default().contains("203.0.113.7/24"));
}

#[test]
fn configuration_on_the_kernel_command_line() {
    let booted = commanded("cc: cloud_config_modules: [timezone] end_cc quiet").boot();
    assert!(booted.modules.iter().any(|name| name == "timezone"));
    assert!(!booted.modules.iter().any(|name| name == "runcmd"), "{:?}", booted.modules);
}

#[test]
fn a_key_that_a_module_needs() {
    let booted = Machine::new(seeded(image(), "i-one", "#cloud-config\n{}\n")).boot();
    for (name, ran) in
        [("bootcmd", false), ("runcmd", false), ("timezone", false), ("locale", true), ("ssh", true)]
    {
        assert_eq!(booted.modules.iter().any(|module| module == name), ran, "{name}");
    }
}

#[test]
fn user_data_that_changed_is_not_read_again() {
    let machine = configured("{}\n");
    machine.boot();
    machine.put(&format!("{SEED}/user-data"), "#cloud-config\nbootcmd: ['echo changed']\n");
    let second = machine.boot();
    assert!(!second.modules.iter().any(|name| name == "bootcmd"), "{:?}", second.modules);
}

#[test]
fn a_machine_without_any_source_gets_its_keys_and_its_user() {
    let machine = Machine::new(image());
    let booted = machine.boot();
    assert_eq!(machine.id(), "iid-datasource-none");
    assert_eq!(booted.all_errors(), Vec::<&str>::new());
    assert!(booted.ran("ssh-keygen") && booted.ran("useradd"));
    assert_eq!(machine.boot().all_errors(), Vec::<&str>::new());
}

#[test]
fn centos_is_configured_by_the_same_stages() {
    let user_data = "#cloud-config\nhostname: alpha\nfqdn: alpha.example.org\n";
    let machine = Machine::new(seeded(centos(), "i-one", user_data));
    let booted = machine.boot();
    assert_eq!(booted.all_errors(), Vec::<&str>::new());
    let link = machine.text("/etc/sysconfig/network-scripts/ifcfg-eth0").unwrap_or_default();
    assert!(link.lines().any(|line| line == "BOOTPROTO=dhcp"), "{link}");
    assert!(machine.text("/etc/hostname").unwrap_or_default().starts_with("alpha.example.org"));
}
