//! Modules of `cloud_config_modules`.

use model::{Frequency, Stage};

use super::Entry;
use crate::described as keys;

const STAGE: Stage = Stage::Config;

/// In the order in which they run.
pub(super) const MODULES: &[Entry] = &[
    Entry::described::<keys::wireguard::Config>(
        ("wireguard", Frequency::Instance, &["ubuntu"], &["wireguard"]),
        STAGE,
        [
            "WireGuard",
            "Writes tunnels of WireGuard and starts them.",
            "The packages are installed where they are missing.",
        ],
    ),
    Entry::described::<keys::snap::Config>(
        ("snap", Frequency::Instance, &["ubuntu"], &["snap"]),
        STAGE,
        [
            "Snaps",
            "Acknowledges assertions and runs commands of snapd.",
            "snapd is installed where it is missing.",
        ],
    ),
    Entry::described::<keys::ubuntu_autoinstall::Config>(
        ("ubuntu_autoinstall", Frequency::Once, &["ubuntu"], &["autoinstall"]),
        STAGE,
        [
            "Ubuntu's installer",
            "Looks whether answers for Ubuntu's installer can reach it.",
            "The installer reads `autoinstall` itself; elsewhere than in its live system the key does nothing.",
        ],
    ),
    Entry::described::<keys::ssh_import_id::Config>(
        (
            "ssh_import_id",
            Frequency::Instance,
            &["alpine", "cos", "debian", "raspberry-pi-os", "ubuntu"],
            &[],
        ),
        STAGE,
        [
            "Keys from Launchpad and GitHub",
            "Fetches public keys by the names of their owners, with ssh-import-id(1).",
            "`users` has a key of the same name for each user.",
        ],
    ),
    Entry::described::<keys::keyboard::Config>(
        (
            "keyboard",
            Frequency::Instance,
            &[
                "alpine",
                "arch",
                "debian",
                "ubuntu",
                "raspberry-pi-os",
                "almalinux",
                "amazon",
                "azurelinux",
                "centos",
                "cloudlinux",
                "eurolinux",
                "fedora",
                "mariner",
                "miraclelinux",
                "openmandriva",
                "photon",
                "rhel",
                "rocky",
                "virtuozzo",
                "opensuse",
                "opensuse-leap",
                "opensuse-microos",
                "opensuse-tumbleweed",
                "sle_hpc",
                "sle-micro",
                "sles",
                "suse",
            ],
            &["keyboard"],
        ),
        STAGE,
        ["Keyboard", "Sets the layout of the console's keyboard.", ""],
    ),
    #[cfg(feature = "locale")]
    Entry::built(
        &crate::locale::Locale,
        STAGE,
        ["Language", "Sets the system's locale, and generates it where that is needed.", ""],
    ),
    Entry::described::<keys::grub_dpkg::Config>(
        ("grub_dpkg", Frequency::Instance, &["ubuntu", "debian"], &["grub_dpkg", "grub-dpkg"]),
        STAGE,
        [
            "grub",
            "Tells grub's packages which device they install to.",
            "An image's answer is about the machine it was built on, and an upgrade of grub would fail.",
        ],
    ),
    Entry::described::<keys::apt_pipelining::Config>(
        (
            "apt_pipelining",
            Frequency::Instance,
            &["ubuntu", "debian", "raspberry-pi-os"],
            &["apt_pipelining"],
        ),
        STAGE,
        ["apt's pipelining", "Sets how many requests apt sends before it has the answers.", ""],
    ),
    Entry::described::<keys::apt_configure::Config>(
        ("apt_configure", Frequency::Instance, &["ubuntu", "debian", "raspberry-pi-os"], &[]),
        STAGE,
        [
            "apt",
            "Sets apt up: mirrors, further sources, keys, proxies, answers for debconf.",
            "It runs also without keys, since the mirrors come from the metadata then.",
        ],
    ),
    Entry::described::<keys::apk_configure::Config>(
        ("apk_configure", Frequency::Instance, &["alpine"], &["apk_repos"]),
        STAGE,
        ["apk", "Writes /etc/apk/repositories.", ""],
    ),
    Entry::described::<keys::ubuntu_pro::Config>(
        (
            "ubuntu_pro",
            Frequency::Instance,
            &["ubuntu"],
            &["ubuntu_pro", "ubuntu_advantage", "ubuntu-advantage"],
        ),
        STAGE,
        ["Ubuntu Pro", "Attaches this machine to Ubuntu Pro and enables services.", ""],
    ),
    Entry::described::<keys::ntp::Config>(
        (
            "ntp",
            Frequency::Instance,
            &[
                "almalinux",
                "alpine",
                "aosc",
                "azurelinux",
                "centos",
                "cloudlinux",
                "cos",
                "debian",
                "eurolinux",
                "fedora",
                "freebsd",
                "mariner",
                "miraclelinux",
                "openbsd",
                "openeuler",
                "OpenCloudOS",
                "openmandriva",
                "opensuse",
                "opensuse-microos",
                "opensuse-tumbleweed",
                "opensuse-leap",
                "photon",
                "raspberry-pi-os",
                "rhel",
                "rocky",
                "sle_hpc",
                "sle-micro",
                "sles",
                "TencentOS",
                "ubuntu",
                "virtuozzo",
            ],
            &["ntp"],
        ),
        STAGE,
        [
            "Time",
            "Installs and configures a client that keeps the clock right.",
            "Without any keys (`ntp: {}`) the distribution's client gets the distribution's pool.",
        ],
    ),
    #[cfg(feature = "timezone")]
    Entry::built(&crate::timezone::Timezone, STAGE, ["Time zone", "Sets the system's time zone.", ""]),
    Entry::described::<keys::disable_ec2_metadata::Config>(
        ("disable_ec2_metadata", Frequency::Always, &[], &["disable_ec2_metadata"]),
        STAGE,
        ["No metadata of EC2", "Makes the metadata service of EC2 unreachable.", ""],
    ),
    #[cfg(feature = "runcmd")]
    Entry::built(
        &crate::runcmd::Runcmd,
        STAGE,
        [
            "Commands",
            "Writes commands into a script that runs late in the first boot.",
            "`scripts_user` runs it, in the final stage, when users and packages are there.",
        ],
    ),
    Entry::described::<keys::byobu::Config>(
        ("byobu", Frequency::Instance, &["ubuntu", "debian", "raspberry-pi-os"], &[]),
        STAGE,
        ["Byobu", "Starts byobu at logins, or no longer.", "The package is installed where it is missing."],
    ),
    Entry::described::<keys::raspberry_pi::Config>(
        ("raspberry_pi", Frequency::Instance, &["raspberry-pi-os"], &["rpi"]),
        STAGE,
        [
            "Raspberry Pi",
            "Switches interfaces of a Raspberry Pi on or off, and restarts where that needs it.",
            "",
        ],
    ),
    Entry::described::<keys::rh_subscription::Config>(
        ("rh_subscription", Frequency::Instance, &["fedora", "rhel"], &["rh_subscription"]),
        STAGE,
        ["Red Hat subscription", "Registers this machine with Red Hat, by subscription-manager.", ""],
    ),
    Entry::described::<keys::spacewalk::Config>(
        ("spacewalk", Frequency::Instance, &["rhel", "fedora", "openeuler"], &["spacewalk"]),
        STAGE,
        ["Spacewalk", "Registers this machine with a Spacewalk server.", ""],
    ),
    Entry::described::<keys::yum_add_repo::Config>(
        (
            "yum_add_repo",
            Frequency::Instance,
            &[
                "almalinux",
                "amazon",
                "azurelinux",
                "centos",
                "cloudlinux",
                "eurolinux",
                "fedora",
                "mariner",
                "openeuler",
                "OpenCloudOS",
                "openmandriva",
                "photon",
                "rhel",
                "rocky",
                "TencentOS",
                "virtuozzo",
            ],
            &["yum_repos"],
        ),
        STAGE,
        [
            "yum repositories",
            "Adds repositories for yum and dnf.",
            "A file that is there already is left alone.",
        ],
    ),
    Entry::described::<keys::zypper_add_repo::Config>(
        (
            "zypper_add_repo",
            Frequency::Always,
            &[
                "opensuse",
                "opensuse-microos",
                "opensuse-tumbleweed",
                "opensuse-leap",
                "sle_hpc",
                "sle-micro",
                "sles",
            ],
            &["zypper"],
        ),
        STAGE,
        ["zypper", "Adds repositories for zypper and sets its options.", ""],
    ),
];
