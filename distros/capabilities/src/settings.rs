//! The settings in `system_info` for distributions, typed.

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
    /// Name of the SSH server's service, if it is not the family's default.
    pub ssh_svcname: Option<String>,
    /// Network tools.
    pub network: Network,
    /// State paths.
    pub paths: StatePaths,
    /// Whether to write the host name file (true by default).
    pub create_hostname_file: Option<bool>,
    /// A wrapper command for apt-get, such as eatmydata.
    pub apt_get_wrapper: Option<AptWrapper>,
    /// Replaces `apt-get` and its options.
    pub apt_get_command: Option<Vec<String>>,
    /// Replaces `dist-upgrade`.
    pub apt_get_upgrade_subcommand: Option<String>,
    /// Whether the image's network is kept if nothing configures it; the distribution decides if not set.
    pub disable_fallback_netcfg: Option<bool>,
    /// Whether the FQDN is the host name.
    pub prefer_fqdn_over_hostname: Option<bool>,
}

/// `system_info.network`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Network {
    /// Order of renderers.
    pub renderers: Option<Vec<String>>,
    /// Order of activators.
    pub activators: Option<Vec<String>>,
}

/// `system_info.apt_get_wrapper`.
#[derive(Clone, Debug, Deserialize)]
pub struct AptWrapper {
    /// `true`, `false` or `auto`: only if the command is installed.
    #[serde(default)]
    pub enabled: Node,
    /// The command, as a string or a list.
    #[serde(default)]
    pub command: Node,
}

/// The default user.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct DefaultUser(pub UserSpec);

/// `system_info.paths`, of which distributions need one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct StatePaths {
    /// The state directory, if it is not /var/lib/cloud.
    pub cloud_dir: Option<PathBuf>,
}

impl Settings {
    /// The facts of a distribution, with the overrides of `system_info`.
    pub fn info(&self, facts: &Facts) -> DistroInfo {
        DistroInfo {
            name: facts.name.to_owned(),
            hosts_template: facts.hosts_template,
            ssh_service: self.ssh_svcname.clone().unwrap_or_else(|| facts.ssh_service.to_owned()),
            own_network: facts.own_network && self.disable_fallback_netcfg != Some(false),
            default_user: self.default_user.clone().map(|user| user.0),
        }
    }

    /// The state paths.
    pub fn paths(&self) -> Paths {
        let usual = Paths::default();
        Paths { cloud_dir: self.paths.cloud_dir.clone().unwrap_or(usual.cloud_dir), ..usual }
    }

    /// Reads `system_info`.
    pub fn read(system_info: &Node) -> Result<Self, ConfigError> {
        if system_info.is_null() { Ok(Self::default()) } else { model::config::from_node(system_info) }
    }
}
