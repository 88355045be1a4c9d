//! The modules that apply cloud-config keys: a file, a feature and a testdata folder each.
//!
//! A module reads its keys through a typed `Config`, and changes the machine only through the effects and the
//! distribution of its [`model::Context`]. [`all`] returns the modules for a registry.
//!
//! Every file is compiled in every build, because a module's description ([`model::module::Described`]) must be
//! available even if the module is not built in; the feature decides whether [`all`] refers to its implementation.
//! Unreferenced code is not linked.

use model::module::{Absent, AnyModule};

mod accounts;
mod authorized_keys;
mod block;
pub mod catalog;
mod console;
pub mod fingerprint;
pub mod hostname_keys;
mod installers;
pub mod lenient;
mod random;
mod run_parts;
mod shell;
mod snaps;
mod sshd_config;
mod templates;
mod timestamp;

/// Adds a member to a list if its feature is enabled; a module without a feature is only described.
macro_rules! member {
    ($members:ident, $module:expr) => {};
    ($members:ident, $module:expr, $feature:literal) => {
        #[cfg(feature = $feature)]
        $members.push(Box::new($module));
    };
}

/// Whether this build includes a module.
macro_rules! is_built {
    () => {
        false
    };
    ($feature:literal) => {
        cfg!(feature = $feature)
    };
}

/// The table: a file, the type in it that describes the module, and the feature that builds it in.
macro_rules! modules {
    ($($file:ident :: $module:ident $(by $feature:literal)?,)*) => {
        $(pub mod $file;)*

        /// Every module of this build, in the order in which they run.
        #[allow(unused_mut, clippy::vec_init_then_push, reason = "rows depend on features")]
        pub fn all() -> Vec<Box<dyn AnyModule>> {
            let mut members: Vec<Box<dyn AnyModule>> = Vec::new();
            $(member!(members, $file::$module $(, $feature)?);)*
            members
        }

        /// Every upstream module, in the order in which they run.
        const CATALOG: &[catalog::Entry] =
            &[$(catalog::Entry::of::<$file::$module>(is_built!($($feature)?))),*];

        /// The first example of each module.
        const EXAMPLES: &[(&str, &str)] = &[
            $((stringify!($file), include_str!(concat!("../examples/", stringify!($file), ".yaml")))),*
        ];
    };
}

modules! {
    seed_random::SeedRandom by "seed_random",
    bootcmd::Bootcmd by "bootcmd",
    write_files::WriteFiles by "write_files",
    growpart::Growpart by "growpart",
    resizefs::Resizefs by "resizefs",
    disk_setup::DiskSetup by "disk_setup",
    mounts::Mounts by "mounts",
    set_hostname::SetHostname by "set_hostname",
    update_hostname::UpdateHostname by "update_hostname",
    update_etc_hosts::UpdateEtcHosts by "update_etc_hosts",
    resolv_conf::ResolvConf by "resolv_conf",
    ca_certs::CaCerts by "ca_certs",
    rsyslog::Rsyslog by "rsyslog",
    users_groups::UsersGroups by "users_groups",
    ssh::Ssh by "ssh",
    set_passwords::SetPasswords by "set_passwords",
    wireguard::Wireguard by "wireguard",
    snap::Snap by "snap",
    ubuntu_autoinstall::UbuntuAutoinstall by "ubuntu_autoinstall",
    ssh_import_id::SshImportId by "ssh_import_id",
    keyboard::Keyboard by "keyboard",
    locale::Locale by "locale",
    grub_dpkg::GrubDpkg by "grub_dpkg",
    apt_pipelining::AptPipelining by "apt_pipelining",
    apt_configure::AptConfigure by "apt_configure",
    apk_configure::ApkConfigure by "apk_configure",
    ubuntu_pro::UbuntuPro by "ubuntu_pro",
    rh_subscription::RhSubscription by "rh_subscription",
    spacewalk::Spacewalk by "spacewalk",
    yum_add_repo::YumAddRepo by "yum_add_repo",
    zypper_add_repo::ZypperAddRepo by "zypper_add_repo",
    ntp::Ntp by "ntp",
    timezone::Timezone by "timezone",
    raspberry_pi::RaspberryPi by "raspberry_pi",
    disable_ec2_metadata::DisableEc2Metadata by "disable_ec2_metadata",
    runcmd::Runcmd by "runcmd",
    byobu::Byobu by "byobu",
    package_update_upgrade_install::PackageUpdateUpgradeInstall by "package_update_upgrade_install",
    fan::Fan by "fan",
    landscape::Landscape by "landscape",
    lxd::Lxd by "lxd",
    ubuntu_drivers::UbuntuDrivers by "ubuntu_drivers",
    write_files_deferred::WriteFilesDeferred by "write_files",
    puppet::Puppet by "puppet",
    chef::Chef by "chef",
    ansible::Ansible by "ansible",
    mcollective::Mcollective by "mcollective",
    salt_minion::SaltMinion by "salt_minion",
    reset_rmc::ResetRmc by "reset_rmc",
    scripts_vendor::ScriptsVendor by "scripts_vendor",
    scripts_per_once::ScriptsPerOnce by "scripts_per_once",
    scripts_per_boot::ScriptsPerBoot by "scripts_per_boot",
    scripts_per_instance::ScriptsPerInstance by "scripts_per_instance",
    scripts_user::ScriptsUser by "scripts_user",
    ssh_authkey_fingerprints::SshAuthkeyFingerprints by "ssh_authkey_fingerprints",
    keys_to_console::KeysToConsole by "keys_to_console",
    install_hotplug::InstallHotplug by "install_hotplug",
    phone_home::PhoneHome by "phone_home",
    final_message::FinalMessage by "final_message",
    power_state_change::PowerStateChange by "power_state_change",
}

/// Modules that upstream has removed: a cloud.cfg that still lists one is accepted.
pub const REMOVED: &[&str] =
    &["emit_upstart", "migrator", "refresh_rmc_and_interface", "rightscale_userdata"];

/// The modules that this build does not include.
pub fn absent() -> Vec<Absent> {
    let missing = catalog::modules().filter(|entry| !entry.built);
    missing.map(|entry| Absent { name: entry.name, aliases: entry.aliases, keys: entry.own_keys }).collect()
}

/// The built-in templates, by the name under which an image can override them.
pub const TEMPLATES: &[(&str, &str)] = templates::TEMPLATES;

/// The schema of a cloud-config, complete in every build: the keys of modules that are not built in are validated too.
pub fn cloud_config_schema() -> serde_json::Value {
    serde_json::from_str(CLOUD_CONFIG_SCHEMA).expect("the schema's own test reads it")
}

/// The schema of what Ubuntu's installer reads below `autoinstall`.
pub fn autoinstall_schema() -> serde_json::Value {
    serde_json::from_str(AUTOINSTALL_SCHEMA).expect("the schema's own test reads it")
}

/// The same schema as text.
pub const AUTOINSTALL_SCHEMA: &str = include_str!("../schema/autoinstall.json");

/// Probable mistakes in a cloud-config, which is valid.
pub fn advise<'d>(document: impl Into<schema::Instance<'d>>) -> Vec<schema::Finding> {
    let document = document.into();
    let mut found = schema::advise(document);
    found.extend(ubuntu_autoinstall::advise(document));
    found
}

/// The schema of a cloud-config as published text.
pub const CLOUD_CONFIG_SCHEMA: &str = include_str!("../schema/cloud-config.json");
