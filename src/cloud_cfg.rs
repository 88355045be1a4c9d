//! cloud.cfg of each distribution, from one typed description.
//!
//! The lists hold the modules of this build, each where its own description says, in the original's order.

use model::Stage;
use modules::catalog;
use serde::Serialize;

/// cloud.cfg.
#[derive(Debug, Serialize)]
pub(crate) struct CloudCfg {
    users: Vec<&'static str>,
    disable_root: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    mount_default_fields: Option<[Option<&'static str>; 6]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resize_rootfs: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ssh_pwauth: Option<bool>,
    preserve_hostname: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    apt: Option<Apt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ssh_deletekeys: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ssh_genkeytypes: Option<Vec<&'static str>>,
    /// `~` for RHEL's clones: the log keeps its owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    syslog_fix_perms: Option<Nothing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disable_vmware_customization: Option<bool>,
    cloud_init_modules: Vec<&'static str>,
    cloud_config_modules: Vec<&'static str>,
    cloud_final_modules: Vec<&'static str>,
    system_info: SystemInfo,
}

/// Written as null.
#[derive(Debug, Serialize)]
struct Nothing;

#[derive(Debug, Serialize)]
struct Apt {
    preserve_sources_list: bool,
}

#[derive(Debug, Serialize)]
struct SystemInfo {
    distro: &'static str,
    default_user: DefaultUser,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<Network>,
    paths: Paths,
    ssh_svcname: &'static str,
}

#[derive(Debug, Serialize)]
struct DefaultUser {
    name: &'static str,
    lock_passwd: bool,
    gecos: &'static str,
    groups: Vec<&'static str>,
    sudo: Vec<&'static str>,
    shell: &'static str,
}

#[derive(Debug, Serialize)]
struct Network {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dhcp_client_priority: Vec<&'static str>,
    renderers: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    activators: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct Paths {
    cloud_dir: &'static str,
    templates_dir: &'static str,
}

/// What differs from one distribution to another.
struct Variant {
    id: &'static str,
    user: &'static str,
    gecos: &'static str,
    groups: &'static [&'static str],
    renderers: &'static [&'static str],
    activators: &'static [&'static str],
    /// Clones of RHEL, which the original's template treats alike.
    is_rhel: bool,
}

const DEBIAN_GROUPS: &[&str] =
    &["adm", "audio", "cdrom", "dialout", "dip", "floppy", "netdev", "plugdev", "sudo", "video"];
const UBUNTU_GROUPS: &[&str] = &["adm", "cdrom", "dip", "lxd", "sudo"];
const RHEL_GROUPS: &[&str] = &["adm", "systemd-journal"];
const WHEEL_GROUPS: &[&str] = &["wheel", "adm", "systemd-journal"];
const RHEL_RENDERERS: &[&str] = &["eni", "netplan", "network-manager", "sysconfig", "networkd"];
const DEBIAN_ACTIVATORS: &[&str] = &["netplan", "eni", "network-manager", "networkd"];

const VARIANTS: [Variant; 8] = [
    Variant {
        id: "debian",
        user: "debian",
        gecos: "Debian",
        groups: DEBIAN_GROUPS,
        renderers: &["netplan", "eni", "networkd"],
        activators: DEBIAN_ACTIVATORS,
        is_rhel: false,
    },
    Variant {
        id: "ubuntu",
        user: "ubuntu",
        gecos: "Ubuntu",
        groups: UBUNTU_GROUPS,
        renderers: &["netplan", "eni", "sysconfig"],
        activators: DEBIAN_ACTIVATORS,
        is_rhel: false,
    },
    Variant {
        id: "centos",
        user: "cloud-user",
        gecos: "Cloud User",
        groups: RHEL_GROUPS,
        renderers: RHEL_RENDERERS,
        activators: &[],
        is_rhel: true,
    },
    Variant {
        id: "rhel",
        user: "cloud-user",
        gecos: "Cloud User",
        groups: RHEL_GROUPS,
        renderers: RHEL_RENDERERS,
        activators: &[],
        is_rhel: true,
    },
    Variant {
        id: "rocky",
        user: "rocky",
        gecos: "rocky Cloud User",
        groups: RHEL_GROUPS,
        renderers: RHEL_RENDERERS,
        activators: &[],
        is_rhel: true,
    },
    Variant {
        id: "almalinux",
        user: "almalinux",
        gecos: "almalinux Cloud User",
        groups: RHEL_GROUPS,
        renderers: RHEL_RENDERERS,
        activators: &[],
        is_rhel: true,
    },
    Variant {
        id: "fedora",
        user: "fedora",
        gecos: "fedora Cloud User",
        groups: WHEEL_GROUPS,
        renderers: &["netplan", "network-manager", "networkd", "sysconfig", "eni"],
        activators: &[],
        is_rhel: false,
    },
    Variant {
        id: "amazon",
        user: "ec2-user",
        gecos: "EC2 Default User",
        groups: WHEEL_GROUPS,
        renderers: &[],
        activators: &[],
        is_rhel: false,
    },
];

/// Distributions that there is a cloud.cfg for.
#[cfg(any(feature = "packaging", test))]
pub(crate) fn names() -> Vec<&'static str> {
    let built = crate::registry::distro_names();
    VARIANTS.iter().map(|variant| variant.id).filter(|id| built.contains(id)).collect()
}

fn describe(id: &str) -> Option<CloudCfg> {
    let variant = VARIANTS.iter().find(|variant| variant.id == id)?;
    let rows = |stage: Stage| -> Vec<&'static str> {
        catalog::modules()
            .filter(|entry| entry.built && entry.stage == stage && entry.listed.on(id))
            .map(|entry| entry.name)
            .collect()
    };
    let debian_family = matches!(id, "debian" | "ubuntu");
    let fields = if variant.is_rhel {
        "defaults,nofail,x-systemd.after=cloud-init-network.service,_netdev"
    } else {
        "defaults,nofail"
    };
    let network = Network {
        dhcp_client_priority: if id == "ubuntu" { vec!["dhcpcd", "dhclient", "udhcpc"] } else { Vec::new() },
        renderers: variant.renderers.to_vec(),
        activators: variant.activators.to_vec(),
    };
    Some(CloudCfg {
        users: vec!["default"],
        disable_root: true,
        mount_default_fields: (!debian_family).then_some([
            None,
            None,
            Some("auto"),
            Some(fields),
            Some("0"),
            Some("2"),
        ]),
        resize_rootfs: (id == "amazon").then_some("noblock"),
        ssh_pwauth: (!debian_family).then_some(false),
        preserve_hostname: false,
        apt: (id == "debian").then_some(Apt { preserve_sources_list: true }),
        ssh_deletekeys: variant.is_rhel.then_some(true),
        ssh_genkeytypes: variant.is_rhel.then(|| vec!["rsa", "ecdsa", "ed25519"]),
        syslog_fix_perms: variant.is_rhel.then_some(Nothing),
        disable_vmware_customization: variant.is_rhel.then_some(false),
        cloud_init_modules: rows(Stage::Network),
        cloud_config_modules: rows(Stage::Config),
        cloud_final_modules: rows(Stage::Final),
        system_info: SystemInfo {
            distro: variant.id,
            default_user: DefaultUser {
                name: variant.user,
                lock_passwd: true,
                gecos: variant.gecos,
                groups: variant.groups.to_vec(),
                sudo: vec!["ALL=(ALL) NOPASSWD:ALL"],
                shell: "/bin/bash",
            },
            network: (!variant.renderers.is_empty()).then_some(network),
            paths: Paths { cloud_dir: "/var/lib/cloud/", templates_dir: "/etc/cloud/templates/" },
            ssh_svcname: if debian_family { "ssh" } else { "sshd" },
        },
    })
}

/// cloud.cfg of a distribution; `None` for one that there is none for.
pub(crate) fn text(id: &str) -> Option<String> {
    let yaml = serde_yaml::to_string(&describe(id)?).ok()?;
    Some(format!(
        "# The base configuration of cloud-init. Settings of your own belong in /etc/cloud/cloud.cfg.d/*.cfg.\n\
         # A datasource_list has to stand on one line.\n{yaml}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_is_readable_configuration() {
        for id in names() {
            let text = text(id).expect("described");
            let node = model::Node::from_yaml(id, text.as_bytes()).expect("valid").expect("a document");
            assert_eq!(node.at(&["system_info", "distro"]).and_then(model::Node::as_str), Some(id));
            assert_eq!(node.get("users").and_then(model::Node::as_list).map(<[_]>::len), Some(1));
        }
    }
}
