//! The rows of the family.

use model::distro::{CloudCfg, DefaultUser, Facts, PackageMirrors, TimeClient};

/// In order of preference among installed ones.
const TIME_CLIENTS: &[TimeClient] = &[
    TimeClient { file: "/etc/chrony/chrony.conf", ..TimeClient::CHRONY },
    TimeClient::TIMESYNCD,
    TimeClient::NTP,
    TimeClient::NTPDATE,
];

const DEBIAN: Facts = Facts {
    name: "debian",
    os_release_id: None,
    variant: None,
    default_user: DefaultUser {
        groups: &["adm", "audio", "cdrom", "dialout", "dip", "floppy", "netdev", "plugdev", "sudo", "video"],
        ..DefaultUser::named("debian", "Debian")
    },
    hosts_template: "debian",
    ssh_service: "ssh",
    ssh_key_group: false,
    prefer_fqdn: false,
    snap: false,
    lists_on_demand: false,
    own_network: false,
    time_clients: TIME_CLIENTS,
    cloud_cfg: CloudCfg {
        renderers: &["netplan", "eni", "networkd"],
        activators: &["netplan", "eni", "network-manager", "networkd"],
        preserve_sources_list: Some(true),
        package_mirrors: &[PackageMirrors {
            arches: &["default"],
            primary: "https://deb.debian.org/debian",
            security: "https://deb.debian.org/debian-security",
            near: &[],
        }],
        ntp_client: Some("auto"),
        ..CloudCfg::PLAIN
    },
};

const UBUNTU_PORTS: &str = "http://ports.ubuntu.com/ubuntu-ports";

/// Ubuntu has an archive for common architectures, one for others, and copies of both in clouds.
const UBUNTU_MIRRORS: &[PackageMirrors] = &[
    PackageMirrors {
        arches: &["arm64", "i386", "amd64"],
        primary: "http://archive.ubuntu.com/ubuntu",
        security: "http://security.ubuntu.com/ubuntu",
        near: &[
            "http://%(ec2_region)s.ec2.archive.ubuntu.com/ubuntu/",
            "http://%(availability_zone)s.clouds.archive.ubuntu.com/ubuntu/",
            "http://%(region)s.clouds.archive.ubuntu.com/ubuntu/",
        ],
    },
    PackageMirrors {
        arches: &["armel", "armhf"],
        primary: UBUNTU_PORTS,
        security: UBUNTU_PORTS,
        near: &[
            "http://%(ec2_region)s.ec2.ports.ubuntu.com/ubuntu-ports/",
            "http://%(availability_zone)s.clouds.ports.ubuntu.com/ubuntu-ports/",
            "http://%(region)s.clouds.ports.ubuntu.com/ubuntu-ports/",
        ],
    },
    PackageMirrors { arches: &["default"], primary: UBUNTU_PORTS, security: UBUNTU_PORTS, near: &[] },
];

/// Debian and its derivatives.
pub(crate) static MEMBERS: &[Facts] = &[
    DEBIAN,
    Facts {
        name: "ubuntu",
        default_user: DefaultUser {
            groups: &["adm", "cdrom", "dip", "lxd", "sudo"],
            ..DefaultUser::named("ubuntu", "Ubuntu")
        },
        snap: true,
        cloud_cfg: CloudCfg {
            renderers: &["netplan", "eni", "sysconfig"],
            dhcp_client_priority: &["dhcpcd", "dhclient", "udhcpc"],
            preserve_sources_list: None,
            package_mirrors: UBUNTU_MIRRORS,
            ..DEBIAN.cloud_cfg
        },
        ..DEBIAN
    },
    Facts {
        name: "raspberry-pi-os",
        os_release_id: Some("raspbian"),
        default_user: DefaultUser {
            groups: &[
                "adm", "dialout", "cdrom", "audio", "users", "sudo", "video", "games", "plugdev", "input",
                "gpio", "spi", "i2c", "netdev", "render", "lpadmin",
            ],
            ..DefaultUser::named("pi", "Raspberry Pi OS")
        },
        own_network: true,
        cloud_cfg: CloudCfg {
            renderers: &["netplan", "network-manager"],
            activators: &["netplan", "network-manager"],
            disable_fallback_netcfg: Some(true),
            state_paths: false,
            ..CloudCfg::PLAIN
        },
        ..DEBIAN
    },
];
