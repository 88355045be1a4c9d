//! The cloud.cfg of each distribution, from one typed description.
//!
//! The lists hold the modules of this build, each in the list that its description names, in upstream's order.

use model::Stage;
use model::distro::Facts;
use modules::catalog;
use serde::Serialize;

/// cloud.cfg.
#[derive(Debug, Serialize)]
pub(crate) struct CloudCfg {
    #[serde(skip_serializing_if = "Option::is_none")]
    syslog_fix_perms: Option<Owner>,
    users: Vec<User>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disable_vmware_customization: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manage_etc_hosts: Option<bool>,
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
    cloud_init_modules: Vec<&'static str>,
    cloud_config_modules: Vec<&'static str>,
    cloud_final_modules: Vec<&'static str>,
    system_info: SystemInfo,
}

/// `syslog_fix_perms`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Owner {
    Named(&'static str),
    /// `~` for rebuilds of RHEL: the log keeps its owner.
    Nobody,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum User {
    /// `default`.
    Named(&'static str),
    /// Root, who may have a password.
    Root { name: &'static str, lock_passwd: bool },
}

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
    #[serde(skip_serializing_if = "Option::is_none")]
    disable_fallback_netcfg: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ntp_client: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paths: Option<Paths>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    package_mirrors: Vec<PackageMirrors>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ssh_svcname: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct DefaultUser {
    name: &'static str,
    lock_passwd: bool,
    gecos: &'static str,
    groups: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_group: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    no_user_group: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    doas: Vec<&'static str>,
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
    #[serde(rename = "cloud_dir", skip_serializing_if = "Option::is_none")]
    cloud: Option<&'static str>,
    #[serde(rename = "templates_dir", skip_serializing_if = "Option::is_none")]
    templates: Option<&'static str>,
    #[serde(rename = "run_dir", skip_serializing_if = "Option::is_none")]
    run: Option<&'static str>,
}

impl Paths {
    fn of(row: &model::distro::CloudCfg) -> Option<Self> {
        let linux = row.state_paths && row.run_dir.is_none();
        let paths = Self {
            cloud: linux.then_some("/var/lib/cloud/"),
            templates: linux.then_some("/etc/cloud/templates/"),
            run: row.run_dir,
        };
        (linux || row.run_dir.is_some()).then_some(paths)
    }
}

#[derive(Debug, Serialize)]
struct PackageMirrors {
    arches: &'static [&'static str],
    failsafe: Archives<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<Archives<&'static [&'static str]>>,
}

#[derive(Debug, Serialize)]
struct Archives<T> {
    primary: T,
    security: T,
}

impl PackageMirrors {
    fn of(row: &model::distro::PackageMirrors) -> Self {
        let search = Archives { primary: row.near, security: &[][..] };
        Self {
            arches: row.arches,
            failsafe: Archives { primary: row.primary, security: row.security },
            search: (!row.near.is_empty()).then_some(search),
        }
    }
}

/// Upstream's name for systems that it does not know, whose cloud.cfg is a reduced one of Ubuntu.
const UNKNOWN: &str = "unknown";
const UBUNTU: &str = "ubuntu";

/// Distributions that have a cloud.cfg.
#[cfg(any(feature = "packaging", test))]
pub(crate) fn names() -> Vec<&'static str> {
    let mut names = crate::registry::distro_names();
    if names.contains(&UBUNTU) {
        names.push(UNKNOWN);
    }
    names
}

/// The names of the modules that the cloud.cfg of a variant lists for a stage.
fn listed(variant: &str, stage: Stage) -> Vec<&'static str> {
    catalog::modules()
        .filter(|entry| entry.built && entry.stage == stage && entry.listed.on(variant))
        .map(|entry| entry.name)
        .collect()
}

impl DefaultUser {
    fn of(row: &model::distro::DefaultUser) -> Self {
        Self {
            name: row.name,
            lock_passwd: true,
            gecos: row.gecos,
            groups: row.groups.to_vec(),
            primary_group: row.primary_group,
            no_user_group: row.primary_group.map(|_| true),
            doas: row.doas.to_vec(),
            sudo: vec!["ALL=(ALL) NOPASSWD:ALL"],
            shell: row.shell,
        }
    }
}

impl SystemInfo {
    fn of(facts: &'static Facts) -> Self {
        let says = &facts.cloud_cfg;
        let network = Network {
            dhcp_client_priority: says.dhcp_client_priority.to_vec(),
            renderers: says.renderers.to_vec(),
            activators: says.activators.to_vec(),
        };
        Self {
            distro: facts.name,
            default_user: DefaultUser::of(&facts.default_user),
            network: (!says.renderers.is_empty()).then_some(network),
            disable_fallback_netcfg: says.disable_fallback_netcfg,
            ntp_client: says.ntp_client,
            paths: Paths::of(says),
            package_mirrors: says.package_mirrors.iter().map(PackageMirrors::of).collect(),
            ssh_svcname: says.run_dir.is_none().then_some(facts.ssh_service),
        }
    }
}

fn describe(id: &str) -> Option<CloudCfg> {
    let name = if id == UNKNOWN { UBUNTU } else { id };
    let named = |facts: &&'static Facts| facts.name == name;
    let by_variant = |facts: &&'static Facts| facts.variant == Some(name);
    let facts =
        crate::registry::distros().find(named).or_else(|| crate::registry::distros().find(by_variant))?;
    let variant = if id == UNKNOWN { id } else { facts.variant.unwrap_or(facts.name) };
    let says = &facts.cloud_cfg;
    let user =
        if says.root_only { User::Root { name: "root", lock_passwd: false } } else { User::Named("default") };
    let vmware = says.root_only.then_some(true).or(says.rebuild_of_rhel.then_some(false));
    Some(CloudCfg {
        syslog_fix_perms: says
            .syslog_fix_perms
            .map(Owner::Named)
            .or(says.rebuild_of_rhel.then_some(Owner::Nobody)),
        users: vec![user],
        disable_vmware_customization: vmware,
        manage_etc_hosts: says.root_only.then_some(false),
        disable_root: !says.root_only && !says.root_login,
        mount_default_fields: says
            .mount_options
            .map(|options| [None, None, Some("auto"), Some(options), Some("0"), Some("2")]),
        resize_rootfs: says.resize_rootfs,
        ssh_pwauth: says.ssh_pwauth,
        preserve_hostname: false,
        apt: says.preserve_sources_list.map(|preserve_sources_list| Apt { preserve_sources_list }),
        ssh_deletekeys: says.rebuild_of_rhel.then_some(true),
        ssh_genkeytypes: says.rebuild_of_rhel.then(|| vec!["rsa", "ecdsa", "ed25519"]),
        cloud_init_modules: listed(variant, Stage::Network),
        cloud_config_modules: listed(variant, Stage::Config),
        cloud_final_modules: listed(variant, Stage::Final),
        system_info: SystemInfo::of(facts),
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
            let distro = if id == UNKNOWN { UBUNTU } else { id };
            assert_eq!(node.at(&["system_info", "distro"]).and_then(model::Node::as_str), Some(distro));
            assert_eq!(node.get("users").and_then(model::Node::as_list).map(<[_]>::len), Some(1));
        }
    }
}
