//! The rows of the family.

use model::distro::{CloudCfg, DefaultUser, Facts, TimeClient};

const CHRONY: TimeClient = TimeClient { service: "chronyd", ..TimeClient::CHRONY };
const NTP: TimeClient = TimeClient { service: "ntpd", ..TimeClient::NTP };
const TIMESYNCD: TimeClient =
    TimeClient { program: "/usr/lib/systemd/systemd-timesyncd", ..TimeClient::TIMESYNCD };

/// In order of preference among installed ones.
pub(crate) const TIME_CLIENTS: &[TimeClient] = &[CHRONY, TIMESYNCD, NTP, TimeClient::NTPDATE];
/// The same before SUSE 15.
pub(crate) const OLD_TIME_CLIENTS: &[TimeClient] = &[NTP, TIMESYNCD, CHRONY, TimeClient::NTPDATE];

const SUSE: Facts = Facts {
    name: "suse",
    os_release_id: None,
    variant: None,
    default_user: DefaultUser {
        groups: &["cdrom", "users"],
        ..DefaultUser::named("suse", "suse Cloud User")
    },
    hosts_template: "suse",
    ssh_service: "sshd",
    ssh_key_group: false,
    prefer_fqdn: false,
    snap: false,
    lists_on_demand: false,
    own_network: false,
    time_clients: TIME_CLIENTS,
    cloud_cfg: CloudCfg { syslog_fix_perms: Some("root:root"), ..CloudCfg::PLAIN },
};

/// A product, with the cloud.cfg of the family.
const fn product(name: &'static str) -> Facts {
    Facts { name, variant: Some("suse"), ..SUSE }
}

/// SUSE Linux Enterprise and openSUSE.
pub(crate) static MEMBERS: &[Facts] = &[
    SUSE,
    product("opensuse"),
    product("opensuse-leap"),
    product("opensuse-microos"),
    product("opensuse-tumbleweed"),
    product("sle_hpc"),
    product("sle-micro"),
    product("sles"),
];
