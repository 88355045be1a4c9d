//! Converts the interfaces in DigitalOcean's metadata to network config v1.
//!
//! See docs.digitalocean.com, "Metadata API", `interfaces`.

use model::NetworkConfig;
use model::effects::Link;
use serde_json::{Map, Value, json};

use crate::{NetError, links};

/// Device names by type.
const NAMES: &[(&str, &str)] = &[("public", "eth0"), ("private", "eth1")];

fn wrong(place: String, reason: &str) -> NetError {
    NetError::Document { document: "DigitalOcean metadata", place, reason: reason.to_owned() }
}

/// Converts `interfaces` of the service's document: the first interface of each type.
///
/// # Errors
///
/// A device that this machine does not have, or one without an address.
pub fn convert(interfaces: &Value, servers: &[String], links: &[Link]) -> Result<NetworkConfig, NetError> {
    let kinds = interfaces
        .as_object()
        .ok_or_else(|| wrong("interfaces".to_owned(), "expected a mapping of types to interfaces"))?;
    let present = links::by_mac(links)?;
    let mut config = Vec::new();
    for (kind, list) in kinds {
        let place = |key: &str| format!("interfaces.{kind}[0]{key}");
        let link = list.get(0).ok_or_else(|| wrong(place(""), "expected an interface"))?;
        let mac = link.get("mac").and_then(Value::as_str).unwrap_or_default().to_lowercase();
        let own = present
            .get(&mac)
            .ok_or_else(|| NetError::NoSuchLink { id: format!("{kind} link"), mac: mac.clone() })?;
        let said = link.get("type").and_then(Value::as_str).unwrap_or("unknown");
        let name = NAMES.iter().find(|(known, _)| *known == said).map_or(own.as_str(), |(_, name)| name);
        let mut subnets = Vec::new();
        for family in ["ipv4", "ipv6", "anchor_ipv4", "anchor_ipv6"] {
            let Some(described) =
                link.get(family).filter(|value| value.as_object().is_some_and(|map| !map.is_empty()))
            else {
                continue;
            };
            subnets.push(subnet(described, said == "public" && !family.starts_with("anchor"), || {
                wrong(place(&format!(".{family}.ip_address")), "expected an address")
            })?);
        }
        config.push(json!({"type": "physical", "mac_address": mac, "name": name, "subnets": subnets}));
    }
    if !servers.is_empty() {
        config.push(json!({"type": "nameserver", "address": servers}));
    }
    Ok(NetworkConfig::from_json(json!({"version": 1, "config": config}), "DigitalOcean metadata"))
}

/// A static subnet. Only the public device's main addresses have a gateway.
fn subnet(described: &Value, leads: bool, missing: impl Fn() -> NetError) -> Result<Value, NetError> {
    let address = described.get("ip_address").and_then(Value::as_str).ok_or_else(missing)?;
    let mut subnet = Map::new();
    subnet.insert("type".to_owned(), json!("static"));
    subnet.insert("control".to_owned(), json!("auto"));
    if address.contains(':') {
        let prefix = described.get("cidr").map_or_else(|| "64".to_owned(), ToString::to_string);
        subnet.insert("address".to_owned(), json!(format!("{address}/{}", prefix.trim_matches('"'))));
    } else {
        subnet.insert("address".to_owned(), json!(address));
        subnet.insert("netmask".to_owned(), described.get("netmask").cloned().unwrap_or_default());
    }
    if leads {
        subnet.insert("gateway".to_owned(), described.get("gateway").cloned().unwrap_or_default());
    }
    Ok(Value::Object(subnet))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_droplet() {
        // The documented example of the metadata service.
        let interfaces = json!({
            "public": [{"mac": "04:01:2a:0f:2a:01", "type": "public",
                "ipv4": {"ip_address": "104.131.20.105", "netmask": "255.255.192.0", "gateway": "104.131.0.1"},
                "ipv6": {"ip_address": "2604:A880:0800:0010::17D:2001", "cidr": 64, "gateway": "2604:A880:0800:0010::1"},
                "anchor_ipv4": {"ip_address": "10.17.0.9", "netmask": "255.255.0.0", "gateway": "10.17.0.1"}}],
            "private": [{"mac": "04:01:2a:0f:2a:02", "type": "private",
                "ipv4": {"ip_address": "10.132.255.113", "netmask": "255.255.0.0", "gateway": "10.132.0.1"}}],
        });
        let link = |name: &str, mac: &str| Link { name: name.into(), mac: mac.into(), ..Link::default() };
        let links = [link("ens3", "04:01:2a:0f:2a:01"), link("ens4", "04:01:2a:0f:2a:02")];
        let config = convert(&interfaces, &["8.8.8.8".to_owned()], &links).expect("valid").node().to_json();
        let expected = json!({"version": 1, "config": [
            {"type": "physical", "mac_address": "04:01:2a:0f:2a:01", "name": "eth0", "subnets": [
                {"type": "static", "control": "auto", "address": "104.131.20.105", "netmask": "255.255.192.0",
                 "gateway": "104.131.0.1"},
                {"type": "static", "control": "auto", "address": "2604:A880:0800:0010::17D:2001/64",
                 "gateway": "2604:A880:0800:0010::1"},
                {"type": "static", "control": "auto", "address": "10.17.0.9", "netmask": "255.255.0.0"}]},
            {"type": "physical", "mac_address": "04:01:2a:0f:2a:02", "name": "eth1", "subnets": [
                {"type": "static", "control": "auto", "address": "10.132.255.113", "netmask": "255.255.0.0"}]},
            {"type": "nameserver", "address": ["8.8.8.8"]},
        ]});
        assert_eq!(config, expected);
        assert!(convert(&interfaces, &[], &links[..1]).is_err());
    }
}
