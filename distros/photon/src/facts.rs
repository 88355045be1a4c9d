//! The rows of the family.

use model::distro::{CloudCfg, DefaultUser, Facts, TimeClient};

const CHRONY: TimeClient = TimeClient { service: "chronyd", ..TimeClient::CHRONY };
const NTP: TimeClient = TimeClient { service: "ntpd", ..TimeClient::NTP };
const TIMESYNCD: TimeClient = TimeClient {
    program: "/usr/lib/systemd/systemd-timesyncd",
    file: "/etc/systemd/timesyncd.conf",
    ..TimeClient::TIMESYNCD
};

const PHOTON: Facts = Facts {
    name: "photon",
    os_release_id: None,
    variant: None,
    default_user: DefaultUser { groups: &["wheel"], ..DefaultUser::named("photon", "PhotonOS") },
    hosts_template: "photon",
    ssh_service: "sshd",
    ssh_key_group: false,
    prefer_fqdn: true,
    snap: false,
    lists_on_demand: false,
    own_network: true,
    time_clients: &[CHRONY, TIMESYNCD, NTP, TimeClient::NTPDATE],
    cloud_cfg: CloudCfg {
        renderers: &["networkd"],
        mount_options: Some("defaults,nofail"),
        root_only: true,
        disable_fallback_netcfg: Some(true),
        ..CloudCfg::PLAIN
    },
};

/// Photon OS and CBL-Mariner.
pub(crate) static MEMBERS: &[Facts] = &[
    PHOTON,
    Facts {
        name: "mariner",
        default_user: DefaultUser { name: "mariner", gecos: "MarinerOS", ..PHOTON.default_user },
        hosts_template: "mariner",
        cloud_cfg: CloudCfg { renderers: &["networkd"], ..CloudCfg::PLAIN },
        ..PHOTON
    },
];
