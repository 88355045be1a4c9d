//! Which network managers this system has.

use std::path::Path;

use model::System;
use model::effects::{Command, FileKind};

use crate::Settings;

/// A network manager that can be written for or brought up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Interfaces,
    Ifcfg,
    Netplan,
    Networkd,
    NetworkManager,
    /// `ifconfig`, an activator only.
    Ifconfig,
    /// FreeBSD's rc.conf. No system that this program runs on has it or its kin: a description is converted for them.
    FreeBsd,
    /// NetBSD's rc.conf.
    NetBsd,
    /// OpenBSD's hostname.if.
    OpenBsd,
}

/// The order in which renderers are tried where cloud.cfg has none.
pub(crate) const RENDERERS: [(&str, Backend); 8] = [
    ("eni", Backend::Interfaces),
    ("sysconfig", Backend::Ifcfg),
    ("netplan", Backend::Netplan),
    ("network-manager", Backend::NetworkManager),
    ("freebsd", Backend::FreeBsd),
    ("netbsd", Backend::NetBsd),
    ("openbsd", Backend::OpenBsd),
    ("networkd", Backend::Networkd),
];
/// The order in which activators are tried where cloud.cfg has none.
pub(crate) const ACTIVATORS: [(&str, Backend); 5] = [
    ("eni", Backend::Interfaces),
    ("netplan", Backend::Netplan),
    ("network-manager", Backend::NetworkManager),
    ("networkd", Backend::Networkd),
    ("ifconfig", Backend::Ifconfig),
];
/// Distributions whose /etc/sysconfig is known, SUSE's under one name.
const SYSCONFIG_DISTROS: [&str; 14] = [
    "almalinux",
    "centos",
    "cloudlinux",
    "eurolinux",
    "fedora",
    "miraclelinux",
    "openeuler",
    "opencloudos",
    "openmandriva",
    "rhel",
    "rocky",
    "suse",
    "tencentos",
    "virtuozzo",
];

/// The first of a list of names that this system has. `all` are the names there are, in their usual order.
///
/// # Errors
///
/// A name that is none, in words.
pub(crate) fn select(
    what: &str,
    all: &[(&'static str, Backend)],
    wanted: Option<&[String]>,
    available: impl Fn(Backend) -> bool,
) -> Result<Option<(&'static str, Backend)>, String> {
    let known = || all.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let order: Vec<(&'static str, Backend)> = match wanted {
        None => all.to_vec(),
        Some(names) => names
            .iter()
            .map(|name| {
                all.iter().copied().find(|(known, _)| known == name).ok_or_else(|| {
                    format!(
                        "system_info.network.{what}s: there is no {what} '{name}'; those known are {}",
                        known()
                    )
                })
            })
            .collect::<Result<_, _>>()?,
    };
    Ok(order.into_iter().find(|(_, manager)| available(*manager)))
}

/// Whether one of the directories has an executable of that name.
fn program(system: &System, name: &str, directories: &[&str]) -> bool {
    directories.iter().any(|directory| {
        let found = system.files.stat(&Path::new(directory).join(name)).ok().flatten();
        found.is_some_and(|found| found.kind == FileKind::File && found.mode & 0o111 != 0)
    })
}

/// Whether systemd runs this system.
fn systemd(system: &System) -> bool {
    let found = system.files.lstat(Path::new("/run/systemd/system")).ok().flatten();
    found.is_some_and(|found| found.kind == FileKind::Directory)
}

/// ifupdown, its kin included.
fn ifupdown(system: &System) -> bool {
    let sbin = ["/sbin", "/usr/sbin"];
    ["ifquery", "ifup", "ifdown"].iter().all(|name| program(system, name, &sbin))
        && system.files.is_file(Path::new("/etc/network/interfaces"))
}

/// NetworkManager, and enabled where systemd says so.
pub(crate) fn network_manager(system: &System) -> bool {
    let enabled = || {
        let command = Command::line(["systemctl", "is-enabled", "NetworkManager.service"]);
        system.commands.run(&command).is_ok()
    };
    system.commands.which("nmcli").is_some() && (!systemd(system) || enabled())
}

/// NetworkManager's plugin that reads ifcfg files.
pub(crate) fn ifcfg_plugin(system: &System) -> bool {
    let list = |path: &Path| system.files.list(path).unwrap_or_default();
    let usr = Path::new("/usr");
    list(usr).iter().filter(|name| name.starts_with("lib")).any(|library| {
        let manager = usr.join(library).join("NetworkManager");
        list(&manager).iter().any(|version| {
            system.files.exists(&manager.join(version).join("libnm-settings-plugin-ifcfg-rh.so"))
        })
    })
}

fn ifcfg(system: &System, settings: &Settings) -> bool {
    let suse = settings.distro.starts_with("opensuse") || settings.distro.starts_with("sle");
    let variant = if suse { "suse".to_owned() } else { settings.distro.to_lowercase() };
    if !SYSCONFIG_DISTROS.contains(&variant.as_str()) {
        return false;
    }
    let sbin = ["/sbin", "/usr/sbin"];
    let scripts = ["/etc/sysconfig/network-scripts/network-functions", "/etc/sysconfig/config"];
    let initscripts = ["ifup", "ifdown"].iter().all(|name| program(system, name, &sbin))
        && scripts.iter().any(|path| system.files.is_file(Path::new(path)));
    initscripts || ifcfg_plugin(system)
}

/// Whether this system has it.
pub(crate) fn available(system: &System, settings: &Settings, manager: Backend) -> bool {
    match manager {
        Backend::Interfaces => ifupdown(system),
        Backend::Ifcfg => ifcfg(system, settings),
        Backend::Netplan => program(system, "netplan", &["/usr/sbin", "/sbin"]),
        Backend::Networkd => {
            ["ip", "systemctl"].iter().all(|name| program(system, name, &["/usr/sbin", "/bin"]))
        }
        Backend::NetworkManager => network_manager(system),
        Backend::Ifconfig => program(system, "ifconfig", &["/sbin"]),
        Backend::FreeBsd | Backend::NetBsd | Backend::OpenBsd => false,
    }
}

/// Whether this build can write for it.
pub(crate) fn built_in(manager: Backend) -> bool {
    match manager {
        Backend::Interfaces => cfg!(feature = "interfaces"),
        Backend::Ifcfg => cfg!(feature = "ifcfg"),
        Backend::Netplan => cfg!(feature = "netplan"),
        Backend::Networkd => cfg!(feature = "networkd"),
        Backend::NetworkManager => cfg!(feature = "networkmanager"),
        Backend::FreeBsd | Backend::NetBsd | Backend::OpenBsd => cfg!(feature = "bsd"),
        Backend::Ifconfig => false,
    }
}
