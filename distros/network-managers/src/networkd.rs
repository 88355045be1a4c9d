//! systemd-networkd: .network and .netdev files.
//!
//! Facts: systemd.network(5), systemd.netdev(5).

use std::collections::{BTreeMap, HashMap, HashSet};

use model::Order as _;
use netconfig::{
    Dns, Interface, InterfaceKind, NetworkState, Param, Route, Scalar, Subnet, SubnetKind, address, bond_mode,
};

use crate::manager::{Activator, Manager, Writer};
use crate::stale::Place;
use crate::{RenderError, RenderedFile, activate, probe};

const NAME: &str = "networkd";
/// Who reads the files.
const OWNER: &str = "systemd-network";

/// The settings of a distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The directory of the files.
    pub directory: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { directory: "/etc/systemd/network/".to_owned() }
    }
}

/// The network manager.
pub(crate) const MANAGER: Manager = Manager {
    name: NAME,
    available: |system, _| {
        ["ip", "systemctl"].iter().all(|name| probe::program(system, name, &["/usr/sbin", "/bin"]))
    },
    writer: Some(Writer {
        stale: |settings| {
            Some(Place::by_name(settings.networkd.directory.trim_end_matches('/'), "10-cloud-init-"))
        },
        ..Writer::plain(|state, settings, _| Ok(render(state, &settings.networkd)?))
    }),
    activator: Some(Activator {
        bring_up: |system, _| {
            activate::run(system, &["systemctl", "restart", "systemd-networkd", "systemd-resolved"], true)?;
            Ok(())
        },
        bring_up_one: |system, name| {
            // networkd reads files that were added after its start when it is told to.
            activate::run(system, &["networkctl", "reload"], true)?;
            Ok(system.links.set_up(name, true)?)
        },
        wait: Some(activate::wait_for_networkd),
    }),
};

/// The sections of a file. Lines are sorted and unique.
#[derive(Default)]
struct Unit {
    sections: BTreeMap<&'static str, Vec<String>>,
    /// `[Route]` sections, by a key for sorting.
    routes: BTreeMap<String, Vec<String>>,
    /// `[RoutingPolicyRule]` sections.
    rules: Vec<Vec<String>>,
}

fn insert(lines: &mut Vec<String>, key: &str, value: impl std::fmt::Display) {
    let line = format!("{key}={value}");
    if let Err(at) = lines.binary_search(&line) {
        lines.insert(at, line);
    }
}

impl Unit {
    fn set(&mut self, section: &'static str, key: &str, value: impl std::fmt::Display) {
        insert(self.sections.entry(section).or_default(), key, value);
    }

    fn route(&mut self, id: &str, key: &str, value: impl std::fmt::Display) {
        insert(self.routes.entry(id.to_owned()).or_default(), key, value);
    }

    fn content(&self) -> String {
        let mut sections: Vec<(&str, &[String])> = Vec::new();
        for (name, lines) in &self.sections {
            if *name == "Address" {
                // One section per address.
                sections.extend(lines.chunks(1).map(|line| (*name, line)));
            } else {
                sections.push((name, lines));
            }
        }
        sections.extend(self.routes.values().map(|lines| ("Route", lines.as_slice())));
        sections.extend(self.rules.iter().map(|lines| ("RoutingPolicyRule", lines.as_slice())));
        sections.order_by_key(|(name, _)| *name);
        let texts: Vec<String> =
            sections.iter().map(|(name, lines)| format!("[{name}]\n{}\n", lines.join("\n"))).collect();
        texts.join("\n")
    }
}

/// The files.
pub fn render(state: &NetworkState, settings: &Settings) -> Result<Vec<RenderedFile>, RenderError> {
    let members = Members::of(state);
    let mut files: Vec<Option<RenderedFile>> = Vec::new();
    let mut places = HashMap::new();
    let mut add = |name: &str, extension: &str, unit: &Unit| {
        let path = format!("{}10-cloud-init-{name}.{extension}", settings.directory);
        // A later file replaces an earlier one of the same name.
        if let Some(earlier) = places.insert(path.clone(), files.len()) {
            files[earlier] = None;
        }
        files.push(Some(RenderedFile {
            owner: Some(OWNER),
            ..RenderedFile::new(path, unit.content(), 0o644)
        }));
    };
    // A wireless device needs wpa_supplicant, which is not configured here.
    for link in state.interfaces.values().filter(|link| link.kind != InterfaceKind::Wifi) {
        add(&link.name, "network", &network(state, &members, link)?);
    }
    for link in state.interfaces.values() {
        let unit = match link.kind {
            InterfaceKind::Vlan => vlan(link),
            InterfaceKind::Bond => bond(&members, link),
            InterfaceKind::Bridge => bridge(link),
            _ => None,
        };
        if let Some(unit) = unit {
            add(&link.name, "netdev", &unit);
        }
    }
    Ok(files.into_iter().flatten().collect())
}

/// Which devices belong to which, by name: looked up for each device, of which there may be thousands.
#[derive(Default)]
struct Members<'s> {
    /// The names of VLANs by that of the device below.
    vlans: HashMap<&'s str, Vec<&'s str>>,
    /// The last bond of a member.
    bonds: HashMap<&'s str, &'s Interface>,
    /// The names of bonds with members.
    bonded: HashSet<String>,
    /// The last bridge of a port.
    bridges: HashMap<&'s str, &'s Interface>,
}

impl<'s> Members<'s> {
    fn of(state: &'s NetworkState) -> Self {
        let mut members = Self::default();
        let mut by_master: HashMap<String, Vec<&str>> = HashMap::new();
        for link in state.interfaces.values() {
            if let Some(master) = link.bond_master() {
                by_master.entry(master).or_default().push(&link.name);
            }
        }
        for link in state.interfaces.values() {
            match link.kind {
                InterfaceKind::Vlan => {
                    if let Some((_, below)) = vlan_parts(link) {
                        members.vlans.entry(below).or_default().push(&link.name);
                    }
                }
                InterfaceKind::Bond => {
                    for name in by_master.get(&link.name).into_iter().flatten() {
                        members.bonds.insert(name, link);
                    }
                }
                InterfaceKind::Bridge => {
                    members.bridges.extend(ports(link).iter().map(|port| (port.as_str(), link)));
                }
                _ => {}
            }
        }
        members.bonded = by_master.into_keys().collect();
        members
    }
}

/// VLANs that can be created: they need an ID and a parent.
fn vlan_parts(link: &Interface) -> Option<(&Scalar, &str)> {
    let vlan = link.vlan.as_ref()?;
    Some((vlan.id.as_ref()?, vlan.link.as_deref()?))
}

fn netdev(link: &Interface, kind: &str) -> Unit {
    let mut unit = Unit::default();
    unit.set("NetDev", "Name", &link.name);
    unit.set("NetDev", "Kind", kind);
    if let Some(mtu) = link.mtu.as_ref().filter(|mtu| mtu.is_truthy()) {
        unit.set("NetDev", "MTUBytes", mtu);
    }
    if let Some(mac) = link.mac.as_deref().filter(|mac| !mac.is_empty()) {
        unit.set("NetDev", "MACAddress", mac);
    }
    unit
}

fn vlan(link: &Interface) -> Option<Unit> {
    let Some((id, _)) = vlan_parts(link) else {
        tracing::warn!("Skipping VLAN {} - missing 'id' or 'link'", link.name);
        return None;
    };
    let mut unit = netdev(link, "vlan");
    unit.set("VLAN", "Id", id);
    Some(unit)
}

/// The output format of a bonding parameter.
#[derive(Clone, Copy)]
enum Form {
    Plain,
    Milliseconds,
    LowerCase,
}

const BOND_OPTIONS: &[(&str, &str, Form)] = &[
    ("bond-ad-select", "AdSelect", Form::Plain),
    ("bond-arp-interval", "ARPIntervalSec", Form::Milliseconds),
    ("bond-arp-validate", "ARPValidate", Form::Plain),
    ("bond-downdelay", "DownDelaySec", Form::Milliseconds),
    ("bond-fail-over-mac", "FailOverMACPolicy", Form::Plain),
    ("bond-lacp-rate", "LACPTransmitRate", Form::Plain),
    ("bond-miimon", "MIIMonitorSec", Form::Milliseconds),
    ("bond-min-links", "MinLinks", Form::Plain),
    ("bond-mode", "Mode", Form::Plain),
    ("bond-num-grat-arp", "GratuitousARP", Form::Plain),
    ("bond-primary-reselect", "PrimaryReselectPolicy", Form::Plain),
    ("bond-updelay", "UpDelaySec", Form::Milliseconds),
    ("bond-xmit-hash-policy", "TransmitHashPolicy", Form::Plain),
    ("bond-all-slaves-active", "AllSlavesActive", Form::LowerCase),
    ("bond-arp-all-targets", "ARPAllTargets", Form::Plain),
    ("bond-learn-packet-interval", "LearnPacketIntervalSec", Form::Plain),
    ("bond-packets-per-slave", "PacketsPerSlave", Form::Plain),
];

fn bond(members: &Members<'_>, link: &Interface) -> Option<Unit> {
    if !members.bonded.contains(&link.name) {
        tracing::warn!("Skipping bond {} - missing 'interfaces'", link.name);
        return None;
    }
    let mut unit = netdev(link, "bond");
    for &(param, option, form) in BOND_OPTIONS {
        let Some(value) = param.strip_prefix("bond-").and_then(|name| link.bond_param(name)) else {
            continue;
        };
        match form {
            Form::Plain if param == "bond-mode" => unit.set("Bond", option, bond_mode(value)),
            Form::Plain => unit.set("Bond", option, value),
            Form::Milliseconds => unit.set("Bond", option, format!("{value}ms")),
            Form::LowerCase => unit.set("Bond", option, value.to_string().to_lowercase()),
        }
    }
    if let Some(targets) = link.bond_param("arp-ip-target") {
        unit.set("Bond", "ARPIPTargets", targets.texts().join(" "));
    }
    Some(unit)
}

const BRIDGE_OPTIONS: &[(&str, &str)] = &[
    ("bridge_ageing", "AgeingTimeSec"),
    ("bridge_bridgeprio", "Priority"),
    ("bridge_fd", "ForwardDelaySec"),
    ("bridge_hello", "HelloTimeSec"),
    ("bridge_maxage", "MaxAgeSec"),
    ("bridge_stp", "STP"),
];

fn ports(link: &Interface) -> &[String] {
    link.bridge_ports.as_deref().unwrap_or_default()
}

fn bridge(link: &Interface) -> Option<Unit> {
    if ports(link).is_empty() {
        tracing::warn!("Skipping bridge {} - missing 'interfaces'", link.name);
        return None;
    }
    let mut unit = netdev(link, "bridge");
    for &(param, option) in BRIDGE_OPTIONS {
        match link.params.get(param) {
            Some(Param::One(Scalar::Bool(true))) => unit.set("Bridge", option, "yes"),
            Some(value) if value.is_truthy() => unit.set("Bridge", option, value),
            _ => {}
        }
    }
    Some(unit)
}

/// A port's value in a bridge parameter: version 2 has a mapping, version 1 a list of `PORT NUMBER`.
fn of_port(bridge: &Interface, param: &str, port: &str) -> Option<String> {
    match bridge.params.get(param)? {
        Param::Table(table) => table.get(port).filter(|value| value.is_truthy()).map(ToString::to_string),
        other => other.texts().iter().find_map(|pair| {
            let (name, number) = pair.split_once(char::is_whitespace)?;
            (name == port).then(|| number.trim().to_owned())
        }),
    }
}

/// What a device is a member of.
fn membership(members: &Members<'_>, link: &Interface, unit: &mut Unit) {
    for vlan in members.vlans.get(link.name.as_str()).into_iter().flatten() {
        unit.set("Network", "VLAN", vlan);
    }
    if let Some(bond) = members.bonds.get(link.name.as_str()) {
        unit.set("Network", "Bond", &bond.name);
        let primary = bond.params.get("bond-primary").filter(|primary| primary.is_truthy());
        if primary.is_some_and(|primary| primary.to_string() == link.name) {
            unit.set("Network", "PrimarySlave", "yes");
        }
    }
    let Some(bridge) = members.bridges.get(link.name.as_str()) else { return };
    if let Some(cost) = of_port(bridge, "bridge_pathcost", &link.name) {
        unit.set("Bridge", "Cost", cost);
    }
    if let Some(priority) = of_port(bridge, "bridge_portprio", &link.name) {
        unit.set("Bridge", "Priority", priority);
    }
    unit.set("Network", "Bridge", &bridge.name);
}

fn network(state: &NetworkState, members: &Members<'_>, link: &Interface) -> Result<Unit, RenderError> {
    let mut unit = Unit::default();
    membership(members, link, &mut unit);
    routing_policy(link, &mut unit);
    let device = link.kind == InterfaceKind::Physical;
    let mac = link.mac.as_deref().filter(|mac| !mac.is_empty());
    match &link.matching {
        Some(by) if by.opaque => by.name.iter().for_each(|name| unit.set("Match", "Name", name)),
        _ => unit.set("Match", "Name", &link.name),
    }
    match &link.matching {
        Some(by) if !by.drivers.is_empty() => unit.set("Match", "Driver", by.drivers.join(" ")),
        _ => link.driver().iter().for_each(|driver| unit.set("Match", "Driver", driver)),
    }
    if let Some(mac) = mac {
        match (device, link.bond_master()) {
            // A bond assigns its address to its members: only the permanent address identifies them.
            (true, Some(_)) => unit.set("Match", "PermanentMACAddress", mac),
            (true, None) => unit.set("Match", "MACAddress", mac),
            (false, _) => unit.set("Link", "MACAddress", mac),
        }
    }
    if let Some(mtu) = link.mtu.as_ref().filter(|mtu| mtu.is_truthy()) {
        unit.set("Link", "MTUBytes", mtu);
    }
    if link.optional == Some(true) {
        unit.set("Link", "RequiredForOnline", "no");
    }
    let dhcp = subnets(link, &mut unit);
    name_servers(state, link, &mut unit);
    if state.version == 2 {
        overrides(state, link, dhcp, &mut unit)?;
    }
    Ok(unit)
}

fn write_route(id: &str, route: &Route, unit: &mut Unit) {
    if let Some(gateway) = &route.gateway {
        unit.route(id, "Gateway", gateway);
    }
    unit.route(id, "Destination", format!("{}/{}", route.network, route.prefix));
    if let Some(metric) = route.metric {
        unit.route(id, "Metric", metric);
    }
    if let Some(table) = &route.table {
        unit.route(id, "Table", table);
    }
    if let Some(mtu) = &route.mtu {
        unit.route(id, "MTUBytes", mtu);
    }
    if route.on_link == Some(true) && route.gateway.is_some() {
        unit.route(id, "GatewayOnLink", "yes");
    }
}

fn address_lines(subnet: &Subnet, routes: &mut usize, unit: &mut Unit) {
    let Some(cidr) = subnet.cidr() else { return };
    unit.set("Address", "Address", &cidr);
    if let Some(gateway) = &subnet.gateway {
        let id = format!("a{routes}");
        unit.route(&id, "Gateway", gateway);
        if address::is_off_link(gateway, &cidr) {
            unit.route(&id, "GatewayOnLink", "yes");
        }
        *routes += 1;
    }
    if let Some(servers) = &subnet.dns_nameservers {
        unit.set("Network", "DNS", servers.join(" "));
    }
    if let Some(domains) = &subnet.dns_search {
        unit.set("Network", "Domains", domains.join(" "));
    }
}

/// Addresses and routes; returns the value of `DHCP=`.
fn subnets(link: &Interface, unit: &mut Unit) -> &'static str {
    let (mut v4, mut v6, mut routes) = (false, false, 0);
    for subnet in &link.subnets {
        v4 |= matches!(subnet.kind, SubnetKind::Dhcp | SubnetKind::Dhcp4);
        v6 |= subnet.kind == SubnetKind::Dhcp6;
        for route in &subnet.routes {
            write_route(&format!("r{routes}"), route, unit);
            routes += 1;
        }
        address_lines(subnet, &mut routes, unit);
    }
    let dhcp = match (v4, v6) {
        (true, true) => "yes",
        (true, false) => "ipv4",
        (false, true) => "ipv6",
        (false, false) => "no",
    };
    unit.set("Network", "DHCP", dhcp);
    if let Some(families) = &link.link_local {
        let has = |family: &str| families.iter().any(|known| known == family);
        let value = match (has("ipv4"), has("ipv6")) {
            (true, true) => "yes",
            (true, false) => "ipv4",
            (false, true) => "ipv6",
            (false, false) => "no",
        };
        unit.set("Network", "LinkLocalAddressing", value);
    }
    if let Some(accept) = link.accept_ra {
        unit.set("Network", "IPv6AcceptRA", if accept { "yes" } else { "no" });
    }
    dhcp
}

fn name_servers(state: &NetworkState, link: &Interface, unit: &mut Unit) {
    let global = (state.version == 1).then_some(&state.dns);
    let Some(Dns { nameservers, search }) = link.dns.as_ref().or(global) else { return };
    if !search.is_empty() {
        unit.set("Network", "Domains", search.join(" "));
    }
    if !nameservers.is_empty() {
        unit.set("Network", "DNS", nameservers.join(" "));
    }
}

/// netplan's names of policy rule properties, and those of systemd.network(5).
const RULE_OPTIONS: &[(&str, &str)] = &[
    ("from", "From"),
    ("mark", "FirewallMark"),
    ("priority", "Priority"),
    ("table", "Table"),
    ("to", "To"),
    ("type-of-service", "TypeOfService"),
];

fn routing_policy(link: &Interface, unit: &mut Unit) {
    for rule in &link.rules {
        let mut lines = Vec::new();
        for &(key, option) in RULE_OPTIONS {
            if let Some(value) = rule.get(key) {
                insert(&mut lines, option, value);
            }
        }
        unit.rules.push(lines);
    }
}

const OVERRIDES: &[(&str, &str)] = &[
    ("UseDNS", "use-dns"),
    ("UseDomains", "use-domains"),
    ("UseHostname", "use-hostname"),
    ("UseNTP", "use-ntp"),
];
const OVERRIDES_V4: [(&str, &str); 5] = [
    ("SendHostname", "send-hostname"),
    ("Hostname", "hostname"),
    ("RouteMetric", "route-metric"),
    ("UseMTU", "use-mtu"),
    ("UseRoutes", "use-routes"),
];

/// `dhcp4-overrides` and `dhcp6-overrides`, and VMware's `dhcp4domain`, which is not part of the state.
fn overrides(state: &NetworkState, link: &Interface, dhcp: &str, unit: &mut Unit) -> Result<(), RenderError> {
    let device = state.config.node().at(&["ethernets", link.key()]);
    for (version, section, given) in
        [("4", "DHCPv4", &link.overrides[0]), ("6", "DHCPv6", &link.overrides[1])]
    {
        let key = format!("dhcp{version}domain");
        if let Some(domain) = device.and_then(|device| device.get(&key)) {
            if given.contains_key("use-domains") {
                let what = format!("both {key} and dhcp{version}-overrides.use-domains: use one");
                return Err(RenderError::new(NAME, &domain.origin, what));
            }
            let word = domain.scalar_text().unwrap_or_default().to_lowercase();
            let value = match boolean::strict(&word) {
                Some(true) => "yes",
                Some(false) => "no",
                None if word == "route" => "route",
                None => {
                    tracing::warn!("Invalid {key} value - {word}");
                    "no"
                }
            };
            unit.set(section, "UseDomains", value);
        }
        if dhcp != "yes" && dhcp != format!("ipv{version}") {
            continue;
        }
        let only_v4 = OVERRIDES_V4.iter().filter(|_| version == "4");
        for (option, key) in OVERRIDES.iter().chain(only_v4) {
            if let Some(value) = given.get(*key) {
                unit.set(section, option, value);
            }
        }
    }
    Ok(())
}
