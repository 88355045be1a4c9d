//! Network devices, and temporary addresses.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// A network device as shown in /sys/class/net.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// `eth0`.
    pub name: String,
    /// The kernel's number (`ifindex`); 0 if unknown.
    pub index: u32,
    /// The hardware address, in lower case.
    pub mac: String,
    /// The permanent address of a bond member, if it differs.
    pub permanent_mac: Option<String>,
    /// `up`, `down`, `unknown`, …
    pub operstate: String,
    /// Whether it has a carrier; `None` while it is down.
    pub carrier: Option<bool>,
    /// `addr_assign_type`: 0 permanent, 1 random, 2 stolen, 3 set.
    pub address_assigned: Option<u8>,
    /// ARP hardware type (`type`): 1 Ethernet, 32 InfiniBand, 772 loopback.
    pub hardware_type: u32,
    /// The driver's name.
    pub driver: Option<String>,
    /// The device ID on its bus (`device/device`).
    pub device_id: Option<String>,
    /// Whether it is a physical device.
    pub physical: bool,
    /// DEVTYPE of uevent: `bridge`, `bond`, `vlan`, `wlan`, …
    pub device_type: Option<String>,
    /// Whether it is a bridge.
    pub bridge: bool,
    /// Whether it is a bond.
    pub bond: bool,
    /// Whether it is a VLAN.
    pub vlan: bool,
    /// The controller device, such as a bond.
    pub master: Option<String>,
    /// Whether it is the standby of a failover device (`device_features` bit 62), which is not configured.
    pub failover_standby: bool,
    /// `name_assign_type`.
    pub name_assigned: Option<u8>,
    /// MTU in bytes.
    pub mtu: Option<u32>,
    /// Port number of the device (`dev_id`).
    pub dev_id: Option<String>,
}

/// An address of a network device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub address: IpAddr,
    /// The prefix length.
    pub prefix: u8,
    /// `global`, `link`, `host`.
    pub scope: String,
    /// The network's broadcast address, of IPv4.
    pub broadcast: Option<Ipv4Addr>,
    /// Whether it is one end of a point-to-point link: the prefix is then the peer's.
    pub peer: bool,
    /// Whether duplicate address detection is in progress (IPv6).
    pub tentative: bool,
    /// Whether it does not expire.
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
    /// The prefix length.
    pub prefix: u8,
    /// The gateway; `None` or unspecified for a directly connected network.
    pub gateway: Option<IpAddr>,
    /// The network device.
    pub interface: String,
    /// The metric, if set.
    pub metric: Option<u32>,
    /// `unicast`, `local`, `multicast`, … (ip-route(8)).
    pub kind: &'static str,
    /// The routing table.
    pub table: u32,
    /// Whether it expires, because a router advertised it.
    pub expires: bool,
}

impl Route {
    /// The main table.
    pub const MAIN: u32 = 254;
}

impl Default for Route {
    /// The IPv4 default route, without a device.
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

/// Network devices, addresses or routes could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The kernel returned an error, or did not answer.
    #[error("cannot read the network devices: {what}: {source}")]
    Kernel {
        /// The name of a device, or the query.
        what: String,
        /// The reason.
        source: std::io::Error,
    },
    /// /sys/class/net could not be listed.
    #[error("cannot read the network devices: {0}")]
    File(#[from] super::FileError),
}

/// An event of a network device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkEventKind {
    /// It exists.
    Added,
    /// It was removed.
    Removed,
    /// It can pass packets (`IFF_RUNNING`).
    Up,
    /// It can no longer pass packets.
    Down,
}

/// An event with its network device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkEvent {
    /// The device's name at that time.
    pub link: String,
    /// The event.
    pub kind: LinkEventKind,
}

/// Events of network devices in order, since the subscription.
pub trait LinkEvents: Send {
    /// Waits for the next event; `None` on timeout, or if there are never events.
    fn next(&mut self, limit: Duration) -> Result<Option<LinkEvent>, LinkError>;
}

/// An implementation without events.
struct NoEvents;

impl LinkEvents for NoEvents {
    fn next(&mut self, _limit: Duration) -> Result<Option<LinkEvent>, LinkError> {
        Ok(None)
    }
}

/// The kernel's network state.
pub trait Links: Send + Sync {
    /// All network devices, sorted by name.
    fn links(&self) -> Result<Vec<Link>, LinkError>;

    /// The addresses of a device.
    fn addresses(&self, link: &str) -> Result<Vec<Address>, LinkError>;

    /// The routes of both families in all tables, in kernel order.
    fn routes(&self) -> Result<Vec<Route>, LinkError>;

    /// Renames a device, which must be down.
    fn rename(&self, from: &str, to: &str) -> Result<(), LinkError>;

    /// Brings a device up or down.
    fn set_up(&self, link: &str, up: bool) -> Result<(), LinkError>;

    /// Watches for devices that are added, removed or changed.
    fn watch(&self) -> Result<Box<dyn LinkChanges>, LinkError>;

    /// Subscribes to individual events (Azure: a device goes down and up when a machine is reprovisioned).
    fn events(&self) -> Result<Box<dyn LinkEvents>, LinkError> {
        Ok(Box::new(NoEvents))
    }
}

/// Changes of network devices since the subscription.
pub trait LinkChanges: Send {
    /// Waits for a change; returns false on timeout, or if there are never changes.
    fn wait(&mut self, limit: Duration) -> Result<bool, LinkError>;
}

/// A DHCP lease.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Lease {
    /// The network device.
    pub interface: String,
    /// The address.
    pub address: Ipv4Addr,
    /// The prefix length.
    pub prefix: u8,
    /// The first router.
    pub router: Option<Ipv4Addr>,
    /// Classless static routes (RFC 3442); if set, the router option is ignored.
    pub static_routes: Vec<(Ipv4Addr, u8, Ipv4Addr)>,
    /// The server's address.
    pub server: Option<Ipv4Addr>,
    /// The interface MTU.
    pub mtu: Option<u32>,
    /// Option 245, the address of Azure's WireServer.
    pub option_245: Option<Vec<u8>>,
    /// All options, with the client's names.
    pub options: Vec<(String, String)>,
}

/// Failure to set up a temporary address.
#[derive(Debug, thiserror::Error)]
pub enum EphemeralError {
    /// No DHCP lease.
    #[error("no DHCP lease on {interface}: {reason}")]
    NoLease {
        /// The network device.
        interface: String,
        /// The reason, as far as the client reports it.
        reason: String,
    },
    /// The device could not be configured.
    #[error("cannot configure {interface} temporarily: {reason}")]
    Link {
        /// The network device.
        interface: String,
        /// The reason.
        reason: String,
    },
}

/// Temporary addresses, for querying a metadata service.
///
/// All changes are reverted when the guard is dropped.
pub trait Ephemeral: Send + Sync {
    /// Brings the device up, requests a lease within the time limit, and adds its address and routes. `clients` is the
    /// order of preference: `internal` is this program's client, the others are packages (`dhcpcd`, `dhclient`,
    /// `udhcpc`); if none of them is installed, the internal one is used.
    fn dhcp4(
        &self,
        interface: &str,
        clients: &[String],
        limit: Duration,
    ) -> Result<(Lease, Box<dyn std::any::Any + Send>), EphemeralError>;

    /// Brings the device up for IPv6: waits for its link-local address and, with `routed`, for an address in a network
    /// that a router advertises.
    fn ipv6(
        &self,
        interface: &str,
        routed: bool,
        limit: Duration,
    ) -> Result<Box<dyn std::any::Any + Send>, EphemeralError>;

    /// Brings a device up, and adds an address and routes.
    fn address(
        &self,
        interface: &str,
        address: &Address,
        routes: &[Route],
    ) -> Result<Box<dyn std::any::Any + Send>, EphemeralError>;
}
