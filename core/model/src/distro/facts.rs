//! Facts about distributions, as rows of tables in their families.

use super::{Distro, DistroError};
use crate::{Node, System};

/// A distribution's row: everything about it that is data. A derivative of an existing family needs no more than this.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The ID in cloud.cfg's `system_info.distro` (`amazon`).
    pub name: &'static str,
    /// `ID` in os-release, if it differs from the name (`amzn`).
    pub os_release_id: Option<&'static str>,
    /// The account that gets the source's keys.
    pub default_user: DefaultUser,
    /// The variant of the shipped hosts template (`hosts.debian` → `debian`).
    pub hosts_template: &'static str,
    /// The name of the SSH server's service (`ssh`, `sshd`); `system_info.ssh_svcname` overrides it.
    pub ssh_service: &'static str,
    /// Whether the FQDN is the host name by default.
    pub prefer_fqdn: bool,
    /// Whether snap is available in addition to the package manager.
    pub snap: bool,
    /// Whether the package manager updates its lists itself.
    pub lists_on_demand: bool,
    /// Configuration file and service of each NTP client.
    pub time_clients: &'static [TimeClient],
    /// The contents of the shipped cloud.cfg.
    pub cloud_cfg: CloudCfg,
}

/// The default user of the shipped cloud.cfg: without a password, with full sudo privileges and bash.
#[derive(Clone, Copy, Debug)]
pub struct DefaultUser {
    /// Login name.
    pub name: &'static str,
    /// Comment field.
    pub gecos: &'static str,
    /// Additional groups.
    pub groups: &'static [&'static str],
}

/// Settings of cloud.cfg that differ between distributions, in addition to the modules.
#[derive(Clone, Copy, Debug)]
pub struct CloudCfg {
    /// `system_info.network.renderers`; empty: the built-in order.
    pub renderers: &'static [&'static str],
    /// `system_info.network.activators`; empty: the built-in order.
    pub activators: &'static [&'static str],
    /// `system_info.network.dhcp_client_priority`; empty: the built-in order.
    pub dhcp_client_priority: &'static [&'static str],
    /// The options in `mount_default_fields`, which is omitted if empty.
    pub mount_options: Option<&'static str>,
    /// `resize_rootfs`, if it is not the default.
    pub resize_rootfs: Option<&'static str>,
    /// `ssh_pwauth`, if set.
    pub ssh_pwauth: Option<bool>,
    /// `apt.preserve_sources_list`, if set.
    pub preserve_sources_list: Option<bool>,
    /// Whether it is RHEL or a rebuild, whose cloud.cfg sets ssh_deletekeys, ssh_genkeytypes, syslog_fix_perms and
    /// disable_vmware_customization.
    pub rebuild_of_rhel: bool,
}

/// An NTP client known for a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeClient {
    /// The name in `ntp.ntp_client`: `chrony`, `systemd-timesyncd`, `ntp`, `ntpdate`.
    pub name: &'static str,
    /// The program whose existence shows that it is installed.
    pub program: &'static str,
    /// The path of its configuration.
    pub file: &'static str,
    /// The service that reads it.
    pub service: &'static str,
    /// Packages to install; empty if it is part of the system.
    pub packages: &'static [&'static str],
    /// The template of its configuration, where `{distro}` is the distribution's name.
    pub template: &'static str,
}

/// Creates a distribution of a family from its row and `system_info`.
pub type Make = fn(&System, &'static Facts, &Node) -> Result<Box<dyn Distro>, DistroError>;

/// A family of distributions: the rows of its members, and a constructor.
#[derive(Clone, Copy)]
pub struct Family {
    /// `osfamily`: `debian`, `redhat`.
    pub name: &'static str,
    /// Its members.
    pub members: &'static [Facts],
    /// Creates a member.
    pub make: Make,
}

impl Family {
    /// The row of a member.
    pub fn member(&self, name: &str) -> Option<&'static Facts> {
        self.members.iter().find(|facts| facts.name == name)
    }
}

/// A release of a distribution as its images ship it, used by `plan` to build a root.
///
/// The texts are files in the formats of passwd(5), group(5) and os-release(5), and lists of paths.
#[derive(Clone, Copy, Debug)]
pub struct Release {
    /// The distribution's name in cloud.cfg.
    pub distro: &'static str,
    /// `VERSION_ID`, which can be abbreviated to the major version.
    pub version: &'static str,
    /// /etc/os-release.
    pub os_release: &'static str,
    /// /etc/passwd.
    pub passwd: &'static str,
    /// Parts of /etc/group, to be concatenated.
    pub group: &'static [&'static str],
    /// /etc/hostname.
    pub hostname: &'static str,
    /// Lists of entries, one per line: an absolute path (a program), `MODE PATH/` (a directory with its mode in octal),
    /// or `PATH -> TARGET` (a link). Empty lines and `#` comments are ignored.
    pub entries: &'static [&'static str],
}
