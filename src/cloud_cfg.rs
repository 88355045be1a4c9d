//! The cloud.cfg of each distribution, from one typed description.
//!
//! The lists hold the modules of this build, each in the list that its description names, in upstream's order.

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
    /// `~` for rebuilds of RHEL: the log keeps its owner.
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

/// Distributions that have a cloud.cfg.
#[cfg(any(feature = "packaging", test))]
pub(crate) fn names() -> Vec<&'static str> {
    crate::registry::distro_names()
}

fn describe(id: &str) -> Option<CloudCfg> {
    let facts = crate::registry::distros().find(|facts| facts.name == id)?;
    let says = &facts.cloud_cfg;
    let rows = |stage: Stage| -> Vec<&'static str> {
        catalog::modules()
            .filter(|entry| entry.built && entry.stage == stage && entry.listed.on(id))
            .map(|entry| entry.name)
            .collect()
    };
    let network = Network {
        dhcp_client_priority: says.dhcp_client_priority.to_vec(),
        renderers: says.renderers.to_vec(),
        activators: says.activators.to_vec(),
    };
    Some(CloudCfg {
        users: vec!["default"],
        disable_root: true,
        mount_default_fields: says
            .mount_options
            .map(|options| [None, None, Some("auto"), Some(options), Some("0"), Some("2")]),
        resize_rootfs: says.resize_rootfs,
        ssh_pwauth: says.ssh_pwauth,
        preserve_hostname: false,
        apt: says.preserve_sources_list.map(|preserve_sources_list| Apt { preserve_sources_list }),
        ssh_deletekeys: says.rebuild_of_rhel.then_some(true),
        ssh_genkeytypes: says.rebuild_of_rhel.then(|| vec!["rsa", "ecdsa", "ed25519"]),
        syslog_fix_perms: says.rebuild_of_rhel.then_some(Nothing),
        disable_vmware_customization: says.rebuild_of_rhel.then_some(false),
        cloud_init_modules: rows(Stage::Network),
        cloud_config_modules: rows(Stage::Config),
        cloud_final_modules: rows(Stage::Final),
        system_info: SystemInfo {
            distro: facts.name,
            default_user: DefaultUser {
                name: facts.default_user.name,
                lock_passwd: true,
                gecos: facts.default_user.gecos,
                groups: facts.default_user.groups.to_vec(),
                sudo: vec!["ALL=(ALL) NOPASSWD:ALL"],
                shell: "/bin/bash",
            },
            network: (!says.renderers.is_empty()).then_some(network),
            paths: Paths { cloud_dir: "/var/lib/cloud/", templates_dir: "/etc/cloud/templates/" },
            ssh_svcname: facts.ssh_service,
        },
    })
}

/// The cloud.cfg of a distribution; `None` for an unknown one.
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
