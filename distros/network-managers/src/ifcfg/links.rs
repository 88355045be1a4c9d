//! The files of devices by type.

use std::collections::{BTreeMap, HashMap};

use model::Order as _;
use netconfig::{Interface, InterfaceKind, NetworkState, Param, Scalar};

use super::file::LinkFile;
use super::{Flavor, NAME, ORDER, subnets};
use crate::RenderError;

/// Options of the bonding driver in output order, with the parameter of each.
const BOND_OPTIONS: &[&str] = &[
    "mode",
    "xmit_hash_policy",
    "miimon",
    "min_links",
    "arp_interval",
    "arp_ip_target",
    "arp_validate",
    "ad_select",
    "num_grat_arp",
    "downdelay",
    "updelay",
    "lacp_rate",
    "fail_over_mac",
    "primary",
    "primary_reselect",
];

/// The files of all devices. A bond also writes those of its members, a bridge those of its ports.
struct LinkFiles<'s> {
    files: Vec<LinkFile>,
    /// Where the file of an entry is.
    keys: HashMap<String, usize>,
    /// Where the first file of a device is.
    names: HashMap<String, usize>,
    /// The members of each bond.
    members: BTreeMap<String, Vec<&'s str>>,
    has_default_route: bool,
}

impl<'s> LinkFiles<'s> {
    fn new(state: &'s NetworkState, flavor: Flavor) -> Self {
        let left = [InterfaceKind::Loopback, InterfaceKind::Wifi];
        let (mut files, mut keys) = (Vec::<LinkFile>::new(), HashMap::<String, usize>::new());
        for link in state.interfaces.values().filter(|link| !left.contains(&link.kind)) {
            let file = shared(link, flavor);
            // Two entries with the same name share a file; the later takes precedence.
            if let Some(at) = keys.get(&file.key) {
                files[*at] = file;
            } else {
                keys.insert(file.key.clone(), files.len());
                files.push(file);
            }
        }
        let mut names = HashMap::new();
        for (at, file) in files.iter().enumerate() {
            names.entry(file.name.clone()).or_insert(at);
        }
        Self { files, keys, names, members: state.members(), has_default_route: state.has_default_route() }
    }

    fn find(&mut self, name: &str) -> Option<&mut LinkFile> {
        let at = self.keys.get(name).or_else(|| self.names.get(name))?;
        self.files.get_mut(*at)
    }
}

pub(super) fn link_files(state: &NetworkState, flavor: Flavor) -> Result<Vec<LinkFile>, RenderError> {
    let mut files = LinkFiles::new(state, flavor);
    for &kind in ORDER {
        for link in state.of_kind(kind) {
            match kind {
                InterfaceKind::Bond => bond(link, &mut files, flavor)?,
                InterfaceKind::Vlan => vlan(link, &mut files, flavor)?,
                InterfaceKind::Bridge => bridge(link, &mut files, flavor)?,
                InterfaceKind::Infiniband => {
                    with_file(&mut files, link, |file| file.set("TYPE", "InfiniBand"));
                    addresses(link, &mut files, flavor)?;
                }
                _ => addresses(link, &mut files, flavor)?,
            }
        }
    }
    Ok(files.files)
}

fn with_file(files: &mut LinkFiles<'_>, link: &Interface, change: impl FnOnce(&mut LinkFile)) {
    if let Some(file) = files.find(link.key()) {
        change(file);
    }
}

fn addresses(link: &Interface, files: &mut LinkFiles<'_>, flavor: Flavor) -> Result<(), RenderError> {
    let has_default_route = files.has_default_route;
    let Some(file) = files.find(link.key()) else { return Ok(()) };
    subnets::write(file, link, has_default_route, flavor)?;
    subnets::write_routes(file, link, flavor);
    Ok(())
}

/// Common settings of all types.
fn shared(link: &Interface, flavor: Flavor) -> LinkFile {
    let mut file = LinkFile::new(link.key(), &link.name);
    let device = matches!(link.kind, InterfaceKind::Physical | InterfaceKind::Infiniband);
    let mac = link.mac.as_ref().filter(|_| device);
    match flavor {
        Flavor::Rhel => {
            file.set("DEVICE", &link.name);
            file.set("TYPE", "Ethernet");
            file.flag("ONBOOT", true);
            file.flag("USERCTL", false);
            file.set("BOOTPROTO", "none");
            if let Some(mac) = mac {
                file.set("HWADDR", mac);
            }
            if let Some(accept) = link.accept_ra {
                file.flag("IPV6_FORCE_ACCEPT_RA", accept);
            }
            overrides(link, &mut file);
        }
        Flavor::Suse => {
            file.set("BOOTPROTO", "static");
            file.set("STARTMODE", "auto");
            if let Some(mac) = mac {
                file.set("LLADDR", mac);
            }
        }
    }
    if let Some(mtu) = &link.mtu {
        file.set("MTU", mtu);
    }
    if link.wake_on_lan == Some(true) && link.kind == InterfaceKind::Physical {
        file.set("ETHTOOL_OPTS", "wol g");
    }
    file
}

/// DHCP overrides (nm-settings-ifcfg-rh(5), initscripts' sysconfig.txt). The variables apply to both families; IPv4's
/// takes precedence.
fn overrides(link: &Interface, file: &mut LinkFile) {
    let said = |key: &str| link.overrides.iter().find_map(|of_family| of_family.get(key));
    for (key, variable) in
        [("use-dns", "PEERDNS"), ("use-routes", "PEERROUTES"), ("send-hostname", "DHCP_SEND_HOSTNAME")]
    {
        if said(key).is_some_and(|value| !value.is_true()) {
            file.flag(variable, false);
        }
    }
    if let Some(name) = said("hostname") {
        file.set("DHCP_HOSTNAME", name);
    }
    for rule in &link.rules {
        let (v6, words) = crate::routing::rule_words(rule);
        if v6 { &mut file.rules6 } else { &mut file.rules4 }.push(words);
    }
}

/// `mode=… miimon=…`.
fn bond_options(link: &Interface) -> String {
    let option = |name: &&str| {
        let param = link.bond_param(name)?;
        let value = match param {
            Param::Many(_) => param.texts().join(","),
            other => other.to_string(),
        };
        Some(format!("{name}={value}"))
    };
    BOND_OPTIONS.iter().filter_map(option).collect::<Vec<_>>().join(" ")
}

fn bond(link: &Interface, files: &mut LinkFiles<'_>, flavor: Flavor) -> Result<(), RenderError> {
    let options = bond_options(link);
    with_file(files, link, |file| {
        if !options.is_empty() {
            file.set(if flavor == Flavor::Suse { "BONDING_MODULE_OPTS" } else { "BONDING_OPTS" }, &options);
        }
        file.flag("BONDING_MASTER", true);
        if flavor == Flavor::Rhel {
            file.set("TYPE", "Bond");
        }
        if let Some(mac) = link.mac.as_deref().filter(|mac| !mac.is_empty()) {
            file.set(if flavor == Flavor::Suse { "LLADDR" } else { "MACADDR" }, mac);
        }
    });
    addresses(link, files, flavor)?;
    let mut members = files.members.get(&link.name).cloned().unwrap_or_default();
    members.order();
    for (index, member) in members.into_iter().enumerate() {
        let number = if flavor == Flavor::Suse { format!("_{index}") } else { index.to_string() };
        with_file(files, link, |file| file.set(format!("BONDING_SLAVE{number}"), member));
        let Some(file) = files.find(member) else { continue };
        match flavor {
            Flavor::Suse => {
                file.set("BOOTPROTO", "none");
                file.set("STARTMODE", "hotplug");
            }
            Flavor::Rhel => {
                file.set("MASTER", &link.name);
                file.flag("SLAVE", true);
            }
        }
    }
    Ok(())
}

fn vlan(link: &Interface, files: &mut LinkFiles<'_>, flavor: Flavor) -> Result<(), RenderError> {
    let vlan = link.vlan.as_ref();
    let id = vlan.and_then(|vlan| vlan.id.as_ref());
    let below = vlan.and_then(|vlan| vlan.link.as_deref());
    match flavor {
        Flavor::Suse => with_file(files, link, |file| {
            if let Some(id) = id.filter(|id| id.is_truthy()) {
                file.set("VLAN_ID", id);
            }
            // Like upstream, a name without a dot loses its last letter.
            let end = link.name.rfind('.').or_else(|| link.name.char_indices().next_back().map(|(at, _)| at));
            file.set("ETHERDEVICE", &link.name[..end.unwrap_or(0)]);
        }),
        Flavor::Rhel => {
            let below = below.ok_or_else(|| {
                RenderError::new(NAME, &link.origin, format!("the VLAN '{}' without its link", link.name))
            })?;
            with_file(files, link, |file| {
                file.flag("VLAN", true);
                // VLAN=yes is sufficient; a TYPE would be wrong.
                file.remove("TYPE");
                file.set("PHYSDEV", below);
            });
        }
    }
    addresses(link, files, flavor)
}

fn bridge(link: &Interface, files: &mut LinkFiles<'_>, flavor: Flavor) -> Result<(), RenderError> {
    let names: [(&str, &str); 3] = match flavor {
        Flavor::Rhel => [("bridge_stp", "STP"), ("bridge_ageing", "AGEING"), ("bridge_bridgeprio", "PRIO")],
        Flavor::Suse => [
            ("bridge_stp", "BRIDGE_STP"),
            ("bridge_ageing", "BRIDGE_AGEINGTIME"),
            ("bridge_bridgeprio", "BRIDGE_PRIORITY"),
        ],
    };
    let ports = link.bridge_ports.as_deref().unwrap_or_default();
    with_file(files, link, |file| {
        if flavor == Flavor::Rhel {
            file.set("TYPE", "Bridge");
        }
        for (param, name) in names {
            match link.params.get(param) {
                Some(Param::One(Scalar::Bool(value))) if name == "BRIDGE_STP" => {
                    file.set(name, if *value { "on" } else { "off" });
                }
                Some(Param::One(Scalar::Bool(value))) => file.flag(name, *value),
                Some(value) => file.set(name, value),
                None => {}
            }
        }
        if let Some(mac) = link.mac.as_deref().filter(|mac| !mac.is_empty()) {
            file.set(if flavor == Flavor::Suse { "LLADDRESS" } else { "MACADDR" }, mac);
        }
        if flavor == Flavor::Suse && !ports.is_empty() {
            file.set("BRIDGE_PORTS", ports.join(" "));
        }
    });
    for port in ports {
        if let Some(file) = files.find(port) {
            file.set("BRIDGE", if flavor == Flavor::Suse { "yes" } else { &link.name });
        }
    }
    addresses(link, files, flavor)
}
