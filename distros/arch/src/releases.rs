//! Releases as the distribution's images ship them.
//!
//! Accounts and groups are those of the package filesystem and of systemd.

use model::distro::Release;

const ARCH: Release = Release {
    distro: "arch",
    version: "rolling",
    os_release: include_str!("../releases/arch.os-release"),
    passwd: include_str!("../releases/arch.passwd"),
    group: &[include_str!("../releases/arch.group")],
    hostname: "archlinux",
    entries: &[include_str!("../releases/arch.entries")],
};

/// The releases with a root for `plan`; the first of each distribution is the default.
pub static RELEASES: &[Release] = &[ARCH];
