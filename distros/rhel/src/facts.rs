//! The rows of the family.

use model::distro::{CloudCfg, DefaultUser, Facts, TimeClient};

/// chrony, timesyncd (from EPEL), ntp and ntpdate, in order of preference among installed ones.
const TIME_CLIENTS: &[TimeClient] = &[
    TimeClient {
        name: "chrony",
        program: "chronyd",
        file: "/etc/chrony.conf",
        service: "chronyd",
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
        service: "ntpd",
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

const WHEEL: &[&str] = &["wheel", "adm", "systemd-journal"];

const RHEL: Facts = Facts {
    name: "rhel",
    os_release_id: None,
    default_user: DefaultUser {
        name: "cloud-user",
        gecos: "Cloud User",
        groups: &["adm", "systemd-journal"],
    },
    hosts_template: "redhat",
    ssh_service: "sshd",
    prefer_fqdn: true,
    snap: false,
    lists_on_demand: false,
    time_clients: TIME_CLIENTS,
    cloud_cfg: CloudCfg {
        renderers: &["eni", "netplan", "network-manager", "sysconfig", "networkd"],
        activators: &[],
        dhcp_client_priority: &[],
        mount_options: Some("defaults,nofail,x-systemd.after=cloud-init-network.service,_netdev"),
        resize_rootfs: None,
        ssh_pwauth: Some(false),
        preserve_sources_list: None,
        rebuild_of_rhel: true,
    },
};

/// Red Hat Enterprise Linux and its derivatives.
pub(crate) static MEMBERS: &[Facts] = &[
    RHEL,
    Facts { name: "centos", ..RHEL },
    Facts {
        name: "rocky",
        default_user: DefaultUser { name: "rocky", gecos: "rocky Cloud User", ..RHEL.default_user },
        ..RHEL
    },
    Facts {
        name: "almalinux",
        default_user: DefaultUser { name: "almalinux", gecos: "almalinux Cloud User", ..RHEL.default_user },
        ..RHEL
    },
    Facts {
        name: "fedora",
        default_user: DefaultUser { name: "fedora", gecos: "fedora Cloud User", groups: WHEEL },
        cloud_cfg: CloudCfg {
            renderers: &["netplan", "network-manager", "networkd", "sysconfig", "eni"],
            mount_options: Some("defaults,nofail"),
            rebuild_of_rhel: false,
            ..RHEL.cloud_cfg
        },
        ..RHEL
    },
    Facts {
        name: "amazon",
        os_release_id: Some("amzn"),
        default_user: DefaultUser { name: "ec2-user", gecos: "EC2 Default User", groups: WHEEL },
        lists_on_demand: true,
        cloud_cfg: CloudCfg {
            renderers: &[],
            mount_options: Some("defaults,nofail"),
            resize_rootfs: Some("noblock"),
            rebuild_of_rhel: false,
            ..RHEL.cloud_cfg
        },
        ..RHEL
    },
];
