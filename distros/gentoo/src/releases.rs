//! Releases as the distribution's images ship them.
//!
//! Accounts and groups are those of the package baselayout and of acct-user/* and acct-group/*.

use model::distro::Release;

const GENTOO: Release = Release {
    distro: "gentoo",
    version: "2.18",
    os_release: include_str!("../releases/gentoo.os-release"),
    passwd: include_str!("../releases/gentoo.passwd"),
    group: &[include_str!("../releases/gentoo.group")],
    hostname: "localhost",
    entries: &[include_str!("../releases/gentoo.entries")],
};
const COS: Release = Release {
    distro: "cos",
    version: "121",
    os_release: include_str!("../releases/cos-121.os-release"),
    passwd: include_str!("../releases/gentoo.passwd"),
    group: &[include_str!("../releases/gentoo.group")],
    hostname: "localhost",
    entries: &[include_str!("../releases/cos.entries")],
};

/// The releases with a root for `plan`; the first of each distribution is the default.
pub static RELEASES: &[Release] = &[GENTOO, COS];
