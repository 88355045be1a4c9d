//! Version 1: a list of devices, routes and name servers.

use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde_json::json;

/// A network-config of version 1.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "network_config_version1", deny_unknown_fields)]
pub struct Config {
    /// The version of the format: 1.
    #[schemars(extend("enum" = [1]))]
    pub version: i64,
    /// Devices, routes and name servers, in the order of their setup.
    pub config: Vec<Entry>,
}

/// An entry, distinguished by its `type`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(untagged)]
pub enum Entry {
    /// A bond.
    Bond(Box<Bond>),
    /// A bridge.
    Bridge(Bridge),
    /// A physical device.
    Physical(Physical),
    /// Name servers.
    Nameserver(Nameserver),
    /// A route.
    Route(Route),
    /// A VLAN.
    Vlan(Vlan),
}

/// A physical device of the machine.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "anyOf_type_physical", deny_unknown_fields)]
pub struct Physical {
    /// `physical`.
    #[schemars(extend("enum" = ["physical"]))]
    pub r#type: String,
    /// The device name; at most 15 characters.
    #[schemars(extend("maxLength" = 15))]
    pub name: String,
    /// The MAC address to match, in lower case.
    pub mac_address: Option<String>,
    /// The MTU in bytes. Default: the device's own.
    #[schemars(extend("type" = ["null", "integer"]))]
    pub mtu: Option<i64>,
    /// Its addresses.
    pub subnets: Option<Vec<Subnet>>,
    /// Accept IPv6 router advertisements. Default: the system's.
    #[serde(rename = "accept-ra")]
    pub accept_ra: Option<bool>,
    /// Keep the addresses when the network manager restarts; netplan only. Default: no.
    pub keep_configuration: Option<bool>,
}

/// A bond.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "anyOf_type_bond", deny_unknown_fields)]
pub struct Bond {
    /// `bond`.
    #[schemars(extend("enum" = ["bond"]))]
    pub r#type: String,
    /// The device name; at most 15 characters.
    pub name: String,
    /// The MAC address. Default: that of a member.
    pub mac_address: Option<String>,
    /// The names of the members; may be empty.
    pub bond_interfaces: Option<Vec<String>>,
    /// The MTU in bytes. Default: the device's own.
    pub mtu: Option<i64>,
    /// Accept IPv6 router advertisements. Default: the system's.
    #[serde(rename = "accept-ra")]
    pub accept_ra: Option<bool>,
    /// Bonding parameters, named as in the kernel.
    pub params: Option<BondParameters>,
    /// Its addresses.
    pub subnets: Option<Vec<Subnet>>,
}

/// Options of the kernel's bonding driver.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, transform = untyped, deny_unknown_fields)]
#[serde(rename_all = "snake_case")]
pub struct BondParameters {
    /// The active member at first, in modes that have one.
    #[serde(rename = "bond-active_slave")]
    pub active_slave: Option<String>,
    /// The actor key, for 802.3ad.
    #[serde(rename = "bond-ad_actor_key")]
    pub ad_actor_key: Option<String>,
    /// The system priority, for 802.3ad. Default: 65535.
    #[serde(rename = "bond-ad_actor_sys_prio")]
    pub ad_actor_sys_prio: Option<i64>,
    /// The system's MAC address in LACP packets.
    #[serde(rename = "bond-ad_actor_system")]
    pub ad_actor_system: Option<String>,
    /// The aggregator ID, for 802.3ad.
    #[serde(rename = "bond-ad_aggregator")]
    pub ad_aggregator: Option<String>,
    /// The number of ports in the aggregator, for 802.3ad.
    #[serde(rename = "bond-ad_num_ports")]
    pub ad_num_ports: Option<i64>,
    /// The partner key, for 802.3ad.
    #[serde(rename = "bond-ad_partner_key")]
    pub ad_partner_key: Option<String>,
    /// The partner's MAC address, for 802.3ad.
    #[serde(rename = "bond-ad_partner_mac")]
    pub ad_partner_mac: Option<String>,
    /// The aggregation selection logic, for 802.3ad.
    #[serde(rename = "bond-ad_select")]
    pub ad_select: Option<String>,
    /// The upper bits of the port key, for 802.3ad.
    #[serde(rename = "bond-ad_user_port_key")]
    pub ad_user_port_key: Option<String>,
    /// Deliver duplicate frames received on inactive ports.
    #[serde(rename = "bond-all_slaves_active")]
    pub all_slaves_active: Option<String>,
    /// Whether any or all ARP targets must reply.
    #[serde(rename = "bond-arp_all_targets")]
    pub arp_all_targets: Option<String>,
    /// The ARP monitoring interval in milliseconds.
    #[serde(rename = "bond-arp_interval")]
    pub arp_interval: Option<i64>,
    /// The addresses for ARP monitoring.
    #[serde(rename = "bond-arp_ip_target")]
    pub arp_ip_target: Option<String>,
    /// Whether ARP replies are validated.
    #[serde(rename = "bond-arp_validate")]
    pub arp_validate: Option<bool>,
    /// The delay in milliseconds before a failed member is disabled.
    #[serde(rename = "bond-downdelay")]
    pub downdelay: Option<i64>,
    /// Whether the members get the same MAC address, in active-backup mode.
    #[serde(rename = "bond-fail_over_mac")]
    pub fail_over_mac: Option<String>,
    /// The rate at which the partner sends LACP packets, for 802.3ad.
    #[serde(rename = "bond-lacp_rate")]
    pub lacp_rate: Option<String>,
    /// The interval of learning packets in seconds.
    #[serde(rename = "bond-lp_interval")]
    pub lp_interval: Option<i64>,
    /// The link monitoring interval in milliseconds. Default: 0, disabled.
    #[serde(rename = "bond-miimon")]
    pub miimon: Option<i64>,
    /// The link state reported by the driver.
    #[serde(rename = "bond-mii_status")]
    pub mii_status: Option<String>,
    /// The minimum number of active members. Default: 0.
    #[serde(rename = "bond-min_links")]
    pub min_links: Option<i64>,
    /// The bonding mode. Default: balance-rr.
    #[serde(rename = "bond-mode")]
    #[schemars(extend("enum" = [
        "balance-rr", "active-backup", "balance-alb", "balance-tcp", "balance-tlb", "balance-slb", "balance-xor",
        "broadcast", "802.3ad",
    ]))]
    pub mode: Option<String>,
    /// The number of gratuitous ARPs after a failover.
    #[serde(rename = "bond-num_grat_arp")]
    #[schemars(extend("minimum" = 0, "maximum" = 255))]
    pub num_grat_arp: Option<i64>,
    /// The number of unsolicited IPv6 neighbor advertisements after a failover.
    #[serde(rename = "bond-num_unsol_na")]
    #[schemars(extend("minimum" = 0, "maximum" = 255))]
    pub num_unsol_na: Option<i64>,
    /// The number of packets per member before switching to the next, in balance-rr mode.
    #[serde(rename = "bond-packets_per_slave")]
    #[schemars(extend("minimum" = 0, "maximum" = 65535))]
    pub packets_per_slave: Option<i64>,
    /// The interval of peer notifications after a failover, in milliseconds.
    #[serde(rename = "bond-peer_notif_delay")]
    pub peer_notif_delay: Option<i64>,
    /// The primary member, active whenever it is up.
    #[serde(rename = "bond-primary")]
    pub primary: Option<String>,
    /// When the primary member becomes active again.
    #[serde(rename = "bond-primary_reselect")]
    #[schemars(extend("enum" = ["always", "better", "failure"]))]
    pub primary_reselect: Option<String>,
    /// The queue ID of a member.
    #[serde(rename = "bond-queue_id")]
    pub queue_id: Option<String>,
    /// The number of IGMP reports after a failover.
    #[serde(rename = "bond-resend_igmp")]
    pub resend_igmp: Option<String>,
    /// The members, as a single string.
    #[serde(rename = "bond-slaves")]
    pub slaves: Option<String>,
    /// Rebalance flows between members, in balance-tlb mode.
    #[serde(rename = "bond-tlb_dynamic_lb")]
    pub tlb_dynamic_lb: Option<String>,
    /// The delay in milliseconds before a recovered member is enabled.
    #[serde(rename = "bond-updelay")]
    pub updelay: Option<String>,
    /// Use the carrier state for link monitoring.
    #[serde(rename = "bond-use_carrier")]
    pub use_carrier: Option<String>,
    /// The transmit hash policy.
    #[serde(rename = "bond-xmit_hash_policy")]
    pub xmit_hash_policy: Option<String>,
}

/// A bridge.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "anyOf_type_bridge", deny_unknown_fields)]
pub struct Bridge {
    /// `bridge`.
    #[schemars(extend("enum" = ["bridge"]))]
    pub r#type: String,
    /// The device name.
    pub name: String,
    /// The names of the ports; may be empty.
    pub bridge_interfaces: Vec<String>,
    /// Accept IPv6 router advertisements. Default: the system's.
    #[serde(rename = "accept-ra")]
    pub accept_ra: Option<bool>,
    /// Bridge parameters, named as in bridge-utils-interfaces(5).
    pub params: BridgeParameters,
    /// Its addresses.
    pub subnets: Option<Vec<Subnet>>,
}

/// Bridge parameters.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct BridgeParameters {
    /// The MAC address ageing time in seconds.
    pub bridge_ageing: Option<i64>,
    /// The bridge priority.
    pub bridge_bridgeprio: Option<i64>,
    /// The forward delay in seconds.
    pub bridge_fd: Option<i64>,
    /// The hello interval in seconds.
    pub bridge_hello: Option<i64>,
    /// The bridge's MAC address.
    pub bridge_hw: Option<String>,
    /// The maximum age of a hello packet in seconds.
    pub bridge_maxage: Option<i64>,
    /// The maximum time in seconds that network scripts wait for the bridge.
    pub bridge_maxwait: Option<i64>,
    /// Port costs: each a name, a space and a number.
    pub bridge_pathcost: Option<Vec<String>>,
    /// Port priorities: each a name, a space and a number.
    pub bridge_portprio: Option<Vec<String>>,
    /// The names of the ports.
    pub bridge_ports: Option<Vec<String>>,
    /// Enable the spanning tree protocol.
    #[schemars(extend("enum" = ["on", "off"]))]
    pub bridge_stp: Option<String>,
    /// The wait time of ports: each a name, a space and seconds.
    pub bridge_waitport: Option<Vec<String>>,
}

/// A VLAN.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "anyOf_type_vlan", deny_unknown_fields)]
pub struct Vlan {
    /// `vlan`.
    #[schemars(extend("enum" = ["vlan"]))]
    pub r#type: String,
    /// The device name.
    pub name: String,
    /// The parent device.
    pub vlan_link: String,
    /// The VLAN ID.
    pub vlan_id: i64,
    /// The MTU in bytes. Default: the device's own.
    pub mtu: Option<i64>,
    /// Its addresses.
    pub subnets: Option<Vec<Subnet>>,
    /// The MAC address. Default: that of the parent device.
    pub mac_address: Option<String>,
    /// Accept IPv6 router advertisements. Default: the system's.
    #[serde(rename = "accept-ra")]
    pub accept_ra: Option<bool>,
}

/// Name servers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "anyOf_type_nameserver", deny_unknown_fields)]
pub struct Nameserver {
    /// `nameserver`.
    #[schemars(extend("enum" = ["nameserver"]))]
    pub r#type: String,
    /// An address, or a list of addresses.
    #[schemars(extend("type" = ["array", "string"], "items" = {"type": "string"}))]
    pub address: serde_json::Value,
    /// Search domains.
    pub search: Option<Vec<String>>,
    /// The device that the name servers belong to. Default: all.
    pub interface: Option<String>,
}

/// A route.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(transform = to_somewhere)]
#[serde(rename = "anyOf_type_route", deny_unknown_fields)]
pub struct Route {
    /// `route`.
    #[schemars(extend("enum" = ["route"]))]
    pub r#type: Option<String>,
    /// The destination, in OpenStack's format; `destination` takes precedence.
    pub network: Option<String>,
    /// The destination: an address with a prefix length.
    pub destination: Option<String>,
    /// The netmask of an IPv4 network, if the address has no prefix length.
    pub netmask: Option<String>,
    /// The gateway address.
    pub gateway: Option<String>,
    /// The metric.
    pub metric: Option<i64>,
}

/// The addresses of a device.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "config_type_subnet", deny_unknown_fields)]
pub struct Subnet {
    /// The address assignment method.
    #[schemars(extend("enum" = [
        "dhcp4", "dhcp", "dhcp6", "static", "static6", "ipv6_dhcpv6-stateful", "ipv6_dhcpv6-stateless",
        "ipv6_slaac", "manual",
    ]))]
    pub r#type: Option<String>,
    /// When the device is brought up. Default: auto.
    #[schemars(extend("enum" = ["manual", "auto", "hotplug"]))]
    pub control: Option<String>,
    /// The address, optionally with a prefix length.
    pub address: Option<String>,
    /// The netmask of an IPv4 network, if the address has no prefix length.
    pub netmask: Option<String>,
    /// The IPv4 broadcast address.
    pub broadcast: Option<String>,
    /// The default gateway.
    pub gateway: Option<String>,
    /// Name server addresses.
    pub dns_nameservers: Option<Vec<String>>,
    /// Search domains.
    pub dns_search: Option<Vec<String>>,
    /// Routes through this device.
    pub routes: Option<Vec<Route>>,
    /// Whether this is IPv4, for OpenStack. Default: determined by type and address.
    pub ipv4: Option<bool>,
    /// Whether this is IPv6, for OpenStack. Default: determined by type and address.
    pub ipv6: Option<bool>,
    /// The metric of the device and its routes.
    pub metric: Option<i64>,
}

use crate::notes::untyped;

/// The destination is one of two keys; the gateway is required with both.
fn to_somewhere(schema: &mut Schema) {
    let forms = json!([{"required": ["network", "gateway"]}, {"required": ["destination", "gateway"]}]);
    schema.insert("oneOf".to_owned(), forms);
}
