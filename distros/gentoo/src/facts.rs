//! The rows of the family.

use model::distro::{CloudCfg, DefaultUser, Facts, TimeClient};

/// In order of preference among installed ones.
const TIME_CLIENTS: &[TimeClient] =
    &[TimeClient::CHRONY, TimeClient::TIMESYNCD, TimeClient::NTP, TimeClient::NTPDATE];

/// chrony of Container-Optimized OS.
const COS_TIME_CLIENTS: &[TimeClient] = &[
    TimeClient { file: "/etc/chrony/chrony.conf", service: "chronyd", ..TimeClient::CHRONY },
    TimeClient::TIMESYNCD,
    TimeClient::NTP,
    TimeClient::NTPDATE,
];

const GENTOO: Facts = Facts {
    name: "gentoo",
    os_release_id: None,
    variant: None,
    default_user: DefaultUser {
        groups: &["users", "wheel"],
        primary_group: Some("users"),
        ..DefaultUser::named("gentoo", "gentoo Cloud User")
    },
    hosts_template: "gentoo",
    ssh_service: "sshd",
    ssh_key_group: false,
    prefer_fqdn: false,
    snap: false,
    lists_on_demand: false,
    own_network: false,
    time_clients: TIME_CLIENTS,
    cloud_cfg: CloudCfg::PLAIN,
};

/// Gentoo and Container-Optimized OS.
pub(crate) static MEMBERS: &[Facts] = &[
    GENTOO,
    // Upstream has no cloud.cfg for it.
    Facts { name: "cos", variant: Some("gentoo"), time_clients: COS_TIME_CLIENTS, ..GENTOO },
];
