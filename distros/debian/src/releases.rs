//! Releases as the distribution's images ship them.
//!
//! Accounts and groups below 100 are those of the package base-passwd (passwd.master, group.master) of each release;
//! the others are created by packages of the images, which take IDs in installation order.

use model::distro::Release;

const DEBIAN: &str = include_str!("../releases/debian.entries");
const UBUNTU: &str = include_str!("../releases/ubuntu.entries");

/// The releases with a root for `plan`; the first of each distribution is the default.
pub static RELEASES: &[Release] = &[
    Release {
        distro: "debian",
        version: "13",
        os_release: include_str!("../releases/debian-13.os-release"),
        passwd: include_str!("../releases/debian-13.passwd"),
        group: &[include_str!("../releases/base-passwd.group"), include_str!("../releases/debian-13.group")],
        hostname: "localhost",
        entries: &[DEBIAN],
    },
    Release {
        distro: "debian",
        version: "12",
        os_release: include_str!("../releases/debian-12.os-release"),
        passwd: include_str!("../releases/debian-12.passwd"),
        group: &[include_str!("../releases/base-passwd.group"), include_str!("../releases/debian-12.group")],
        hostname: "localhost",
        entries: &[DEBIAN],
    },
    Release {
        distro: "debian",
        version: "11",
        os_release: include_str!("../releases/debian-11.os-release"),
        passwd: include_str!("../releases/debian-11.passwd"),
        group: &[
            include_str!("../releases/base-passwd-gnats.group"),
            include_str!("../releases/debian-11.group"),
        ],
        hostname: "localhost",
        entries: &[DEBIAN],
    },
    Release {
        distro: "ubuntu",
        version: "24.04",
        os_release: include_str!("../releases/ubuntu-24.04.os-release"),
        passwd: include_str!("../releases/ubuntu-24.04.passwd"),
        group: &[
            include_str!("../releases/base-passwd.group"),
            include_str!("../releases/ubuntu-24.04.group"),
        ],
        hostname: "ubuntu",
        entries: &[DEBIAN, UBUNTU],
    },
    Release {
        distro: "ubuntu",
        version: "26.04",
        os_release: include_str!("../releases/ubuntu-26.04.os-release"),
        passwd: include_str!("../releases/ubuntu-24.04.passwd"),
        group: &[
            include_str!("../releases/base-passwd.group"),
            include_str!("../releases/ubuntu-24.04.group"),
        ],
        hostname: "ubuntu",
        entries: &[DEBIAN, UBUNTU],
    },
    Release {
        distro: "ubuntu",
        version: "22.04",
        os_release: include_str!("../releases/ubuntu-22.04.os-release"),
        passwd: include_str!("../releases/ubuntu-22.04.passwd"),
        group: &[
            include_str!("../releases/base-passwd-gnats.group"),
            include_str!("../releases/ubuntu-22.04.group"),
        ],
        hostname: "ubuntu",
        entries: &[DEBIAN, UBUNTU],
    },
    Release {
        distro: "ubuntu",
        version: "20.04",
        os_release: include_str!("../releases/ubuntu-20.04.os-release"),
        passwd: include_str!("../releases/ubuntu-20.04.passwd"),
        group: &[
            include_str!("../releases/base-passwd-gnats.group"),
            include_str!("../releases/ubuntu-22.04.group"),
        ],
        hostname: "ubuntu",
        entries: &[DEBIAN, UBUNTU],
    },
    Release {
        distro: "raspberry-pi-os",
        version: "13",
        os_release: include_str!("../releases/raspberry-pi-os-13.os-release"),
        passwd: include_str!("../releases/debian-13.passwd"),
        group: &[
            include_str!("../releases/base-passwd.group"),
            include_str!("../releases/debian-13.group"),
            include_str!("../releases/raspberry.group"),
        ],
        hostname: "raspberrypi",
        entries: &[DEBIAN, include_str!("../releases/raspberry.entries")],
    },
];
