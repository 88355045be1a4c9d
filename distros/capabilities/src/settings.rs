//! The part of `system_info` that a distribution reads, typed.

use model::distro::DistroInfo;
use model::user::UserSpec;
use model::{ConfigError, Node, System};
use serde::Deserialize;

/// `system_info`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The account that gets the source's keys.
    pub default_user: Option<DefaultUser>,
    /// Name of the ssh server's service, where it is not the family's usual one.
    pub ssh_svcname: Option<String>,
    /// Network tools.
    pub network: Network,
    /// Write the host name's file (true unless said otherwise).
    pub create_hostname_file: Option<bool>,
    /// A command around apt-get, such as eatmydata.
    pub apt_get_wrapper: Option<AptWrapper>,
    /// What stands for `apt-get` and its options.
    pub apt_get_command: Option<Vec<String>>,
    /// What stands for `dist-upgrade`.
    pub apt_get_upgrade_subcommand: Option<String>,
    /// The host name is written with its domain.
    pub prefer_fqdn_over_hostname: Option<bool>,
}

/// `system_info.network`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Network {
    /// Order in which renderers are tried.
    pub renderers: Option<Vec<String>>,
    /// Order in which activators are tried.
    pub activators: Option<Vec<String>>,
}

/// `system_info.apt_get_wrapper`.
#[derive(Clone, Debug, Deserialize)]
pub struct AptWrapper {
    /// `true`, `false` or `auto`: only where the command is installed.
    #[serde(default)]
    pub enabled: Node,
    /// The command, as a word or a list.
    #[serde(default)]
    pub command: Node,
}

/// The default user.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct DefaultUser(pub UserSpec);

/// `VERSION_ID` and `VERSION_CODENAME` of os-release.
fn version(system: &System) -> (String, String) {
    let bytes = system.files.read(std::path::Path::new("/etc/os-release")).unwrap_or_default();
    let Ok(file) = ifcfg::Document::parse(&bytes) else { return (String::new(), String::new()) };
    let field = |name: &str| file.get(name).unwrap_or_default();
    (field("VERSION_ID"), field("VERSION_CODENAME"))
}

impl Settings {
    /// What is fixed about a distribution of a family, with what `system_info` says.
    pub fn info(&self, system: &System, name: &str, family: &str) -> DistroInfo {
        let (version, codename) = version(system);
        DistroInfo {
            name: name.to_owned(),
            family: family.to_owned(),
            version,
            codename,
            hosts_template: if family == "redhat" { "redhat" } else { "debian" },
            ssh_service: if family == "redhat" { "sshd" } else { "ssh" },
            default_user: self.default_user.clone().map(|user| user.0),
        }
    }

    /// Reads `system_info`.
    pub fn read(system_info: &Node) -> Result<Self, ConfigError> {
        if system_info.is_null() { Ok(Self::default()) } else { model::config::from_node(system_info) }
    }
}
