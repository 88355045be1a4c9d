//! netplan's YAML.
//!
//! A version 2 description is netplan's own format and is handed on as it is; a version 1 description is translated.

mod apply;

pub(crate) use apply::features;
use netconfig::{
    BOND_PARAMETERS, BRIDGE_PARAMETERS, Interface, InterfaceKind, NetworkState, Param, Scalar, Subnet,
    SubnetKind, address, bond_mode,
};
use yaml::Value;
use yaml::write::{Style, dump};

use crate::manager::{Activator, Around, Manager, Writer};
use crate::{RenderError, RenderedFile, activate, probe};

const NAME: &str = "netplan";

/// What snapd's images bring, and cloud-init takes away once it has written its own.
pub const SNAPD_CONFIG: &str = "# This is the initial network config.
# It can be overwritten by cloud-init or console-conf.
network:
    version: 2
    ethernets:
        all-en:
            match:
                name: \"en*\"
            dhcp4: true
        all-eth:
            match:
                name: \"eth*\"
            dhcp4: true
";
/// Where that is.
pub const SNAPD_PATH: &str = "/etc/netplan/00-snapd-config.yaml";
/// What netplan made of it.
pub const SNAPD_DERIVED: &[&str] = &[
    "/run/systemd/network/10-netplan-all-en.network",
    "/run/systemd/network/10-netplan-all-eth.network",
    "/run/systemd/generator/netplan.stamp",
];

/// Where and how a distribution has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The file.
    pub path: String,
    /// What stands above everything.
    pub header: String,
    /// `netplan generate` and udev's `net_setup_link` follow.
    pub postcmds: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { path: "/etc/netplan/50-cloud-init.yaml".to_owned(), header: String::new(), postcmds: false }
    }
}

/// The network manager.
pub(crate) const MANAGER: Manager = Manager {
    name: NAME,
    available: |system, _| probe::program(system, "netplan", &["/usr/sbin", "/sbin"]),
    writer: Some(Writer {
        takes_version_2: true,
        around: Some(Around {
            before: apply::prepare,
            after: |system, settings, changed| apply::finish(system, &settings.netplan, changed),
        }),
        ..Writer::plain(|state, settings, surroundings| {
            let ipv6_mtu = asks_for_ipv6_mtu(state) && (surroundings.ipv6_mtu)();
            Ok(render(state, &settings.netplan, ipv6_mtu)?)
        })
    }),
    activator: Some(Activator {
        bring_up: |system, _| apply(system),
        bring_up_one: |system, _| apply(system),
        wait: Some(|system| {
            if probe::network_manager(system) {
                tracing::debug!("NetworkManager is enabled, skipping networkd wait");
                return Ok(());
            }
            activate::wait_for_networkd(system)
        }),
    }),
};

fn apply(system: &model::System) -> Result<(), model::DistroError> {
    activate::run(system, &["netplan", "apply"], false)?;
    Ok(())
}

/// The file. `ipv6_mtu` says that this netplan knows `ipv6-mtu`.
pub fn render(
    state: &NetworkState,
    settings: &Settings,
    ipv6_mtu: bool,
) -> Result<Vec<RenderedFile>, RenderError> {
    let mut content = settings.header.clone();
    if !content.ends_with('\n') {
        content.push('\n');
    }
    content.push_str(&if state.version == 2 { passed_through(state) } else { translated(state, ipv6_mtu)? });
    Ok(vec![RenderedFile::new(&settings.path, content, 0o600)])
}

/// Whether anything in the state depends on netplan knowing `ipv6-mtu`.
pub fn asks_for_ipv6_mtu(state: &NetworkState) -> bool {
    let asks = |subnet: &Subnet| subnet.kind.is_static() && subnet.mtu.is_some() && subnet.is_ipv6();
    state.interfaces.values().flat_map(|link| &link.subnets).any(asks)
}

const STYLE: Style =
    Style { indent: 4, width: 80, sort_keys: true, explicit_start: false, explicit_end: false };

fn text(text: &str) -> Value {
    Value::Str(text.to_owned())
}

fn texts(all: &[String]) -> Value {
    Value::Seq(all.iter().map(|item| text(item).into()).collect())
}

/// A mapping in the making; keys are sorted when it is written.
#[derive(Default)]
struct Entries(Vec<(&'static str, Value)>);

impl Entries {
    fn set(&mut self, key: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some(entry) => entry.1 = value,
            None => self.0.push((key, value)),
        }
    }

    fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    fn value(self) -> Value {
        Value::Map(self.0.into_iter().map(|(key, value)| (text(key).into(), value.into())).collect())
    }
}

fn passed_through(state: &NetworkState) -> String {
    let network = state.config.node().to_yaml();
    dump(&Value::Map(vec![(text("network").into(), network)]), &STYLE)
}

fn translated(state: &NetworkState, ipv6_mtu: bool) -> Result<String, RenderError> {
    let mut sections: [(&str, Vec<(String, Entries)>); 4] =
        [("ethernets", vec![]), ("bonds", vec![]), ("bridges", vec![]), ("vlans", vec![])];
    for link in state.interfaces.values() {
        let (section, mut entries) = match link.kind {
            InterfaceKind::Physical => (0, ethernet(link)),
            InterfaceKind::Bond => (1, bond(state, link)),
            InterfaceKind::Bridge => (2, bridge(link)?),
            InterfaceKind::Vlan => (3, vlan(link)),
            InterfaceKind::Loopback
            | InterfaceKind::Infiniband
            | InterfaceKind::Wifi
            | InterfaceKind::Undescribed => continue,
        };
        addresses(link, &mut entries, ipv6_mtu);
        sections[section].1.retain(|(name, _)| *name != link.name);
        sections[section].1.push((link.name.clone(), entries));
    }
    let mut out = "network:\n    version: 2\n".to_owned();
    for (name, mut links) in sections {
        for (_, entries) in &mut links {
            global_nameservers(state, entries);
        }
        if links.is_empty() {
            continue;
        }
        let links =
            links.into_iter().map(|(name, entries)| (text(&name).into(), entries.value().into())).collect();
        let section = dump(&Value::Map(vec![(text(name).into(), Value::Map(links).into())]), &STYLE);
        for line in section.lines() {
            // As Python's textwrap.indent: blank lines stay blank.
            let indent = if line.trim().is_empty() { "" } else { "    " };
            out.push_str(&format!("{indent}{line}\n"));
        }
    }
    Ok(out)
}

/// Name servers of no link in particular go to every link that has addresses and none of its own.
fn global_nameservers(state: &NetworkState, entries: &mut Entries) {
    let dns = &state.dns;
    if (dns.nameservers.is_empty() && dns.search.is_empty())
        || entries.has("nameservers")
        || !entries.has("addresses")
    {
        return;
    }
    let mut servers = Entries::default();
    servers.set("addresses", texts(&dns.nameservers));
    servers.set("search", texts(&dns.search));
    entries.set("nameservers", servers.value());
}

fn ethernet(link: &Interface) -> Entries {
    let mut entries = Entries::default();
    if let Some(keep) = &link.keep_configuration {
        entries.set("critical", keep.to_yaml());
    }
    if let Some(mac) = &link.mac {
        let mut matching = Entries::default();
        matching.set("macaddress", text(mac));
        entries.set("match", matching.value());
        entries.set("set-name", text(&link.name));
    }
    entries
}

fn set_mac(link: &Interface, entries: &mut Entries) {
    if let Some(mac) = link.mac.as_deref().filter(|mac| !mac.is_empty()) {
        entries.set("macaddress", text(mac));
    }
}

/// The parameters that netplan knows under their names there; those spelled with `_` first.
fn parameters(
    link: &Interface,
    names: &[(&'static str, &'static str)],
    prefixes: &[&str],
) -> Vec<(&'static str, Param)> {
    let mut found: Vec<(&'static str, Param)> = Vec::new();
    for prefix in prefixes {
        for (key, value) in link.params.iter().filter(|(key, _)| key.starts_with(prefix)) {
            let spelled = if prefixes.len() > 1 { key.replace('_', "-") } else { key.clone() };
            let Some((_, new)) = names.iter().find(|(old, _)| *old == spelled) else { continue };
            found.retain(|(known, _)| known != new);
            found.push((*new, value.clone()));
        }
    }
    found
}

fn bond(state: &NetworkState, link: &Interface) -> Entries {
    let mut entries = Entries::default();
    let mut parameters_of = Entries::default();
    for (name, value) in parameters(link, BOND_PARAMETERS, &["bond_", "bond-"]) {
        // netplan takes no numbers of modes.
        let value = if name == "mode" { bond_mode(&value) } else { value };
        parameters_of.set(name, value.to_yaml());
    }
    if !parameters_of.0.is_empty() {
        entries.set("parameters", parameters_of.value());
    }
    set_mac(link, &mut entries);
    if link.params.get("bond-slaves") == Some(&Param::text("none")) {
        // Members are named as the description's entries are.
        let member = |(key, other): (&String, &Interface)| {
            (other.bond_master().as_deref() == Some(link.name.as_str())).then(|| key.clone())
        };
        let mut members: Vec<String> = state.interfaces.iter().filter_map(member).collect();
        members.sort();
        if !members.is_empty() {
            entries.set("interfaces", texts(&members));
        }
    }
    entries
}

/// `eth0 50` of version 1 is `eth0: 50` here.
fn per_port(link: &Interface, name: &str, value: &Param) -> Result<Value, RenderError> {
    let entries = value.texts().into_iter().map(|pair| {
        let mut words = pair.split_whitespace();
        let (port, number) = (words.next()?, words.next()?.parse().ok()?);
        words.next().is_none().then(|| (text(port).into(), Value::Int(number).into()))
    });
    entries.collect::<Option<Vec<_>>>().map(Value::Map).ok_or_else(|| {
        RenderError::new(NAME, &link.origin, format!("'{name}: {value}': it takes 'PORT NUMBER'"))
    })
}

fn bridge(link: &Interface) -> Result<Entries, RenderError> {
    let mut entries = Entries::default();
    let mut ports = link.bridge_ports.clone().unwrap_or_default();
    ports.sort();
    entries.set("interfaces", texts(&ports));
    let mut parameters_of = Entries::default();
    for (name, value) in parameters(link, BRIDGE_PARAMETERS, &["bridge_"]) {
        let value = match name {
            "path-cost" | "port-priority" => per_port(link, name, &value)?,
            _ => value.to_yaml(),
        };
        parameters_of.set(name, value);
    }
    if !parameters_of.0.is_empty() {
        entries.set("parameters", parameters_of.value());
    }
    set_mac(link, &mut entries);
    Ok(entries)
}

fn vlan(link: &Interface) -> Entries {
    let mut entries = Entries::default();
    let vlan = link.vlan.as_ref();
    entries.set("id", vlan.and_then(|vlan| vlan.id.as_ref()).map_or(Value::Null, Scalar::to_yaml));
    entries.set("link", vlan.and_then(|vlan| vlan.link.as_deref()).map_or(Value::Null, text));
    if let Some(mac) = &link.mac {
        entries.set("macaddress", text(mac));
    }
    entries
}

/// The routes of a static subnet: its gateway, then its own.
fn routes(subnet: &Subnet, cidr: &str) -> Vec<Value> {
    let mut routes = Vec::new();
    if let Some(gateway) = &subnet.gateway {
        let mut route = Entries::default();
        route.set("via", text(gateway));
        route.set("to", text("default"));
        if address::is_off_link(gateway, cidr) {
            route.set("on-link", Value::Bool(true));
        }
        if let Some(metric) = &subnet.metric {
            route.set("metric", metric.to_yaml());
        }
        routes.push(route.value());
    }
    for described in &subnet.routes {
        let mut route = Entries::default();
        match described.gateway.as_deref() {
            Some(gateway) => route.set("via", text(gateway)),
            None => route.set("scope", text("link")),
        }
        route.set("to", Value::Str(format!("{}/{}", described.network, described.prefix)));
        let metric = described.metric.map(Value::Int).or_else(|| subnet.metric.as_ref().map(Scalar::to_yaml));
        if let Some(metric) = metric {
            route.set("metric", metric);
        }
        routes.push(route.value());
    }
    routes
}

fn dhcp(subnet: &Subnet, entries: &mut Entries, key: &'static str, overrides: &'static str) {
    entries.set(key, Value::Bool(true));
    if let Some(metric) = &subnet.metric {
        let mut with = Entries::default();
        with.set("route-metric", metric.to_yaml());
        entries.set(overrides, with.value());
    }
}

/// networkd wants one metric for both families, or netplan refuses the whole file; IPv4's counts.
fn same_overrides(link: &Interface, entries: &mut Entries) {
    if !(entries.has("dhcp4") && entries.has("dhcp6")) {
        return;
    }
    let (v4, v6) = (entries.get("dhcp4-overrides").cloned(), entries.get("dhcp6-overrides").cloned());
    if v4 == v6 {
        return;
    }
    if v4.is_some() && v6.is_some() {
        tracing::warn!("{}: {} has one metric for DHCP of both families, IPv4's", link.origin, link.name);
    }
    if let Some(both) = v4.or(v6) {
        entries.set("dhcp4-overrides", both.clone());
        entries.set("dhcp6-overrides", both);
    }
}

fn addresses(link: &Interface, entries: &mut Entries, ipv6_mtu: bool) {
    let (mut found, mut route_list) = (Vec::new(), Vec::new());
    let (mut servers, mut domains): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for subnet in &link.subnets {
        match &subnet.kind {
            SubnetKind::Dhcp | SubnetKind::Dhcp4 => dhcp(subnet, entries, "dhcp4", "dhcp4-overrides"),
            kind if kind.is_ipv6_dynamic() => dhcp(subnet, entries, "dhcp6", "dhcp6-overrides"),
            kind if kind.is_static() => {
                let cidr = subnet.cidr().unwrap_or_default();
                route_list.extend(routes(subnet, &cidr));
                servers.extend(subnet.dns_nameservers.iter().flatten().cloned());
                domains.extend(subnet.dns_search.iter().flatten().cloned());
                if let Some(mtu) = &subnet.mtu {
                    let key = if subnet.is_ipv6() && ipv6_mtu { "ipv6-mtu" } else { "mtu" };
                    entries.set(key, mtu.to_yaml());
                }
                found.push(cidr);
            }
            _ => {}
        }
    }
    same_overrides(link, entries);
    if let Some(mtu) = &link.mtu {
        match entries.get("mtu") {
            Some(of_subnet) if *of_subnet != mtu.to_yaml() => tracing::warn!(
                "Network config: ignoring {} device-level mtu:{mtu} because a subnet-level mtu is provided.",
                link.name
            ),
            _ => entries.set("mtu", mtu.to_yaml()),
        }
    }
    if !found.is_empty() {
        entries.set("addresses", texts(&found));
    }
    if !route_list.is_empty() {
        entries.set("routes", Value::Seq(route_list.into_iter().map(Into::into).collect()));
    }
    let mut dns = Entries::default();
    if !servers.is_empty() {
        dns.set("addresses", texts(&servers));
    }
    if !domains.is_empty() {
        dns.set("search", texts(&domains));
    }
    if !dns.0.is_empty() {
        entries.set("nameservers", dns.value());
    }
    if let Some(accept) = link.accept_ra {
        entries.set("accept-ra", Value::Bool(accept));
    }
}
