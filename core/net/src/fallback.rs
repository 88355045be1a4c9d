//! The network when nobody describes one: DHCP on the first usable link.

use model::NetworkConfig;
use model::effects::Link;

/// The link that is configured when nobody says which.
pub fn link(links: &[Link]) -> Option<String> {
    links.iter().find(|link| link.physical).map(|link| link.name.clone())
}

/// DHCP on [`link`]; `cmdline` may say `net.ifnames=0`.
pub fn config(links: &[Link], _cmdline: &str) -> Option<NetworkConfig> {
    let name = link(links)?;
    Some(NetworkConfig::from_json(serde_json::json!({"version": 2, "ethernets": {name: {"dhcp4": true}}}), "fallback"))
}
