//! `/etc/sysconfig`: RHEL's ifcfg files (initscripts, NetworkManager) and SUSE's (wicked).
//!
//! Facts: initscripts' sysconfig.txt; nm-settings-ifcfg-rh(5); ifcfg(5) and ifcfg-bonding(5) of wicked.

mod dns;
mod file;
mod links;
mod subnets;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use netconfig::{InterfaceKind, NetworkState};

pub(crate) use self::file::header;
use crate::manager::{Manager, Writer};
use crate::stale::Place;
use crate::{RenderError, RenderedFile, probe, rules};

pub(crate) const NAME: &str = "sysconfig";

/// The variant of the format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavor {
    /// RHEL's.
    #[default]
    Rhel,
    /// SUSE's.
    Suse,
}

/// The paths of a distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The variant.
    pub flavor: Flavor,
    /// The path of a device's file without its name.
    pub link_prefix: String,
    /// The path of a device's IPv4 routes without its name.
    pub routes_prefix: String,
    /// The path of a device's IPv6 routes without its name.
    pub routes6_prefix: String,
    /// The file that enables networking; written if its name ends with `network`.
    pub control_path: String,
    /// resolv.conf; `None` to not write it.
    pub dns_path: Option<String>,
    /// The file that stops NetworkManager from managing resolv.conf; `None` to not write it.
    pub networkmanager_path: Option<String>,
    /// The udev rules; `None` to not write them.
    pub rules_path: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            flavor: Flavor::Rhel,
            link_prefix: "/etc/sysconfig/network-scripts/ifcfg-".to_owned(),
            routes_prefix: "/etc/sysconfig/network-scripts/route-".to_owned(),
            routes6_prefix: "/etc/sysconfig/network-scripts/route6-".to_owned(),
            control_path: "/etc/sysconfig/network".to_owned(),
            dns_path: Some("/etc/resolv.conf".to_owned()),
            networkmanager_path: Some("/etc/NetworkManager/conf.d/99-cloud-init.conf".to_owned()),
            rules_path: Some("/etc/udev/rules.d/70-persistent-net.rules".to_owned()),
        }
    }
}

impl Settings {
    /// The path of a device's policy rules without its name: beside its file.
    fn rules_prefix(&self, name: &str) -> String {
        format!("{}{name}", self.link_prefix.trim_end_matches("ifcfg-"))
    }

    /// SUSE's.
    pub fn suse() -> Self {
        Self {
            flavor: Flavor::Suse,
            link_prefix: "/etc/sysconfig/network/ifcfg-".to_owned(),
            routes_prefix: "/etc/sysconfig/network/ifroute-".to_owned(),
            routes6_prefix: "/etc/sysconfig/network/ifroute-".to_owned(),
            control_path: "/etc/sysconfig/network/config".to_owned(),
            rules_path: Some("/etc/udev/rules.d/85-persistent-net-cloud-init.rules".to_owned()),
            ..Self::default()
        }
    }
}

/// The network manager. It does not bring up devices: its own service does so after this program.
pub(crate) const MANAGER: Manager = Manager {
    name: NAME,
    available,
    writer: Some(Writer {
        by_name_only: true,
        stale,
        ..Writer::plain(|state, settings, surroundings| {
            let settings = &settings.ifcfg;
            let resolv_conf = settings.dns_path.as_deref().map(|path| surroundings.read(path));
            let control = surroundings.read(&settings.control_path).ok().flatten();
            let existing = Existing {
                resolv_conf: resolv_conf.transpose()?.flatten(),
                control: control.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
            };
            Ok(render(state, settings, &existing)?)
        })
    }),
    activator: None,
};

fn available(system: &model::System, settings: &crate::Settings) -> bool {
    if !settings.has_sysconfig {
        return false;
    }
    let sbin = ["/sbin", "/usr/sbin"];
    let scripts = ["/etc/sysconfig/network-scripts/network-functions", "/etc/sysconfig/config"];
    let initscripts = ["ifup", "ifdown"].iter().all(|name| probe::program(system, name, &sbin))
        && scripts.iter().any(|path| system.files.is_file(std::path::Path::new(path)));
    initscripts || probe::ifcfg_plugin(system)
}

fn split(prefix: &str) -> Option<(&str, String)> {
    let (directory, name) = prefix.rsplit_once('/')?;
    Some((directory, name.to_owned()))
}

fn stale(settings: &crate::Settings) -> Option<Place> {
    let ifcfg = &settings.ifcfg;
    let (directory, _) = split(&ifcfg.link_prefix)?;
    let rules = [ifcfg.rules_prefix("rule-"), ifcfg.rules_prefix("rule6-")];
    let all = [&ifcfg.link_prefix, &ifcfg.routes_prefix, &ifcfg.routes6_prefix];
    let prefixes = all.into_iter().chain(&rules).filter_map(|prefix| split(prefix)).map(|(_, name)| name);
    let mark = header('#').lines().next().map(str::to_owned);
    Some(Place { directory: directory.into(), prefixes: prefixes.collect(), mark })
}

/// Files that are edited instead of replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Existing {
    /// [`Settings::dns_path`].
    pub resolv_conf: Option<Vec<u8>>,
    /// [`Settings::control_path`].
    pub control: Option<String>,
}

/// The files.
pub fn render(
    state: &NetworkState,
    settings: &Settings,
    existing: &Existing,
) -> Result<Vec<RenderedFile>, RenderError> {
    let mut files: Vec<RenderedFile> = Vec::new();
    let mut places = HashMap::new();
    let mut add = |path: String, content: String| match places.entry(path) {
        // Of two entries with the same name, the later is used.
        Entry::Occupied(place) => {
            let at: usize = *place.get();
            files[at].content = content;
        }
        Entry::Vacant(place) => {
            files.push(RenderedFile::new(place.key(), content, 0o644));
            place.insert(files.len() - 1);
        }
    };
    for link in links::link_files(state, settings.flavor)? {
        add(format!("{}{}", settings.link_prefix, link.name), link.content());
        if !link.ifroutes.is_empty() {
            let content = format!("{}\n{}\n", header('#'), link.ifroutes.join("\n"));
            add(format!("{}{}", settings.routes_prefix, link.name), content);
        }
        // wicked has no file for rules.
        for (name, rules) in [("rule-", &link.rules4), ("rule6-", &link.rules6)] {
            if !rules.is_empty() && settings.flavor == Flavor::Rhel {
                let content = format!("{}\n{}\n", header('#'), rules.join("\n"));
                add(format!("{}{}", settings.rules_prefix(name), link.name), content);
            }
        }
        if !link.routes.is_empty() {
            add(format!("{}{}", settings.routes6_prefix, link.name), link.routes6());
            add(format!("{}{}", settings.routes_prefix, link.name), link.routes4());
        }
    }
    if let Some(path) = &settings.dns_path
        && let Some(content) = dns::resolv_conf(state, existing.resolv_conf.as_deref())?
    {
        add(path.clone(), content);
    }
    if let Some(path) = &settings.networkmanager_path
        && dns::is_described(state)
    {
        add(path.clone(), format!("{}\n[main]\ndns = none\n", header('#')));
    }
    if settings.control_path.ends_with("network") {
        add(settings.control_path.clone(), control(state, existing.control.as_deref()));
    }
    if let Some(path) = &settings.rules_path {
        let rules = RenderedFile::new(path, rules::persistent_names(state), 0o644);
        files.push(RenderedFile { keeps_mode: true, ..rules });
    }
    Ok(files)
}

/// `/etc/sysconfig/network`, keeping the settings of other programs.
fn control(state: &NetworkState, existing: Option<&str>) -> String {
    let header = header('#');
    let mut lines = vec![header.as_str(), "NETWORKING=yes"];
    if state.use_ipv6 {
        lines.extend(["NETWORKING_IPV6=yes", "IPV6_AUTOCONF=no"]);
    }
    let ours = |line: &str| {
        line.contains("NETWORKING")
            || line.contains("IPV6_AUTOCONF")
            || header.lines().any(|known| known == line)
    };
    lines.extend(existing.unwrap_or_default().lines().filter(|line| !ours(line)));
    lines.join("\n") + "\n"
}

/// The types in rendering order.
const ORDER: &[InterfaceKind] = &[
    InterfaceKind::Physical,
    InterfaceKind::Bond,
    InterfaceKind::Vlan,
    InterfaceKind::Bridge,
    InterfaceKind::Infiniband,
];
