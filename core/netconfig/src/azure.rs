//! Converts the network metadata of Azure's instance metadata service to network config v2.
//!
//! See learn.microsoft.com, "Azure Instance Metadata Service", category `network`.

use model::NetworkConfig;
use model::effects::Link;
use serde_json::{Map, Value, json};

use crate::NetError;

/// The driver of Hyper-V's devices, which hides the virtual function with the same MAC address.
const NETVSC: &str = "hv_netvsc";

/// The source's configuration for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// `apply_network_config_for_secondary_ips`: sets additional addresses; the first one comes from DHCP.
    pub secondary_ips: bool,
    /// `apply_network_config_set_name`: devices are named `eth0`, `eth1`, … in document order.
    pub set_name: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { secondary_ips: true, set_name: true }
    }
}

fn wrong(place: String, reason: &str) -> NetError {
    NetError::Document { document: "azure-imds", place, reason: reason.to_owned() }
}

/// Lower case with colons, unlike the service's format.
fn normalized(mac: &str) -> String {
    let mac = mac.to_lowercase();
    if mac.len() != 12 || !mac.is_ascii() {
        return mac;
    }
    (0..6).map(|at| &mac[at * 2..at * 2 + 2]).collect::<Vec<_>>().join(":")
}

/// The driver that distinguishes the device from others with its MAC address, if known.
fn driver(links: &[Link], mac: &str) -> Option<String> {
    let found: Vec<&str> = links
        .iter()
        .filter(|link| normalized(&link.mac) == mac)
        .filter_map(|link| link.driver.as_deref())
        .collect();
    match found.as_slice() {
        all if all.contains(&NETVSC) => Some(NETVSC.to_owned()),
        [only] => Some((*only).to_owned()),
        _ => None,
    }
}

/// Converts the service's complete document (its `network` is used). `links` are the machine's devices.
///
/// # Errors
///
/// A document without the list of interfaces, or an interface without a MAC address.
pub fn convert(document: &Value, links: &[Link], options: Options) -> Result<NetworkConfig, NetError> {
    let interfaces = document
        .pointer("/network/interface")
        .and_then(Value::as_array)
        .ok_or_else(|| wrong("network.interface".to_owned(), "expected a list of interfaces"))?;
    let mut ethernets = Map::new();
    for (index, interface) in interfaces.iter().enumerate() {
        let place = |key: &str| format!("network.interface[{index}].{key}");
        let mac = interface.get("macAddress").and_then(Value::as_str);
        let mac = normalized(mac.ok_or_else(|| wrong(place("macAddress"), "expected a MAC address"))?);
        if let Some(mut entry) = ethernet(interface, index, options, &place)? {
            let name =
                if options.set_name { format!("eth{index}") } else { format!("enx{}", mac.replace(':', "")) };
            let mut matching = Map::from_iter([("macaddress".to_owned(), json!(mac))]);
            if options.set_name {
                entry.insert("set-name".to_owned(), json!(name));
            }
            if let Some(driver) = driver(links, &mac) {
                matching.insert("driver".to_owned(), json!(driver));
            }
            entry.insert("match".to_owned(), Value::Object(matching));
            ethernets.insert(name, Value::Object(entry));
        }
    }
    Ok(NetworkConfig::from_json(json!({"version": 2, "ethernets": ethernets}), "azure-imds"))
}

/// A device's entry; `None` if it has no address of either family.
fn ethernet(
    interface: &Value,
    index: usize,
    options: Options,
    place: &dyn Fn(&str) -> String,
) -> Result<Option<Map<String, Value>>, NetError> {
    let mut overrides = Map::from_iter([("route-metric".to_owned(), json!((index + 1) * 100))]);
    if index > 0 {
        // DNS is not configured for additional devices.
        overrides.insert("use-dns".to_owned(), json!(false));
    }
    let mut entry = Map::new();
    entry.insert("dhcp4".to_owned(), json!(true));
    entry.insert("dhcp4-overrides".to_owned(), json!(overrides));
    entry.insert("dhcp6".to_owned(), json!(false));
    let mut further = Vec::new();
    let mut any = false;
    for (family, default_prefix) in [("ipv4", "24"), ("ipv6", "128")] {
        let described = interface.get(family);
        let addresses = described.and_then(|family| family.get("ipAddress")?.as_array());
        let Some(addresses) = addresses.filter(|addresses| !addresses.is_empty()) else { continue };
        any = true;
        if family == "ipv6" {
            entry.insert("dhcp6".to_owned(), json!(true));
            entry.insert("dhcp6-overrides".to_owned(), json!(overrides));
        }
        if !options.secondary_ips {
            continue;
        }
        let prefix = described.and_then(|family| family.pointer("/subnet/0/prefix"));
        let prefix = prefix.and_then(text).unwrap_or_else(|| default_prefix.to_owned());
        for (number, address) in addresses.iter().enumerate().skip(1) {
            let address = address.get("privateIpAddress").and_then(Value::as_str).ok_or_else(|| {
                wrong(place(&format!("{family}.ipAddress[{number}].privateIpAddress")), "expected an address")
            })?;
            further.push(json!(format!("{address}/{prefix}")));
        }
    }
    if !further.is_empty() {
        entry.insert("addresses".to_owned(), Value::Array(further));
    }
    Ok(any.then_some(entry))
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|number| number.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_machine_of_one_link() {
        // The service's documented format; the entry is upstream's output for it.
        let document = json!({"network": {"interface": [{
            "macAddress": "000D3A047598", "ipv6": {"ipAddress": []},
            "ipv4": {"subnet": [{"prefix": "24", "address": "10.0.0.0"}],
                     "ipAddress": [{"privateIpAddress": "10.0.0.4", "publicIpAddress": "104.46.124.81"}]},
        }]}});
        let config = convert(&document, &[], Options::default()).expect("valid");
        let expected = json!({"version": 2, "ethernets": {"eth0": {
            "dhcp4": true, "dhcp4-overrides": {"route-metric": 100}, "dhcp6": false,
            "match": {"macaddress": "00:0d:3a:04:75:98"}, "set-name": "eth0",
        }}});
        assert_eq!(config.node().to_json(), expected);
    }

    #[test]
    fn further_links_cost_more_and_a_link_without_addresses_is_none() {
        let link = |mac: &str, v4: &[&str], v6: &[&str]| {
            let all =
                |list: &[&str]| list.iter().map(|ip| json!({"privateIpAddress": ip})).collect::<Vec<_>>();
            json!({"macAddress": mac,
                   "ipv4": {"subnet": [{"prefix": "16"}], "ipAddress": all(v4)},
                   "ipv6": {"subnet": [{"address": "fd00::"}], "ipAddress": all(v6)}})
        };
        let document = json!({"network": {"interface": [
            link("000D3A047501", &["10.0.0.4", "10.0.0.5"], &[]),
            link("000D3A047502", &[], &[]),
            link("000D3A047503", &["10.1.0.4"], &["fd00::4", "fd00::5"]),
        ]}});
        let netvsc = Link {
            name: "eth7".into(),
            mac: "00:0d:3a:04:75:03".into(),
            driver: Some("hv_netvsc".into()),
            ..Link::default()
        };
        let function = Link { name: "enP1".into(), driver: Some("mlx5_core".into()), ..netvsc.clone() };
        let config =
            convert(&document, &[netvsc, function], Options::default()).expect("valid").node().to_json();
        assert_eq!(config["ethernets"]["eth0"]["addresses"], json!(["10.0.0.5/16"]));
        assert_eq!(config["ethernets"].as_object().map(Map::len), Some(2));
        let third = &config["ethernets"]["eth2"];
        assert_eq!(third["addresses"], json!(["fd00::5/128"]));
        assert_eq!(third["dhcp6-overrides"], json!({"route-metric": 300, "use-dns": false}));
        assert_eq!(third["match"], json!({"macaddress": "00:0d:3a:04:75:03", "driver": "hv_netvsc"}));
        let unnamed = Options { set_name: false, secondary_ips: false };
        let config = convert(&document, &[], unnamed).expect("valid").node().to_json();
        assert!(config["ethernets"]["enx000d3a047503"].get("addresses").is_none());
    }

    #[test]
    fn what_is_missing_is_named() {
        let error =
            convert(&json!({"network": {"interface": [{}]}}), &[], Options::default()).expect_err("wrong");
        assert_eq!(error.to_string(), "azure-imds: network.interface[0].macAddress: expected a MAC address");
        assert!(convert(&json!([]), &[], Options::default()).is_err());
    }

    /// Upstream's `determine_device_driver_for_mac` (cloudinit/sources/DataSourceAzure.py).
    #[test]
    fn the_driver_of_an_address() {
        let link = |mac: &str, driver: Option<&str>| Link {
            mac: mac.to_owned(),
            driver: driver.map(str::to_owned),
            ..Link::default()
        };
        for (drivers, wanted) in [
            (&[][..], None),
            (&[Some("mlx5_core")], Some("mlx5_core")),
            (&[Some("mlx5_core"), Some("hv_netvsc")], Some("hv_netvsc")),
            (&[Some("mlx5_core"), Some("mlx4_core")], None),
            (&[None, Some("mlx5_core")], Some("mlx5_core")),
            (&[None], None),
        ] {
            let mut links: Vec<Link> =
                drivers.iter().map(|driver| link("00:0D:3A:04:75:98", *driver)).collect();
            links.push(link("00:0d:3a:04:75:99", Some("other")));
            assert_eq!(driver(&links, "00:0d:3a:04:75:98").as_deref(), wanted, "{drivers:?}");
        }
    }

    #[test]
    fn addresses_are_written_with_colons() {
        for (mac, wanted) in [
            ("000D3A047598", "00:0d:3a:04:75:98"),
            ("00:0D:3A:04:75:98", "00:0d:3a:04:75:98"),
            ("000D3A0475", "000d3a0475"),
            ("ääääää", "ääääää"),
        ] {
            assert_eq!(normalized(mac), wanted);
        }
    }
}
