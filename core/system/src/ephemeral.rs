//! Temporary addresses, for querying a metadata service.

mod lease;
mod packaged;
mod undo;

use std::any::Any;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::effects::{Address, Attributes, Commands, Ephemeral, EphemeralError, Files, Lease, Route};

use self::packaged::PackagedClients;
use self::undo::Undo;
use crate::dhcp::{Card, PacketSocket, acquire};
use crate::links;
use crate::netlink::{self, Changes, Group, Netlink};

/// The name of this program's client, in the list of clients.
const INTERNAL: &str = "internal";
/// Where the last lease of each device is stored, for later stages and for people.
const LEASES: &str = "/run/cloud-init/leases";
/// How long to wait for the carrier of a device that was just brought up; queries are then sent even without.
const CARRIER: Duration = Duration::from_secs(5);

/// Sets up addresses with netlink; leases come from our client or a packaged one.
pub(crate) struct KernelAddresses {
    files: Arc<dyn Files>,
    commands: Arc<dyn Commands>,
}

/// A device with temporary changes, which are reverted on drop.
struct Held {
    link: String,
    index: u32,
    netlink: Netlink,
    undo: Undo,
}

impl Held {
    fn failed(&self, what: &str, error: &io::Error) -> EphemeralError {
        EphemeralError::Link { interface: self.link.clone(), reason: format!("{what}: {error}") }
    }

    /// Brings the device up; it is brought down again if it was.
    fn up(link: &str) -> Result<Self, EphemeralError> {
        let wrong =
            |error: io::Error| EphemeralError::Link { interface: link.to_owned(), reason: error.to_string() };
        let mut netlink = Netlink::open().map_err(wrong)?;
        let index = netlink.index(link).map_err(wrong)?;
        let up = netlink.is_up(index).map_err(wrong)?;
        let mut held = Self { link: link.to_owned(), index, netlink, undo: Undo::new(link) };
        if !up {
            held.undo.note(netlink::link::set_up(index, false));
            held.netlink.ask(&netlink::link::set_up(index, true)).map_err(wrong)?;
        }
        Ok(held)
    }

    fn address(
        &mut self,
        address: IpAddr,
        prefix: u8,
        broadcast: Option<Ipv4Addr>,
    ) -> Result<(), EphemeralError> {
        let add = netlink::address::add(self.index, address, prefix, broadcast);
        // An existing address belongs to another program and is kept.
        let made =
            self.netlink.make(&add).map_err(|error| self.failed(&format!("{address}/{prefix}"), &error))?;
        if made {
            self.undo.note(netlink::address::remove(self.index, address, prefix));
        }
        Ok(())
    }

    fn route(&mut self, destination: (IpAddr, u8), gateway: Option<IpAddr>) -> Result<(), EphemeralError> {
        let gateway = gateway.filter(|gateway| !gateway.is_unspecified());
        let add = netlink::route::add(self.index, destination, gateway);
        let (network, prefix) = destination;
        let made = self
            .netlink
            .make(&add)
            .map_err(|error| self.failed(&format!("route to {network}/{prefix}"), &error))?;
        if made {
            self.undo.note(netlink::route::remove(self.index, destination, gateway));
        }
        Ok(())
    }
}

impl KernelAddresses {
    pub(crate) fn new(files: Arc<dyn Files>, commands: Arc<dyn Commands>) -> Self {
        Self { files, commands }
    }

    fn attribute(&self, link: &str, name: &str) -> Option<String> {
        links::attribute(self.files.as_ref(), link, name)
    }

    fn has_carrier(&self, link: &str) -> bool {
        self.attribute(link, "carrier").as_deref() == Some("1")
    }

    /// Waits for a carrier, using kernel events.
    fn carrier(&self, link: &str, limit: Duration) -> io::Result<()> {
        let deadline = Instant::now() + limit.min(CARRIER);
        let mut changes = Changes::listen(&[Group::Link])?;
        while !self.has_carrier(link) && changes.next(deadline)? {}
        Ok(())
    }

    /// The device's data for our client.
    fn card(&self, link: &str) -> Option<(Card, Vec<u8>)> {
        let bytes = |name: &str| -> Option<Vec<u8>> {
            self.attribute(link, name)?.split(':').map(|byte| u8::from_str_radix(byte, 16).ok()).collect()
        };
        let hardware = self.attribute(link, "type")?.parse().ok()?;
        Some((Card { name: link.to_owned(), hardware, address: bytes("address")? }, bytes("broadcast")?))
    }

    fn ask(&self, held: &Held, limit: Duration) -> Result<Lease, EphemeralError> {
        let no_lease = |reason: String| EphemeralError::NoLease { interface: held.link.clone(), reason };
        let (card, broadcast) =
            self.card(&held.link).ok_or_else(|| no_lease("not an Ethernet-like device".to_owned()))?;
        let mut socket =
            PacketSocket::open(held.index, broadcast).map_err(|error| no_lease(error.to_string()))?;
        let mut random = || {
            let mut bytes = [0; 4];
            crate::host::randomness::fill(&mut bytes)
                .expect("a Linux kernel of 3.17 or newer, or one with /dev/urandom, gives randomness");
            u32::from_ne_bytes(bytes)
        };
        acquire(&mut socket, &card, &mut random, limit).map_err(|error| no_lease(error.to_string()))
    }

    /// Uses the first client of the list that is installed.
    fn lease(&self, held: &Held, clients: &[String], limit: Duration) -> Result<Lease, EphemeralError> {
        let here = |client: &&String| *client == INTERNAL || self.commands.which(client).is_some();
        match clients.iter().find(here).map(String::as_str) {
            Some(INTERNAL) => self.ask(held, limit),
            Some(client) => {
                let packaged = PackagedClients { files: self.files.clone(), commands: self.commands.clone() };
                packaged.lease(client, &held.link, limit)
            }
            None => {
                tracing::info!(
                    "none of the DHCP clients {} is installed: using the internal client",
                    clients.join(", ")
                );
                self.ask(held, limit)
            }
        }
    }

    /// Stores a lease for later stages; it is not a secret, but limited to this boot.
    fn keep(&self, lease: &Lease) {
        let path = Path::new(LEASES).join(format!("{}.json", lease.interface));
        let document = serde_json::to_vec_pretty(lease).unwrap_or_default();
        if let Err(error) = self.files.write(&path, &document, &Attributes::mode(0o600)) {
            tracing::debug!("cannot store the lease: {error}");
        }
    }
}

impl Ephemeral for KernelAddresses {
    fn dhcp4(
        &self,
        interface: &str,
        clients: &[String],
        limit: Duration,
    ) -> Result<(Lease, Box<dyn Any + Send>), EphemeralError> {
        let begun = Instant::now();
        let mut held = Held::up(interface)?;
        self.carrier(interface, limit).map_err(|error| held.failed("its carrier", &error))?;
        let lease = self.lease(&held, clients, limit.saturating_sub(begun.elapsed()))?;
        self.keep(&lease);
        if let Some(mtu) = lease.mtu
            && let Some(before) = self.attribute(interface, "mtu").and_then(|text| text.parse::<u32>().ok())
            && mtu < before
        {
            held.undo.note(netlink::link::set_mtu(held.index, before));
            if let Err(error) = held.netlink.ask(&netlink::link::set_mtu(held.index, mtu)) {
                tracing::debug!("{interface}: cannot set the MTU, keeping {before}: {error}");
            }
        }
        held.address(lease.address.into(), lease.prefix, broadcast(lease.address, lease.prefix))?;
        for (destination, prefix, gateway) in routes(&lease) {
            let off_link = !gateway.is_unspecified() && !same_network(lease.address, lease.prefix, gateway);
            if off_link {
                // A gateway outside the network (clouds with /32 addresses) first needs a route through the device.
                held.route((gateway.into(), 32), None)?;
            }
            held.route((destination.into(), prefix), Some(gateway.into()))?;
        }
        Ok((lease, Box::new(held.undo)))
    }

    fn ipv6(
        &self,
        interface: &str,
        routed: bool,
        limit: Duration,
    ) -> Result<Box<dyn Any + Send>, EphemeralError> {
        let deadline = Instant::now() + limit;
        let mut held = Held::up(interface)?;
        let mut changes = Changes::listen(&[Group::Link, Group::Ipv6Address, Group::Ipv6Route])
            .map_err(|error| held.failed("its changes", &error))?;
        loop {
            let addresses =
                held.netlink.addresses(held.index).map_err(|error| held.failed("its addresses", &error))?;
            let ready = |scope: &str| {
                let usable =
                    |known: &Address| known.address.is_ipv6() && !known.tentative && known.scope == scope;
                addresses.iter().any(usable)
            };
            if ready("link") && (!routed || ready("global")) {
                return Ok(Box::new(held.undo));
            }
            let changed = changes.next(deadline).map_err(|error| held.failed("its changes", &error))?;
            if !changed {
                let missing = if ready("link") {
                    "timed out waiting for an IPv6 router advertisement"
                } else {
                    "timed out waiting for a link-local IPv6 address"
                };
                let reason = missing.to_owned();
                return Err(EphemeralError::Link { interface: interface.to_owned(), reason });
            }
        }
    }

    fn address(
        &self,
        interface: &str,
        address: &Address,
        routes: &[Route],
    ) -> Result<Box<dyn Any + Send>, EphemeralError> {
        let mut held = Held::up(interface)?;
        held.address(address.address, address.prefix, address.broadcast)?;
        for route in routes {
            held.route((route.destination, route.prefix), route.gateway)?;
        }
        Ok(Box::new(held.undo))
    }
}

/// The routes of a lease: classless routes replace the router (RFC 3442).
fn routes(lease: &Lease) -> Vec<(Ipv4Addr, u8, Ipv4Addr)> {
    if lease.static_routes.is_empty() {
        lease.router.map(|router| (Ipv4Addr::UNSPECIFIED, 0, router)).into_iter().collect()
    } else {
        lease.static_routes.clone()
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0)
}

fn same_network(address: Ipv4Addr, prefix: u8, other: Ipv4Addr) -> bool {
    address.to_bits() & mask(prefix) == other.to_bits() & mask(prefix)
}

/// The broadcast address of a network; networks of one or two addresses (RFC 3021) have none.
fn broadcast(address: Ipv4Addr, prefix: u8) -> Option<Ipv4Addr> {
    (prefix < 31).then(|| Ipv4Addr::from_bits(address.to_bits() | !mask(prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_of_addresses() {
        for (address, prefix, other, wanted) in [
            ([10, 0, 0, 4], 24, [10, 0, 0, 1], true),
            ([10, 0, 0, 4], 24, [10, 0, 1, 1], false),
            ([10, 0, 0, 4], 8, [10, 9, 9, 9], true),
            ([10, 0, 0, 4], 32, [10, 0, 0, 5], false),
            ([10, 0, 0, 4], 0, [192, 168, 0, 1], true),
            ([10, 0, 0, 4], 30, [10, 0, 0, 7], true),
            ([10, 0, 0, 4], 30, [10, 0, 0, 8], false),
        ] {
            assert_eq!(
                same_network(address.into(), prefix, other.into()),
                wanted,
                "{address:?}/{prefix} {other:?}"
            );
        }
        let found = |prefix| broadcast([10, 0, 0, 4].into(), prefix).map(|address| address.octets());
        assert_eq!(found(24), Some([10, 0, 0, 255]));
        assert_eq!(found(30), Some([10, 0, 0, 7]));
        assert_eq!(found(0), Some([255; 4]));
        assert_eq!((found(31), found(32)), (None, None));
    }

    #[test]
    fn classless_routes_replace_the_router() {
        let any = Ipv4Addr::UNSPECIFIED;
        let route = (Ipv4Addr::new(169, 254, 0, 0), 16, Ipv4Addr::new(10, 0, 0, 2));
        let lease = |router: Option<Ipv4Addr>, static_routes: Vec<(Ipv4Addr, u8, Ipv4Addr)>| Lease {
            interface: "eth0".to_owned(),
            address: any,
            prefix: 24,
            router,
            static_routes,
            server: None,
            mtu: None,
            option_245: None,
            options: Vec::new(),
        };
        let router = Ipv4Addr::new(10, 0, 0, 1);
        assert_eq!(routes(&lease(Some(router), vec![])), [(any, 0, router)]);
        assert_eq!(routes(&lease(Some(router), vec![route])), [route]);
        assert_eq!(routes(&lease(None, vec![])), []);
    }

    fn addresses(root: crate::Scratch) -> (KernelAddresses, crate::Recording) {
        let (system, recording) = root.system();
        (KernelAddresses::new(system.files.clone(), system.commands.clone()), recording)
    }

    /// sysfs-class-net: hardware addresses are hexadecimal, the type is a number of ARP's.
    #[test]
    fn a_device_is_described_for_our_client() {
        let net = |name: &str| format!("/sys/class/net/eth0/{name}");
        let root = crate::Scratch::new()
            .file(&net("type"), "1\n")
            .file(&net("carrier"), "1\n")
            .file(&net("address"), "fa:16:3e:00:00:0f\n")
            .file(&net("broadcast"), "ff:ff:ff:ff:ff:ff\n")
            .file("/sys/class/net/tun0/type", "65534\n")
            .file("/sys/class/net/tun0/carrier", "0\n");
        let (system, _) = addresses(root);
        let (card, broadcast) = system.card("eth0").expect("Ethernet");
        assert_eq!((card.name.as_str(), card.hardware), ("eth0", 1));
        assert_eq!((card.address, broadcast), (vec![0xfa, 0x16, 0x3e, 0, 0, 0x0f], vec![0xff; 6]));
        assert!(system.card("tun0").is_none() && system.card("none").is_none());
        assert!(system.has_carrier("eth0") && !system.has_carrier("tun0") && !system.has_carrier("none"));
        // It is there already: nothing is waited for.
        let begun = Instant::now();
        system.carrier("eth0", Duration::from_secs(60)).expect("a socket");
        assert!(begun.elapsed() < Duration::from_secs(3));
        system.carrier("tun0", Duration::from_millis(100)).expect("it never comes, which is no error");
        assert!(begun.elapsed() >= Duration::from_millis(100) && begun.elapsed() < CARRIER);
    }

    #[test]
    fn a_lease_is_kept_for_later_stages() {
        let (system, _) = addresses(crate::Scratch::new());
        let lease = Lease {
            interface: "eth0".to_owned(),
            address: Ipv4Addr::new(10, 0, 0, 5),
            prefix: 24,
            router: None,
            static_routes: Vec::new(),
            server: None,
            mtu: None,
            option_245: None,
            options: Vec::new(),
        };
        system.keep(&lease);
        let path = Path::new("/run/cloud-init/leases/eth0.json");
        let text = system.files.text(path).expect("written");
        let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(document, serde_json::to_value(&lease).expect("JSON"));
        assert_eq!(document["address"], "10.0.0.5");
        assert_eq!(system.files.stat(path).expect("no error").expect("there").mode, 0o600);
    }

    /// A device that does not exist has neither lease nor address.
    #[test]
    fn a_missing_device_is_named() {
        let (system, _) = addresses(crate::Scratch::new());
        let (missing, limit) = ("no-such-device0", Duration::from_secs(1));
        let address = Address::new([169, 254, 1, 1].into(), 16);
        for error in [
            system.dhcp4(missing, &[], limit).map(drop),
            system.ipv6(missing, false, limit).map(drop),
            system.address(missing, &address, &[]).map(drop),
        ] {
            let error = error.expect_err("no such device").to_string();
            assert!(error.contains(missing), "{error}");
        }
    }
}
