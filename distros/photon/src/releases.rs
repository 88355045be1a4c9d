//! Releases as the distribution's images ship them.
//!
//! Accounts and groups are those of the package filesystem and of systemd.

use model::distro::Release;

const PHOTON: Release = Release {
    distro: "photon",
    version: "5.0",
    os_release: include_str!("../releases/photon-5.0.os-release"),
    passwd: include_str!("../releases/photon.passwd"),
    group: &[include_str!("../releases/photon.group")],
    hostname: "photon",
    entries: &[include_str!("../releases/photon.entries")],
};

/// The releases with a root for `plan`; the first of each distribution is the default.
pub static RELEASES: &[Release] = &[
    PHOTON,
    Release {
        distro: "photon",
        version: "4.0",
        os_release: include_str!("../releases/photon-4.0.os-release"),
        ..PHOTON
    },
    Release {
        distro: "mariner",
        version: "2.0",
        os_release: include_str!("../releases/mariner-2.0.os-release"),
        ..PHOTON
    },
];
