//! Network configurations of data sources in other formats: `core/netconfig` converts them, and what cannot be
//! converted is reported and ignored, so that the machine falls back to DHCP.

use model::NetworkConfig;

/// OpenStack's network_data.json, with the device names of this machine.
pub fn from_network_data(system: &model::System, document: &serde_json::Value) -> Option<NetworkConfig> {
    let links = match system.links.links() {
        Ok(links) => links,
        Err(error) => {
            tracing::warn!("{error}");
            Vec::new()
        }
    };
    netconfig::openstack::convert(document, &links)
        .map_err(|error| tracing::warn!("ignoring network_data.json: {error}"))
        .ok()
}

/// interfaces(5); `name` is for the log.
pub fn from_interfaces(name: &str, content: &[u8]) -> Option<NetworkConfig> {
    netconfig::eni::convert(content).map_err(|error| tracing::warn!("ignoring {name}: {error}")).ok()
}
