//! The common form of all network configurations.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use model::NetworkConfig;
use model::config::Origin;
use model::effects::Link;

use crate::{NetError, Param, Scalar, address, v1, v2};

/// The type of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterfaceKind {
    /// A physical device.
    Physical,
    /// `lo`.
    Loopback,
    /// An InfiniBand device.
    Infiniband,
    /// A bond, or a member of one without an entry of its own.
    Bond,
    /// A bridge.
    Bridge,
    /// A VLAN.
    Vlan,
    /// A wireless device (v2's `wifis`).
    Wifi,
    /// A bridge port without an entry of its own.
    Undescribed,
}

/// Name servers and search domains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dns {
    /// Addresses.
    pub nameservers: Vec<String>,
    /// Domains.
    pub search: Vec<String>,
}

/// The properties of a VLAN.
#[derive(Clone, Debug, PartialEq)]
pub struct Vlan {
    /// The VLAN ID.
    pub id: Option<Scalar>,
    /// The parent device.
    pub link: Option<String>,
}

/// How a device gets an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubnetKind {
    /// `dhcp`: DHCPv4.
    Dhcp,
    /// `dhcp4`.
    Dhcp4,
    /// `dhcp6`.
    Dhcp6,
    /// `static`, of either family.
    Static,
    /// `static6`.
    Static6,
    /// `manual`: no address.
    Manual,
    /// `loopback`.
    Loopback,
    /// `ipv6_slaac`.
    Slaac,
    /// `ipv6_dhcpv6-stateless`.
    Stateless,
    /// `ipv6_dhcpv6-stateful`.
    Stateful,
    /// Anything else; most renderers reject it.
    Other(String),
}

impl SubnetKind {
    /// Parses its name in config v1.
    pub fn from_name(name: &str) -> Self {
        match name {
            "dhcp" => Self::Dhcp,
            "dhcp4" => Self::Dhcp4,
            "dhcp6" => Self::Dhcp6,
            "static" => Self::Static,
            "static6" => Self::Static6,
            "manual" => Self::Manual,
            "loopback" => Self::Loopback,
            "ipv6_slaac" => Self::Slaac,
            "ipv6_dhcpv6-stateless" => Self::Stateless,
            "ipv6_dhcpv6-stateful" => Self::Stateful,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Its name in config v1.
    pub fn name(&self) -> &str {
        match self {
            Self::Dhcp => "dhcp",
            Self::Dhcp4 => "dhcp4",
            Self::Dhcp6 => "dhcp6",
            Self::Static => "static",
            Self::Static6 => "static6",
            Self::Manual => "manual",
            Self::Loopback => "loopback",
            Self::Slaac => "ipv6_slaac",
            Self::Stateless => "ipv6_dhcpv6-stateless",
            Self::Stateful => "ipv6_dhcpv6-stateful",
            Self::Other(name) => name,
        }
    }

    /// Whether it contains static addresses.
    pub fn is_static(&self) -> bool {
        matches!(self, Self::Static | Self::Static6)
    }

    /// Whether it assigns IPv6 addresses dynamically.
    pub fn is_ipv6_dynamic(&self) -> bool {
        matches!(self, Self::Dhcp6 | Self::Slaac | Self::Stateless | Self::Stateful)
    }
}

/// A route.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The network address.
    pub network: String,
    /// The prefix length.
    pub prefix: u8,
    /// The gateway.
    pub gateway: Option<String>,
    /// The metric.
    pub metric: Option<i128>,
    /// The MTU in bytes.
    pub mtu: Option<Scalar>,
    /// The routing table (v2).
    pub table: Option<Scalar>,
    /// Whether the gateway is on-link although outside the device's networks (v2).
    pub on_link: Option<bool>,
    /// Where it was written.
    pub origin: Origin,
}

impl Route {
    /// Whether it is a default route.
    pub fn is_default(&self) -> bool {
        self.prefix == 0 && matches!(self.network.as_str(), "::" | "0.0.0.0")
    }

    /// The IPv4 netmask.
    pub fn netmask(&self) -> Option<String> {
        (!address::is_v6_network(&self.network)).then(|| address::v4_mask(self.prefix))
    }
}

/// A subnet of a device. Empty values and zeros count as unset.
#[derive(Clone, Debug, PartialEq)]
pub struct Subnet {
    /// The address method.
    pub kind: SubnetKind,
    /// The address without its prefix length.
    pub address: Option<String>,
    /// The prefix length; always set for static addresses.
    pub prefix: Option<u8>,
    /// The gateway.
    pub gateway: Option<String>,
    /// The broadcast address.
    pub broadcast: Option<String>,
    /// The other end of a point-to-point link (spelled `pointopoint`).
    pub pointopoint: Option<String>,
    /// The scope of the address.
    pub scope: Option<String>,
    /// The metric of its routes.
    pub metric: Option<Scalar>,
    /// The MTU in bytes.
    pub mtu: Option<Scalar>,
    /// `auto`, `manual` or `hotplug`.
    pub control: Option<String>,
    /// Name servers.
    pub dns_nameservers: Option<Vec<String>>,
    /// Search domains.
    pub dns_search: Option<Vec<String>>,
    /// Routes.
    pub routes: Vec<Route>,
    /// Whether network_data.json says `ipv4`.
    pub marked_ipv4: bool,
    /// Whether network_data.json says `ipv6`.
    pub marked_ipv6: bool,
    /// Where it was written.
    pub origin: Origin,
}

impl Subnet {
    /// A subnet with only its type.
    pub fn new(kind: SubnetKind, origin: Origin) -> Self {
        Self {
            kind,
            address: None,
            prefix: None,
            gateway: None,
            broadcast: None,
            pointopoint: None,
            scope: None,
            metric: None,
            mtu: None,
            control: None,
            dns_nameservers: None,
            dns_search: None,
            routes: Vec::new(),
            marked_ipv4: false,
            marked_ipv6: false,
            origin,
        }
    }

    /// Whether it is IPv6.
    pub fn is_ipv6(&self) -> bool {
        self.kind.is_ipv6_dynamic()
            || self.kind.name().ends_with('6')
            || (self.kind == SubnetKind::Static && self.address.as_deref().is_some_and(address::is_v6))
    }

    /// `ADDRESS/PREFIX`.
    pub fn cidr(&self) -> Option<String> {
        let address = self.address.as_ref()?;
        Some(self.prefix.map_or_else(|| address.clone(), |prefix| format!("{address}/{prefix}")))
    }
}

/// A network device and its configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Interface {
    /// The name of its entry in config v2, which may differ from `set-name`.
    pub config_id: Option<String>,
    /// The device name.
    pub name: String,
    /// The type.
    pub kind: InterfaceKind,
    /// The MAC address in lower case: matches a physical device, and is assigned to any other.
    pub mac: Option<String>,
    /// The MTU in bytes.
    pub mtu: Option<Scalar>,
    /// Its subnets.
    pub subnets: Vec<Subnet>,
    /// Whether it accepts router advertisements.
    pub accept_ra: Option<bool>,
    /// Whether wake-on-LAN is enabled.
    pub wake_on_lan: Option<bool>,
    /// Whether a boot continues without it.
    pub optional: Option<bool>,
    /// Whether its configuration is kept when the network manager stops.
    pub keep_configuration: Option<Scalar>,
    /// Its own name servers.
    pub dns: Option<Dns>,
    /// The properties of a VLAN.
    pub vlan: Option<Vlan>,
    /// The ports of a bridge.
    pub bridge_ports: Option<Vec<String>>,
    /// Parameters with the names of interfaces(5) (`bond-mode`, `bridge_stp`, `driver`); members also have their
    /// bond's, and `bond-master`.
    pub params: IndexMap<String, Param>,
    /// How a device is matched, in addition to its MAC address (v2's `match`).
    pub matching: Option<Matching>,
    /// `dhcp4-overrides` and `dhcp6-overrides` of version 2, with their names there.
    pub overrides: [IndexMap<String, Scalar>; 2],
    /// Families with link-local addresses (v2's `link-local`: `ipv4`, `ipv6`); `None` is the default.
    pub link_local: Option<Vec<String>>,
    /// Policy routing rules (v2's `routing-policy`), with netplan's names (`from`, `table`, `priority`).
    pub rules: Vec<IndexMap<String, Scalar>>,
    /// The networks of a wireless device.
    pub access_points: Vec<AccessPoint>,
    /// Where it was written.
    pub origin: Origin,
}

/// How a device is matched: all given properties must match, with wildcards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matching {
    /// The kernel's device name.
    pub name: Option<String>,
    /// Driver names, one of which must match.
    pub drivers: Vec<String>,
    /// Whether the device's name is the entry's ID, which then does not identify the device.
    pub opaque: bool,
}

/// A wireless network, with netplan's names.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessPoint {
    /// The SSID.
    pub ssid: String,
    /// `mode`, `hidden`, `bssid`, `band`, `channel`, and `password` without `auth`.
    pub settings: IndexMap<String, Scalar>,
    /// `auth`: `key-management`, `method`, `identity`, `password` and so on.
    pub auth: IndexMap<String, Scalar>,
}

impl Interface {
    /// Its key: the entry in config v2, or its name.
    pub fn key(&self) -> &str {
        self.config_id.as_deref().filter(|id| !id.is_empty()).unwrap_or(&self.name)
    }

    /// The bond that it is a member of.
    pub fn bond_master(&self) -> Option<String> {
        self.params.get("bond-master").filter(|master| master.is_truthy()).map(ToString::to_string)
    }

    /// A bonding parameter by the driver's name, in any spelling (`bond_lacp_rate`, `bond-lacp_rate`,
    /// `bond-lacp-rate`).
    pub fn bond_param(&self, option: &str) -> Option<&Param> {
        let plain = |name: &str| name.replace('_', "-");
        let wanted = format!("bond-{}", plain(option));
        self.params.iter().find(|(name, _)| plain(name) == wanted).map(|(_, param)| param)
    }

    /// The driver that its device must have.
    pub fn driver(&self) -> Option<String> {
        self.params.get("driver").filter(|driver| driver.is_truthy()).map(ToString::to_string)
    }
}

/// A complete network configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkState {
    /// 1 or 2.
    pub version: u8,
    /// The source tree.
    pub config: NetworkConfig,
    /// The devices by [`Interface::key`].
    pub interfaces: IndexMap<String, Interface>,
    /// Global routes.
    pub routes: Vec<Route>,
    /// Global name servers.
    pub dns: Dns,
    /// Whether any address is IPv6.
    pub use_ipv6: bool,
}

impl NetworkState {
    /// Reads a configuration. `links` are the machine's devices: config v2 finds names by MAC among them.
    pub fn read(config: &NetworkConfig, links: &[Link]) -> Result<Self, NetError> {
        match config.version() {
            Some(1) => v1::read(config),
            Some(2) => v2::read(config, links),
            version => Err(NetError::Version { origin: config.node().origin.clone(), version }),
        }
    }

    /// A v2 configuration that netplan receives unchanged, regardless of its keys. Only MAC addresses that YAML read as
    /// numbers are rejected.
    pub fn passthrough(config: &NetworkConfig) -> Result<Self, NetError> {
        v2::check_macs(config.node())?;
        Ok(Self::empty(2, config))
    }

    pub(crate) fn empty(version: u8, config: &NetworkConfig) -> Self {
        Self {
            version,
            config: config.clone(),
            interfaces: IndexMap::new(),
            routes: Vec::new(),
            dns: Dns::default(),
            use_ipv6: false,
        }
    }

    /// Whether there is a default route.
    pub fn has_default_route(&self) -> bool {
        let of_subnets =
            self.interfaces.values().flat_map(|link| &link.subnets).flat_map(|subnet| &subnet.routes);
        self.routes.iter().chain(of_subnets).any(Route::is_default)
    }

    /// The devices of one type, in order.
    pub fn of_kind(&self, kind: InterfaceKind) -> impl Iterator<Item = &Interface> {
        self.interfaces.values().filter(move |link| link.kind == kind)
    }

    /// The names of the members of each bond, in order.
    pub fn members(&self) -> BTreeMap<String, Vec<&str>> {
        let mut members = BTreeMap::<String, Vec<&str>>::new();
        for link in self.interfaces.values() {
            if let Some(bond) = link.bond_master() {
                members.entry(bond.clone()).or_default().push(&link.name);
            }
        }
        members
    }
}
