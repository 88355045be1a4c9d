//! Events of network devices, one by one.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::OwnedFd;
use std::time::Instant;

use model::effects::{LinkEvent, LinkEventKind};
use rustix::net::RecvFlags;

use super::message::{self, Part, attributes, body, link};
use super::{BUFFER, Group, Netlink, open, readable};

/// The last known state of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    name: String,
    running: bool,
}

/// A device's index and state in an rtnetlink(7) message: struct ifinfomsg and its attributes.
fn known(bytes: &[u8]) -> Option<(u32, Known)> {
    // When a port leaves a bridge, a message of the bridge's family is sent: the device still exists.
    if i32::from(*bytes.first()?) != libc::AF_UNSPEC {
        return None;
    }
    let (index, flags) = (body::u32(bytes, 4), body::u32(bytes, 8));
    let name = attributes(bytes.get(16..)?).find(|(kind, _)| *kind == libc::IFLA_IFNAME)?.1;
    let name = String::from_utf8_lossy(name).trim_end_matches('\0').to_owned();
    let wanted = (libc::IFF_UP | libc::IFF_RUNNING) as u32;
    Some((index, Known { name, running: flags & wanted == wanted }))
}

/// Derives events from states.
#[derive(Default)]
struct States {
    links: BTreeMap<u32, Known>,
    waiting: VecDeque<LinkEvent>,
}

impl States {
    fn push(&mut self, link: &str, kind: LinkEventKind) {
        self.waiting.push_back(LinkEvent { link: link.to_owned(), kind });
    }

    /// Updates a device from a message.
    fn is(&mut self, index: u32, now: Known) {
        let before = self.links.insert(index, now.clone());
        if before.is_none() {
            self.push(&now.name, LinkEventKind::Added);
        }
        // A renamed device is the same device: waiters by name see the new name.
        match (before.is_some_and(|before| before.running), now.running) {
            (false, true) => self.push(&now.name, LinkEventKind::Up),
            (true, false) => self.push(&now.name, LinkEventKind::Down),
            _ => {}
        }
    }

    fn is_gone(&mut self, index: u32) {
        if let Some(before) = self.links.remove(&index) {
            if before.running {
                self.push(&before.name, LinkEventKind::Down);
            }
            self.push(&before.name, LinkEventKind::Removed);
        }
    }

    fn hear(&mut self, part: &Part<'_>) {
        let Some((index, now)) = known(part.body) else { return };
        match part.kind {
            libc::RTM_NEWLINK => self.is(index, now),
            libc::RTM_DELLINK => self.is_gone(index),
            _ => {}
        }
    }

    /// Updates all devices, after messages were lost.
    fn are(&mut self, all: BTreeMap<u32, Known>) {
        let gone: Vec<u32> = self.links.keys().filter(|index| !all.contains_key(index)).copied().collect();
        for index in gone {
            self.is_gone(index);
        }
        for (index, now) in all {
            self.is(index, now);
        }
    }
}

fn all() -> io::Result<BTreeMap<u32, Known>> {
    let mut netlink = Netlink::open()?;
    let sequence = netlink.send(&link::list())?;
    let mut found = BTreeMap::new();
    netlink.answers(sequence, |_, bytes| found.extend(known(bytes)))?;
    Ok(found)
}

/// Events since its creation.
pub(crate) struct Events {
    socket: OwnedFd,
    states: States,
}

impl Events {
    pub(crate) fn listen() -> io::Result<Self> {
        // Subscribes before reading the state, so that no event is missed.
        let socket = open(&[Group::Link])?;
        Ok(Self { socket, states: States { links: all()?, waiting: VecDeque::new() } })
    }

    /// The next event; `None` on timeout.
    pub(crate) fn next(&mut self, deadline: Instant) -> io::Result<Option<LinkEvent>> {
        let mut buffer = vec![0; BUFFER];
        loop {
            if let Some(event) = self.states.waiting.pop_front() {
                return Ok(Some(event));
            }
            if !readable(&self.socket, deadline)? {
                return Ok(None);
            }
            match rustix::net::recv(&self.socket, &mut buffer[..], RecvFlags::DONTWAIT) {
                Ok((length, _)) => message::parts(&buffer[..length]).for_each(|part| self.states.hear(&part)),
                // Messages were lost because there were too many: read the state again.
                Err(rustix::io::Errno::NOBUFS) => self.states.are(all()?),
                Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LinkEventKind::{Added, Down, Removed, Up};
    use super::*;

    fn link(name: &str, running: bool) -> Known {
        Known { name: name.to_owned(), running }
    }

    fn told(states: &mut States) -> Vec<(String, LinkEventKind)> {
        states.waiting.drain(..).map(|event| (event.link, event.kind)).collect()
    }

    fn named(events: &[(&str, LinkEventKind)]) -> Vec<(String, LinkEventKind)> {
        events.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect()
    }

    #[test]
    fn what_stays_as_it_is_is_no_event() {
        let mut states = States::default();
        states.is(2, link("eth0", false));
        states.is(2, link("eth0", false));
        states.is(2, link("eth0", true));
        states.is(2, link("wan", true));
        states.is(2, link("wan", false));
        assert_eq!(told(&mut states), named(&[("eth0", Added), ("eth0", Up), ("wan", Down)]));
        states.is_gone(3);
        states.is_gone(2);
        assert_eq!(told(&mut states), named(&[("wan", Removed)]));
    }

    #[test]
    fn lost_messages_are_made_up_for() {
        let mut states = States::default();
        states.are([(1, link("lo", true)), (2, link("eth0", true))].into());
        states.waiting.clear();
        states.are([(1, link("lo", true)), (3, link("eth1", false))].into());
        assert_eq!(told(&mut states), named(&[("eth0", Down), ("eth0", Removed), ("eth1", Added)]));
    }

    #[test]
    fn a_message_is_read_by_its_layout() {
        // rtnetlink(7): family, padding, type, index, flags, change; then IFLA_IFNAME.
        let mut bytes = vec![0, 0, 1, 0];
        bytes.extend(7_u32.to_ne_bytes());
        bytes.extend(((libc::IFF_UP | libc::IFF_RUNNING) as u32).to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend(9_u16.to_ne_bytes());
        bytes.extend(libc::IFLA_IFNAME.to_ne_bytes());
        bytes.extend(b"eth0\0");
        assert_eq!(known(&bytes), Some((7, link("eth0", true))));
        bytes[0] = libc::AF_BRIDGE.to_le_bytes()[0];
        assert_eq!(known(&bytes), None);
        assert_eq!(known(&bytes[..3]), None);
    }
}
