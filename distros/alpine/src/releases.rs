//! Releases as the distribution's images ship them.
//!
//! Accounts and groups are those of the package alpine-baselayout.

use model::distro::Release;

const ALPINE: Release = Release {
    distro: "alpine",
    version: "3.23",
    os_release: include_str!("../releases/alpine-3.23.os-release"),
    passwd: include_str!("../releases/alpine.passwd"),
    group: &[include_str!("../releases/alpine.group")],
    hostname: "localhost",
    entries: &[include_str!("../releases/alpine.entries")],
};

/// The releases with a root for `plan`; the first of each distribution is the default.
pub static RELEASES: &[Release] = &[
    ALPINE,
    Release {
        distro: "alpine",
        version: "3.22",
        os_release: include_str!("../releases/alpine-3.22.os-release"),
        ..ALPINE
    },
    Release {
        distro: "alpine",
        version: "3.21",
        os_release: include_str!("../releases/alpine-3.21.os-release"),
        ..ALPINE
    },
];
