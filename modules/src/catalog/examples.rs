//! An example of a cloud-config for each module, and some have a second.

macro_rules! examples {
    ($($file:literal),* $(,)?) => {
        &[$(($file, include_str!(concat!("../../examples/", $file, ".yaml")))),*]
    };
}

/// File names without their ending, which are the modules' names and perhaps a number, and the texts.
const EXAMPLES: &[(&str, &str)] = examples![
    "ansible",
    "apk_configure",
    "apt_configure",
    "apt_pipelining",
    "base",
    "bootcmd",
    "byobu",
    "ca_certs",
    "chef",
    "disable_ec2_metadata",
    "disk_setup",
    "fan",
    "final_message",
    "growpart",
    "growpart-2",
    "grub_dpkg",
    "install_hotplug",
    "keyboard",
    "keys_to_console",
    "landscape",
    "locale",
    "lxd",
    "lxd-2",
    "mcollective",
    "mounts",
    "ntp",
    "ntp-2",
    "package_update_upgrade_install",
    "phone_home",
    "power_state_change",
    "puppet",
    "raspberry_pi",
    "reset_rmc",
    "resizefs",
    "resolv_conf",
    "rh_subscription",
    "rsyslog",
    "runcmd",
    "salt_minion",
    "scripts_per_boot",
    "scripts_per_instance",
    "scripts_per_once",
    "scripts_user",
    "scripts_vendor",
    "seed_random",
    "set_hostname",
    "set_passwords",
    "snap",
    "spacewalk",
    "ssh",
    "ssh_authkey_fingerprints",
    "ssh_import_id",
    "timezone",
    "ubuntu_autoinstall",
    "ubuntu_drivers",
    "ubuntu_pro",
    "update_etc_hosts",
    "update_hostname",
    "users_groups",
    "users_groups-2",
    "wireguard",
    "write_files",
    "write_files-2",
    "write_files_deferred",
    "yum_add_repo",
    "zypper_add_repo",
];

/// The examples of a module; `base` has that of the keys which belong to none.
pub fn examples(module: &str) -> impl Iterator<Item = &'static str> {
    EXAMPLES
        .iter()
        .filter(move |(file, _)| {
            file.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
        .map(|(_, text)| *text)
}
