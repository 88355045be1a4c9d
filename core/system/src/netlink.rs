//! Network devices, addresses and routes with rtnetlink(7): reading, setting and watching.
//!
//! Implements what the effects need, so that iproute2 is not required.

mod events;
mod message;

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use model::effects::{Address, Route};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

pub(crate) use events::Events;
pub(crate) use message::{Message, address, link, route};
use message::{attributes, body};

/// The maximum size of a part of a dump (the kernel's limit is 32 KiB).
const BUFFER: usize = 64 << 10;
/// The time limit for an answer; the kernel needs far less.
const PATIENCE: Duration = Duration::from_secs(5);

/// A netlink connection to the kernel.
pub(crate) struct Netlink {
    socket: OwnedFd,
    sequence: u32,
}

/// The multicast groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// Network devices are added, removed or changed.
    Link,
    /// IPv6 addresses, to detect when one is no longer tentative.
    Ipv6Address,
    /// IPv6 routes, added by router advertisements.
    Ipv6Route,
}

impl Group {
    fn bits(self) -> u32 {
        // rtnetlink(7): RTMGRP_LINK, RTMGRP_IPV6_IFADDR, RTMGRP_IPV6_ROUTE.
        match self {
            Self::Link => 1,
            Self::Ipv6Address => 0x100,
            Self::Ipv6Route => 0x400,
        }
    }
}

fn until(deadline: Instant) -> Timespec {
    let left = deadline.saturating_duration_since(Instant::now());
    Timespec { tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: left.subsec_nanos().into() }
}

/// Waits until a descriptor is readable; returns false on timeout.
pub(crate) fn readable(descriptor: &OwnedFd, deadline: Instant) -> io::Result<bool> {
    ready(descriptor, PollFlags::IN, deadline)
}

/// Waits until a descriptor is readable or writable; returns false on timeout.
pub(crate) fn ready(descriptor: &OwnedFd, what: PollFlags, deadline: Instant) -> io::Result<bool> {
    loop {
        let mut waited = [PollFd::new(descriptor, what)];
        match poll(&mut waited, Some(&until(deadline))) {
            Ok(ready) => return Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn open(groups: &[Group]) -> io::Result<OwnedFd> {
    let socket =
        rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    let bits = groups.iter().fold(0, |bits, group| bits | group.bits());
    rustix::net::bind(&socket, &SocketAddrNetlink::new(0, bits))?;
    Ok(socket)
}

impl Netlink {
    pub(crate) fn open() -> io::Result<Self> {
        Ok(Self { socket: open(&[])?, sequence: 0 })
    }

    /// Its socket, for a process that only sends.
    pub(crate) fn into_socket(self) -> OwnedFd {
        self.socket
    }

    fn send(&mut self, message: &Message) -> io::Result<u32> {
        self.sequence += 1;
        rustix::net::send(&self.socket, &message.bytes(self.sequence), SendFlags::empty())?;
        Ok(self.sequence)
    }

    /// Passes each part of the answer to `each`, until the kernel reports completion or an error.
    fn answers(&mut self, sequence: u32, mut each: impl FnMut(u16, &[u8])) -> io::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let mut buffer = vec![0; BUFFER];
        loop {
            if !readable(&self.socket, deadline)? {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let (length, _) = rustix::net::recv(&self.socket, &mut buffer[..], RecvFlags::empty())?;
            for part in message::parts(&buffer[..length]) {
                if part.sequence != sequence {
                    continue;
                }
                match i32::from(part.kind) {
                    libc::NLMSG_DONE => return Ok(()),
                    libc::NLMSG_ERROR => {
                        let code = part
                            .body
                            .get(..4)
                            .and_then(|bytes| bytes.try_into().ok())
                            .map(i32::from_ne_bytes);
                        return match code {
                            Some(0) => Ok(()),
                            Some(code) => Err(io::Error::from_raw_os_error(-code)),
                            None => Err(io::ErrorKind::InvalidData.into()),
                        };
                    }
                    _ => each(part.kind, part.body),
                }
            }
        }
    }

    /// Sends a request.
    pub(crate) fn ask(&mut self, message: &Message) -> io::Result<()> {
        let sequence = self.send(message)?;
        self.answers(sequence, |_, _| {})
    }

    /// Sends a request to create an object; returns false if it already exists.
    pub(crate) fn make(&mut self, message: &Message) -> io::Result<bool> {
        match self.ask(message) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A device's index.
    pub(crate) fn index(&self, name: &str) -> io::Result<u32> {
        Ok(rustix::net::netdevice::name_to_index(&self.socket, name)?)
    }

    /// Whether a device is administratively up.
    pub(crate) fn is_up(&mut self, index: u32) -> io::Result<bool> {
        let sequence = self.send(&link::get(index))?;
        let mut flags = 0;
        self.answers(sequence, |_, bytes| {
            flags = body::u32(bytes, 8);
        })?;
        Ok(flags & libc::IFF_UP as u32 != 0)
    }

    /// The addresses of a device.
    pub(crate) fn addresses(&mut self, index: u32) -> io::Result<Vec<Address>> {
        let sequence = self.send(&address::list())?;
        let mut found = Vec::new();
        self.answers(sequence, |_, bytes| {
            if body::u32(bytes, 4) == index {
                found.extend(address_of(bytes));
            }
        })?;
        Ok(found)
    }

    /// The routes of both families in all tables, except for cached ones.
    pub(crate) fn routes(&mut self) -> io::Result<Vec<Route>> {
        let mut found = Vec::new();
        for family in [libc::AF_INET, libc::AF_INET6] {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "2 and 10")]
            let sequence = self.send(&route::list(family as u8))?;
            let mut indices = Vec::new();
            self.answers(sequence, |_, bytes| indices.extend(route_of(bytes)))?;
            for (mut route, index) in indices {
                route.interface =
                    rustix::net::netdevice::index_to_name(&self.socket, index).unwrap_or_default();
                found.push(route);
            }
        }
        Ok(found)
    }
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => Some(IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        16 => Some(IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?)),
        _ => None,
    }
}

/// rtnetlink(7): struct ifaddrmsg and its attributes.
fn address_of(bytes: &[u8]) -> Option<Address> {
    let (prefix, flags, scope) = (*bytes.get(1)?, *bytes.get(2)?, *bytes.get(3)?);
    let (mut own, mut network, mut broadcast, mut flags) = (None, None, None, u32::from(flags));
    for (kind, value) in attributes(bytes.get(8..)?) {
        match kind {
            libc::IFA_LOCAL => own = ip(value),
            libc::IFA_ADDRESS => network = ip(value),
            libc::IFA_BROADCAST => broadcast = ip(value),
            libc::IFA_FLAGS => flags = body::u32(value, 0),
            _ => {}
        }
    }
    let address = own.or(network)?;
    Some(Address {
        address,
        prefix,
        scope: message::scope(scope),
        broadcast: match broadcast {
            Some(IpAddr::V4(broadcast)) => Some(broadcast),
            _ => None,
        },
        // With a peer, the network's address is the peer's.
        peer: network.is_some_and(|network| network != address),
        tentative: flags & libc::IFA_F_TENTATIVE != 0,
        permanent: flags & libc::IFA_F_PERMANENT != 0,
    })
}

/// rtnetlink(7): struct rtmsg and its attributes, with the device's index.
fn route_of(bytes: &[u8]) -> Option<(Route, u32)> {
    let (family, prefix, table, kind) = (*bytes.first()?, *bytes.get(1)?, *bytes.get(4)?, *bytes.get(7)?);
    if body::u32(bytes, 8) & libc::RTM_F_CLONED != 0 {
        return None;
    }
    let any: IpAddr = if i32::from(family) == libc::AF_INET {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    } else {
        IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED)
    };
    let mut route = Route {
        destination: any,
        prefix,
        kind: message::route_kind(kind),
        table: table.into(),
        ..Route::default()
    };
    let mut index = None;
    for (kind, value) in attributes(bytes.get(12..)?) {
        match kind {
            libc::RTA_DST => route.destination = ip(value)?,
            libc::RTA_GATEWAY => route.gateway = ip(value),
            libc::RTA_OIF => index = Some(body::u32(value, 0)),
            libc::RTA_PRIORITY => route.metric = Some(body::u32(value, 0)),
            libc::RTA_TABLE => route.table = body::u32(value, 0),
            // struct rta_cacheinfo: rta_expires is its third field.
            libc::RTA_CACHEINFO => route.expires = body::u32(value, 8) != 0,
            _ => {}
        }
    }
    Some((route, index?))
}

/// Changes since its creation.
pub(crate) struct Changes(OwnedFd);

impl Changes {
    pub(crate) fn listen(groups: &[Group]) -> io::Result<Self> {
        open(groups).map(Self)
    }

    /// Waits for a change; returns false on timeout. Earlier changes count as one.
    pub(crate) fn next(&mut self, deadline: Instant) -> io::Result<bool> {
        if !readable(&self.0, deadline)? {
            return Ok(false);
        }
        let mut buffer = vec![0; BUFFER];
        loop {
            match rustix::net::recv(&self.0, &mut buffer[..], RecvFlags::DONTWAIT) {
                // Changes were lost because there were too many: report one.
                Ok(_) | Err(rustix::io::Errno::NOBUFS | rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => return Ok(true),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests;
