//! The rows of the family.

use model::distro::{CloudCfg, DefaultUser, Facts, TimeClient};

/// In order of preference among installed ones.
const TIME_CLIENTS: &[TimeClient] =
    &[TimeClient::CHRONY, TimeClient::TIMESYNCD, TimeClient::NTP, TimeClient::NTPDATE];

/// Arch Linux.
pub(crate) static MEMBERS: &[Facts] = &[Facts {
    name: "arch",
    os_release_id: None,
    variant: None,
    default_user: DefaultUser {
        groups: &["wheel", "users"],
        ..DefaultUser::named("arch", "arch Cloud User")
    },
    hosts_template: "arch",
    ssh_service: "sshd",
    ssh_key_group: false,
    prefer_fqdn: false,
    snap: false,
    lists_on_demand: false,
    own_network: false,
    time_clients: TIME_CLIENTS,
    cloud_cfg: CloudCfg::PLAIN,
}];
