//! Network links, and addresses that are held for a moment.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// A network link as the kernel shows it in /sys/class/net.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// `eth0`.
    pub name: String,
    /// Hardware address, lower case.
    pub mac: String,
    /// The permanent address of a bond's member, where it differs.
    pub permanent_mac: Option<String>,
    /// `up`, `down`, `unknown`, …
    pub operstate: String,
    /// Whether it has a carrier; `None` while the link is down.
    pub carrier: Option<bool>,
    /// `addr_assign_type`: 0 permanent, 1 random, 2 stolen, 3 set.
    pub address_assigned: Option<u8>,
    /// ARP hardware type (`type`): 1 Ethernet, 32 InfiniBand, 772 loopback.
    pub hardware_type: u32,
    /// The driver's name.
    pub driver: Option<String>,
    /// The device's id of its bus (`device/device`).
    pub device_id: Option<String>,
    /// Whether it is backed by a device (not virtual).
    pub physical: bool,
    /// DEVTYPE of uevent: `bridge`, `bond`, `vlan`, `wlan`, …
    pub device_type: Option<String>,
    /// Whether it is a bridge.
    pub bridge: bool,
    /// Whether it is a bond.
    pub bond: bool,
    /// Whether it is a VLAN.
    pub vlan: bool,
    /// The link that this one is enslaved to.
    pub master: Option<String>,
    /// Whether it is the standby of a failover device (`device_features` bit 62), which carries no config.
    pub failover_standby: bool,
    /// `name_assign_type`.
    pub name_assigned: Option<u8>,
    /// MTU in bytes.
    pub mtu: Option<u32>,
    /// Port number of the device (`dev_id`).
    pub dev_id: Option<String>,
}

/// An address of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub address: IpAddr,
    /// Length of the network's prefix, in bits.
    pub prefix: u8,
    /// `global`, `link`, `host`.
    pub scope: String,
    /// The network's broadcast address, of IPv4.
    pub broadcast: Option<Ipv4Addr>,
    /// Whether it is one end of a point-to-point link: the prefix is then the peer's.
    pub peer: bool,
    /// Whether the kernel still looks for another holder of it (IPv6).
    pub tentative: bool,
    /// Whether it was set and does not expire.
    pub permanent: bool,
}

impl Address {
    /// A global, permanent address.
    pub fn new(address: IpAddr, prefix: u8) -> Self {
        Self {
            address,
            prefix,
            scope: "global".to_owned(),
            broadcast: None,
            peer: false,
            tentative: false,
            permanent: true,
        }
    }
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The network; 0.0.0.0 or :: for the default route.
    pub destination: IpAddr,
    /// Length of its prefix, in bits.
    pub prefix: u8,
    /// The gateway; `None` or unspecified for a network on the link.
    pub gateway: Option<IpAddr>,
    /// The link.
    pub interface: String,
    /// The metric, where it has one.
    pub metric: Option<u32>,
    /// `unicast`, `local`, `multicast`, … (ip-route(8)).
    pub kind: &'static str,
    /// The routing table's number.
    pub table: u32,
    /// Whether it ends by itself: a router has told of it.
    pub expires: bool,
}

impl Route {
    /// The number of the main table.
    pub const MAIN: u32 = 254;
}

impl Default for Route {
    /// The default route of IPv4, on no link.
    fn default() -> Self {
        Self {
            destination: Ipv4Addr::UNSPECIFIED.into(),
            prefix: 0,
            gateway: None,
            interface: String::new(),
            metric: None,
            kind: "unicast",
            table: Self::MAIN,
            expires: false,
        }
    }
}

/// Links, their addresses or routes could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The kernel refused, or does not answer.
    #[error("cannot read the network links: {what}: {source}")]
    Kernel {
        /// A link's name, or what was asked.
        what: String,
        /// Why not.
        source: std::io::Error,
    },
    /// /sys/class/net cannot be listed.
    #[error("cannot read the network links: {0}")]
    File(#[from] super::FileError),
}

/// What happened to a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkEventKind {
    /// It is there.
    Added,
    /// It is gone.
    Removed,
    /// It has a carrier and passes packets (`IFF_RUNNING`).
    Up,
    /// It passes none any more.
    Down,
}

/// Something that happened to a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkEvent {
    /// The link's name at that time.
    pub link: String,
    /// What.
    pub kind: LinkEventKind,
}

/// What happens to links, in order, since it was asked for.
pub trait LinkEvents: Send {
    /// Waits for the next event; `None` when the time is over, or where nothing ever happens.
    fn next(&mut self, limit: Duration) -> Result<Option<LinkEvent>, LinkError>;
}

/// Where nothing ever happens.
struct NoEvents;

impl LinkEvents for NoEvents {
    fn next(&mut self, _limit: Duration) -> Result<Option<LinkEvent>, LinkError> {
        Ok(None)
    }
}

/// The kernel's view of the network.
pub trait Links: Send + Sync {
    /// Every link, sorted by name.
    fn links(&self) -> Result<Vec<Link>, LinkError>;

    /// The addresses of a link.
    fn addresses(&self, link: &str) -> Result<Vec<Address>, LinkError>;

    /// The routes of both families and all tables, in the kernel's order.
    fn routes(&self) -> Result<Vec<Route>, LinkError>;

    /// Gives a link another name; it must be down.
    fn rename(&self, from: &str, to: &str) -> Result<(), LinkError>;

    /// Brings a link up, or takes it down.
    fn set_up(&self, link: &str, up: bool) -> Result<(), LinkError>;

    /// Listens, from now on, for links that come, go or change.
    fn watch(&self) -> Result<Box<dyn LinkChanges>, LinkError>;

    /// The same, one event after the other (Azure: a link goes down and up when a machine is handed on).
    fn events(&self) -> Result<Box<dyn LinkEvents>, LinkError> {
        Ok(Box::new(NoEvents))
    }
}

/// Links that come, go or change, since it was asked for.
pub trait LinkChanges: Send {
    /// Waits for a change; false when the time is over, or where nothing ever changes.
    fn wait(&mut self, limit: Duration) -> Result<bool, LinkError>;
}

/// What a DHCP server granted.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Lease {
    /// The link.
    pub interface: String,
    /// The address.
    pub address: Ipv4Addr,
    /// Length of the network's prefix, in bits.
    pub prefix: u8,
    /// The first router.
    pub router: Option<Ipv4Addr>,
    /// Classless static routes (RFC 3442); with these the router option is not used.
    pub static_routes: Vec<(Ipv4Addr, u8, Ipv4Addr)>,
    /// Who answered.
    pub server: Option<Ipv4Addr>,
    /// Interface MTU.
    pub mtu: Option<u32>,
    /// Option 245, the address of Azure's WireServer.
    pub option_245: Option<Vec<u8>>,
    /// Every option as the client spelled it.
    pub options: Vec<(String, String)>,
}

/// An ephemeral address that could not be had.
#[derive(Debug, thiserror::Error)]
pub enum EphemeralError {
    /// No server granted a lease.
    #[error("no DHCP lease on {interface}: {reason}")]
    NoLease {
        /// The link.
        interface: String,
        /// Why, as far as the client tells.
        reason: String,
    },
    /// The link or an address of it could not be set up.
    #[error("cannot configure {interface} for a moment: {reason}")]
    Link {
        /// The link.
        interface: String,
        /// Why not.
        reason: String,
    },
}

/// Addresses that are held only while a metadata service is asked.
///
/// Whatever was added is removed when the guard is dropped.
pub trait Ephemeral: Send + Sync {
    /// Brings the link up, asks for a lease within the time, and adds its address and routes.
    /// `clients` is the order of preference: `internal` is this program's own, the others are packaged (`dhcpcd`,
    /// `dhclient`, `udhcpc`); where none of them is there, the own one asks.
    fn dhcp4(
        &self,
        interface: &str,
        clients: &[String],
        limit: Duration,
    ) -> Result<(Lease, Box<dyn std::any::Any + Send>), EphemeralError>;

    /// Brings the link up for IPv6: waits for its link-local address, and where it shall be `routed` for an address of
    /// a network that a router advertises.
    fn ipv6(
        &self,
        interface: &str,
        routed: bool,
        limit: Duration,
    ) -> Result<Box<dyn std::any::Any + Send>, EphemeralError>;

    /// Adds an address, with routes, to a link that is brought up.
    fn address(
        &self,
        interface: &str,
        address: &Address,
        routes: &[Route],
    ) -> Result<Box<dyn std::any::Any + Send>, EphemeralError>;
}
