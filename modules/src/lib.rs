//! What the keys of a cloud-config do: a file, a feature and a testdata folder per module.
//!
//! A module reads its own keys through a typed `Config`, and changes the machine through the effects and the
//! distribution of its [`model::Context`] only. [`all`] is the list that a registry takes.

use model::module::AnyModule;

pub mod catalog;
pub mod described;
pub mod lenient;

#[cfg(any(
    feature = "users_groups",
    feature = "ssh",
    feature = "set_passwords",
    feature = "ssh_authkey_fingerprints"
))]
mod accounts;
#[cfg(any(feature = "users_groups", feature = "ssh", feature = "ssh_authkey_fingerprints"))]
mod authorized_keys;
#[cfg(any(feature = "growpart", feature = "resizefs", feature = "mounts"))]
mod block;
#[cfg(any(feature = "set_passwords", feature = "ssh_authkey_fingerprints", feature = "keys_to_console"))]
mod console;
#[cfg(any(
    feature = "scripts_vendor",
    feature = "scripts_per_once",
    feature = "scripts_per_boot",
    feature = "scripts_per_instance",
    feature = "scripts_user"
))]
mod run_parts;
#[cfg(any(feature = "bootcmd", feature = "runcmd"))]
mod shell;
#[cfg(any(feature = "ssh", feature = "set_passwords"))]
mod sshd_config;
#[cfg(any(feature = "final_message", feature = "update_etc_hosts"))]
mod timestamp;

#[cfg(feature = "bootcmd")]
pub mod bootcmd;
#[cfg(feature = "final_message")]
pub mod final_message;
#[cfg(feature = "growpart")]
pub mod growpart;
#[cfg(any(feature = "set_hostname", feature = "update_hostname"))]
pub mod hostname_keys;
#[cfg(feature = "install_hotplug")]
pub mod install_hotplug;
#[cfg(feature = "keys_to_console")]
pub mod keys_to_console;
#[cfg(feature = "locale")]
pub mod locale;
#[cfg(feature = "migrator")]
pub mod migrator;
#[cfg(feature = "mounts")]
pub mod mounts;
#[cfg(feature = "package_update_upgrade_install")]
pub mod package_update_upgrade_install;
#[cfg(feature = "phone_home")]
pub mod phone_home;
#[cfg(feature = "power_state_change")]
pub mod power_state_change;
#[cfg(feature = "resizefs")]
pub mod resizefs;
#[cfg(feature = "rsyslog")]
pub mod rsyslog;
#[cfg(feature = "runcmd")]
pub mod runcmd;
#[cfg(feature = "scripts_per_boot")]
pub mod scripts_per_boot;
#[cfg(feature = "scripts_per_instance")]
pub mod scripts_per_instance;
#[cfg(feature = "scripts_per_once")]
pub mod scripts_per_once;
#[cfg(feature = "scripts_user")]
pub mod scripts_user;
#[cfg(feature = "scripts_vendor")]
pub mod scripts_vendor;
#[cfg(feature = "seed_random")]
pub mod seed_random;
#[cfg(feature = "set_hostname")]
pub mod set_hostname;
#[cfg(feature = "set_passwords")]
pub mod set_passwords;
#[cfg(feature = "ssh")]
pub mod ssh;
#[cfg(feature = "ssh_authkey_fingerprints")]
pub mod ssh_authkey_fingerprints;
#[cfg(feature = "timezone")]
pub mod timezone;
#[cfg(feature = "update_etc_hosts")]
pub mod update_etc_hosts;
#[cfg(feature = "update_hostname")]
pub mod update_hostname;
#[cfg(feature = "users_groups")]
pub mod users_groups;
#[cfg(feature = "write_files")]
pub mod write_files;

mod templates;

/// The templates that the program carries, by the name under which an image may bring its own.
pub const TEMPLATES: &[(&str, &str)] = templates::TEMPLATES;

/// The schema of a cloud-config, whole in every build: a key whose module is not in this one is checked all the same.
pub fn cloud_config_schema() -> serde_json::Value {
    serde_json::from_str(CLOUD_CONFIG_SCHEMA).expect("the schema's own test reads it")
}

/// The same as text, as it is published.
pub const CLOUD_CONFIG_SCHEMA: &str = include_str!("../schema/cloud-config.json");

/// Every module of this build, in the order of their stages.
pub fn all() -> Vec<Box<dyn AnyModule>> {
    vec![
        #[cfg(feature = "migrator")]
        Box::new(migrator::Migrator),
        #[cfg(feature = "seed_random")]
        Box::new(seed_random::SeedRandom),
        #[cfg(feature = "bootcmd")]
        Box::new(bootcmd::Bootcmd),
        #[cfg(feature = "write_files")]
        Box::new(write_files::WriteFiles),
        #[cfg(feature = "growpart")]
        Box::new(growpart::Growpart),
        #[cfg(feature = "resizefs")]
        Box::new(resizefs::Resizefs),
        #[cfg(feature = "mounts")]
        Box::new(mounts::Mounts),
        #[cfg(feature = "set_hostname")]
        Box::new(set_hostname::SetHostname),
        #[cfg(feature = "update_hostname")]
        Box::new(update_hostname::UpdateHostname),
        #[cfg(feature = "update_etc_hosts")]
        Box::new(update_etc_hosts::UpdateEtcHosts),
        #[cfg(feature = "rsyslog")]
        Box::new(rsyslog::Rsyslog),
        #[cfg(feature = "users_groups")]
        Box::new(users_groups::UsersGroups),
        #[cfg(feature = "ssh")]
        Box::new(ssh::Ssh),
        #[cfg(feature = "set_passwords")]
        Box::new(set_passwords::SetPasswords),
        #[cfg(feature = "locale")]
        Box::new(locale::Locale),
        #[cfg(feature = "timezone")]
        Box::new(timezone::Timezone),
        #[cfg(feature = "runcmd")]
        Box::new(runcmd::Runcmd),
        #[cfg(feature = "package_update_upgrade_install")]
        Box::new(package_update_upgrade_install::PackageUpdateUpgradeInstall),
        #[cfg(feature = "write_files")]
        Box::new(write_files::WriteFilesDeferred),
        #[cfg(feature = "scripts_vendor")]
        Box::new(scripts_vendor::ScriptsVendor),
        #[cfg(feature = "scripts_per_once")]
        Box::new(scripts_per_once::ScriptsPerOnce),
        #[cfg(feature = "scripts_per_boot")]
        Box::new(scripts_per_boot::ScriptsPerBoot),
        #[cfg(feature = "scripts_per_instance")]
        Box::new(scripts_per_instance::ScriptsPerInstance),
        #[cfg(feature = "scripts_user")]
        Box::new(scripts_user::ScriptsUser),
        #[cfg(feature = "ssh_authkey_fingerprints")]
        Box::new(ssh_authkey_fingerprints::SshAuthkeyFingerprints),
        #[cfg(feature = "keys_to_console")]
        Box::new(keys_to_console::KeysToConsole),
        #[cfg(feature = "install_hotplug")]
        Box::new(install_hotplug::InstallHotplug),
        #[cfg(feature = "phone_home")]
        Box::new(phone_home::PhoneHome),
        #[cfg(feature = "final_message")]
        Box::new(final_message::FinalMessage),
        #[cfg(feature = "power_state_change")]
        Box::new(power_state_change::PowerStateChange),
    ]
}
