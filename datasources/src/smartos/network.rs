//! Network config v1 from the host's description of the network devices.

use model::NetworkConfig;
use model::datasource::SourceError;
use serde_json::{Map, Value, json};

/// The host's keys that a device has in network config v1 too.
const OF_DEVICE: &[&str] = &["mac_address", "mtu", "name", "params", "subnets", "type"];
/// The same for its subnets.
const OF_SUBNET: &[&str] = &[
    "address",
    "broadcast",
    "dns_nameservers",
    "dns_search",
    "metric",
    "pointopoint",
    "routes",
    "scope",
    "type",
];

/// The first gateway of each family on the primary device.
#[derive(Default)]
struct Gateways {
    v4: Option<String>,
    v6: Option<String>,
}

fn some_of(entry: &Map<String, Value>, keys: &[&str]) -> Map<String, Value> {
    let known = entry.iter().filter(|(key, _)| keys.contains(&key.as_str()));
    known.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// A list, or a single value as one.
fn listed(value: Option<&Value>) -> Vec<Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list.clone(),
        Some(Value::String(text)) if text.is_empty() => Vec::new(),
        Some(other) => vec![other.clone()],
    }
}

fn texts<'v>(entry: &'v Map<String, Value>, key: &str) -> impl Iterator<Item = &'v str> {
    entry.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// The configuration; `None` if the host describes no devices.
pub(super) fn convert(metadata: &Map<String, Value>) -> Result<Option<NetworkConfig>, SourceError> {
    let broken = |place: &str, reason: &str| SourceError::Broken {
        place: place.to_owned(),
        reason: reason.to_owned(),
    };
    let nics = match metadata.get("network-data") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(nics)) => nics,
        Some(_) => return Err(broken("sdc:nics", "expected a list of devices")),
    };
    let mut routes = Vec::new();
    for route in listed(metadata.get("routes")) {
        let to = route.get("dst").ok_or_else(|| broken("sdc:routes", "a route without the key dst"))?;
        let mut entry = json!({"network": to});
        if let Some(gateway) = route.get("gateway") {
            entry["gateway"] = gateway.clone();
        }
        routes.push(entry);
    }
    let mut gateways = Gateways::default();
    let mut config = Vec::new();
    for nic in nics {
        let nic = nic.as_object().ok_or_else(|| broken("sdc:nics", "a device that is not a mapping"))?;
        let name = nic.get("interface");
        let name = name.ok_or_else(|| broken("sdc:nics", "a device without the key interface"))?;
        let mut device = some_of(nic, OF_DEVICE);
        device.insert("type".to_owned(), "physical".into());
        device.insert("name".to_owned(), name.clone());
        if let Some(mac) = nic.get("mac") {
            device.insert("mac_address".to_owned(), mac.clone());
        }
        let subnets: Vec<Value> =
            texts(nic, "ips").map(|address| subnet(nic, address, &routes, &mut gateways)).collect();
        device.insert("subnets".to_owned(), subnets.into());
        config.push(Value::Object(device));
    }
    let servers = listed(metadata.get("dns_servers"));
    if !servers.is_empty() {
        let search = listed(metadata.get("dns_domain"));
        config.push(json!({"type": "nameserver", "address": servers, "search": search}));
    }
    Ok(Some(NetworkConfig::from_json(json!({"version": 1, "config": config}), "sdc:nics")))
}

fn subnet(nic: &Map<String, Value>, address: &str, routes: &[Value], gateways: &mut Gateways) -> Value {
    match address {
        "dhcp" => return json!({"type": "dhcp4"}),
        "addrconf" => return json!({"type": "dhcp6"}),
        _ => {}
    }
    let mut subnet = some_of(nic, OF_SUBNET);
    subnet.insert("type".to_owned(), "static".into());
    subnet.insert("address".to_owned(), address.into());
    let (sign, slot) = if address.contains('.') { ('.', &mut gateways.v4) } else { (':', &mut gateways.v6) };
    let primary = nic.get("primary").is_some_and(|value| !matches!(value, Value::Null | Value::Bool(false)));
    // One default route for each family.
    if primary && slot.is_none() {
        *slot = texts(nic, "gateways").find(|gateway| gateway.contains(sign)).map(str::to_owned);
        if let Some(gateway) = slot {
            subnet.insert("gateway".to_owned(), gateway.as_str().into());
        }
    }
    if !routes.is_empty() {
        subnet.insert("routes".to_owned(), routes.into());
    }
    Value::Object(subnet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(nics: Value, more: Value, expected: Value) {
        let mut metadata = more.as_object().cloned().unwrap_or_default();
        metadata.insert("network-data".to_owned(), nics);
        let found = convert(&metadata).expect("valid").expect("devices");
        assert_eq!(found.node().to_json(), json!({"version": 1, "config": expected}));
    }

    #[test]
    fn addresses_gateways_and_servers() {
        check(
            json!([
                {"interface": "net0", "mac": "90:b8:d0:f5:e4:f5", "mtu": 1500, "primary": true, "nic_tag": "external",
                 "ips": ["192.0.2.5/24", "2001:db8::5/64", "192.0.2.6/24"], "gateways": ["192.0.2.1", "2001:db8::1"]},
                {"interface": "net1", "mac": "90:b8:d0:a5:ff:cd", "ips": ["10.0.0.5/24"], "gateways": ["10.0.0.1"]},
                {"interface": "net2", "ips": ["dhcp", "addrconf"]},
            ]),
            json!({"dns_servers": ["192.0.2.53"], "dns_domain": "local", "routes": null}),
            json!([
                {"type": "physical", "name": "net0", "mac_address": "90:b8:d0:f5:e4:f5", "mtu": 1500, "subnets": [
                    {"type": "static", "address": "192.0.2.5/24", "gateway": "192.0.2.1"},
                    {"type": "static", "address": "2001:db8::5/64", "gateway": "2001:db8::1"},
                    {"type": "static", "address": "192.0.2.6/24"}]},
                {"type": "physical", "name": "net1", "mac_address": "90:b8:d0:a5:ff:cd",
                 "subnets": [{"type": "static", "address": "10.0.0.5/24"}]},
                {"type": "physical", "name": "net2", "subnets": [{"type": "dhcp4"}, {"type": "dhcp6"}]},
                {"type": "nameserver", "address": ["192.0.2.53"], "search": ["local"]},
            ]),
        );
    }

    #[test]
    fn each_static_address_has_all_routes() {
        check(
            json!([{"interface": "net0", "ips": ["192.0.2.5/24"]}]),
            json!({"routes": [{"linklocal": false, "dst": "10.0.0.0/8", "gateway": "192.0.2.9"}]}),
            json!([{"type": "physical", "name": "net0", "subnets": [
                {"type": "static", "address": "192.0.2.5/24", "routes": [{"network": "10.0.0.0/8", "gateway": "192.0.2.9"}]}]}]),
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let convert = |nics: Value| {
            let mut metadata = Map::new();
            metadata.insert("network-data".to_owned(), nics);
            convert(&metadata)
        };
        assert!(convert(json!(null)).expect("none").is_none());
        let error = convert(json!([{"mac": "x"}])).expect_err("no name").to_string();
        assert_eq!(error, "sdc:nics: a device without the key interface");
        assert!(convert(json!({})).is_err());
    }
}
