//! The network configuration: that of the ramdisk (a root on iSCSI), or of the metadata's virtual network cards.

use std::path::Path;

use model::datasource::SourceError;
use model::effects::{Link, Route};
use model::{Crawl, NetworkConfig};
use serde_json::{Value, json};

/// See "Hanging Connection", Oracle Cloud Infrastructure documentation.
const MTU: u32 = 9000;
/// Tables of the firmware about roots on iSCSI, from the kernel's iscsi_ibft.
const IBFT: &str = "/sys/firmware/ibft";
/// A valid target that the firmware has booted from.
const BOOTED: u32 = 0b11;

/// Whether the network is up already.
pub(super) fn is_up(crawl: &Crawl<'_>) -> bool {
    let is_default = |route: &Route| route.prefix == 0 && route.kind == "unicast" && route.table == Route::MAIN;
    crawl.system().links.routes().is_ok_and(|routes| routes.iter().any(is_default))
}

/// The devices in the ramdisk's files; `None` without such files.
pub(super) fn of_ramdisk(crawl: &Crawl<'_>) -> Result<Option<Vec<Value>>, SourceError> {
    let files = crawl.system().files.as_ref();
    let found = netconfig::initramfs::from_files(files).map_err(|error| SourceError::Broken {
        place: "network of the initial ramdisk".to_owned(),
        reason: error.to_string(),
    })?;
    Ok(found.map(|config| {
        let devices = config.node().to_json().get("config").and_then(Value::as_array).cloned();
        devices.unwrap_or_default()
    }))
}

/// Whether the root file system is on iSCSI, which must not be disconnected at shutdown.
fn has_iscsi_root(crawl: &Crawl<'_>) -> bool {
    let files = crawl.system().files.as_ref();
    let names = files.list(Path::new(IBFT)).unwrap_or_default();
    let booted = |name: &&String| {
        let flags = files.text(&Path::new(IBFT).join(name).join("flags"));
        flags.and_then(|text| text.trim().parse::<u32>().ok()).is_some_and(|flags| flags & BOOTED == BOOTED)
    };
    names.iter().filter(|name| name.starts_with("target")).any(|name| booted(&name))
}

/// Network config v1. `None` if neither the ramdisk nor the metadata has a device.
pub(super) fn config(
    crawl: &Crawl<'_>,
    ramdisk: Option<Vec<Value>>,
    vnics: Option<Value>,
    secondary: bool,
) -> Result<Option<NetworkConfig>, SourceError> {
    let links = crawl.system().links.links()?;
    let mut devices = ramdisk.unwrap_or_default();
    let primary = devices.is_empty();
    if primary || secondary {
        match vnics.as_ref().and_then(Value::as_array) {
            None => tracing::warn!("NIC data is UNSET but should not be"),
            Some(vnics) => {
                if let Err(reason) = add_vnics(&mut devices, &links, vnics, primary) {
                    tracing::warn!("Failed to parse IMDS network configuration! {reason}");
                }
            }
        }
    }
    let Some(first) = devices.first_mut() else { return Ok(None) };
    if has_iscsi_root(crawl) {
        tracing::debug!("Instance is using iSCSI root, setting primary NIC as critical");
        first["keep_configuration"] = true.into();
    }
    for device in &mut devices {
        without_shared_mac(device, &links);
    }
    let config = json!({"version": 1, "config": devices});
    Ok(Some(NetworkConfig::from_json(config, "Oracle metadata vnics")))
}

/// The devices of a failover device have the same MAC address: it is matched by name.
fn without_shared_mac(device: &mut Value, links: &[Link]) {
    let mac = device.get("mac_address").and_then(Value::as_str).unwrap_or_default();
    let named = netconfig::links::by_mac(links).ok().and_then(|named| named.get(mac).cloned());
    let link = links.iter().find(|link| Some(&link.name) == named.as_ref());
    let shared = link.is_some_and(|link| netconfig::links::is_failover_master(links, link));
    if let Some(map) = device.as_object_mut().filter(|_| shared) {
        map.remove("mac_address");
    }
}

fn add_vnics(devices: &mut Vec<Value>, links: &[Link], vnics: &[Value], primary: bool) -> Result<(), String> {
    let first = vnics.first().ok_or("the list is empty")?;
    if !primary && first.get("nicIndex").is_some() {
        tracing::warn!(
            "VNIC metadata indicates this is a bare metal machine; skipping secondary VNIC configuration."
        );
        return Ok(());
    }
    let named = netconfig::links::by_mac(links).map_err(|error| error.to_string())?;
    let skipped = usize::from(!primary);
    for (index, vnic) in vnics.iter().enumerate().skip(skipped) {
        let text = |key: &str| vnic.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let mac = text("macAddr").ok_or_else(|| format!("[{index}]: no macAddr"))?.to_lowercase();
        let Some(name) = named.get(&mac) else {
            tracing::warn!("Interface with MAC {mac} not found; skipping");
            continue;
        };
        let subnets = subnets(vnic, primary && index == 0).map_err(|reason| format!("[{index}]: {reason}"))?;
        devices.push(json!({
            "name": name, "type": "physical", "mac_address": mac, "mtu": MTU, "subnets": subnets,
        }));
    }
    Ok(())
}

/// DHCP on the primary device; the service has no DHCP for the others.
fn subnets(vnic: &Value, primary: bool) -> Result<Vec<Value>, String> {
    let text = |key: &str| vnic.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let v4 = text("privateIp");
    if primary {
        let only_v6 = v4.is_none() && text("ipv6VirtualRouterIp").is_some();
        return Ok(vec![json!({"type": if only_v6 { "dhcp6" } else { "dhcp" }})]);
    }
    let of = |address: &str, prefix: &str| json!({"type": "static", "address": format!("{address}/{prefix}")});
    let mut subnets = Vec::new();
    if let Some(address) = v4 {
        let network = text("subnetCidrBlock").ok_or("no subnetCidrBlock")?;
        subnets.push(of(address, network.split_once('/').map_or("32", |(_, prefix)| prefix)));
    }
    let v6 = vnic.pointer("/ipv6Addresses/0").and_then(Value::as_str).filter(|text| !text.is_empty());
    if let Some(address) = v6 {
        // Upstream gives it the prefix length of the IPv4 network, if there is one.
        let (address, prefix) = address.split_once('/').unwrap_or((address, "128"));
        subnets.push(of(address, prefix));
    }
    Ok(subnets)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The original's `_add_network_config_from_opc_imds`.
    #[test]
    fn subnets_of_a_card() {
        let v4 = json!({"privateIp": "10.0.0.2", "subnetCidrBlock": "10.0.0.0/24"});
        let v6 = json!({"ipv6Addresses": ["fd00::2/120"], "ipv6VirtualRouterIp": "fe80::1"});
        let both = json!({"privateIp": "10.0.0.2", "subnetCidrBlock": "10.0.0.0/24", "ipv6VirtualRouterIp": "fe80::1", "ipv6Addresses": ["fd00::2"]});
        let bare = json!({"privateIp": "10.0.0.2", "subnetCidrBlock": "10.0.0.0"});
        let fixed = |address: &str| json!({"type": "static", "address": address});
        for (card, primary, expected) in [
            (&v4, true, Ok(vec![json!({"type": "dhcp"})])),
            (&v6, true, Ok(vec![json!({"type": "dhcp6"})])),
            (&both, true, Ok(vec![json!({"type": "dhcp"})])),
            (&json!({}), true, Ok(vec![json!({"type": "dhcp"})])),
            (&json!({"privateIp": "", "ipv6VirtualRouterIp": ""}), true, Ok(vec![json!({"type": "dhcp"})])),
            (&v4, false, Ok(vec![fixed("10.0.0.2/24")])),
            (&v6, false, Ok(vec![fixed("fd00::2/120")])),
            (&both, false, Ok(vec![fixed("10.0.0.2/24"), fixed("fd00::2/128")])),
            (&bare, false, Ok(vec![fixed("10.0.0.2/32")])),
            (&json!({"privateIp": "10.0.0.2"}), false, Err("no subnetCidrBlock".to_owned())),
            (&json!({"ipv6Addresses": [""]}), false, Ok(vec![])),
        ] {
            assert_eq!(subnets(card, primary), expected, "{card} {primary}");
        }
    }

    fn link(name: &str, mac: &str) -> Link {
        Link { name: name.to_owned(), mac: mac.to_owned(), physical: true, hardware_type: 1, ..Link::default() }
    }

    /// The original's `_add_network_config_from_opc_imds`: without the primary card where the ramdisk has it, and nothing
    /// on bare metal.
    #[test]
    fn cards_of_the_metadata() {
        let links = [link("ens3", "02:00:00:00:00:01"), link("ens4", "02:00:00:00:00:02")];
        let card = |mac: &str| json!({"macAddr": mac, "privateIp": "10.0.0.2", "subnetCidrBlock": "10.0.0.0/24"});
        let cards = [card("02:00:00:00:00:01"), card("02:00:00:00:00:02"), card("02:00:00:00:00:09")];
        let names = |cards: &[Value], primary: bool| {
            let mut devices = Vec::new();
            add_vnics(&mut devices, &links, cards, primary).map(|()| {
                devices.iter().map(|device| format!("{} {}", device["name"], device["subnets"][0]["type"])).collect::<Vec<_>>()
            })
        };
        assert_eq!(names(&cards, true), Ok(vec![r#""ens3" "dhcp""#.to_owned(), r#""ens4" "static""#.to_owned()]));
        assert_eq!(names(&cards, false), Ok(vec![r#""ens4" "static""#.to_owned()]));
        assert_eq!(names(&[], true), Err("the list is empty".to_owned()));
        assert_eq!(names(&[json!({})], true), Err("[0]: no macAddr".to_owned()));
        let mut metal = cards.to_vec();
        metal[0]["nicIndex"] = 0.into();
        assert_eq!(names(&metal, false), Ok(Vec::new()));
        assert_eq!(names(&metal, true).map(|names| names.len()), Ok(2));
    }
}
