//! Version 1: a list of links, routes and name servers.

use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde_json::json;

/// A network-config of version 1.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "network_config_version1", deny_unknown_fields)]
pub struct Config {
    /// The version of the form: 1.
    #[schemars(extend("enum" = [1]))]
    pub version: i64,
    /// Links, routes and name servers, in the order in which they are set up.
    pub config: Vec<Entry>,
}

/// An entry, which its `type` tells apart.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(untagged)]
pub enum Entry {
    /// Several links as one.
    Bond(Bond),
    /// A bridge between links.
    Bridge(Bridge),
    /// A link.
    Physical(Physical),
    /// Name servers.
    Nameserver(Nameserver),
    /// A route.
    Route(Route),
    /// A VLAN on a link.
    Vlan(Vlan),
}

/// A link that the machine has.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "anyOf_type_physical", deny_unknown_fields)]
pub struct Physical {
    /// `physical`.
    #[schemars(extend("enum" = ["physical"]))]
    pub r#type: String,
    /// The name that it gets; at most 15 characters.
    #[schemars(extend("maxLength" = 15))]
    pub name: String,
    /// The MAC address by which it is found, in lower case.
    pub mac_address: Option<String>,
    /// The largest packet, in bytes. Default: the link's own.
    #[schemars(extend("type" = ["null", "integer"]))]
    pub mtu: Option<i64>,
    /// Its addresses.
    pub subnets: Option<Vec<Subnet>>,
    /// Whether IPv6 router advertisements are heeded. Default: the system's.
    #[serde(rename = "accept-ra")]
    pub accept_ra: Option<bool>,
    /// Whether its addresses stay when the network manager restarts; netplan only. Default: no.
    pub keep_configuration: Option<bool>,
}

/// Several links as one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "anyOf_type_bond", deny_unknown_fields)]
pub struct Bond {
    /// `bond`.
    #[schemars(extend("enum" = ["bond"]))]
    pub r#type: String,
    /// The name that it gets; at most 15 characters.
    pub name: String,
    /// Its MAC address. Default: one of its links'.
    pub mac_address: Option<String>,
    /// The names of its links; may be empty.
    pub bond_interfaces: Option<Vec<String>>,
    /// The largest packet, in bytes. Default: the link's own.
    pub mtu: Option<i64>,
    /// Whether IPv6 router advertisements are heeded. Default: the system's.
    #[serde(rename = "accept-ra")]
    pub accept_ra: Option<bool>,
    /// How the links work together, in the kernel's words.
    pub params: Option<BondParameters>,
    /// Its addresses.
    pub subnets: Option<Vec<Subnet>>,
}

/// Options of the kernel's bonding driver.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, transform = untyped, deny_unknown_fields)]
#[serde(rename_all = "snake_case")]
pub struct BondParameters {
    /// The link that carries the traffic at first, in the modes that have one.
    #[serde(rename = "bond-active_slave")]
    pub active_slave: Option<String>,
    /// The key of the actor, for 802.3ad.
    #[serde(rename = "bond-ad_actor_key")]
    pub ad_actor_key: Option<String>,
    /// The priority of this system, for 802.3ad. Default: 65535.
    #[serde(rename = "bond-ad_actor_sys_prio")]
    pub ad_actor_sys_prio: Option<i64>,
    /// The MAC address of this system in LACP's packets.
    #[serde(rename = "bond-ad_actor_system")]
    pub ad_actor_system: Option<String>,
    /// The aggregator, for 802.3ad.
    #[serde(rename = "bond-ad_aggregator")]
    pub ad_aggregator: Option<String>,
    /// How many ports the aggregator has, for 802.3ad.
    #[serde(rename = "bond-ad_num_ports")]
    pub ad_num_ports: Option<i64>,
    /// The key of the partner, for 802.3ad.
    #[serde(rename = "bond-ad_partner_key")]
    pub ad_partner_key: Option<String>,
    /// The MAC address of the partner, for 802.3ad.
    #[serde(rename = "bond-ad_partner_mac")]
    pub ad_partner_mac: Option<String>,
    /// How an aggregator is chosen, for 802.3ad.
    #[serde(rename = "bond-ad_select")]
    pub ad_select: Option<String>,
    /// The upper bits of the port's key, for 802.3ad.
    #[serde(rename = "bond-ad_user_port_key")]
    pub ad_user_port_key: Option<String>,
    /// Whether duplicate frames from idle links are let through.
    #[serde(rename = "bond-all_slaves_active")]
    pub all_slaves_active: Option<String>,
    /// Whether any or all targets of ARP have to answer.
    #[serde(rename = "bond-arp_all_targets")]
    pub arp_all_targets: Option<String>,
    /// How often links are looked at by ARP, in milliseconds.
    #[serde(rename = "bond-arp_interval")]
    pub arp_interval: Option<i64>,
    /// The addresses that are asked by ARP.
    #[serde(rename = "bond-arp_ip_target")]
    pub arp_ip_target: Option<String>,
    /// Whether answers to ARP are checked.
    #[serde(rename = "bond-arp_validate")]
    pub arp_validate: Option<bool>,
    /// Milliseconds before a link that failed is put aside.
    #[serde(rename = "bond-downdelay")]
    pub downdelay: Option<i64>,
    /// Whether the links get one MAC address, in active-backup mode.
    #[serde(rename = "bond-fail_over_mac")]
    pub fail_over_mac: Option<String>,
    /// How often the partner is asked to send LACP's packets, for 802.3ad.
    #[serde(rename = "bond-lacp_rate")]
    pub lacp_rate: Option<String>,
    /// Seconds between the packets that teach the switches.
    #[serde(rename = "bond-lp_interval")]
    pub lp_interval: Option<i64>,
    /// How often the state of links is looked at, in milliseconds. Default: 0, never.
    #[serde(rename = "bond-miimon")]
    pub miimon: Option<i64>,
    /// The state of the link, which the driver tells.
    #[serde(rename = "bond-mii_status")]
    pub mii_status: Option<String>,
    /// So many links have to be up for the bond to be. Default: 0.
    #[serde(rename = "bond-min_links")]
    pub min_links: Option<i64>,
    /// How traffic is spread over the links. Default: balance-rr.
    #[serde(rename = "bond-mode")]
    #[schemars(extend("enum" = [
        "balance-rr", "active-backup", "balance-alb", "balance-tcp", "balance-tlb", "balance-slb", "balance-xor",
        "broadcast", "802.3ad",
    ]))]
    pub mode: Option<String>,
    /// How many ARP announcements follow a change of links.
    #[serde(rename = "bond-num_grat_arp")]
    #[schemars(extend("minimum" = 0, "maximum" = 255))]
    pub num_grat_arp: Option<i64>,
    /// How many neighbour advertisements of IPv6 follow a change of links.
    #[serde(rename = "bond-num_unsol_na")]
    #[schemars(extend("minimum" = 0, "maximum" = 255))]
    pub num_unsol_na: Option<i64>,
    /// How many packets a link carries before the next one's turn, in balance-rr mode.
    #[serde(rename = "bond-packets_per_slave")]
    #[schemars(extend("minimum" = 0, "maximum" = 65535))]
    pub packets_per_slave: Option<i64>,
    /// Milliseconds between announcements after a change of links.
    #[serde(rename = "bond-peer_notif_delay")]
    pub peer_notif_delay: Option<i64>,
    /// The link that carries the traffic whenever it is up.
    #[serde(rename = "bond-primary")]
    pub primary: Option<String>,
    /// When the primary link takes over again.
    #[serde(rename = "bond-primary_reselect")]
    #[schemars(extend("enum" = ["always", "better", "failure"]))]
    pub primary_reselect: Option<String>,
    /// The queue of a link.
    #[serde(rename = "bond-queue_id")]
    pub queue_id: Option<String>,
    /// How many IGMP reports follow a change of links.
    #[serde(rename = "bond-resend_igmp")]
    pub resend_igmp: Option<String>,
    /// The links, in one text.
    #[serde(rename = "bond-slaves")]
    pub slaves: Option<String>,
    /// Whether balance-tlb mode moves flows between links.
    #[serde(rename = "bond-tlb_dynamic_lb")]
    pub tlb_dynamic_lb: Option<String>,
    /// Milliseconds before a link that came up is used.
    #[serde(rename = "bond-updelay")]
    pub updelay: Option<String>,
    /// Whether the carrier tells the state of a link.
    #[serde(rename = "bond-use_carrier")]
    pub use_carrier: Option<String>,
    /// By what a link is chosen for a packet.
    #[serde(rename = "bond-xmit_hash_policy")]
    pub xmit_hash_policy: Option<String>,
}

/// A bridge between links.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "anyOf_type_bridge", deny_unknown_fields)]
pub struct Bridge {
    /// `bridge`.
    #[schemars(extend("enum" = ["bridge"]))]
    pub r#type: String,
    /// The name that it gets.
    pub name: String,
    /// The names of its links; may be empty.
    pub bridge_interfaces: Vec<String>,
    /// Whether IPv6 router advertisements are heeded. Default: the system's.
    #[serde(rename = "accept-ra")]
    pub accept_ra: Option<bool>,
    /// How it works, in the words of bridge-utils-interfaces(5).
    pub params: BridgeParameters,
    /// Its addresses.
    pub subnets: Option<Vec<Subnet>>,
}

/// Options of a bridge.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct BridgeParameters {
    /// How long an address is remembered, in seconds.
    pub bridge_ageing: Option<i64>,
    /// The priority of the bridge.
    pub bridge_bridgeprio: Option<i64>,
    /// Seconds before a port forwards.
    pub bridge_fd: Option<i64>,
    /// Seconds between hello packets.
    pub bridge_hello: Option<i64>,
    /// The bridge's MAC address.
    pub bridge_hw: Option<String>,
    /// How old a hello packet may be, in seconds.
    pub bridge_maxage: Option<i64>,
    /// How long the network scripts wait for it, in seconds.
    pub bridge_maxwait: Option<i64>,
    /// The cost of ports: each a name, a space and a number.
    pub bridge_pathcost: Option<Vec<String>>,
    /// The priority of ports: each a name, a space and a number.
    pub bridge_portprio: Option<Vec<String>>,
    /// The names of its links.
    pub bridge_ports: Option<Vec<String>>,
    /// Whether the spanning tree protocol is used.
    #[schemars(extend("enum" = ["on", "off"]))]
    pub bridge_stp: Option<String>,
    /// How long ports are waited for: each a name, a space and seconds.
    pub bridge_waitport: Option<Vec<String>>,
}

/// A VLAN on a link.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "anyOf_type_vlan", deny_unknown_fields)]
pub struct Vlan {
    /// `vlan`.
    #[schemars(extend("enum" = ["vlan"]))]
    pub r#type: String,
    /// The name that it gets.
    pub name: String,
    /// The name of the link that it is on.
    pub vlan_link: String,
    /// Its number.
    pub vlan_id: i64,
    /// The largest packet, in bytes. Default: the link's own.
    pub mtu: Option<i64>,
    /// Its addresses.
    pub subnets: Option<Vec<Subnet>>,
    /// Its MAC address. Default: that of the link that it is on.
    pub mac_address: Option<String>,
    /// Whether IPv6 router advertisements are heeded. Default: the system's.
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
    /// An address, or several.
    #[schemars(extend("type" = ["array", "string"], "items" = {"type": "string"}))]
    pub address: serde_json::Value,
    /// Domains in which names are looked up.
    pub search: Option<Vec<String>>,
    /// The name of the link that they are for. Default: all.
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
    /// Where it leads, for OpenStack; `destination` is looked at first.
    pub network: Option<String>,
    /// Where it leads: an address with the length of its prefix.
    pub destination: Option<String>,
    /// The mask of an IPv4 network, where the prefix's length is not given.
    pub netmask: Option<String>,
    /// The address of the gateway.
    pub gateway: Option<String>,
    /// Its metric.
    pub metric: Option<i64>,
}

/// Addresses of a link.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "config_type_subnet", deny_unknown_fields)]
pub struct Subnet {
    /// Where the address comes from.
    #[schemars(extend("enum" = [
        "dhcp4", "dhcp", "dhcp6", "static", "static6", "ipv6_dhcpv6-stateful", "ipv6_dhcpv6-stateless",
        "ipv6_slaac", "manual",
    ]))]
    pub r#type: Option<String>,
    /// When the link is brought up. Default: auto.
    #[schemars(extend("enum" = ["manual", "auto", "hotplug"]))]
    pub control: Option<String>,
    /// The address, with or without the length of its prefix.
    pub address: Option<String>,
    /// The mask of an IPv4 network, where the prefix's length is not given.
    pub netmask: Option<String>,
    /// The broadcast address of an IPv4 network.
    pub broadcast: Option<String>,
    /// The address of the default gateway.
    pub gateway: Option<String>,
    /// Addresses of name servers.
    pub dns_nameservers: Option<Vec<String>>,
    /// Domains in which names are looked up.
    pub dns_search: Option<Vec<String>>,
    /// Routes over this link.
    pub routes: Option<Vec<Route>>,
    /// Whether it is IPv4, for OpenStack. Default: what type and address say.
    pub ipv4: Option<bool>,
    /// Whether it is IPv6, for OpenStack. Default: what type and address say.
    pub ipv6: Option<bool>,
    /// The metric of the link and its routes.
    pub metric: Option<i64>,
}

use crate::notes::untyped;

/// It says by one of two keys where it leads, and by which gateway.
fn to_somewhere(schema: &mut Schema) {
    let forms = json!([{"required": ["network", "gateway"]}, {"required": ["destination", "gateway"]}]);
    schema.insert("oneOf".to_owned(), forms);
}
