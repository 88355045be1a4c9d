//! The network configuration from the metadata: DHCP on each device, with metrics in the order of the names.

use metadata::links;
use model::datasource::SourceError;
use model::{Crawl, NetworkConfig, Node};
use serde_json::{Map, Value, json};

/// Whether the metadata lists IPv6 addresses of a device.
fn has_v6(device: Option<&Value>) -> bool {
    match device.and_then(|device| device.get("ipv6s")) {
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        _ => false,
    }
}

/// Network config v2 from `network` in the metadata.
pub(super) fn convert(
    crawl: &Crawl<'_>,
    config: &Node,
    network: &Value,
    place: &str,
) -> Result<Option<NetworkConfig>, SourceError> {
    let Some(macs) = network.pointer("/interfaces/macs").and_then(Value::as_object) else {
        tracing::warn!("Metadata 'network' has no interfaces");
        return Ok(None);
    };
    let named = links::by_mac(crawl.system(), place)?;
    let ethernets = if config.get("apply_full_imds_network_config").is_none_or(Node::lenient_bool) {
        let mut known: Vec<(&str, &str, &Value)> = named
            .iter()
            .filter_map(|(mac, name)| Some((name.as_str(), mac.as_str(), macs.get(mac)?)))
            .collect();
        netconfig::fallback::sort_naturally(&mut known, |(name, ..)| name);
        every_link(&known)
    } else {
        let link = crawl.fallback_link.as_deref();
        let chosen =
            named.iter().find(|(_, name)| Some(name.as_str()) == link).or_else(|| named.last());
        let entry = |(mac, name): (&String, &String)| {
            let config = json!({"dhcp4": true, "dhcp6": has_v6(macs.get(mac)),
                                "match": {"macaddress": mac.to_lowercase()}, "set-name": name});
            (name.clone(), config)
        };
        chosen.map(entry).into_iter().collect()
    };
    let config = json!({"version": 2, "ethernets": ethernets});
    Ok(Some(NetworkConfig::from_json(config, "AliYun metadata network")))
}

fn every_link(links: &[(&str, &str, &Value)]) -> Map<String, Value> {
    let entry = |(index, (name, mac, device)): (usize, &(&str, &str, &Value))| {
        let overrides = json!({"route-metric": (index + 1) * 100});
        let v6 = has_v6(Some(device));
        let mut config = json!({"dhcp4": true, "dhcp6": v6,
                                "match": {"macaddress": mac.to_lowercase()}, "set-name": name});
        // A single device needs no metric.
        if links.len() > 1 {
            config["dhcp4-overrides"] = overrides.clone();
            if v6 {
                config["dhcp6-overrides"] = overrides;
            }
        }
        ((*name).to_owned(), config)
    };
    links.iter().enumerate().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Alibaba Cloud documentation, "Instance metadata": `ipv6s` is a list in brackets, and empty without addresses.
    #[test]
    fn addresses_of_a_device() {
        for (device, expected) in [
            (json!({"ipv6s": "[2408::1]"}), true),
            (json!({"ipv6s": ["2408::1"]}), true),
            (json!({"ipv6s": ""}), false),
            (json!({"ipv6s": []}), false),
            (json!({"ipv6s": null}), false),
            (json!({}), false),
        ] {
            assert_eq!(has_v6(Some(&device)), expected, "{device}");
        }
        assert!(!has_v6(None));
    }

    /// The original's `convert_ecs_metadata_network_config`: metrics only where there are several devices.
    #[test]
    fn metrics_of_several_devices() {
        let (v4, v6) = (json!({}), json!({"ipv6s": "[2408::1]"}));
        let one = every_link(&[("eth0", "AA:BB", &v6)]);
        let base = |dhcp6: bool, mac: &str, name: &str| {
            json!({"dhcp4": true, "dhcp6": dhcp6, "match": {"macaddress": mac}, "set-name": name})
        };
        assert_eq!(Value::Object(one), json!({"eth0": base(true, "aa:bb", "eth0")}));
        let two = every_link(&[("eth0", "aa:bb", &v4), ("eth1", "aa:cc", &v6)]);
        let (mut first, mut second) = (base(false, "aa:bb", "eth0"), base(true, "aa:cc", "eth1"));
        first["dhcp4-overrides"] = json!({"route-metric": 100});
        second["dhcp4-overrides"] = json!({"route-metric": 200});
        second["dhcp6-overrides"] = json!({"route-metric": 200});
        assert_eq!(Value::Object(two), json!({"eth0": first, "eth1": second}));
    }
}
