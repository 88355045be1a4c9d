//! Converts OpenStack's `network_data.json` to network config v1.
//!
//! The document: <https://docs.openstack.org/nova/latest/user/metadata.html>, and its schema in nova's
//! `doc/api_schemas/network_data.json`; public clouds add link types of their own.

use indexmap::IndexMap;
use model::NetworkConfig;
use model::config::Origin;
use model::effects::Link;
use serde_json::{Map, Value, json};

use crate::{NetError, links};

const SOURCE: &str = "network_data.json";
/// Link types that are physical devices of this machine, however the host provides them.
const PHYSICAL: &[&str] = &[
    "bgpovs",
    "bridge",
    "cascading",
    "dvs",
    "ethernet",
    "hw_veb",
    "hyperv",
    "ovs",
    "phy",
    "tap",
    "vhostuser",
    "vif",
];
const LINK_KEYS: &[&str] = &["name", "type", "mac_address", "subnets", "params", "mtu"];
const SUBNET_KEYS: &[&str] = &[
    "type",
    "address",
    "netmask",
    "broadcast",
    "metric",
    "gateway",
    "pointopoint",
    "scope",
    "dns_nameservers",
    "dns_search",
];
const ROUTE_KEYS: &[&str] = &["network", "destination", "netmask", "gateway", "metric"];

/// A link of the document.
struct Known {
    name: Option<String>,
    mac: Option<String>,
}

/// A name that is known only after all links have been read.
enum Pending {
    /// The members of a bond: entry, IDs.
    Members(usize, Vec<String>),
    /// The parent of a VLAN: entry, its ID, the VLAN ID.
    Below(usize, String, String),
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn required(object: &Value, what: &str, key: &'static str) -> Result<String, NetError> {
    object.get(key).and_then(text).ok_or_else(|| NetError::Missing {
        origin: Origin::whole(SOURCE),
        what: what.to_owned(),
        key,
    })
}

fn list<'a>(object: &'a Value, key: &str) -> &'a [Value] {
    object.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn only(object: &Value, keys: &[&str]) -> Map<String, Value> {
    let entries = object.as_object().into_iter().flatten();
    entries
        .filter(|(key, _)| keys.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Converts the document; `machine` are this machine's devices, which provide the names by MAC.
///
/// A missing device may appear later: wait for udev and call this again.
pub fn convert(data: &Value, machine: &[Link]) -> Result<NetworkConfig, NetError> {
    let mut entries: Vec<Map<String, Value>> = Vec::new();
    let mut known: IndexMap<String, Known> = IndexMap::new();
    let mut pending = Vec::new();
    let mut bonds = 0;
    for link in list(data, "links") {
        let id = required(link, "a link of network_data.json", "id")?;
        let mut entry = only(link, LINK_KEYS);
        let mac = link.get("ethernet_mac_address").and_then(Value::as_str).filter(|mac| !mac.is_empty());
        let mac = mac.map(str::to_lowercase);
        let subnets = subnets(data, &id, &mut entry)?;
        entry.insert("subnets".into(), Value::Array(subnets));
        match link.get("type").and_then(Value::as_str) {
            Some("bond") => bond(link, &mut entry, mac.as_deref(), &mut bonds),
            Some("vlan") => vlan(link, &mut entry)?,
            other => {
                if let Some(kind) = other.filter(|kind| !PHYSICAL.contains(kind)) {
                    tracing::warn!("Unknown network_data link type ({kind}); treating as physical");
                }
                entry.insert("type".into(), json!("physical"));
                entry.insert("mac_address".into(), json!(mac));
            }
        }
        let kind = link.get("type").and_then(Value::as_str);
        match kind {
            Some("bond") => {
                let members = list(link, "bond_links").iter().filter_map(text).collect();
                pending.push(Pending::Members(entries.len(), members));
            }
            Some("vlan") => {
                let below = required(link, "a VLAN of network_data.json", "vlan_link")?;
                pending.push(Pending::Below(
                    entries.len(),
                    below,
                    required(link, "a VLAN of network_data.json", "vlan_id")?,
                ));
            }
            _ => {}
        }
        let name = entry.get("name").and_then(Value::as_str).map(str::to_owned);
        let mac = if kind == Some("vlan") { link.get("vlan_mac_address").and_then(text) } else { mac };
        known.insert(id, Known { name, mac });
        entries.push(entry);
    }
    name_links(&mut entries, &mut known, &pending, machine)?;
    let infiniband = links::infiniband(machine);
    for entry in &mut entries {
        let full = entry.get("name").and_then(Value::as_str).and_then(|name| infiniband.get(name)).cloned();
        if let Some(full) = full {
            entry.insert("mac_address".into(), json!(full));
            entry.insert("type".into(), json!("infiniband"));
        }
    }
    for service in list(data, "services") {
        let mut service = service.as_object().cloned().unwrap_or_default();
        service.insert("type".into(), json!("nameserver"));
        entries.push(service);
    }
    Ok(NetworkConfig::from_json(json!({"version": 1, "config": entries}), SOURCE))
}

fn bond(link: &Value, entry: &mut Map<String, Value>, mac: Option<&str>, bonds: &mut usize) {
    if let Some(mac) = mac {
        entry.insert("mac_address".into(), json!(mac));
    }
    let mut params = Map::new();
    for (key, value) in link.as_object().into_iter().flatten() {
        if key.starts_with("bond") && key != "bond_links" {
            let name = key.strip_prefix("bond_").unwrap_or(key);
            params.insert(format!("bond-{name}"), value.clone());
        }
    }
    entry.insert("params".into(), Value::Object(params));
    if entry.get("name").is_none_or(Value::is_null) {
        entry.insert("name".into(), json!(format!("bond{bonds}")));
    }
    *bonds += 1;
}

fn vlan(link: &Value, entry: &mut Map<String, Value>) -> Result<(), NetError> {
    let what = "a VLAN of network_data.json";
    let name = format!("{}.{}", required(link, what, "vlan_link")?, required(link, what, "vlan_id")?);
    entry.insert("name".into(), json!(name));
    entry.insert("vlan_id".into(), link.get("vlan_id").cloned().unwrap_or_default());
    entry.insert("mac_address".into(), json!(required(link, what, "vlan_mac_address")?));
    Ok(())
}

/// The networks of a link. IPv6 networks determine whether the device accepts router advertisements.
fn subnets(data: &Value, id: &str, entry: &mut Map<String, Value>) -> Result<Vec<Value>, NetError> {
    let mut subnets = Vec::new();
    for network in list(data, "networks") {
        if required(network, "a network of network_data.json", "link")? != id {
            continue;
        }
        let mut subnet = only(network, SUBNET_KEYS);
        let routes: Vec<Value> =
            list(network, "routes").iter().map(|route| Value::Object(only(route, ROUTE_KEYS))).collect();
        if !routes.is_empty() {
            subnet.insert("routes".into(), Value::Array(routes));
        }
        let kind = required(network, "a network of network_data.json", "type")?;
        let (ours, addressed) = match kind.as_str() {
            "ipv4_dhcp" => ("dhcp4", false),
            "ipv6_dhcp" => ("dhcp6", false),
            "ipv4" | "static" => ("static", true),
            "ipv6" | "static6" => ("static6", true),
            other => (other, false),
        };
        subnet.insert("type".into(), json!(ours));
        if addressed {
            subnet.insert("address".into(), network.get("ip_address").cloned().unwrap_or_default());
        }
        if ours == "static6" {
            entry.insert("accept-ra".into(), json!(false));
        }
        let servers = nameservers(network);
        if !servers.is_empty() {
            subnet.insert("dns_nameservers".into(), Value::Array(servers));
        }
        if matches!(kind.as_str(), "ipv6_dhcpv6-stateful" | "ipv6_dhcp") {
            entry.insert("accept-ra".into(), json!(true));
        }
        if matches!(kind.as_str(), "ipv4" | "ipv6") {
            subnet.insert(kind, json!(true));
        }
        subnets.push(Value::Object(subnet));
    }
    Ok(subnets)
}

/// DNS services of a network's routes, then its own.
fn nameservers(network: &Value) -> Vec<Value> {
    let is_dns = |service: &&Value| service.get("type").and_then(Value::as_str) == Some("dns");
    let address = |service: &Value| service.get("address").cloned();
    let of_routes = list(network, "routes").iter().flat_map(|route| list(route, "services"));
    let mut servers: Vec<Value> = of_routes.filter(is_dns).filter_map(address).collect();
    for server in list(network, "services").iter().filter(is_dns).filter_map(address) {
        if !servers.contains(&server) {
            servers.push(server);
        }
    }
    servers
}

/// Renames each link to this machine's device with its MAC, and updates bonds and VLANs.
fn name_links(
    entries: &mut [Map<String, Value>],
    known: &mut IndexMap<String, Known>,
    pending: &[Pending],
    machine: &[Link],
) -> Result<(), NetError> {
    let unnamed = |entry: &Map<String, Value>| {
        entry.get("type").and_then(Value::as_str) == Some("physical") && !entry.contains_key("name")
    };
    if pending.is_empty() && !entries.iter().any(unnamed) {
        return Ok(());
    }
    let by_mac = links::by_mac(machine)?;
    for info in known.values_mut().filter(|info| info.name.as_ref().is_none_or(String::is_empty)) {
        info.name = info.mac.as_ref().and_then(|mac| by_mac.get(mac)).cloned();
    }
    for entry in entries.iter_mut().filter(|entry| unnamed(entry)) {
        let mac = entry.get("mac_address").and_then(Value::as_str).unwrap_or_default().to_owned();
        let name = by_mac.get(&mac).ok_or_else(|| {
            let of = known.iter().find(|(_, info)| info.mac.as_deref() == Some(&mac));
            NetError::NoSuchLink { id: of.map_or_else(String::new, |(id, _)| id.clone()), mac }
        })?;
        entry.insert("name".into(), json!(name));
    }
    let name_of = |known: &IndexMap<String, Known>, id: &str| {
        known.get(id).and_then(|info| info.name.clone()).ok_or_else(|| NetError::NoSuchLink {
            id: id.to_owned(),
            mac: known.get(id).and_then(|info| info.mac.clone()).unwrap_or_default(),
        })
    };
    for update in pending {
        match update {
            Pending::Members(at, ids) => {
                let names = ids.iter().map(|id| name_of(known, id)).collect::<Result<Vec<_>, _>>()?;
                entries[*at].insert("bond_interfaces".into(), json!(names));
            }
            Pending::Below(at, id, number) => {
                let below = name_of(known, id)?;
                entries[*at].insert("vlan_link".into(), json!(below));
                entries[*at].insert("name".into(), json!(format!("{below}.{number}")));
            }
        }
    }
    Ok(())
}
