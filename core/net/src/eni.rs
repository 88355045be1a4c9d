//! interfaces(5), as a ConfigDrive of version 1 and old NoCloud seeds bring it, to network config v1.

use std::collections::BTreeMap;

use indexmap::IndexMap;
pub use interfaces::Error;
use interfaces::{Interfaces, Kind, Stanza};
use model::NetworkConfig;
use serde_json::{Map, Value, json};

/// What the stanzas say of one name.
#[derive(Default)]
struct Described {
    automatic: bool,
    stanzas: Vec<Stanza>,
}

/// Network config v1 from the content of an interfaces file; files that it sources are not read.
pub fn convert(bytes: &[u8]) -> Result<NetworkConfig, Error> {
    let mut found: IndexMap<String, Described> = IndexMap::new();
    for stanza in Interfaces::parse(bytes)?.stanzas() {
        match &stanza.kind {
            Kind::Allow { class, interfaces } if class == "auto" => {
                for name in interfaces {
                    found.entry(name.clone()).or_default().automatic = true;
                }
            }
            Kind::Iface { name, .. } => found.entry(name.clone()).or_default().stanzas.push(stanza.clone()),
            _ => {}
        }
    }
    let mut devices: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for (name, described) in found {
        // `eth0:1` is another address of eth0.
        let device = name.split(':').next().unwrap_or_default().to_owned();
        let entry = devices.entry(device.clone()).or_insert_with(|| new_device(&device, &described));
        if let Some(Value::Array(subnets)) = entry.get_mut("subnets") {
            subnets.extend(described.stanzas.iter().map(|stanza| subnet(&name, &described, stanza)));
        }
    }
    let devices: Vec<Value> = devices.into_values().map(Value::Object).collect();
    Ok(NetworkConfig::from_json(json!({"version": 1, "config": devices}), "interfaces file"))
}

fn new_device(name: &str, described: &Described) -> Map<String, Value> {
    let mut device = Map::new();
    device.insert("type".into(), json!(if name == "lo" { "loopback" } else { "physical" }));
    device.insert("name".into(), json!(name));
    device.insert("subnets".into(), json!([]));
    let address = described.stanzas.iter().find_map(|stanza| stanza.option("hwaddress"));
    if let Some(address) = address {
        // `hwaddress ether MAC` or `hwaddress MAC`.
        let mac = address.strip_prefix("ether").map_or(address, str::trim_start);
        device.insert("mac_address".into(), json!(mac));
    }
    device
}

/// What version 1 calls a method. The original takes one stanza for a name, and its methods as they are; of several
/// the family counts.
fn kind<'a>(described: &Described, family: Option<&str>, method: &'a str) -> &'a str {
    match (family, method) {
        (Some("inet6"), "dhcp") if described.stanzas.len() > 1 => "dhcp6",
        (Some("inet6"), "auto") if described.stanzas.len() > 1 => "ipv6_slaac",
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
    subnet.insert("type".into(), json!(kind(described, family, method)));
    subnet.insert("control".into(), json!(if described.automatic { "auto" } else { "manual" }));
    let mut copy = |key: &str| {
        if let Some(value) = stanza.option(key) {
            subnet.insert(key.into(), json!(value));
        }
    };
    if method == "static" {
        copy("address");
    }
    for key in ["netmask", "gateway", "broadcast"] {
        copy(key);
    }
    for (option, key) in [("dns-nameservers", "dns_nameservers"), ("dns-search", "dns_search")] {
        let words: Vec<&str> = stanza.option(option).unwrap_or_default().split_whitespace().collect();
        if !words.is_empty() {
            subnet.insert(key.into(), json!(words));
        }
    }
    Value::Object(subnet)
}
