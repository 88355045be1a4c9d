//! interfaces(5), for ifupdown and compatible programs.
//!
//! See interfaces(5), ifenslave's and bridge-utils' README.Debian; the placement of options follows upstream's output.

use model::Order as _;
use netconfig::{
    Dns, Interface, InterfaceKind, NetworkState, Param, Route, Scalar, Subnet, SubnetKind, address,
};

use crate::manager::{Activator, Manager, Writer};
use crate::{RenderError, RenderedFile, activate, probe, rules};

const NAME: &str = "eni";
/// Options with one line per value.
const REPEATED: &[&str] = &["bridge_pathcost", "bridge_portprio", "bridge_waitport"];
/// Parameters that are not options of interfaces(5).
const NOT_OPTIONS: &[&str] = &["driver", "device_id"];

/// The settings of a distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The file.
    pub path: String,
    /// The header, including the line break.
    pub header: String,
    /// The udev rules; `None` to not write them.
    pub rules_path: Option<String>,
    /// Whether routes are set with iproute2, else with `route`.
    pub iproute: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            path: "/etc/network/interfaces".to_owned(),
            header: String::new(),
            rules_path: Some("/etc/udev/rules.d/70-persistent-net.rules".to_owned()),
            iproute: true,
        }
    }
}

/// The network manager.
pub(crate) const MANAGER: Manager = Manager {
    name: NAME,
    available: |system, _| {
        let sbin = ["/sbin", "/usr/sbin"];
        ["ifquery", "ifup", "ifdown"].iter().all(|name| probe::program(system, name, &sbin))
            && system.files.is_file(std::path::Path::new("/etc/network/interfaces"))
    },
    writer: Some(Writer {
        by_name_only: true,
        ..Writer::plain(|state, settings, surroundings| {
            let iproute = (surroundings.iproute)();
            Ok(render(state, &Settings { iproute, ..settings.interfaces.clone() })?)
        })
    }),
    activator: Some(Activator {
        bring_up: |system, names| names.iter().try_for_each(|name| up(system, name)),
        bring_up_one: up,
        wait: None,
    }),
};

fn up(system: &model::System, name: &str) -> Result<(), model::DistroError> {
    activate::run(system, &["ifup", name], true)?;
    Ok(())
}

/// The files.
pub fn render(state: &NetworkState, settings: &Settings) -> Result<Vec<RenderedFile>, RenderError> {
    let content = format!("{}{}", settings.header, content(state, settings)?);
    let mut files = vec![RenderedFile::new(&settings.path, content, 0o644)];
    if let Some(path) = &settings.rules_path {
        let rules = RenderedFile::new(path, rules::persistent_names(state), 0o644);
        files.push(RenderedFile { keeps_mode: true, ..rules });
    }
    Ok(files)
}

/// Physical devices precede virtual ones: a bond needs its members.
fn rank(kind: InterfaceKind) -> Option<u8> {
    match kind {
        InterfaceKind::Loopback => Some(0),
        InterfaceKind::Physical => Some(1),
        InterfaceKind::Infiniband => Some(2),
        InterfaceKind::Bond => Some(3),
        InterfaceKind::Bridge => Some(4),
        InterfaceKind::Vlan => Some(5),
        // ifupdown leaves wireless devices to wpa_supplicant's options.
        InterfaceKind::Wifi | InterfaceKind::Undescribed => None,
    }
}

fn content(state: &NetworkState, settings: &Settings) -> Result<String, RenderError> {
    let mut ranked = Vec::new();
    for link in state.interfaces.values().filter(|link| link.kind != InterfaceKind::Wifi) {
        let what = || format!("the bridge port '{}' without an entry; add one", link.name);
        let rank = rank(link.kind).ok_or_else(|| RenderError::new(NAME, &link.origin, what()))?;
        ranked.push((rank, link));
    }
    ranked.order_by_key(|(rank, link)| (*rank, link.name.as_str()));
    let mut sections = sections_of(&loopback(state), settings);
    for (_, link) in ranked.into_iter().filter(|(_, link)| link.name != "lo") {
        sections.extend(sections_of(link, settings));
    }
    Ok(sections.iter().map(|lines| lines.join("\n")).collect::<Vec<_>>().join("\n\n") + "\n")
}

/// `lo`, which is always up, carries the global name servers.
fn loopback(state: &NetworkState) -> Interface {
    let described = state.interfaces.values().rfind(|link| link.name == "lo").cloned();
    let origin = state.config.node().origin.clone();
    let mut subnet = Subnet::new(SubnetKind::Loopback, origin.clone());
    subnet.control = Some("auto".to_owned());
    let mut lo = described.unwrap_or_else(|| Interface {
        config_id: None,
        name: "lo".to_owned(),
        kind: InterfaceKind::Physical,
        mac: None,
        mtu: None,
        subnets: vec![subnet.clone()],
        accept_ra: None,
        wake_on_lan: None,
        optional: None,
        keep_configuration: None,
        dns: None,
        vlan: None,
        bridge_ports: None,
        params: indexmap::IndexMap::new(),
        matching: None,
        overrides: Default::default(),
        link_local: None,
        rules: Vec::new(),
        access_points: Vec::new(),
        origin,
    });
    let Dns { nameservers, search } = &state.dns;
    if lo.subnets.is_empty() && !(nameservers.is_empty() && search.is_empty()) {
        lo.subnets.push(subnet);
    }
    if let Some(first) = lo.subnets.first_mut() {
        if !nameservers.is_empty() {
            first.dns_nameservers = Some(nameservers.clone());
        }
        if !search.is_empty() {
            first.dns_search = Some(search.clone());
        }
    }
    lo
}

/// The method of `iface`, and additional options.
fn method(subnet: &Subnet, accept_ra: Option<bool>) -> (String, Vec<(&'static str, &'static str)>) {
    let advertised =
        || accept_ra.map(|accept| ("accept_ra", if accept { "1" } else { "0" })).into_iter().collect();
    match &subnet.kind {
        SubnetKind::Dhcp4 | SubnetKind::Dhcp6 | SubnetKind::Stateful => ("dhcp".to_owned(), advertised()),
        SubnetKind::Stateless => ("auto".to_owned(), vec![("dhcp", "1")]),
        SubnetKind::Slaac => ("auto".to_owned(), vec![("dhcp", "0")]),
        _ if subnet.is_ipv6() => ("static".to_owned(), advertised()),
        kind => (kind.name().to_owned(), Vec::new()),
    }
}

fn head(link: &Interface, control: &str, family: &str, method: &str) -> Vec<String> {
    let verb = match control {
        "auto" => "auto".to_owned(),
        "hotplug" => "allow-hotplug".to_owned(),
        other => format!("# control-{other}"),
    };
    vec![format!("{verb} {}", link.name), format!("iface {} {family} {method}", link.name)]
}

/// Search domains and name servers of the first address with any.
type Resolver = (Option<Vec<String>>, Option<Vec<String>>);

fn sections_of(link: &Interface, settings: &Settings) -> Vec<Vec<String>> {
    if link.subnets.is_empty() {
        return vec![without_subnets(link)];
    }
    let mut sections: Vec<Vec<String>> = Vec::new();
    let mut dns: Option<Resolver> = None;
    // IPv6 routes below an IPv4 address are postponed to the next IPv6 stanza.
    let mut waiting: Vec<&Route> = Vec::new();
    // IPv4 routes below an IPv6 address likewise, if an IPv4 stanza follows.
    let mut waiting4: Vec<&Route> = Vec::new();
    let mut control = String::new();
    let automatic = format!("auto {}", link.name);
    for (index, subnet) in link.subnets.iter().enumerate() {
        let v6 = subnet.is_ipv6();
        let (method, added) = method(subnet, link.accept_ra);
        // Old versions of ifupdown complain about a second 'auto' line.
        let repeated = sections.iter().any(|lines| lines.contains(&automatic));
        control = if repeated {
            "alias".to_owned()
        } else {
            subnet.control.clone().unwrap_or_else(|| "auto".to_owned())
        };
        let mut subnet = subnet.clone();
        let has_dns = subnet.dns_search.is_some() || subnet.dns_nameservers.is_some();
        match &dns {
            None if has_dns => dns = Some((subnet.dns_search.clone(), subnet.dns_nameservers.clone())),
            Some((search, servers)) if !has_dns => {
                (subnet.dns_search, subnet.dns_nameservers) = (search.clone(), servers.clone());
            }
            _ => {}
        }
        let mut lines = head(link, &control, if v6 { "inet6" } else { "inet" }, &method);
        lines.extend(subnet_options(&subnet, v6));
        let host = link.overrides[usize::from(v6)].get("hostname");
        lines.extend(host.filter(|_| method == "dhcp" && !v6).map(|name| format!("    hostname {name}")));
        if index == 0 {
            lines.extend(rule_lines(link, settings));
        }
        if index == 0 {
            let mtu_of_subnet = subnet.mtu.as_ref().filter(|_| !v6);
            lines.extend(link_options(link, &added, mtu_of_subnet));
        } else if v6 {
            // Options for the dynamic addresses of a family belong to its own stanza.
            lines.extend(added.iter().map(|(name, value)| format!("    {name} {value}")));
        }
        let original = &link.subnets[index];
        let later4 = link.subnets[index + 1..].iter().any(|subnet| !subnet.is_ipv6());
        let waits = if v6 { &mut waiting } else { &mut waiting4 };
        let mut now: Vec<&Route> = Vec::new();
        std::mem::swap(waits, &mut now);
        let mut own = Vec::new();
        for route in &original.routes {
            match (address::is_v6_network(&route.network), v6) {
                (true, false) => waiting.push(route),
                (false, true) if later4 => waiting4.push(route),
                _ => own.push(route),
            }
        }
        for route in own.into_iter().chain(now) {
            lines.extend(route_lines(route, &link.name, settings));
        }
        sections.push(lines);
    }
    if !waiting.is_empty() {
        let mut subnet = Subnet::new(SubnetKind::Static, link.origin.clone());
        (subnet.dns_search, subnet.dns_nameservers) = dns.unwrap_or_default();
        let mut lines = head(link, &control, "inet6", "static");
        lines.extend(subnet_options(&subnet, true));
        for route in waiting {
            lines.extend(route_lines(route, &link.name, settings));
        }
        sections.push(lines);
    }
    sections
}

fn without_subnets(link: &Interface) -> Vec<String> {
    let mut lines = Vec::new();
    // ifenslave requires bond members to be brought up by name.
    if link.params.contains_key("bond-master") || link.params.contains_key("bond-slaves") {
        lines.push(format!("auto {}", link.name));
    }
    lines.push(format!("iface {} inet manual", link.name));
    lines.extend(link_options(link, &[], None));
    lines
}

/// The options of an address, sorted.
fn subnet_options(subnet: &Subnet, v6: bool) -> Vec<String> {
    let mut options: Vec<(&str, String)> = Vec::new();
    options.extend(subnet.cidr().map(|cidr| ("address", cidr)));
    for (name, value) in [
        ("broadcast", &subnet.broadcast),
        ("gateway", &subnet.gateway),
        ("pointopoint", &subnet.pointopoint),
        ("scope", &subnet.scope),
    ] {
        options.extend(value.clone().map(|value| (name, value)));
    }
    for (name, value) in [("metric", &subnet.metric), ("mtu", &subnet.mtu)] {
        options.extend(value.as_ref().map(|value| (name, value.to_string())));
    }
    let same_family = |server: &&String| {
        if v6 { address::is_v6_network(server) } else { address::is_v4_network(server) }
    };
    let servers = subnet
        .dns_nameservers
        .as_ref()
        .map(|all| all.iter().filter(same_family).cloned().collect::<Vec<_>>());
    // Domains without a server of this family are useless.
    let pointless = servers.as_ref().is_some_and(Vec::is_empty);
    options.extend(servers.filter(|_| !pointless).map(|servers| ("dns-nameservers", servers.join(" "))));
    options.extend(
        subnet
            .dns_search
            .as_ref()
            .filter(|all| !pointless && !all.is_empty())
            .map(|all| ("dns-search", all.join(" "))),
    );
    sorted(options.into_iter().map(|(name, value)| format!("    {name} {value}")).collect())
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.order();
    lines
}

/// The options of the device itself, sorted.
fn link_options(link: &Interface, added: &[(&str, &str)], mtu_of_subnet: Option<&Scalar>) -> Vec<String> {
    let mut params: indexmap::IndexMap<String, Param> = link.params.clone();
    let mut set = |name: &str, value: Option<Param>| {
        if let Some(value) = value {
            params.insert(name.to_owned(), value);
        }
    };
    for (name, value) in added {
        set(name, Some(Param::text(value)));
    }
    let addressed = matches!(
        link.kind,
        InterfaceKind::Bond | InterfaceKind::Bridge | InterfaceKind::Infiniband | InterfaceKind::Vlan
    );
    set("hwaddress", link.mac.as_deref().filter(|_| addressed).map(Param::text));
    set("mtu", link.mtu.clone().filter(|_| mtu_of_subnet.is_none()).map(Param::One));
    if let (Some(own), Some(subnet)) = (&link.mtu, mtu_of_subnet)
        && own != subnet
    {
        tracing::warn!(
            "Network config: ignoring {} device-level mtu:{own} because ipv4 subnet-level mtu:{subnet} provided.",
            link.name
        );
    }
    set("optional", link.optional.map(|value| Param::One(Scalar::Bool(value))));
    set("keep_configuration", link.keep_configuration.clone().map(Param::One));
    set("ethernet-wol", link.wake_on_lan.filter(|wake| *wake).map(|_| Param::text("g")));
    set("bridge_ports", link.bridge_ports.as_ref().map(|ports| Param::text(&ports.join(" "))));
    if let Some(vlan) = &link.vlan {
        set("vlan_id", vlan.id.clone().map(Param::One));
        set("vlan-raw-device", vlan.link.as_deref().map(Param::text));
    }
    let mut lines = Vec::new();
    for (key, value) in &params {
        // ifupdown's own options have a single spelling; options of scripts can use either.
        let name = if key == "accept_ra" { key.clone() } else { key.replace('_', "-") };
        let truth = matches!(value, Param::One(Scalar::Bool(_)));
        if NOT_OPTIONS.contains(&key.as_str()) || !(value.is_truthy() || truth) {
            continue;
        }
        match value {
            Param::One(Scalar::Bool(value)) => {
                lines.push(format!("    {name} {}", if *value { "on" } else { "off" }));
            }
            value if REPEATED.contains(&key.as_str()) => {
                lines.extend(value.texts().into_iter().map(|value| format!("    {name} {value}")));
            }
            Param::Many(_) => lines.push(format!("    {name} {}", value.texts().join(" "))),
            value => lines.push(format!("    {name} {value}")),
        }
    }
    sorted(lines)
}

/// Two lines, to add and to delete the route; an existing route does not make `ifup` fail. Empty if the tools do not
/// support the route.
fn route_lines(route: &Route, link: &str, settings: &Settings) -> Vec<String> {
    let v6 = address::is_v6_network(&route.network);
    let default = route.is_default();
    let cidr = format!("{}/{}", route.network, route.prefix);
    let metric = route.metric.map_or_else(String::new, |metric| format!(" metric {metric}"));
    let on_link = route.on_link == Some(true);
    if settings.iproute {
        let family = if v6 { " -family inet6" } else { "" };
        let mut rest = if default { " default".to_owned() } else { format!(" {cidr}") };
        rest.extend(route.gateway.iter().map(|gateway| format!(" via {gateway}")));
        if on_link || route.gateway.is_none() {
            rest.push_str(&format!(" dev {link}"));
        }
        rest.push_str(&metric);
        rest.extend(route.table.iter().map(|table| format!(" table {table}")));
        rest.extend(route.mtu.iter().map(|mtu| format!(" mtu {mtu}")));
        if on_link && route.gateway.is_some() {
            rest.push_str(" onlink");
        }
        return vec![
            format!("    post-up ip{family} route add{rest} || true"),
            format!("    pre-down ip{family} route del{rest} || true"),
        ];
    }
    if route.table.is_some() {
        // Without its table it would be another route.
        return Vec::new();
    }
    let target = match (default, v6) {
        (true, false) => " default".to_owned(),
        (true, true) => " -A inet6 default".to_owned(),
        (false, true) => format!(" -A inet6 {cidr}"),
        (false, false) if route.prefix == 32 => format!(" -host {cidr}"),
        (false, false) => format!(" -net {cidr}"),
    };
    let over =
        route.gateway.as_ref().map_or_else(|| format!(" dev {link}"), |gateway| format!(" gw {gateway}"));
    let rest = format!("{target}{over}{metric}");
    vec![format!("    post-up route add{rest} || true"), format!("    pre-down route del{rest} || true")]
}

/// Policy rules, which require iproute2.
fn rule_lines(link: &Interface, settings: &Settings) -> Vec<String> {
    let mut lines = Vec::new();
    for rule in link.rules.iter().filter(|_| settings.iproute) {
        let (v6, words) = crate::routing::rule_words(rule);
        let family = if v6 { " -6" } else { "" };
        lines.push(format!("    post-up ip{family} rule add {words} || true"));
        lines.push(format!("    pre-down ip{family} rule del {words} || true"));
    }
    lines
}
