//! Network config version 2: netplan's format.

use model::effects::Link;
use model::{Key, NetworkConfig, Node, Value};

use crate::command::Description;
use crate::read::{Table, mac, route, text, wrong_kind};
use crate::{
    AccessPoint, Dns, InterfaceKind, Matching, NetError, NetworkState, Param, Scalar, Subnet, SubnetKind,
    Vlan, address, links, refer,
};

/// Parameters of bonds: their names in version 1 (and interfaces(5)) and in version 2.
pub const BOND_PARAMETERS: &[(&str, &str)] = &[
    ("bond-ad-select", "ad-select"),
    ("bond-all-slaves-active", "all-slaves-active"),
    ("bond-arp-all-targets", "arp-all-targets"),
    ("bond-arp-interval", "arp-interval"),
    ("bond-arp-ip-target", "arp-ip-target"),
    ("bond-arp-validate", "arp-validate"),
    ("bond-downdelay", "down-delay"),
    ("bond-fail-over-mac", "fail-over-mac-policy"),
    ("bond-lacp-rate", "lacp-rate"),
    ("bond-learn-packet-interval", "learn-packet-interval"),
    ("bond-miimon", "mii-monitor-interval"),
    ("bond-min-links", "min-links"),
    ("bond-mode", "mode"),
    ("bond-num-grat-arp", "gratuitous-arp"),
    ("bond-packets-per-slave", "packets-per-slave"),
    ("bond-primary", "primary"),
    ("bond-primary-reselect", "primary-reselect-policy"),
    ("bond-updelay", "up-delay"),
    ("bond-xmit-hash-policy", "transmit-hash-policy"),
];

/// Bonding modes by number (linux/Documentation/networking/bonding.rst).
const BOND_MODES: &[&str] =
    &["balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"];

/// A bonding mode by name, for renderers that do not accept numbers.
pub fn bond_mode(mode: &Param) -> Param {
    let number = mode.to_string().parse::<usize>().ok();
    number.and_then(|number| BOND_MODES.get(number)).map_or_else(|| mode.clone(), |name| Param::text(name))
}

/// Parameters of bridges: their names in version 1 (and interfaces(5)) and in version 2.
pub const BRIDGE_PARAMETERS: &[(&str, &str)] = &[
    ("bridge_ageing", "ageing-time"),
    ("bridge_bridgeprio", "priority"),
    ("bridge_fd", "forward-delay"),
    ("bridge_hello", "hello-time"),
    ("bridge_maxage", "max-age"),
    ("bridge_pathcost", "path-cost"),
    ("bridge_portprio", "port-priority"),
    ("bridge_stp", "stp"),
];

pub(crate) fn read(config: &NetworkConfig, known: &[Link]) -> Result<NetworkState, NetError> {
    let mut state = NetworkState::empty(2, config);
    for (key, node) in Table::new(config.node(), "network")?.entries() {
        let section = key.to_string();
        match section.as_str() {
            "version" | "renderer" => continue,
            "ethernets" | "bonds" | "bridges" | "vlans" | "wifis" => {}
            // The report of unsupported keys names netplan's other sections.
            _ => continue,
        }
        let table = Table::new(node, &section)?;
        let by_mac = if section == "ethernets" { links::by_mac(known)? } else { indexmap::IndexMap::new() };
        for (id, node) in table.entries() {
            let id = id.to_string();
            let table = Table::new(node, &id)?;
            for deprecated in ["gateway4", "gateway6"] {
                if table.has(deprecated) {
                    tracing::info!("{}: '{deprecated}' is deprecated: use a default route", node.origin);
                }
            }
            match section.as_str() {
                "ethernets" => ethernet(&mut state, &id, table, &by_mac, known)?,
                "wifis" => wifi(&mut state, &id, table)?,
                "vlans" => vlan(&mut state, &id, table)?,
                "bonds" => bond(&mut state, &id, table)?,
                _ => bridge(&mut state, &id, table)?,
            }
        }
        nameservers(&mut state, table)?;
    }
    refer::to_names(&mut state);
    Ok(state)
}

/// Name servers of each device in a section. Like upstream, stops at the first one with domains but without servers.
fn nameservers(state: &mut NetworkState, section: Table<'_>) -> Result<(), NetError> {
    for (id, node) in section.entries() {
        let Some(dns) = Table::new(node, "nameservers")?.table("nameservers")? else { continue };
        if dns.truthy("addresses").is_none() {
            tracing::warn!("{}: Skipping invalid command: nameservers without addresses", dns.node.origin);
            return Ok(());
        }
        let dns = Dns { nameservers: dns.one_or_more("addresses")?, search: dns.one_or_more("search")? };
        if let Some(interface) = state.interfaces.get_mut(id.to_string().as_str()) {
            interface.dns = Some(dns);
        }
    }
    Ok(())
}

fn describe(
    id: &str,
    kind: InterfaceKind,
    table: Table<'_>,
    state: &mut NetworkState,
) -> Result<Description, NetError> {
    let mut link = Description::new(id, kind, table.node.origin.clone());
    link.mtu = table.scalar("mtu")?;
    link.accept_ra = table.flag("accept-ra")?;
    link.optional = table.flag("optional")?;
    link.subnets = subnets(table)?;
    link.overrides = [table.scalars("dhcp4-overrides")?, table.scalars("dhcp6-overrides")?];
    if table.has("link-local") {
        link.link_local = Some(table.texts("link-local")?.unwrap_or_default());
    }
    for node in table.list("routing-policy")? {
        link.rules.push(Table::new(node, "routing-policy")?.own_scalars());
    }
    state.use_ipv6 |= table.truthy("dhcp6").is_some();
    Ok(link)
}

fn ethernet(
    state: &mut NetworkState,
    id: &str,
    table: Table<'_>,
    by_mac: &indexmap::IndexMap<String, String>,
    known: &[Link],
) -> Result<(), NetError> {
    let mut link = describe(id, InterfaceKind::Physical, table, state)?;
    link.config_id = Some(id.to_owned());
    if let Some(matching) = table.table("match")? {
        link.mac = matching.mac("macaddress")?.filter(|mac| !mac.is_empty());
        if let Some(driver) = matching.truthy("driver") {
            let driver = Param::from_node(driver).ok_or_else(|| wrong_kind(driver, "driver", "text"))?;
            link.params.insert("driver".to_owned(), driver);
        }
        link.matching = Some(Matching {
            name: matching.text("name")?.filter(|name| !name.is_empty()),
            drivers: matching.one_or_more("driver")?,
            opaque: false,
        });
    }
    // set-name takes precedence over the device's current name.
    if let Some(name) = table.truthy("set-name") {
        link.name = text(name, "set-name")?;
    } else if let Some(name) = link.mac.as_ref().and_then(|mac| by_mac.get(mac)) {
        link.name.clone_from(name);
    } else if let Some(name) = link.matching.as_ref().and_then(refer::literal) {
        link.name = name;
    } else if let Some(matching) =
        link.matching.as_mut().filter(|by| by.name.is_some() || !by.drivers.is_empty())
    {
        // The ID is not a device name. If one device matches, it is used; otherwise each renderer decides.
        match refer::fitting(matching, link.mac.as_deref(), known).as_slice() {
            [one] => link.name.clone_from(&one.name),
            _ => matching.opaque = true,
        }
    }
    link.wake_on_lan = table.flag("wakeonlan")?;
    state.physical(link);
    Ok(())
}

fn wifi(state: &mut NetworkState, id: &str, table: Table<'_>) -> Result<(), NetError> {
    let mut link = describe(id, InterfaceKind::Wifi, table, state)?;
    link.mac = table.table("match")?.map(|by| by.mac("macaddress")).transpose()?.flatten();
    for (ssid, node) in table.table("access-points")?.into_iter().flat_map(Table::entries) {
        let (mut settings, mut auth) = (indexmap::IndexMap::new(), indexmap::IndexMap::new());
        if !node.is_null() {
            let point = Table::new(node, "access-points")?;
            settings = point.own_scalars();
            auth = point.scalars("auth")?;
        }
        link.access_points.push(AccessPoint { ssid: ssid.to_string(), settings, auth });
    }
    state.physical(link);
    Ok(())
}

fn vlan(state: &mut NetworkState, id: &str, table: Table<'_>) -> Result<(), NetError> {
    let mut link = describe(id, InterfaceKind::Vlan, table, state)?;
    link.mac = table.mac("macaddress")?;
    let vlan = Vlan { id: table.scalar("id")?, link: table.text("link")? };
    state.vlan(link, vlan);
    Ok(())
}

/// The parameters with their names in version 1.
fn parameters(link: &mut Description, table: Table<'_>, names: &[(&str, &str)]) -> Result<(), NetError> {
    let written = table.table("parameters")?;
    // netplan accepts two spellings of this one; the old one takes precedence, unless it is zero.
    let misspelled = written.and_then(|table| table.get("gratuitious-arp"));
    for (key, node) in written.into_iter().flat_map(Table::entries) {
        let key = key.to_string();
        let name = match key.as_str() {
            "gratuitious-arp" => "gratuitous-arp",
            // netplan's name; the table has the one that upstream accepts.
            "arp-ip-targets" => "arp-ip-target",
            other => other,
        };
        let loses = name == "gratuitous-arp"
            && misspelled.is_some_and(|old| if key == name { old.is_truthy() } else { !old.is_truthy() });
        // An unknown parameter is only reported as unsupported.
        let Some((old, _)) = names.iter().find(|(_, new)| *new == name) else { continue };
        if !node.is_null() && !loses {
            let param = Param::from_node(node).ok_or_else(|| wrong_kind(node, &key, "a value"))?;
            link.params.insert((*old).to_owned(), param);
        }
    }
    Ok(())
}

fn bond(state: &mut NetworkState, id: &str, table: Table<'_>) -> Result<(), NetError> {
    let mut link = describe(id, InterfaceKind::Bond, table, state)?;
    link.mac = table.mac("macaddress")?;
    parameters(&mut link, table, BOND_PARAMETERS)?;
    let members = table.texts("interfaces")?.ok_or_else(|| table.missing("a bond", "interfaces"))?;
    state.bond(link, &members);
    Ok(())
}

fn bridge(state: &mut NetworkState, id: &str, table: Table<'_>) -> Result<(), NetError> {
    let mut link = describe(id, InterfaceKind::Bridge, table, state)?;
    link.mac = table.mac("macaddress")?;
    parameters(&mut link, table, BRIDGE_PARAMETERS)?;
    let ports = table.texts("interfaces")?.ok_or_else(|| table.missing("a bridge", "interfaces"))?;
    state.bridge(link, ports)
}

/// DHCP for a family, with the metric of its overrides.
fn dhcp(table: Table<'_>, key: &str, overrides: &str, kind: SubnetKind) -> Result<Option<Subnet>, NetError> {
    let Some(node) = table.truthy(key) else { return Ok(None) };
    let mut subnet = Subnet::new(kind, node.origin.clone());
    if let Some(overrides) = table.table(overrides)? {
        subnet.metric = overrides.scalar("route-metric")?.filter(Scalar::is_truthy);
    }
    Ok(Some(subnet))
}

/// `ADDRESS/PREFIX`, alone or as the only key of a mapping with its label or lifetime.
fn static_address(node: &Node) -> Result<Subnet, NetError> {
    let written = match &node.value {
        Value::Map(map) if map.len() == 1 => map.keys().next().and_then(Key::as_str).map(str::to_owned),
        _ => node.as_str().map(str::to_owned),
    };
    let written = written.ok_or_else(|| wrong_kind(node, "addresses", "an address with its prefix"))?;
    let as_v1 = Node::new(
        Value::Map(
            [("type", "static"), ("address", written.as_str())]
                .map(|(key, value)| {
                    (Key::from(key), Node::new(Value::Str(value.to_owned()), node.origin.clone()))
                })
                .into_iter()
                .collect(),
        ),
        node.origin.clone(),
    );
    crate::read::subnet(&as_v1)
}

/// The addresses of a device. Gateways are assigned to the first address of their family, name servers to the first
/// address, routes to the first subnet: version 1 has no other place for them.
fn subnets(table: Table<'_>) -> Result<Vec<Subnet>, NetError> {
    let mut subnets = Vec::new();
    subnets.extend(dhcp(table, "dhcp4", "dhcp4-overrides", SubnetKind::Dhcp4)?);
    subnets.extend(dhcp(table, "dhcp6", "dhcp6-overrides", SubnetKind::Dhcp6)?);
    let (mut gateway4, mut gateway6) = (table.text("gateway4")?, table.text("gateway6")?);
    let mut dns = table.table("nameservers")?;
    for node in table.list("addresses")? {
        let mut subnet = static_address(node)?;
        let v6 = subnet.address.as_deref().is_some_and(address::is_v6);
        let gateway = if v6 { gateway6.take() } else { gateway4.take() };
        subnet.gateway = gateway.filter(|gateway| !gateway.is_empty());
        if let Some(dns) = dns.take() {
            subnet.dns_nameservers =
                dns.truthy("addresses").map(|_| dns.one_or_more("addresses")).transpose()?;
            subnet.dns_search = dns.truthy("search").map(|_| dns.one_or_more("search")).transpose()?;
        }
        subnets.push(subnet);
    }
    let routes = table.list("routes")?.iter().map(route).collect::<Result<Vec<_>, _>>()?;
    if let Some(first) = subnets.first_mut() {
        first.routes = routes;
    }
    Ok(subnets)
}

/// Finds MAC addresses that YAML read as numbers, in the keys that contain them.
pub(crate) fn check_macs(node: &Node) -> Result<(), NetError> {
    match &node.value {
        Value::List(items) => items.iter().try_for_each(check_macs),
        Value::Map(map) => map.iter().try_for_each(|(key, item)| {
            let name = key.as_str().unwrap_or_default();
            if name == "macaddress" && item.as_int().is_some() {
                return mac(item, name).map(drop);
            }
            check_macs(item)
        }),
        _ => Ok(()),
    }
}
