//! Devices identified by MAC address in a configuration.

use model::effects::Link;
use model::{NetworkConfig, Node};

use crate::read::{Table, wrong_kind};
use crate::{NetError, v2};

/// A device and its configured name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its MAC address, lower case.
    pub mac: String,
    /// The name.
    pub name: String,
    /// The required driver: the configured one, else that of the device with the current name.
    pub driver: Option<String>,
    /// The ID on its bus, likewise.
    pub device_id: Option<String>,
}

/// The devices in a configuration: v1's physical entries with a MAC, v2's ethernets with a MAC and a `set-name`.
pub fn devices(config: &NetworkConfig, links: &[Link]) -> Result<Vec<Device>, NetError> {
    let root = config.node();
    let mut found = Vec::new();
    match config.version() {
        Some(1) => {
            let entries = root.get("config").and_then(Node::as_list).unwrap_or_default();
            for node in
                entries.iter().filter(|node| node.get("type").and_then(Node::as_str) == Some("physical"))
            {
                let entry = Table::new(node, "config")?;
                let Some(mac) = entry.mac("mac_address")?.filter(|mac| !mac.is_empty()) else { continue };
                let Some(name) = entry.text("name")? else { continue };
                found.push(device(mac, name, entry.table("params")?, links)?);
            }
        }
        Some(2) => {
            v2::check_macs(root)?;
            let Some(ethernets) = root.get("ethernets") else { return Ok(found) };
            let ethernets =
                ethernets.as_map().ok_or_else(|| wrong_kind(ethernets, "ethernets", "a mapping"))?;
            for (id, node) in ethernets {
                let entry = Table::new(node, &id.to_string())?;
                let Some(name) = entry.text("set-name")?.filter(|name| !name.is_empty()) else { continue };
                let Some(matching) = entry.table("match")? else { continue };
                let Some(mac) = matching.mac("macaddress")?.filter(|mac| !mac.is_empty()) else { continue };
                found.push(device(mac, name, Some(matching), links)?);
            }
        }
        version => return Err(NetError::Version { origin: root.origin.clone(), version }),
    }
    Ok(found)
}

fn device(mac: String, name: String, said: Option<Table<'_>>, links: &[Link]) -> Result<Device, NetError> {
    let link = links.iter().find(|link| link.name == name);
    let described = |key: &str| -> Result<Option<String>, NetError> {
        Ok(said.map(|table| table.text(key)).transpose()?.flatten().filter(|text| !text.is_empty()))
    };
    let driver = described("driver")?.or_else(|| link.and_then(|link| link.driver.clone()));
    let device_id = described("device_id")?.or_else(|| link.and_then(|link| link.device_id.clone()));
    Ok(Device { mac, name, driver, device_id })
}
