//! Network descriptions in other forms than ours, as sources give them: `core/netconfig` converts, and what cannot be
//! converted is told and left out, so that the machine falls back to DHCP.

use model::NetworkConfig;

/// OpenStack's network_data.json; links are named as this machine names them.
pub fn from_network_data(system: &model::System, document: &serde_json::Value) -> Option<NetworkConfig> {
    let links = match system.links.links() {
        Ok(links) => links,
        Err(error) => {
            tracing::warn!("{error}");
            Vec::new()
        }
    };
    netconfig::openstack::convert(document, &links)
        .map_err(|error| tracing::warn!("network_data.json cannot be used: {error}"))
        .ok()
}

/// interfaces(5); `name` is for the log.
pub fn from_interfaces(name: &str, content: &[u8]) -> Option<NetworkConfig> {
    netconfig::eni::convert(content).map_err(|error| tracing::warn!("{name} cannot be used: {error}")).ok()
}
