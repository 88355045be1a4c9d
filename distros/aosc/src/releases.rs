//! Releases as the distribution's images ship them.
//!
//! Accounts and groups are those of the package aosc-aaa and of systemd.

use model::distro::Release;

const AOSC: Release = Release {
    distro: "aosc",
    version: "12.2.0",
    os_release: include_str!("../releases/aosc-12.os-release"),
    passwd: include_str!("../releases/aosc.passwd"),
    group: &[include_str!("../releases/aosc.group")],
    hostname: "localhost",
    entries: &[include_str!("../releases/aosc.entries")],
};

/// The releases with a root for `plan`; the first of each distribution is the default.
pub static RELEASES: &[Release] = &[AOSC];
