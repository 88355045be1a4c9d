//! The part of `system_info` that a distribution reads, typed.

use std::path::PathBuf;

use model::distro::{DistroInfo, Facts};
use model::user::UserSpec;
use model::{ConfigError, Node, Paths};
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
    /// Where state is kept.
    pub paths: StatePaths,
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

/// `system_info.paths`, of which a distribution needs one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct StatePaths {
    /// Where state is kept, when it is not /var/lib/cloud.
    pub cloud_dir: Option<PathBuf>,
}

impl Settings {
    /// What is fixed about a distribution, with what `system_info` overrides.
    pub fn info(&self, facts: &Facts) -> DistroInfo {
        DistroInfo {
            name: facts.name.to_owned(),
            hosts_template: facts.hosts_template,
            ssh_service: self.ssh_svcname.clone().unwrap_or_else(|| facts.ssh_service.to_owned()),
            default_user: self.default_user.clone().map(|user| user.0),
        }
    }

    /// Where state is kept.
    pub fn paths(&self) -> Paths {
        let usual = Paths::default();
        Paths { cloud_dir: self.paths.cloud_dir.clone().unwrap_or(usual.cloud_dir), ..usual }
    }

    /// Reads `system_info`.
    pub fn read(system_info: &Node) -> Result<Self, ConfigError> {
        if system_info.is_null() { Ok(Self::default()) } else { model::config::from_node(system_info) }
    }
}
