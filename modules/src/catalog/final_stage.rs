//! Modules of `cloud_final_modules`.

use model::{Frequency, Stage};

use super::Entry;
use crate::described as keys;

const STAGE: Stage = Stage::Final;

/// In the order in which they run.
pub(super) const MODULES: &[Entry] = &[
    #[cfg(feature = "package_update_upgrade_install")]
    Entry::built(
        &crate::package_update_upgrade_install::PackageUpdateUpgradeInstall,
        STAGE,
        [
            "Packages",
            "Refreshes the lists of packages, upgrades, and installs.",
            "The lists are refreshed before an installation in any case where the distribution needs it. With `package_reboot_if_required` the machine restarts when a package asks for it.",
        ],
    ),
    Entry::described::<keys::fan::Config>(
        ("fan", Frequency::Instance, &["ubuntu"], &["fan"]),
        STAGE,
        ["Fan networking", "Configures Ubuntu's fan networking.", ""],
    ),
    Entry::described::<keys::landscape::Config>(
        ("landscape", Frequency::Instance, &["ubuntu"], &["landscape"]),
        STAGE,
        ["Landscape", "Installs and configures the client of Canonical's Landscape.", ""],
    ),
    Entry::described::<keys::lxd::Config>(
        ("lxd", Frequency::Instance, &["ubuntu"], &["lxd"]),
        STAGE,
        ["LXD", "Installs LXD and initialises it.", "Either from `init` and `bridge`, or from a preseed."],
    ),
    Entry::described::<keys::ubuntu_drivers::Config>(
        ("ubuntu_drivers", Frequency::Instance, &["ubuntu"], &["drivers"]),
        STAGE,
        ["Drivers", "Installs drivers that are not free, when their licence is accepted.", ""],
    ),
    #[cfg(feature = "write_files")]
    Entry::built(
        &crate::write_files::WriteFilesDeferred,
        STAGE,
        [
            "Deferred files",
            "Writes the files of `write_files` that have `defer: true`.",
            "Users and packages are there then.",
        ],
    ),
    Entry::described::<keys::puppet::Config>(
        ("puppet", Frequency::Instance, &[], &["puppet"]),
        STAGE,
        ["Puppet", "Installs, configures and starts the Puppet agent.", ""],
    ),
    Entry::described::<keys::chef::Config>(
        ("chef", Frequency::Always, &[], &["chef"]),
        STAGE,
        ["Chef", "Installs, configures and runs the Chef client.", ""],
    ),
    Entry::described::<keys::ansible::Config>(
        ("ansible", Frequency::Instance, &[], &["ansible"]),
        STAGE,
        ["Ansible", "Installs Ansible, pulls playbooks and runs them.", ""],
    ),
    Entry::described::<keys::mcollective::Config>(
        ("mcollective", Frequency::Instance, &[], &["mcollective"]),
        STAGE,
        ["MCollective", "Installs and configures MCollective's server.", ""],
    ),
    Entry::described::<keys::salt_minion::Config>(
        ("salt_minion", Frequency::Instance, &[], &["salt_minion"]),
        STAGE,
        ["Salt", "Installs, configures and starts the Salt minion.", ""],
    ),
    Entry::described::<keys::reset_rmc::Config>(
        ("reset_rmc", Frequency::Instance, &[], &[]),
        STAGE,
        [
            "RMC of PowerVM",
            "Gives the RMC daemons of IBM's PowerVM a node id of their own.",
            "Where /opt/rsct/bin is not there, it does nothing.",
        ],
    ),
    #[cfg(feature = "scripts_vendor")]
    Entry::built(
        &crate::scripts_vendor::ScriptsVendor,
        STAGE,
        [
            "Vendor's scripts",
            "Runs the scripts of the vendor-data.",
            "They are in instance/scripts/vendor and run in the order of their names.",
        ],
    ),
    #[cfg(feature = "scripts_per_once")]
    Entry::built(
        &crate::scripts_per_once::ScriptsPerOnce,
        STAGE,
        [
            "Scripts, once",
            "Runs the scripts in scripts/per-once below /var/lib/cloud, once on this disk.",
            "",
        ],
    ),
    #[cfg(feature = "scripts_per_boot")]
    Entry::built(
        &crate::scripts_per_boot::ScriptsPerBoot,
        STAGE,
        [
            "Scripts, every boot",
            "Runs the scripts in scripts/per-boot below /var/lib/cloud, at every boot.",
            "",
        ],
    ),
    #[cfg(feature = "scripts_per_instance")]
    Entry::built(
        &crate::scripts_per_instance::ScriptsPerInstance,
        STAGE,
        [
            "Scripts, every instance",
            "Runs the scripts in scripts/per-instance below /var/lib/cloud, once for each instance.",
            "",
        ],
    ),
    #[cfg(feature = "scripts_user")]
    Entry::built(
        &crate::scripts_user::ScriptsUser,
        STAGE,
        [
            "User's scripts",
            "Runs the scripts of the user-data, and that of `runcmd`.",
            "They are in instance/scripts and run in the order of their names.",
        ],
    ),
    #[cfg(feature = "ssh_authkey_fingerprints")]
    Entry::built(
        &crate::ssh_authkey_fingerprints::SshAuthkeyFingerprints,
        STAGE,
        ["Fingerprints of authorized keys", "Shows on the console who may log in with which key.", ""],
    ),
    #[cfg(feature = "keys_to_console")]
    Entry::built(
        &crate::keys_to_console::KeysToConsole,
        STAGE,
        [
            "Host keys on the console",
            "Shows the ssh host keys and their fingerprints on the console.",
            "Whoever logs in the first time can compare them.",
        ],
    ),
    #[cfg(feature = "install_hotplug")]
    Entry::built(
        &crate::install_hotplug::InstallHotplug,
        STAGE,
        [
            "Links that appear later",
            "Has udev tell of network links that are plugged in or out.",
            "`updates.network.when` has to hold `hotplug`, and the data source has to be able to.",
        ],
    ),
    #[cfg(feature = "phone_home")]
    Entry::built(
        &crate::phone_home::PhoneHome,
        STAGE,
        ["Phone home", "Posts the host's keys and names to an address when the boot is done.", ""],
    ),
    #[cfg(feature = "final_message")]
    Entry::built(
        &crate::final_message::FinalMessage,
        STAGE,
        [
            "Final message",
            "Says on the console that the boot is finished, and writes instance/boot-finished.",
            "",
        ],
    ),
    #[cfg(feature = "power_state_change")]
    Entry::built(
        &crate::power_state_change::PowerStateChange,
        STAGE,
        [
            "Power",
            "Powers off, halts or restarts when everything is done.",
            "A condition decides whether; a command's exit code 0 is yes.",
        ],
    ),
];
