//! The rows of the family.

use model::distro::{CloudCfg, DefaultUser, Facts, TimeClient};

/// chrony and ntpd of Busybox, in order of preference among installed ones.
const TIME_CLIENTS: &[TimeClient] = &[
    TimeClient { file: "/etc/chrony/chrony.conf", service: "chronyd", ..TimeClient::CHRONY },
    TimeClient { service: "ntpd", packages: &[], ..TimeClient::NTP },
    TimeClient::TIMESYNCD,
    TimeClient::NTPDATE,
];

/// Alpine Linux.
pub(crate) static MEMBERS: &[Facts] = &[Facts {
    name: "alpine",
    os_release_id: None,
    variant: None,
    default_user: DefaultUser {
        groups: &["adm", "wheel"],
        shell: "/bin/ash",
        doas: &["permit nopass alpine"],
        ..DefaultUser::named("alpine", "alpine Cloud User")
    },
    hosts_template: "alpine",
    ssh_service: "sshd",
    ssh_key_group: false,
    prefer_fqdn: false,
    snap: false,
    lists_on_demand: false,
    own_network: false,
    time_clients: TIME_CLIENTS,
    cloud_cfg: CloudCfg {
        renderers: &["eni"],
        mount_options: Some("defaults,nofail"),
        ssh_pwauth: Some(false),
        ..CloudCfg::PLAIN
    },
}];
