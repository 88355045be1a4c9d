//! Modules of `cloud_init_modules`.

use model::{Frequency, Stage};

use super::Entry;
use crate::described as keys;

const STAGE: Stage = Stage::Network;

/// In the order in which they run.
pub(super) const MODULES: &[Entry] = &[
    #[cfg(feature = "seed_random")]
    Entry::built(
        &crate::seed_random::SeedRandom,
        STAGE,
        [
            "Random seed",
            "Adds a seed from the configuration and from the metadata to the kernel's random pool.",
            "A command may seed it further, for instance from a service on the network.",
        ],
    ),
    #[cfg(feature = "bootcmd")]
    Entry::built(
        &crate::bootcmd::Bootcmd,
        STAGE,
        [
            "Early commands",
            "Runs commands early in every boot, as one shell script.",
            "Only what has to run before anything else belongs here; `runcmd` runs when users and packages are there. `INSTANCE_ID` is set for the commands.",
        ],
    ),
    #[cfg(feature = "write_files")]
    Entry::built(
        &crate::write_files::WriteFiles,
        STAGE,
        [
            "Files",
            "Writes files with given content, owner and mode.",
            "It runs before users are made, so a file with an owner of yours, or one below a new home, needs `defer: true`. Missing directories are made.",
        ],
    ),
    #[cfg(feature = "growpart")]
    Entry::built(
        &crate::growpart::Growpart,
        STAGE,
        [
            "Partitions grow",
            "Grows partitions to the end of their disk.",
            "Clouds give a disk larger than the image. It runs at every boot, so that a disk which was made larger is used. An encrypted partition's container grows with it.",
        ],
    ),
    #[cfg(feature = "resizefs")]
    Entry::built(
        &crate::resizefs::Resizefs,
        STAGE,
        [
            "Root file system grows",
            "Grows the root file system to the end of its partition.",
            "It knows btrfs, ext, f2fs, xfs, ufs, hammer2, bcachefs and zfs, and does nothing in a container.",
        ],
    ),
    Entry::described::<keys::disk_setup::Config>(
        ("disk_setup", Frequency::Instance, &[], &["disk_setup", "fs_setup"]),
        STAGE,
        [
            "Disks",
            "Makes partition tables and file systems on further disks.",
            "It looks for what is there already, and never destroys that unless `overwrite` says so. `mounts` mounts what it makes.",
        ],
    ),
    #[cfg(feature = "mounts")]
    Entry::built(
        &crate::mounts::Mounts,
        STAGE,
        [
            "Mounts and swap",
            "Writes lines of /etc/fstab, mounts them, and makes a swap file.",
            "Devices may be named in short (`sdb`, `ephemeral0.1`). Lines that an earlier boot wrote are replaced; those of the image stay.",
        ],
    ),
    #[cfg(feature = "set_hostname")]
    Entry::built(
        &crate::set_hostname::SetHostname,
        STAGE,
        [
            "Host name",
            "Sets the host name of a new instance.",
            "The name is the configuration's, else the metadata's.",
        ],
    ),
    #[cfg(feature = "update_hostname")]
    Entry::built(
        &crate::update_hostname::UpdateHostname,
        STAGE,
        [
            "Host name at later boots",
            "Follows a host name that changed in the configuration or the metadata.",
            "A name that an administrator has set since is kept.",
        ],
    ),
    #[cfg(feature = "update_etc_hosts")]
    Entry::built(
        &crate::update_etc_hosts::UpdateEtcHosts,
        STAGE,
        [
            "/etc/hosts",
            "Keeps /etc/hosts in step with the host name.",
            "Either the whole file comes from a template at every boot, or only the line of this host is looked after.",
        ],
    ),
    Entry::described::<keys::ca_certs::Config>(
        (
            "ca_certs",
            Frequency::Instance,
            &[
                "almalinux",
                "amazon",
                "centos",
                "cloudlinux",
                "fedora",
                "opensuse-microos",
                "opensuse-tumbleweed",
                "opensuse-leap",
                "rocky",
                "sle_hpc",
                "sle-micro",
                "sles",
                "aosc",
                "alpine",
                "debian",
                "raspberry-pi-os",
                "rhel",
                "opensuse",
                "ubuntu",
                "photon",
            ],
            &["ca_certs", "ca-certs"],
        ),
        STAGE,
        [
            "Trusted certificates",
            "Adds certificates of authorities to those that the system trusts.",
            "The distribution's own can be taken away.",
        ],
    ),
    #[cfg(feature = "rsyslog")]
    Entry::built(
        &crate::rsyslog::Rsyslog,
        STAGE,
        [
            "rsyslog",
            "Configures rsyslog, and sends logs to other hosts.",
            "Files are written below /etc/rsyslog.d; the service is told of them when something changed.",
        ],
    ),
    #[cfg(feature = "users_groups")]
    Entry::built(
        &crate::users_groups::UsersGroups,
        STAGE,
        [
            "Users and groups",
            "Makes groups and users, with passwords, sudo rules and ssh keys.",
            "The entry `default` is the distribution's default user; without it that user is not made. An account that is there gets new ssh keys and passwords, not a new shell or home.",
        ],
    ),
    #[cfg(feature = "ssh")]
    Entry::built(
        &crate::ssh::Ssh,
        STAGE,
        [
            "Host keys and authorized keys",
            "Replaces the image's ssh host keys and authorizes the keys of the default user and of root.",
            "Each clone of an image needs host keys of its own: they are generated, or given.",
        ],
    ),
    #[cfg(feature = "set_passwords")]
    Entry::built(
        &crate::set_passwords::SetPasswords,
        STAGE,
        [
            "Passwords",
            "Sets passwords, and whether the ssh server takes them.",
            "A random password is shown on the console only. An ssh key is the safer way in.",
        ],
    ),
    Entry::described::<keys::resolv_conf::Config>(
        (
            "resolv_conf",
            Frequency::Instance,
            &[
                "alpine",
                "azurelinux",
                "fedora",
                "mariner",
                "opensuse",
                "opensuse-leap",
                "opensuse-microos",
                "opensuse-tumbleweed",
                "photon",
                "rhel",
                "sle_hpc",
                "sle-micro",
                "sles",
                "openeuler",
            ],
            &["manage_resolv_conf"],
        ),
        STAGE,
        [
            "resolv.conf",
            "Writes resolv.conf, where nothing else manages it.",
            "Name servers in a network config are the better way wherever the distribution has one.",
        ],
    ),
];
