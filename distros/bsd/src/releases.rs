//! Releases as their images ship them.
//!
//! The accounts are those of each system's source: FreeBSD's and DragonFly's etc/master.passwd, NetBSD's and OpenBSD's.

use model::distro::Release;

const FREEBSD: Release = Release {
    distro: "freebsd",
    version: "14.3",
    os_release: include_str!("../releases/freebsd-14.3.os-release"),
    passwd: include_str!("../releases/freebsd.passwd"),
    group: &[include_str!("../releases/freebsd.group")],
    hostname: "freebsd",
    entries: &[include_str!("../releases/freebsd.entries")],
};

/// The releases with a root for `plan`; the first of each system is the default.
pub static RELEASES: &[Release] = &[
    FREEBSD,
    Release { version: "13.5", os_release: include_str!("../releases/freebsd-13.5.os-release"), ..FREEBSD },
    Release { distro: "dragonflybsd", version: "6.4", os_release: "", hostname: "dragonfly", ..FREEBSD },
    Release {
        distro: "netbsd",
        version: "10.1",
        os_release: "",
        passwd: include_str!("../releases/netbsd.passwd"),
        group: &[include_str!("../releases/netbsd.group")],
        hostname: "netbsd",
        entries: &[include_str!("../releases/netbsd.entries")],
    },
    Release {
        distro: "openbsd",
        version: "7.7",
        os_release: "",
        passwd: include_str!("../releases/openbsd.passwd"),
        group: &[include_str!("../releases/openbsd.group")],
        hostname: "openbsd",
        entries: &[include_str!("../releases/openbsd.entries")],
    },
];
