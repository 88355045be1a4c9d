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
    /// The variant of upstream's cloud.cfg, if it differs from the name (`suse` for `sles`).
    pub variant: Option<&'static str>,
    /// The account that gets the source's keys.
    pub default_user: DefaultUser,
    /// The variant of the shipped hosts template (`hosts.debian` → `debian`).
    pub hosts_template: &'static str,
    /// The name of the SSH server's service (`ssh`, `sshd`); `system_info.ssh_svcname` overrides it.
    pub ssh_service: &'static str,
    /// Whether private host keys belong to the group `ssh_keys`, if it exists.
    pub ssh_key_group: bool,
    /// Whether the FQDN is the host name by default.
    pub prefer_fqdn: bool,
    /// Whether snap is available in addition to the package manager.
    pub snap: bool,
    /// Whether the package manager updates its lists itself.
    pub lists_on_demand: bool,
    /// Whether images configure their network themselves if nothing else does; `system_info.disable_fallback_netcfg`
    /// overrides it.
    pub own_network: bool,
    /// Configuration file and service of each NTP client.
    pub time_clients: &'static [TimeClient],
    /// The contents of the shipped cloud.cfg.
    pub cloud_cfg: CloudCfg,
}

/// The default user of the shipped cloud.cfg: without a password, with full sudo privileges.
#[derive(Clone, Copy, Debug)]
pub struct DefaultUser {
    /// Login name.
    pub name: &'static str,
    /// Comment field.
    pub gecos: &'static str,
    /// Additional groups.
    pub groups: &'static [&'static str],
    /// The login shell.
    pub shell: &'static str,
    /// The primary group, if it has no group of its own.
    pub primary_group: Option<&'static str>,
    /// doas rules.
    pub doas: &'static [&'static str],
}

impl DefaultUser {
    /// A user with bash and no groups, for tables.
    pub const fn named(name: &'static str, gecos: &'static str) -> Self {
        Self { name, gecos, groups: &[], shell: "/bin/bash", primary_group: None, doas: &[] }
    }
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
    /// `system_info.package_mirrors`, which is omitted if empty.
    pub package_mirrors: &'static [PackageMirrors],
    /// Whether it is RHEL or a rebuild, whose cloud.cfg sets ssh_deletekeys, ssh_genkeytypes, syslog_fix_perms and
    /// disable_vmware_customization.
    pub rebuild_of_rhel: bool,
    /// Whether root is the only account and may log in, which VMware's tools configure (Photon).
    pub root_only: bool,
    /// Whether root may log in (`disable_root: false`) although there is a default user.
    pub root_login: bool,
    /// `system_info.paths.run_dir`, set by the BSDs, whose cloud.cfg sets neither `cloud_dir` nor `ssh_svcname`.
    pub run_dir: Option<&'static str>,
    /// `syslog_fix_perms`, if set.
    pub syslog_fix_perms: Option<&'static str>,
    /// `system_info.ntp_client`, if set.
    pub ntp_client: Option<&'static str>,
    /// `system_info.disable_fallback_netcfg`, if set.
    pub disable_fallback_netcfg: Option<bool>,
    /// Whether `system_info.paths` is set.
    pub state_paths: bool,
}

impl CloudCfg {
    /// A cloud.cfg without optional settings, for tables.
    pub const PLAIN: Self = Self {
        renderers: &[],
        activators: &[],
        dhcp_client_priority: &[],
        mount_options: None,
        resize_rootfs: None,
        ssh_pwauth: None,
        preserve_sources_list: None,
        package_mirrors: &[],
        rebuild_of_rhel: false,
        root_only: false,
        root_login: false,
        run_dir: None,
        syslog_fix_perms: None,
        ntp_client: None,
        disable_fallback_netcfg: None,
        state_paths: true,
    };
}

/// The mirrors of some architectures.
#[derive(Clone, Copy, Debug)]
pub struct PackageMirrors {
    /// The architectures, or `default`.
    pub arches: &'static [&'static str],
    /// The archive.
    pub primary: &'static str,
    /// The archive of security updates.
    pub security: &'static str,
    /// Mirrors near the instance, of which the first that resolves is used instead of `primary`; `%(region)s`,
    /// `%(availability_zone)s` and `%(ec2_region)s` are filled in.
    pub near: &'static [&'static str],
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

impl TimeClient {
    /// chrony, for tables that change what differs.
    pub const CHRONY: Self = Self {
        name: "chrony",
        program: "chronyd",
        file: "/etc/chrony.conf",
        service: "chrony",
        packages: &["chrony"],
        template: "chrony.conf.{distro}",
    };
    /// systemd-timesyncd.
    pub const TIMESYNCD: Self = Self {
        name: "systemd-timesyncd",
        program: "/lib/systemd/systemd-timesyncd",
        file: "/etc/systemd/timesyncd.conf.d/cloud-init.conf",
        service: "systemd-timesyncd",
        packages: &[],
        template: "timesyncd.conf",
    };
    /// ntpsec.
    pub const NTP: Self = Self {
        name: "ntp",
        program: "ntpd",
        file: "/etc/ntp.conf",
        service: "ntp",
        packages: &["ntpsec"],
        template: "ntp.conf.{distro}",
    };
    /// ntpdate.
    pub const NTPDATE: Self = Self {
        name: "ntpdate",
        program: "ntpdate",
        file: "/etc/ntp.conf",
        service: "ntpdate",
        packages: &["ntpdate"],
        template: "ntp.conf.{distro}",
    };
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

    /// Creates a member; `None` if it has none of this name.
    pub fn create(
        &self,
        system: &System,
        name: &str,
        system_info: &Node,
    ) -> Option<Result<Box<dyn Distro>, DistroError>> {
        self.member(name).map(|facts| (self.make)(system, facts, system_info))
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
    /// `PATH -> TARGET` (a link), or `- PATH` (the image lacks this entry of every other image). Empty lines and `#` comments are ignored.
    pub entries: &'static [&'static str],
}
