//! Version 2: mappings of links, in netplan's form.

use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde_json::json;

use crate::forms::Free;

/// A network-config of version 2.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "network_config_version2", deny_unknown_fields)]
pub struct Config {
    /// The version of the form: 2.
    #[schemars(extend("enum" = [2]))]
    pub version: i64,
    /// The network manager that sets it up. Default: the distribution's.
    pub renderer: Option<Renderer>,
    /// Links that the machine has, under names of your choice.
    pub ethernets: Option<Free<Physical>>,
    /// Several links as one, by their names.
    pub bonds: Option<Free<Bond>>,
    /// Bridges between links, by their names.
    pub bridges: Option<Free<Bridge>>,
    /// VLANs on links, by their names.
    pub vlans: Option<Free<Vlan>>,
    /// Wireless links, under names of your choice.
    pub wifis: Option<Free<Wifi>>,
}

/// A network manager.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("enum" = ["networkd", "NetworkManager"]))]
#[serde(rename = "renderer", transparent)]
pub struct Renderer(pub String);

/// What of an answer of DHCP is not used, or used in another way.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "dhcp-overrides", rename_all = "kebab-case", deny_unknown_fields)]
pub struct DhcpOverrides {
    /// The name that is sent to the server.
    pub hostname: Option<String>,
    /// The metric of its routes.
    pub route_metric: Option<i64>,
    /// Whether a name is sent. Default: yes.
    pub send_hostname: Option<bool>,
    /// Whether its name servers are used. Default: yes.
    pub use_dns: Option<bool>,
    /// Whether its domains are used; `route` for which servers are asked alone.
    #[schemars(extend("type" = ["string", "boolean"]))]
    pub use_domains: Option<serde_json::Value>,
    /// Whether the name that it gives is used. Default: yes.
    pub use_hostname: Option<bool>,
    /// Whether the MTU that it gives is used. Default: yes.
    pub use_mtu: Option<bool>,
    /// Whether its time servers are used. Default: yes.
    pub use_ntp: Option<bool>,
    /// Whether its routes are used. Default: yes.
    pub use_routes: Option<bool>,
}

/// The address of a default gateway, which netplan wants as a route to `default`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "gateway", transparent)]
pub struct Gateway(pub String);

/// A boolean, or one of netplan's words for it.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("type" = ["boolean", "string"], "enum" = ["yes", "no", true, false]))]
#[serde(transparent)]
pub struct YesOrNo(pub serde_json::Value);

/// What every link may have.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "mapping", rename_all = "kebab-case")]
pub struct Mapping {
    /// The network manager that sets it up. Default: that of the whole description.
    pub renderer: Option<Renderer>,
    /// Whether DHCP gives IPv4 addresses. Default: no.
    pub dhcp4: Option<YesOrNo>,
    /// Whether DHCP gives IPv6 addresses. Default: no.
    pub dhcp6: Option<YesOrNo>,
    /// What of DHCP's answer for IPv4 is used in another way.
    #[serde(rename = "dhcp4-overrides")]
    pub dhcp4_overrides: Option<DhcpOverrides>,
    /// What of DHCP's answer for IPv6 is used in another way.
    #[serde(rename = "dhcp6-overrides")]
    pub dhcp6_overrides: Option<DhcpOverrides>,
    /// Addresses, each with the length of its prefix, or a mapping of one with its label or lifetime.
    pub addresses: Option<Vec<Address>>,
    /// The default gateway of IPv4.
    pub gateway4: Option<Gateway>,
    /// The default gateway of IPv6.
    pub gateway6: Option<Gateway>,
    /// Whether the boot goes on without it. Default: no.
    pub optional: Option<bool>,
    /// The largest packet, in bytes. Default: the link's own.
    pub mtu: Option<i64>,
    /// Name servers, and domains in which names are looked up.
    pub nameservers: Option<Nameservers>,
    /// Routes over this link.
    pub routes: Option<Vec<Route>>,
    /// Which packets are routed by which table.
    pub routing_policy: Option<Vec<Rule>>,
    /// Whether advertisements of IPv6 routers are followed. Default: as the kernel does.
    pub accept_ra: Option<YesOrNo>,
    /// The families that get an address of the link alone. Default: ipv6.
    pub link_local: Option<Vec<Family>>,
    /// The MAC address that the link is given.
    pub macaddress: Option<String>,
}

/// An address, or one with what is said of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("type" = ["string", "object"]))]
#[serde(transparent)]
pub struct Address(pub serde_json::Value);

/// A family of addresses.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("enum" = ["ipv4", "ipv6"]))]
#[serde(transparent)]
pub struct Family(pub String);

/// Which packets are routed by a table.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
#[serde(rename_all = "kebab-case")]
pub struct Rule {
    /// Packets from these addresses.
    pub from: Option<String>,
    /// Packets to these addresses.
    pub to: Option<String>,
    /// The number of the table, 1 to 4294967295.
    pub table: Option<i64>,
    /// Its place among the rules; the lowest is looked at first.
    pub priority: Option<i64>,
    /// Packets with this mark of the firewall.
    pub mark: Option<i64>,
    /// Packets with this type of service, 0 to 255.
    pub type_of_service: Option<i64>,
}

/// Name servers.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Nameservers {
    /// Domains in which names are looked up.
    pub search: Option<Vec<String>>,
    /// Addresses of name servers.
    pub addresses: Option<Vec<String>>,
}

/// A route.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
#[serde(rename_all = "kebab-case")]
pub struct Route {
    /// Where it leads: an address with the length of its prefix.
    pub to: String,
    /// The address of the gateway.
    pub via: Option<String>,
    /// Its metric.
    pub metric: Option<i64>,
    /// The number of the table that it stands in. Default: the main table, 254.
    pub table: Option<i64>,
    /// The largest packet over it, in bytes.
    pub mtu: Option<i64>,
    /// Whether the gateway is reached although no address of the link is in its network. Default: no.
    pub on_link: Option<bool>,
}

/// What stands beside what every link may have.
fn link(schema: &mut Schema) {
    schema.remove("type");
    schema.insert("allOf".to_owned(), json!([{"$ref": "#/$defs/mapping"}]));
}

/// A link that the machine has.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(transform = link)]
#[serde(rename = "mapping_physical", rename_all = "kebab-case")]
pub struct Physical {
    /// By what it is found; all that is given has to fit. Default: by the name above.
    pub r#match: Option<Match>,
    /// The name that it gets.
    pub set_name: Option<String>,
    /// Whether it may wake the machine. Default: no.
    pub wakeonlan: Option<bool>,
}

/// By what a link is found.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Match {
    /// Its name; may have wildcards.
    pub name: Option<String>,
    /// Its MAC address, in lower case.
    pub macaddress: Option<String>,
    /// Its driver; may have wildcards.
    pub driver: Option<String>,
}

/// Several links as one.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(transform = link)]
#[serde(rename = "mapping_bond")]
pub struct Bond {
    /// The names of its links.
    pub interfaces: Option<Vec<String>>,
    /// How the links work together.
    pub parameters: Option<BondParameters>,
}

/// Options of a bond.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub struct BondParameters {
    /// How traffic is spread over the links. Default: balance-rr.
    #[schemars(extend("enum" = [
        "balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb",
    ]))]
    pub mode: Option<String>,
    /// How often LACP's packets are sent, for 802.3ad. Default: slow.
    #[schemars(extend("enum" = ["fast", "slow"]))]
    pub lacp_rate: Option<String>,
    /// How often the state of links is looked at. Default: 0, never.
    #[schemars(extend("type" = ["string", "integer"]))]
    pub mii_monitor_interval: Option<serde_json::Value>,
    /// So many links have to be up for the bond to be.
    pub min_links: Option<i64>,
    /// By what a link is chosen for a packet.
    #[schemars(extend("enum" = ["layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4"]))]
    pub transmit_hash_policy: Option<String>,
    /// How an aggregator is chosen, for 802.3ad.
    #[schemars(extend("enum" = ["stable", "bandwidth", "count"]))]
    pub ad_select: Option<String>,
    /// Whether duplicate frames from idle links are let through. Default: no.
    pub all_slaves_active: Option<bool>,
    /// How often links are looked at by ARP. Default: 0, never.
    pub arp_interval: Option<i64>,
    /// The IPv4 addresses that are asked by ARP; at most 16.
    pub arp_ip_targets: Option<Vec<String>>,
    /// Which answers to ARP are checked.
    #[schemars(extend("enum" = ["none", "active", "backup", "all"]))]
    pub arp_validate: Option<String>,
    /// Whether any or all targets of ARP have to answer.
    #[schemars(extend("enum" = ["any", "all"]))]
    pub arp_all_targets: Option<String>,
    /// How long a link has to be up before it is used. Default: 0.
    pub up_delay: Option<i64>,
    /// How long a link has to be lost before it is put aside. Default: 0.
    pub down_delay: Option<i64>,
    /// How the links get their MAC addresses.
    #[schemars(extend("enum" = ["none", "active", "follow"]))]
    pub fail_over_mac_policy: Option<String>,
    /// How many ARP announcements follow a change of links, 1 to 255. Default: 1.
    pub gratuitous_arp: Option<i64>,
    /// How many packets a link carries before the next one's turn, 0 to 65535. Default: 1.
    pub packets_per_slave: Option<i64>,
    /// When the primary link takes over again.
    #[schemars(extend("enum" = ["always", "better", "failure"]))]
    pub primary_reselect_policy: Option<String>,
    /// How often packets are sent that teach the switches. Default: 1.
    #[schemars(extend("type" = ["string", "integer"]))]
    pub learn_packet_interval: Option<serde_json::Value>,
    /// The link that carries the traffic where it can.
    pub primary: Option<String>,
}

/// A bridge between links.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(transform = link)]
#[serde(rename = "mapping_bridge")]
pub struct Bridge {
    /// The names of its links.
    pub interfaces: Option<Vec<String>>,
    /// How it works.
    pub parameters: Option<BridgeParameters>,
}

/// Options of a bridge.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub struct BridgeParameters {
    /// How long an address is remembered.
    pub ageing_time: Option<i64>,
    /// The priority of the bridge, 0 to 65535; the highest is the root.
    pub priority: Option<i64>,
    /// How long a port listens and learns before it forwards.
    pub forward_delay: Option<i64>,
    /// The time between hello packets.
    pub hello_time: Option<i64>,
    /// How old a hello packet may be.
    pub max_age: Option<i64>,
    /// The cost of a path over the bridge, or over each of its links.
    #[schemars(extend("type" = ["integer", "object"]))]
    pub path_cost: Option<serde_json::Value>,
    /// The priorities of its links, 0 to 63.
    #[schemars(extend("type" = "object"))]
    pub port_priority: Option<serde_json::Value>,
    /// Whether the spanning tree protocol is used. Default: yes.
    pub stp: Option<bool>,
}

/// A VLAN on a link.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(transform = link)]
#[serde(rename = "mapping_vlan")]
pub struct Vlan {
    /// Its number, 0 to 4094.
    pub id: Option<i64>,
    /// The name of the link that it is on.
    pub link: Option<String>,
}

/// A wireless link.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(transform = link)]
#[serde(rename = "mapping_wifi", rename_all = "kebab-case")]
pub struct Wifi {
    /// It is a link that the machine has.
    #[serde(flatten)]
    pub physical: Physical,
    /// Networks that it joins, by their names (SSID); null for one that is open to all.
    pub access_points: Option<Free<AccessPoint>>,
}

/// A wireless network.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("type" = ["object", "null"]))]
pub struct AccessPoint {
    /// Its passphrase.
    pub password: Option<String>,
    /// How the link joins.
    #[schemars(extend("enum" = ["infrastructure", "adhoc", "ap"]))]
    pub mode: Option<String>,
    /// The MAC address of its station.
    pub bssid: Option<String>,
    /// The band.
    #[schemars(extend("enum" = ["2.4GHz", "5GHz"]))]
    pub band: Option<String>,
    /// The number of the channel.
    pub channel: Option<i64>,
    /// Whether its name is not sent out. Default: no.
    pub hidden: Option<bool>,
    /// What proves who joins.
    pub auth: Option<serde_json::Map<String, serde_json::Value>>,
}
