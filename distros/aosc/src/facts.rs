//! The rows of the family.

use model::distro::{CloudCfg, DefaultUser, Facts, TimeClient};

/// In order of preference among installed ones.
const TIME_CLIENTS: &[TimeClient] = &[
    TimeClient { service: "chronyd", ..TimeClient::CHRONY },
    TimeClient {
        program: "/usr/lib/systemd/systemd-timesyncd",
        file: "/etc/systemd/timesyncd.conf",
        ..TimeClient::TIMESYNCD
    },
    TimeClient { service: "ntpd", ..TimeClient::NTP },
    TimeClient::NTPDATE,
];

/// AOSC OS.
pub(crate) static MEMBERS: &[Facts] = &[Facts {
    name: "aosc",
    os_release_id: None,
    variant: None,
    default_user: DefaultUser { groups: &["wheel"], ..DefaultUser::named("aosc", "aosc Cloud User") },
    hosts_template: "aosc",
    ssh_service: "sshd",
    ssh_key_group: false,
    prefer_fqdn: false,
    snap: false,
    lists_on_demand: false,
    own_network: false,
    time_clients: TIME_CLIENTS,
    cloud_cfg: CloudCfg::PLAIN,
}];
