//! Version 2: mappings of devices, in netplan's format.

use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde_json::json;

use crate::forms::Free;

/// A network-config of version 2.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "network_config_version2", deny_unknown_fields)]
pub struct Config {
    /// The version of the format: 2.
    #[schemars(extend("enum" = [2]))]
    pub version: i64,
    /// The network manager to use. Default: the distribution's.
    pub renderer: Option<Renderer>,
    /// Physical devices, under names of your choice.
    pub ethernets: Option<Free<Physical>>,
    /// Bonds, by device name.
    pub bonds: Option<Free<Bond>>,
    /// Bridges, by device name.
    pub bridges: Option<Free<Bridge>>,
    /// VLANs, by device name.
    pub vlans: Option<Free<Vlan>>,
    /// Wireless devices, under names of your choice.
    pub wifis: Option<Free<Wifi>>,
}

/// A network manager.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("enum" = ["networkd", "NetworkManager"]))]
#[serde(rename = "renderer", transparent)]
pub struct Renderer(pub String);

/// Overrides of DHCP settings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "dhcp-overrides", rename_all = "kebab-case", deny_unknown_fields)]
pub struct DhcpOverrides {
    /// The host name to send to the server.
    pub hostname: Option<String>,
    /// The metric of DHCP routes.
    pub route_metric: Option<i64>,
    /// Send the host name. Default: yes.
    pub send_hostname: Option<bool>,
    /// Use DNS servers from DHCP. Default: yes.
    pub use_dns: Option<bool>,
    /// Use domains from DHCP; `route` uses them for routing DNS queries only.
    #[schemars(extend("type" = ["string", "boolean"]))]
    pub use_domains: Option<serde_json::Value>,
    /// Use the host name from DHCP. Default: yes.
    pub use_hostname: Option<bool>,
    /// Use the MTU from DHCP. Default: yes.
    pub use_mtu: Option<bool>,
    /// Use NTP servers from DHCP. Default: yes.
    pub use_ntp: Option<bool>,
    /// Use routes from DHCP. Default: yes.
    pub use_routes: Option<bool>,
}

/// The address of a default gateway; deprecated by netplan in favor of a route to `default`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "gateway", transparent)]
pub struct Gateway(pub String);

/// A boolean, or netplan's yes or no.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("type" = ["boolean", "string"], "enum" = ["yes", "no", true, false]))]
#[serde(transparent)]
pub struct YesOrNo(pub serde_json::Value);

/// Properties of all device types.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "mapping", rename_all = "kebab-case")]
pub struct Mapping {
    /// The network manager for this device. Default: that of the complete configuration.
    pub renderer: Option<Renderer>,
    /// Enable DHCP for IPv4. Default: no.
    pub dhcp4: Option<YesOrNo>,
    /// Enable DHCP for IPv6. Default: no.
    pub dhcp6: Option<YesOrNo>,
    /// Overrides for DHCPv4.
    #[serde(rename = "dhcp4-overrides")]
    pub dhcp4_overrides: Option<DhcpOverrides>,
    /// Overrides for DHCPv6.
    #[serde(rename = "dhcp6-overrides")]
    pub dhcp6_overrides: Option<DhcpOverrides>,
    /// Addresses with prefix lengths; as a mapping, with label or lifetime.
    pub addresses: Option<Vec<Address>>,
    /// The IPv4 default gateway.
    pub gateway4: Option<Gateway>,
    /// The IPv6 default gateway.
    pub gateway6: Option<Gateway>,
    /// Do not wait for this device at boot. Default: no.
    pub optional: Option<bool>,
    /// The MTU in bytes. Default: the device's own.
    pub mtu: Option<i64>,
    /// Name servers and search domains.
    pub nameservers: Option<Nameservers>,
    /// Routes through this device.
    pub routes: Option<Vec<Route>>,
    /// Policy routing rules.
    pub routing_policy: Option<Vec<Rule>>,
    /// Accept IPv6 router advertisements. Default: the kernel's.
    pub accept_ra: Option<YesOrNo>,
    /// Address families with a link-local address. Default: ipv6.
    pub link_local: Option<Vec<Family>>,
    /// The MAC address to set.
    pub macaddress: Option<String>,
}

/// An address, optionally with properties.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("type" = ["string", "object"]))]
#[serde(transparent)]
pub struct Address(pub serde_json::Value);

/// An address family.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("enum" = ["ipv4", "ipv6"]))]
#[serde(transparent)]
pub struct Family(pub String);

/// A policy routing rule.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
#[serde(rename_all = "kebab-case")]
pub struct Rule {
    /// Match the source address.
    pub from: Option<String>,
    /// Match the destination address.
    pub to: Option<String>,
    /// The routing table, 1 to 4294967295.
    pub table: Option<i64>,
    /// The priority; lower numbers are applied first.
    pub priority: Option<i64>,
    /// Match the firewall mark.
    pub mark: Option<i64>,
    /// Match the type of service, 0 to 255.
    pub type_of_service: Option<i64>,
}

/// Name servers.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Nameservers {
    /// Search domains.
    pub search: Option<Vec<String>>,
    /// Name server addresses.
    pub addresses: Option<Vec<String>>,
}

/// A route.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
#[serde(rename_all = "kebab-case")]
pub struct Route {
    /// The destination: an address with a prefix length.
    pub to: String,
    /// The gateway address.
    pub via: Option<String>,
    /// The metric.
    pub metric: Option<i64>,
    /// The routing table. Default: the main table, 254.
    pub table: Option<i64>,
    /// The MTU of the route in bytes.
    pub mtu: Option<i64>,
    /// Treat the gateway as directly connected. Default: no.
    pub on_link: Option<bool>,
}

/// Properties in addition to those of all device types.
fn link(schema: &mut Schema) {
    schema.remove("type");
    schema.insert("allOf".to_owned(), json!([{"$ref": "#/$defs/mapping"}]));
}

/// A physical device.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(transform = link)]
#[serde(rename = "mapping_physical", rename_all = "kebab-case")]
pub struct Physical {
    /// How to match the device; all given properties must match. Default: by the name above.
    pub r#match: Option<Match>,
    /// The device name to set.
    pub set_name: Option<String>,
    /// Enable wake-on-LAN. Default: no.
    pub wakeonlan: Option<bool>,
}

/// How to match a device.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Match {
    /// The device name; may contain wildcards.
    pub name: Option<String>,
    /// The MAC address, in lower case.
    pub macaddress: Option<String>,
    /// The driver name; may contain wildcards.
    pub driver: Option<String>,
}

/// A bond.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(transform = link)]
#[serde(rename = "mapping_bond")]
pub struct Bond {
    /// The names of the members.
    pub interfaces: Option<Vec<String>>,
    /// Bonding parameters.
    pub parameters: Option<BondParameters>,
}

/// Bonding parameters.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub struct BondParameters {
    /// The bonding mode. Default: balance-rr.
    #[schemars(extend("enum" = [
        "balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb",
    ]))]
    pub mode: Option<String>,
    /// The rate of LACP packets, for 802.3ad. Default: slow.
    #[schemars(extend("enum" = ["fast", "slow"]))]
    pub lacp_rate: Option<String>,
    /// The link monitoring interval. Default: 0, disabled.
    #[schemars(extend("type" = ["string", "integer"]))]
    pub mii_monitor_interval: Option<serde_json::Value>,
    /// The minimum number of active members.
    pub min_links: Option<i64>,
    /// The transmit hash policy.
    #[schemars(extend("enum" = ["layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4"]))]
    pub transmit_hash_policy: Option<String>,
    /// The aggregation selection logic, for 802.3ad.
    #[schemars(extend("enum" = ["stable", "bandwidth", "count"]))]
    pub ad_select: Option<String>,
    /// Deliver duplicate frames received on inactive ports. Default: no.
    pub all_slaves_active: Option<bool>,
    /// The ARP monitoring interval. Default: 0, disabled.
    pub arp_interval: Option<i64>,
    /// The IPv4 addresses for ARP monitoring; at most 16.
    pub arp_ip_targets: Option<Vec<String>>,
    /// Which ARP replies are validated.
    #[schemars(extend("enum" = ["none", "active", "backup", "all"]))]
    pub arp_validate: Option<String>,
    /// Whether any or all ARP targets must reply.
    #[schemars(extend("enum" = ["any", "all"]))]
    pub arp_all_targets: Option<String>,
    /// The delay before a recovered member is enabled. Default: 0.
    pub up_delay: Option<i64>,
    /// The delay before a failed member is disabled. Default: 0.
    pub down_delay: Option<i64>,
    /// How the members get their MAC addresses.
    #[schemars(extend("enum" = ["none", "active", "follow"]))]
    pub fail_over_mac_policy: Option<String>,
    /// The number of gratuitous ARPs after a failover, 1 to 255. Default: 1.
    pub gratuitous_arp: Option<i64>,
    /// The number of packets per member before switching to the next, 0 to 65535. Default: 1.
    pub packets_per_slave: Option<i64>,
    /// When the primary member becomes active again.
    #[schemars(extend("enum" = ["always", "better", "failure"]))]
    pub primary_reselect_policy: Option<String>,
    /// The interval of learning packets. Default: 1.
    #[schemars(extend("type" = ["string", "integer"]))]
    pub learn_packet_interval: Option<serde_json::Value>,
    /// The primary member, active whenever possible.
    pub primary: Option<String>,
}

/// A bridge.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(transform = link)]
#[serde(rename = "mapping_bridge")]
pub struct Bridge {
    /// The names of the ports.
    pub interfaces: Option<Vec<String>>,
    /// Bridge parameters.
    pub parameters: Option<BridgeParameters>,
}

/// Bridge parameters.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub struct BridgeParameters {
    /// The MAC address ageing time.
    pub ageing_time: Option<i64>,
    /// The bridge priority, 0 to 65535; the lowest becomes the root bridge.
    pub priority: Option<i64>,
    /// The forward delay.
    pub forward_delay: Option<i64>,
    /// The hello interval.
    pub hello_time: Option<i64>,
    /// The maximum age of a hello packet.
    pub max_age: Option<i64>,
    /// The path cost of the bridge, or of each port.
    #[schemars(extend("type" = ["integer", "object"]))]
    pub path_cost: Option<serde_json::Value>,
    /// The port priorities, 0 to 63.
    #[schemars(extend("type" = "object"))]
    pub port_priority: Option<serde_json::Value>,
    /// Enable the spanning tree protocol. Default: yes.
    pub stp: Option<bool>,
}

/// A VLAN.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(transform = link)]
#[serde(rename = "mapping_vlan")]
pub struct Vlan {
    /// The VLAN ID, 0 to 4094.
    pub id: Option<i64>,
    /// The parent device.
    pub link: Option<String>,
}

/// A wireless device.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(transform = link)]
#[serde(rename = "mapping_wifi", rename_all = "kebab-case")]
pub struct Wifi {
    /// The properties of physical devices.
    #[serde(flatten)]
    pub physical: Physical,
    /// Networks to join, by SSID; null for an open network.
    pub access_points: Option<Free<AccessPoint>>,
}

/// A wireless network.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("type" = ["object", "null"]))]
pub struct AccessPoint {
    /// The passphrase.
    pub password: Option<String>,
    /// The mode of operation.
    #[schemars(extend("enum" = ["infrastructure", "adhoc", "ap"]))]
    pub mode: Option<String>,
    /// The BSSID of the access point.
    pub bssid: Option<String>,
    /// The band.
    #[schemars(extend("enum" = ["2.4GHz", "5GHz"]))]
    pub band: Option<String>,
    /// The channel number.
    pub channel: Option<i64>,
    /// Whether the SSID is hidden. Default: no.
    pub hidden: Option<bool>,
    /// The authentication settings.
    pub auth: Option<serde_json::Map<String, serde_json::Value>>,
}
