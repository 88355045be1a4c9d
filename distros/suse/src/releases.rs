//! Releases as the distribution's images ship them.
//!
//! Accounts and groups are those of the packages system-user-* and system-group-*; the others are created by packages of the
//! images, which take IDs from 499 downward.

use model::distro::Release;

/// A release with wicked.
const WICKED: Release = Release {
    distro: "opensuse-leap",
    version: "15.6",
    os_release: include_str!("../releases/leap-15.6.os-release"),
    passwd: include_str!("../releases/suse.passwd"),
    group: &[include_str!("../releases/suse.group")],
    hostname: "localhost",
    entries: &[include_str!("../releases/wicked.entries")],
};
/// A release with NetworkManager.
const MANAGED: Release = Release {
    distro: "opensuse-leap",
    version: "16.0",
    os_release: include_str!("../releases/leap-16.0.os-release"),
    passwd: include_str!("../releases/suse.passwd"),
    group: &[include_str!("../releases/suse.group")],
    hostname: "localhost",
    entries: &[include_str!("../releases/networkmanager.entries")],
};
/// A read-only root with snapshots.
const SNAPSHOTS: Release = Release {
    entries: &[
        include_str!("../releases/networkmanager.entries"),
        include_str!("../releases/transactional.entries"),
    ],
    ..MANAGED
};

/// The releases with a root for `plan`; the first of each distribution is the default.
pub static RELEASES: &[Release] = &[
    Release {
        distro: "opensuse-leap",
        version: "15.6",
        os_release: include_str!("../releases/leap-15.6.os-release"),
        ..WICKED
    },
    Release {
        distro: "opensuse-leap",
        version: "16.0",
        os_release: include_str!("../releases/leap-16.0.os-release"),
        ..MANAGED
    },
    Release {
        distro: "opensuse-tumbleweed",
        version: "20251101",
        os_release: include_str!("../releases/tumbleweed.os-release"),
        ..MANAGED
    },
    Release {
        distro: "opensuse-microos",
        version: "20251101",
        os_release: include_str!("../releases/microos.os-release"),
        ..SNAPSHOTS
    },
    Release {
        distro: "sles",
        version: "15.7",
        os_release: include_str!("../releases/sles-15.7.os-release"),
        ..WICKED
    },
    Release {
        distro: "sles",
        version: "16.0",
        os_release: include_str!("../releases/sles-16.0.os-release"),
        ..MANAGED
    },
    Release {
        distro: "sles",
        version: "12.5",
        os_release: include_str!("../releases/sles-12.5.os-release"),
        ..WICKED
    },
    Release {
        distro: "sle_hpc",
        version: "15.7",
        os_release: include_str!("../releases/sle_hpc-15.7.os-release"),
        ..WICKED
    },
    Release {
        distro: "sle-micro",
        version: "5.5",
        os_release: include_str!("../releases/sle-micro-5.5.os-release"),
        ..SNAPSHOTS
    },
    Release {
        distro: "opensuse",
        version: "15.6",
        os_release: include_str!("../releases/leap-15.6.os-release"),
        ..WICKED
    },
    Release {
        distro: "suse",
        version: "15.7",
        os_release: include_str!("../releases/sles-15.7.os-release"),
        ..WICKED
    },
];
