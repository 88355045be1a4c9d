//! Converts interfaces(5), used by ConfigDrive version 1 and old NoCloud seeds, to network config v1.
//!
//! Like upstream's reader; what that ignores (bonds, bridges, VLANs, routes in `post-up`, a name with stanzas of both
//! families) is interpreted like ifupdown, ifenslave and bridge-utils do.

mod routes;

use std::collections::BTreeMap;

use indexmap::IndexMap;
pub use interfaces::Error;
use interfaces::{Interfaces, Kind, Stanza};
use model::NetworkConfig;
use model::Order as _;
use serde_json::{Map, Value, json};

/// The stanzas of a name.
#[derive(Default)]
struct Described {
    automatic: bool,
    hotplug: bool,
    stanzas: Vec<Stanza>,
}

/// A device with the stanzas of its name and its aliases.
type Devices = BTreeMap<String, Map<String, Value>>;

/// Converts the content of an interfaces file; sourced files are not read.
pub fn convert(bytes: &[u8]) -> Result<NetworkConfig, Error> {
    let mut found: IndexMap<String, Described> = IndexMap::new();
    for stanza in Interfaces::parse(bytes)?.stanzas() {
        match &stanza.kind {
            Kind::Allow { class, interfaces } => {
                for name in interfaces {
                    let described = found.entry(name.clone()).or_default();
                    described.automatic |= class == "auto";
                    described.hotplug |= class == "hotplug";
                }
            }
            Kind::Iface { name, .. } => found.entry(name.clone()).or_default().stanzas.push(stanza.clone()),
            _ => {}
        }
    }
    found.retain(|_, described| described.automatic || !described.stanzas.is_empty());
    let members: Vec<(String, String)> = found
        .iter()
        .filter_map(|(name, described)| Some((name.clone(), option(described, "bond-master")?.to_owned())))
        .collect();
    let mut devices = Devices::new();
    for (name, described) in found {
        // `eth0:1` is another address of eth0.
        let device = name.split(':').next().unwrap_or_default().to_owned();
        let entry =
            devices.entry(device.clone()).or_insert_with(|| new_device(&device, &described, &members));
        if let Some(Value::Array(subnets)) = entry.get_mut("subnets") {
            subnets.extend(described.stanzas.iter().map(|stanza| subnet(&name, &described, stanza)));
        }
    }
    let devices: Vec<Value> = devices.into_values().map(Value::Object).collect();
    Ok(NetworkConfig::from_json(json!({"version": 1, "config": devices}), "interfaces file"))
}

/// The first value of an option in any stanza of a name; scripts accept `_` for `-`.
fn option<'d>(described: &'d Described, name: &str) -> Option<&'d str> {
    let other = name.replace('-', "_");
    described.stanzas.iter().find_map(|stanza| stanza.option(name).or_else(|| stanza.option(&other)))
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().filter(|word| *word != "none").collect()
}

/// A number where it is one.
fn scalar(text: &str) -> Value {
    text.parse::<i64>().map_or_else(|_| json!(text), Value::from)
}

/// A boolean, or 2: the kernel's `accept_ra` for accepting advertisements while forwarding.
fn flag(text: &str) -> bool {
    boolean::lenient(text) || text == "2"
}

/// Options of the bonding driver and of bridge-utils, with the names of version 1.
fn params(described: &Described, prefix: &str, handled: &[&str]) -> Map<String, Value> {
    let mut found = Map::new();
    for (name, value) in described.stanzas.iter().flat_map(|stanza| &stanza.options) {
        let dashed = name.replace('_', "-");
        if !dashed.starts_with(prefix) || handled.contains(&dashed.as_str()) {
            continue;
        }
        let key = if prefix == "bridge-" { dashed.replacen('-', "_", 1) } else { dashed };
        match key.as_str() {
            // One line per port.
            "bridge_pathcost" | "bridge_portprio" | "bridge_waitport" => {
                if let Value::Array(all) = found.entry(key).or_insert_with(|| json!([])) {
                    all.push(json!(value));
                }
            }
            "bridge_stp" => {
                found.entry(key).or_insert_with(|| json!(flag(value)));
            }
            _ => {
                found.entry(key).or_insert_with(|| scalar(value));
            }
        }
    }
    found
}

fn new_device(name: &str, described: &Described, members: &[(String, String)]) -> Map<String, Value> {
    let mut device = Map::new();
    let mut set = |key: &str, value: Value| device.insert(key.to_owned(), value);
    set("type", json!(if name == "lo" { "loopback" } else { "physical" }));
    set("name", json!(name));
    set("subnets", json!([]));
    if let Some(address) = option(described, "hwaddress") {
        // `hwaddress ether MAC` or `hwaddress MAC`.
        set("mac_address", json!(address.strip_prefix("ether").map_or(address, str::trim_start)));
    }
    if let Some(mtu) = described.stanzas.first().and_then(|stanza| stanza.option("mtu")) {
        set("mtu", scalar(mtu));
    }
    if let Some(accept) = option(described, "accept-ra") {
        set("accept-ra", json!(flag(accept)));
    }
    if option(described, "ethernet-wol").is_some_and(|modes| modes.contains('g')) {
        set("wakeonlan", json!(true));
    }
    if let Some(optional) = option(described, "optional") {
        set("optional", json!(flag(optional)));
    }
    if let Some(ports) = option(described, "bridge-ports") {
        set("type", json!("bridge"));
        set("bridge_interfaces", json!(words(ports)));
        set("params", Value::Object(params(described, "bridge-", &["bridge-ports"])));
    } else if let Some(slaves) = option(described, "bond-slaves").or_else(|| option(described, "slaves")) {
        let mut ports: Vec<&str> = words(slaves);
        let named = members.iter().filter(|(_, master)| master == name).map(|(member, _)| member.as_str());
        ports.extend(named);
        ports.order();
        ports.dedup();
        set("type", json!("bond"));
        set("bond_interfaces", json!(ports));
        set("params", Value::Object(params(described, "bond-", &["bond-slaves", "bond-master"])));
    } else if let Some((link, id)) = vlan(name, described) {
        set("type", json!("vlan"));
        set("vlan_link", json!(link));
        set("vlan_id", scalar(&id));
    }
    device
}

/// The parent device and ID of a VLAN: from `vlan-raw-device` and `vlan-id`, else from its name (`eth0.5`, `vlan5`).
fn vlan(name: &str, described: &Described) -> Option<(String, String)> {
    let link = option(described, "vlan-raw-device")?.to_owned();
    let by_name = || name.rsplit_once('.').map(|(_, id)| id).or_else(|| name.strip_prefix("vlan"));
    let id = option(described, "vlan-id").or_else(by_name)?;
    Some((link, id.trim_start_matches('0').to_owned()))
}

/// The name of a method in version 1. Upstream uses the method unchanged, regardless of the family.
fn kind<'a>(stanza: &Stanza, family: Option<&str>, method: &'a str) -> &'a str {
    match (family, method, stanza.option("dhcp")) {
        (Some("inet6"), "dhcp", _) => "dhcp6",
        (Some("inet6"), "auto", Some("1")) => "ipv6_dhcpv6-stateless",
        (Some("inet6"), "auto", _) => "ipv6_slaac",
        _ => method,
    }
}

fn subnet(name: &str, described: &Described, stanza: &Stanza) -> Value {
    let mut subnet = Map::new();
    let (family, method) = match &stanza.kind {
        Kind::Iface { family, method, .. } => (family.as_deref(), method.as_deref().unwrap_or("manual")),
        _ => (None, "manual"),
    };
    subnet.insert("_orig_eni_name".into(), json!(name));
    subnet.insert("type".into(), json!(kind(stanza, family, method)));
    let control = match (described.automatic, described.hotplug) {
        (true, _) => "auto",
        (false, true) => "hotplug",
        (false, false) => "manual",
    };
    subnet.insert("control".into(), json!(control));
    let mut copy = |key: &str| {
        if let Some(value) = stanza.option(key) {
            subnet.insert(key.into(), json!(value));
        }
    };
    if method == "static" {
        copy("address");
    }
    for key in ["netmask", "gateway", "broadcast", "pointopoint", "scope"] {
        copy(key);
    }
    if let Some(metric) = stanza.option("metric") {
        subnet.insert("metric".into(), scalar(metric));
    }
    // The first stanza determines the device's properties.
    let first = described.stanzas.first().is_some_and(|first| first.line == stanza.line);
    if let Some(mtu) = stanza.option("mtu").filter(|_| !first) {
        subnet.insert("mtu".into(), scalar(mtu));
    }
    for (option, key) in [("dns-nameservers", "dns_nameservers"), ("dns-search", "dns_search")] {
        let words: Vec<&str> = stanza.option(option).unwrap_or_default().split_whitespace().collect();
        if !words.is_empty() {
            subnet.insert(key.into(), json!(words));
        }
    }
    let hooks = ["up", "post-up", "pre-up"].into_iter().flat_map(|hook| stanza.all(hook));
    let routes: Vec<Value> = hooks.filter_map(routes::read).collect();
    if !routes.is_empty() {
        subnet.insert("routes".into(), Value::Array(routes));
    }
    Value::Object(subnet)
}
