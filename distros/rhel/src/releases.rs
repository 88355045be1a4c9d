//! Releases as the distribution's images ship them.
//!
//! Accounts and groups below 100 are those of the package setup (its uidgid table) and of the packages with IDs in that
//! table (dbus, sshd, tss, rpc, systemd); the others are created by packages of the images, which take IDs from 999
//! downward.

use model::distro::Release;

const RHEL: &[&str] = &[include_str!("../releases/rhel.entries")];
const EL7: &[&str] = &[include_str!("../releases/el7.entries")];
const SUBSCRIPTION: &str = include_str!("../releases/subscription.entries");
const SETUP: &str = include_str!("../releases/setup.group");

/// A release with NetworkManager and dnf.
const MODERN: Release = Release {
    distro: "centos",
    version: "9",
    os_release: include_str!("../releases/centos-9.os-release"),
    passwd: include_str!("../releases/el9.passwd"),
    group: &[SETUP, include_str!("../releases/el9.group")],
    hostname: "localhost",
    entries: RHEL,
};
const EL8: Release = Release {
    passwd: include_str!("../releases/el8.passwd"),
    group: &[SETUP, include_str!("../releases/el8.group")],
    ..MODERN
};
const EL10: Release = Release {
    passwd: include_str!("../releases/el10.passwd"),
    // OpenSSH 9 has no group for host keys.
    group: &[SETUP, include_str!("../releases/el10.group")],
    ..MODERN
};
/// A release with initscripts and yum.
const OLD: Release = Release {
    passwd: include_str!("../releases/el7.passwd"),
    group: &[SETUP, include_str!("../releases/el7.group")],
    hostname: "localhost.localdomain",
    entries: EL7,
    ..MODERN
};

/// The releases with a root for `plan`; the first of each distribution is the default.
pub static RELEASES: &[Release] = &[
    Release {
        distro: "centos",
        version: "7",
        os_release: include_str!("../releases/centos-7.os-release"),
        ..OLD
    },
    Release {
        distro: "centos",
        version: "8",
        os_release: include_str!("../releases/centos-8.os-release"),
        ..EL8
    },
    Release {
        distro: "centos",
        version: "9",
        os_release: include_str!("../releases/centos-9.os-release"),
        ..MODERN
    },
    Release {
        distro: "centos",
        version: "10",
        os_release: include_str!("../releases/centos-10.os-release"),
        ..EL10
    },
    Release {
        distro: "rhel",
        version: "9.6",
        os_release: include_str!("../releases/rhel-9.6.os-release"),
        entries: &[RHEL[0], SUBSCRIPTION],
        ..MODERN
    },
    Release {
        distro: "rhel",
        version: "10.0",
        os_release: include_str!("../releases/rhel-10.0.os-release"),
        entries: &[RHEL[0], SUBSCRIPTION],
        ..EL10
    },
    Release {
        distro: "rhel",
        version: "8.10",
        os_release: include_str!("../releases/rhel-8.10.os-release"),
        entries: &[RHEL[0], SUBSCRIPTION],
        ..EL8
    },
    Release {
        distro: "rhel",
        version: "7.9",
        os_release: include_str!("../releases/rhel-7.9.os-release"),
        entries: &[EL7[0], SUBSCRIPTION],
        ..OLD
    },
    Release {
        distro: "rocky",
        version: "9.6",
        os_release: include_str!("../releases/rocky-9.6.os-release"),
        ..MODERN
    },
    Release {
        distro: "rocky",
        version: "10.0",
        os_release: include_str!("../releases/rocky-10.0.os-release"),
        ..EL10
    },
    Release {
        distro: "rocky",
        version: "8.10",
        os_release: include_str!("../releases/rocky-8.10.os-release"),
        ..EL8
    },
    Release {
        distro: "almalinux",
        version: "9.6",
        os_release: include_str!("../releases/almalinux-9.6.os-release"),
        ..MODERN
    },
    Release {
        distro: "almalinux",
        version: "10.0",
        os_release: include_str!("../releases/almalinux-10.0.os-release"),
        ..EL10
    },
    Release {
        distro: "almalinux",
        version: "8.10",
        os_release: include_str!("../releases/almalinux-8.10.os-release"),
        ..EL8
    },
    Release {
        distro: "fedora",
        version: "42",
        os_release: include_str!("../releases/fedora-42.os-release"),
        ..EL10
    },
    Release {
        distro: "fedora",
        version: "43",
        os_release: include_str!("../releases/fedora-43.os-release"),
        ..EL10
    },
    Release {
        distro: "fedora",
        version: "41",
        os_release: include_str!("../releases/fedora-41.os-release"),
        group: EL10.group,
        ..MODERN
    },
    Release {
        distro: "amazon",
        version: "2023",
        os_release: include_str!("../releases/amazon-2023.os-release"),
        ..MODERN
    },
    Release {
        distro: "amazon",
        version: "2",
        os_release: include_str!("../releases/amazon-2.os-release"),
        ..OLD
    },
    Release {
        distro: "cloudlinux",
        version: "9.6",
        os_release: include_str!("../releases/cloudlinux-9.6.os-release"),
        ..MODERN
    },
    Release {
        distro: "eurolinux",
        version: "9.6",
        os_release: include_str!("../releases/eurolinux-9.6.os-release"),
        ..MODERN
    },
    Release {
        distro: "miraclelinux",
        version: "9.6",
        os_release: include_str!("../releases/miraclelinux-9.6.os-release"),
        ..MODERN
    },
    Release {
        distro: "virtuozzo",
        version: "8.9",
        os_release: include_str!("../releases/virtuozzo-8.9.os-release"),
        ..EL8
    },
    Release {
        distro: "azurelinux",
        version: "3.0",
        os_release: include_str!("../releases/azurelinux-3.0.os-release"),
        passwd: include_str!("../releases/azurelinux.passwd"),
        group: &[SETUP, include_str!("../releases/el9.group"), include_str!("../releases/azurelinux.group")],
        ..MODERN
    },
    Release {
        distro: "openeuler",
        version: "24.03",
        os_release: include_str!("../releases/openeuler-24.03.os-release"),
        ..MODERN
    },
    Release {
        distro: "OpenCloudOS",
        version: "9.2",
        os_release: include_str!("../releases/OpenCloudOS-9.2.os-release"),
        ..MODERN
    },
    Release {
        distro: "TencentOS",
        version: "3.1",
        os_release: include_str!("../releases/TencentOS-3.1.os-release"),
        ..EL8
    },
    Release {
        distro: "openmandriva",
        version: "6.0",
        os_release: include_str!("../releases/openmandriva-6.0.os-release"),
        ..MODERN
    },
];
