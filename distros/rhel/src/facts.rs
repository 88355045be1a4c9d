//! The rows of the family.

use model::distro::{CloudCfg, DefaultUser, Facts, TimeClient};

const CHRONY: TimeClient = TimeClient { service: "chronyd", ..TimeClient::CHRONY };
const NTP: TimeClient = TimeClient { service: "ntpd", ..TimeClient::NTP };

/// chrony, timesyncd (from EPEL), ntp and ntpdate, in order of preference among installed ones.
const TIME_CLIENTS: &[TimeClient] = &[CHRONY, TimeClient::TIMESYNCD, NTP, TimeClient::NTPDATE];

/// The same, with the image's own file of timesyncd.
const AZURE_TIME_CLIENTS: &[TimeClient] = &[
    CHRONY,
    TimeClient {
        program: "/usr/lib/systemd/systemd-timesyncd",
        file: "/etc/systemd/timesyncd.conf",
        ..TimeClient::TIMESYNCD
    },
    NTP,
    TimeClient::NTPDATE,
];

const WHEEL: &[&str] = &["wheel", "adm", "systemd-journal"];

const RHEL: Facts = Facts {
    name: "rhel",
    os_release_id: None,
    variant: None,
    default_user: DefaultUser {
        groups: &["adm", "systemd-journal"],
        ..DefaultUser::named("cloud-user", "Cloud User")
    },
    hosts_template: "redhat",
    ssh_service: "sshd",
    ssh_key_group: true,
    prefer_fqdn: true,
    snap: false,
    lists_on_demand: false,
    own_network: false,
    time_clients: TIME_CLIENTS,
    cloud_cfg: CloudCfg {
        renderers: &["eni", "netplan", "network-manager", "sysconfig", "networkd"],
        mount_options: Some("defaults,nofail,x-systemd.after=cloud-init-network.service,_netdev"),
        ssh_pwauth: Some(false),
        rebuild_of_rhel: true,
        ..CloudCfg::PLAIN
    },
};

/// A rebuild, whose user has its name.
const fn rebuild(name: &'static str, gecos: &'static str) -> Facts {
    Facts { name, default_user: DefaultUser { name, gecos, ..RHEL.default_user }, ..RHEL }
}

/// A relative with a cloud.cfg of its own.
const fn relative(name: &'static str, gecos: &'static str) -> Facts {
    Facts {
        name,
        default_user: DefaultUser { groups: WHEEL, ..DefaultUser::named(name, gecos) },
        cloud_cfg: CloudCfg {
            mount_options: Some("defaults,nofail"),
            ssh_pwauth: Some(false),
            ..CloudCfg::PLAIN
        },
        ..RHEL
    }
}

const FEDORA: Facts = relative("fedora", "fedora Cloud User");
const AMAZON: Facts = relative("amazon", "EC2 Default User");
const AZURE: Facts = relative("azurelinux", "Azure Linux");
const MANDRIVA: Facts = relative("openmandriva", "OpenMandriva admin");

/// Red Hat Enterprise Linux and its derivatives. Those without `ssh_key_group` are families of their own upstream.
pub(crate) static MEMBERS: &[Facts] = &[
    RHEL,
    Facts { name: "centos", ..RHEL },
    rebuild("rocky", "rocky Cloud User"),
    rebuild("almalinux", "almalinux Cloud User"),
    rebuild("cloudlinux", "cloudlinux Cloud User"),
    rebuild("eurolinux", "eurolinux Cloud User"),
    rebuild("miraclelinux", "miraclelinux Cloud User"),
    rebuild("virtuozzo", "virtuozzo Cloud User"),
    Facts {
        cloud_cfg: CloudCfg {
            renderers: &["netplan", "network-manager", "networkd", "sysconfig", "eni"],
            ..FEDORA.cloud_cfg
        },
        ..FEDORA
    },
    Facts {
        os_release_id: Some("amzn"),
        default_user: DefaultUser { name: "ec2-user", ..AMAZON.default_user },
        lists_on_demand: true,
        cloud_cfg: CloudCfg { resize_rootfs: Some("noblock"), ..AMAZON.cloud_cfg },
        ..AMAZON
    },
    Facts {
        default_user: DefaultUser { name: "azureuser", ..AZURE.default_user },
        hosts_template: "azurelinux",
        ssh_key_group: false,
        time_clients: AZURE_TIME_CLIENTS,
        cloud_cfg: CloudCfg { renderers: &["netplan", "networkd", "network-manager"], ..AZURE.cloud_cfg },
        ..AZURE
    },
    Facts {
        os_release_id: Some("openEuler"),
        hosts_template: "openeuler",
        ssh_key_group: false,
        ..relative("openeuler", "openeuler Cloud User")
    },
    Facts {
        os_release_id: Some("opencloudos"),
        ssh_key_group: false,
        ..relative("OpenCloudOS", "OpenCloudOS Cloud User")
    },
    Facts {
        os_release_id: Some("tencentos"),
        ssh_key_group: false,
        ..relative("TencentOS", "TencentOS Cloud User")
    },
    Facts {
        default_user: DefaultUser {
            name: "omv",
            groups: &["wheel", "users", "systemd-journal"],
            ..MANDRIVA.default_user
        },
        cloud_cfg: CloudCfg { renderers: &["network-manager", "networkd"], ..MANDRIVA.cloud_cfg },
        ..MANDRIVA
    },
];
