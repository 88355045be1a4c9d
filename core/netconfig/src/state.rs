//! The one form that every description becomes.

use indexmap::IndexMap;
use model::NetworkConfig;
use model::config::Origin;
use model::effects::Link;

use crate::{NetError, Param, Scalar, address, v1, v2};

/// What a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterfaceKind {
    /// A device.
    Physical,
    /// `lo`.
    Loopback,
    /// An InfiniBand device.
    Infiniband,
    /// A bond, or a member of one that nothing else describes.
    Bond,
    /// A bridge.
    Bridge,
    /// A VLAN.
    Vlan,
    /// A wireless device (v2's `wifis`).
    Wifi,
    /// A port of a bridge that nothing describes.
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

/// What a VLAN is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Vlan {
    /// Its number.
    pub id: Option<Scalar>,
    /// The link below it.
    pub link: Option<String>,
}

/// How a link gets addresses.
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
    /// Anything else; most renderers refuse it.
    Other(String),
}

impl SubnetKind {
    /// From its name in config v1.
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

    /// Whether it holds addresses.
    pub fn is_static(&self) -> bool {
        matches!(self, Self::Static | Self::Static6)
    }

    /// Whether it is a way by which IPv6 addresses come over the network.
    pub fn is_ipv6_dynamic(&self) -> bool {
        matches!(self, Self::Dhcp6 | Self::Slaac | Self::Stateless | Self::Stateful)
    }
}

/// A route.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The network's address.
    pub network: String,
    /// The length of its prefix.
    pub prefix: u8,
    /// The gateway.
    pub gateway: Option<String>,
    /// The metric.
    pub metric: Option<i128>,
    /// The MTU in bytes.
    pub mtu: Option<Scalar>,
    /// The routing table (v2).
    pub table: Option<Scalar>,
    /// The gateway is on the link although no address of the link is in its network (v2).
    pub on_link: Option<bool>,
    /// Where it was written.
    pub origin: Origin,
}

impl Route {
    /// Whether it leads everywhere.
    pub fn is_default(&self) -> bool {
        self.prefix == 0 && matches!(self.network.as_str(), "::" | "0.0.0.0")
    }

    /// The netmask, of IPv4.
    pub fn netmask(&self) -> Option<String> {
        (!address::is_v6_network(&self.network)).then(|| address::v4_mask(self.prefix))
    }
}

/// A way in which a link gets addresses. Empty values and zeros are as if they were not written.
#[derive(Clone, Debug, PartialEq)]
pub struct Subnet {
    /// Which way.
    pub kind: SubnetKind,
    /// The address, without its prefix.
    pub address: Option<String>,
    /// The length of the prefix; always there for an address of a static kind.
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
    /// network_data.json said `ipv4`.
    pub marked_ipv4: bool,
    /// network_data.json said `ipv6`.
    pub marked_ipv6: bool,
    /// Where it was written.
    pub origin: Origin,
}

impl Subnet {
    /// A subnet with nothing but its kind.
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

    /// Whether it is of IPv6.
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

/// A link and what it shall be.
#[derive(Clone, Debug, PartialEq)]
pub struct Interface {
    /// The name of its entry in config v2, which `set-name` may differ from.
    pub config_id: Option<String>,
    /// The link's name.
    pub name: String,
    /// What it is.
    pub kind: InterfaceKind,
    /// The hardware address, lower case: to find a device by, to give to anything else.
    pub mac: Option<String>,
    /// The MTU in bytes.
    pub mtu: Option<Scalar>,
    /// How it gets addresses.
    pub subnets: Vec<Subnet>,
    /// Whether it listens to router advertisements.
    pub accept_ra: Option<bool>,
    /// Whether a magic packet wakes the machine.
    pub wake_on_lan: Option<bool>,
    /// Whether a boot may go on without it.
    pub optional: Option<bool>,
    /// Whether its configuration outlives the network manager.
    pub keep_configuration: Option<Scalar>,
    /// Its own name servers.
    pub dns: Option<Dns>,
    /// What a VLAN is made of.
    pub vlan: Option<Vlan>,
    /// The ports of a bridge.
    pub bridge_ports: Option<Vec<String>>,
    /// Parameters, named as interfaces(5) names them (`bond-mode`, `bridge_stp`, `driver`); a bond's are on its
    /// members too, with `bond-master`.
    pub params: IndexMap<String, Param>,
    /// By what a device is found beside its hardware address (v2's `match`).
    pub matching: Option<Matching>,
    /// `dhcp4-overrides` and `dhcp6-overrides` of version 2, by their names there.
    pub overrides: [IndexMap<String, Scalar>; 2],
    /// The families that have link-local addresses (v2's `link-local`: `ipv4`, `ipv6`); `None` is the default.
    pub link_local: Option<Vec<String>>,
    /// Policy rules (v2's `routing-policy`), each by netplan's names (`from`, `table`, `priority`).
    pub rules: Vec<IndexMap<String, Scalar>>,
    /// The networks that a wireless device may join.
    pub access_points: Vec<AccessPoint>,
    /// Where it was written.
    pub origin: Origin,
}

/// By what a device is found: what is given must fit, with wildcards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matching {
    /// The kernel's name of the device.
    pub name: Option<String>,
    /// Drivers, any of which fits.
    pub drivers: Vec<String>,
    /// Whether the name of the link is the entry's id, which then says nothing about the device.
    pub opaque: bool,
}

/// A wireless network. Values are by netplan's names.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessPoint {
    /// Its name.
    pub ssid: String,
    /// `mode`, `hidden`, `bssid`, `band`, `channel`, and `password` where no `auth` is given.
    pub settings: IndexMap<String, Scalar>,
    /// `auth`: `key-management`, `method`, `identity`, `password` and so on.
    pub auth: IndexMap<String, Scalar>,
}

impl Interface {
    /// What it is keyed by: its entry in config v2, or its name.
    pub fn key(&self) -> &str {
        self.config_id.as_deref().filter(|id| !id.is_empty()).unwrap_or(&self.name)
    }

    /// The bond that it is a member of.
    pub fn bond_master(&self) -> Option<String> {
        self.params.get("bond-master").filter(|master| master.is_truthy()).map(ToString::to_string)
    }

    /// A parameter of a bond by the bonding driver's name for it, in whichever spelling it was written (`bond_lacp_rate`,
    /// `bond-lacp_rate`, `bond-lacp-rate`).
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

/// A network, described.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkState {
    /// 1 or 2.
    pub version: u8,
    /// What it was read from.
    pub config: NetworkConfig,
    /// The links by [`Interface::key`].
    pub interfaces: IndexMap<String, Interface>,
    /// Routes of no link in particular.
    pub routes: Vec<Route>,
    /// Name servers of no link in particular.
    pub dns: Dns,
    /// Whether any address is of IPv6.
    pub use_ipv6: bool,
}

impl NetworkState {
    /// Reads a description. `links` are the machine's: config v2 finds a device's name by its MAC among them.
    pub fn read(config: &NetworkConfig, links: &[Link]) -> Result<Self, NetError> {
        match config.version() {
            Some(1) => v1::read(config),
            Some(2) => v2::read(config, links),
            version => Err(NetError::Version { origin: config.node().origin.clone(), version }),
        }
    }

    /// A v2 description that netplan is handed as it is, whatever its keys. Only MAC addresses that YAML took for
    /// numbers are refused.
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

    /// Whether any route leads everywhere.
    pub fn has_default_route(&self) -> bool {
        let of_subnets =
            self.interfaces.values().flat_map(|link| &link.subnets).flat_map(|subnet| &subnet.routes);
        self.routes.iter().chain(of_subnets).any(Route::is_default)
    }

    /// The links of one kind, in order.
    pub fn of_kind(&self, kind: InterfaceKind) -> impl Iterator<Item = &Interface> {
        self.interfaces.values().filter(move |link| link.kind == kind)
    }

    /// The names of a bond's members, in order of description.
    pub fn members_of(&self, bond: &str) -> Vec<&str> {
        self.interfaces
            .values()
            .filter(|link| link.bond_master().as_deref() == Some(bond))
            .map(|link| link.name.as_str())
            .collect()
    }
}
