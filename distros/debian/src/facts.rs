//! The rows of the family.

use model::distro::{CloudCfg, DefaultUser, Facts, TimeClient};

/// chrony, timesyncd, ntpsec and ntpdate, in order of preference among installed ones.
const TIME_CLIENTS: &[TimeClient] = &[
    TimeClient {
        name: "chrony",
        program: "chronyd",
        file: "/etc/chrony/chrony.conf",
        service: "chrony",
        packages: &["chrony"],
        template: "chrony.conf.{distro}",
    },
    TimeClient {
        name: "systemd-timesyncd",
        program: "/lib/systemd/systemd-timesyncd",
        file: "/etc/systemd/timesyncd.conf.d/cloud-init.conf",
        service: "systemd-timesyncd",
        packages: &[],
        template: "timesyncd.conf",
    },
    TimeClient {
        name: "ntp",
        program: "ntpd",
        file: "/etc/ntp.conf",
        service: "ntp",
        packages: &["ntpsec"],
        template: "ntp.conf.{distro}",
    },
    TimeClient {
        name: "ntpdate",
        program: "ntpdate",
        file: "/etc/ntp.conf",
        service: "ntpdate",
        packages: &["ntpdate"],
        template: "ntp.conf.{distro}",
    },
];

const DEBIAN: Facts = Facts {
    name: "debian",
    os_release_id: None,
    default_user: DefaultUser {
        name: "debian",
        gecos: "Debian",
        groups: &["adm", "audio", "cdrom", "dialout", "dip", "floppy", "netdev", "plugdev", "sudo", "video"],
    },
    hosts_template: "debian",
    ssh_service: "ssh",
    prefer_fqdn: false,
    snap: false,
    lists_on_demand: false,
    time_clients: TIME_CLIENTS,
    cloud_cfg: CloudCfg {
        renderers: &["netplan", "eni", "networkd"],
        activators: &["netplan", "eni", "network-manager", "networkd"],
        dhcp_client_priority: &[],
        mount_options: None,
        resize_rootfs: None,
        ssh_pwauth: None,
        preserve_sources_list: Some(true),
        rebuild_of_rhel: false,
    },
};

/// Debian and its derivatives.
pub(crate) static MEMBERS: &[Facts] = &[
    DEBIAN,
    Facts {
        name: "ubuntu",
        default_user: DefaultUser {
            name: "ubuntu",
            gecos: "Ubuntu",
            groups: &["adm", "cdrom", "dip", "lxd", "sudo"],
        },
        snap: true,
        cloud_cfg: CloudCfg {
            renderers: &["netplan", "eni", "sysconfig"],
            dhcp_client_priority: &["dhcpcd", "dhclient", "udhcpc"],
            preserve_sources_list: None,
            ..DEBIAN.cloud_cfg
        },
        ..DEBIAN
    },
];
