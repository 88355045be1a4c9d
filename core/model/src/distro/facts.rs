//! What is fixed about distributions, as rows of tables beside their families.

use super::{Distro, DistroError};
use crate::{Node, System};

/// A distribution's row: everything about it that is a fact and not a deed. A derivative of a family that is there needs no
/// more than this.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The id in cloud.cfg's `system_info.distro` (`amazon`).
    pub name: &'static str,
    /// `ID` of os-release, where it is not the name (`amzn`).
    pub os_release_id: Option<&'static str>,
    /// The account that gets the source's keys.
    pub default_user: DefaultUser,
    /// The variant of the shipped hosts template (`hosts.debian` → `debian`).
    pub hosts_template: &'static str,
    /// Name of the ssh server's service (`ssh`, `sshd`); `system_info.ssh_svcname` overrides it.
    pub ssh_service: &'static str,
    /// The host name is written with its domain unless the configuration says otherwise.
    pub prefer_fqdn: bool,
    /// snap stands beside the family's package manager.
    pub snap: bool,
    /// The package manager fetches its lists itself, whenever it needs them.
    pub lists_on_demand: bool,
    /// Where and by which service NTP clients are configured.
    pub time_clients: &'static [TimeClient],
    /// What the shipped cloud.cfg says.
    pub cloud_cfg: CloudCfg,
}

/// The default user of the shipped cloud.cfg: no password, every right by sudo, bash.
#[derive(Clone, Copy, Debug)]
pub struct DefaultUser {
    /// Login name.
    pub name: &'static str,
    /// Comment field.
    pub gecos: &'static str,
    /// Further groups.
    pub groups: &'static [&'static str],
}

/// The rows of cloud.cfg that differ from one distribution to another, beside the modules.
#[derive(Clone, Copy, Debug)]
pub struct CloudCfg {
    /// `system_info.network.renderers`; empty: the built-in order.
    pub renderers: &'static [&'static str],
    /// `system_info.network.activators`; empty: the built-in order.
    pub activators: &'static [&'static str],
    /// `system_info.network.dhcp_client_priority`; empty: the built-in order.
    pub dhcp_client_priority: &'static [&'static str],
    /// The options in `mount_default_fields`, which is left out where there are none.
    pub mount_options: Option<&'static str>,
    /// `resize_rootfs`, where it is not the default.
    pub resize_rootfs: Option<&'static str>,
    /// `ssh_pwauth`, where it is said.
    pub ssh_pwauth: Option<bool>,
    /// `apt.preserve_sources_list`, where it is said.
    pub preserve_sources_list: Option<bool>,
    /// RHEL and its rebuilds name ssh_deletekeys, ssh_genkeytypes, syslog_fix_perms and disable_vmware_customization.
    pub rebuild_of_rhel: bool,
}

/// An NTP client that a distribution knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeClient {
    /// `chrony`, `systemd-timesyncd`, `ntp`, `ntpdate`: the name in `ntp.ntp_client`.
    pub name: &'static str,
    /// The program whose presence says that it is installed.
    pub program: &'static str,
    /// Its configuration.
    pub file: &'static str,
    /// The service that reads it.
    pub service: &'static str,
    /// Packages that install it; none where it comes with the system.
    pub packages: &'static [&'static str],
    /// The template of its configuration, `{distro}` standing for the distribution's name.
    pub template: &'static str,
}

/// Makes a distribution of a family from its row and `system_info`.
pub type Make = fn(&System, &'static Facts, &Node) -> Result<Box<dyn Distro>, DistroError>;

/// A family of distributions: the rows of its members, and what makes a distribution of a row.
#[derive(Clone, Copy)]
pub struct Family {
    /// `osfamily`: `debian`, `redhat`.
    pub name: &'static str,
    /// Its members.
    pub members: &'static [Facts],
    /// Makes one.
    pub make: Make,
}

impl Family {
    /// The row of a member.
    pub fn member(&self, name: &str) -> Option<&'static Facts> {
        self.members.iter().find(|facts| facts.name == name)
    }
}

/// A release of a distribution as its images ship it, from which `plan` builds a root.
///
/// The texts are files in the formats of passwd(5), group(5) and os-release(5), and lists of paths.
#[derive(Clone, Copy, Debug)]
pub struct Release {
    /// The distribution's name in cloud.cfg.
    pub distro: &'static str,
    /// `VERSION_ID`, of which the major version alone may be asked for.
    pub version: &'static str,
    /// /etc/os-release.
    pub os_release: &'static str,
    /// /etc/passwd.
    pub passwd: &'static str,
    /// Parts of /etc/group, one after the other.
    pub group: &'static [&'static str],
    /// /etc/hostname.
    pub hostname: &'static str,
    /// Lists of entries, a line each: an absolute path (a program), `MODE PATH/` (a directory with its mode in octal), or
    /// `PATH -> TARGET` (a link). Empty lines and `#` comments are left out.
    pub entries: &'static [&'static str],
}
