//! Encodes and decodes messages of netlink(7) and rtnetlink(7).

use std::net::IpAddr;

/// nlmsghdr has 16 bytes, an attribute header 4; both are padded to a multiple of 4.
const HEADER: usize = 16;
const ATTRIBUTE: usize = 4;

fn padded(length: usize) -> usize {
    length.div_ceil(4) * 4
}

/// A message to the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    kind: u16,
    flags: u16,
    body: Vec<u8>,
}

impl Message {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the flags of netlink(7) are the low 16 bits"
    )]
    fn new(kind: u16, flags: i32, body: &[u8]) -> Self {
        Self { kind, flags: (flags | libc::NLM_F_REQUEST) as u16, body: body.to_vec() }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a value is the name of a link or an address")]
    fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        self.body.resize(padded(self.body.len()), 0);
        self.body.extend(((ATTRIBUTE + value.len()) as u16).to_ne_bytes());
        self.body.extend(kind.to_ne_bytes());
        self.body.extend(value);
        self
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a message has a few attributes of the length of an address"
    )]
    pub(crate) fn bytes(&self, sequence: u32) -> Vec<u8> {
        let mut out = ((HEADER + self.body.len()) as u32).to_ne_bytes().to_vec();
        out.extend(self.kind.to_ne_bytes());
        out.extend(self.flags.to_ne_bytes());
        out.extend(sequence.to_ne_bytes());
        out.extend([0; 4]);
        out.extend(&self.body);
        out.resize(padded(out.len()), 0);
        out
    }
}

/// A part of an answer.
pub(crate) struct Part<'b> {
    pub(crate) kind: u16,
    pub(crate) sequence: u32,
    pub(crate) body: &'b [u8],
}

/// The parts of a received buffer.
pub(crate) fn parts(mut rest: &[u8]) -> impl Iterator<Item = Part<'_>> {
    std::iter::from_fn(move || {
        let length = body::u32(rest, 0) as usize;
        if length < HEADER || length > rest.len() {
            return None;
        }
        let kind = u16::from_ne_bytes([rest[4], rest[5]]);
        let part = Part { kind, sequence: body::u32(rest, 8), body: &rest[HEADER..length] };
        rest = rest.get(padded(length)..).unwrap_or_default();
        Some(part)
    })
}

/// The attributes of a part.
pub(crate) fn attributes(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let header: [u8; ATTRIBUTE] = rest.get(..ATTRIBUTE)?.try_into().ok()?;
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let kind = u16::from_ne_bytes([header[2], header[3]]);
        let value = rest.get(ATTRIBUTE..length)?;
        rest = rest.get(padded(length)..).unwrap_or_default();
        Some((kind, value))
    })
}

pub(crate) mod body {
    /// A number at an offset; 0 if there are too few bytes.
    pub(crate) fn u32(bytes: &[u8], at: usize) -> u32 {
        bytes.get(at..at + 4).and_then(|part| part.try_into().ok()).map_or(0, u32::from_ne_bytes)
    }
}

/// The names of scopes, see ip-address(8).
pub(crate) fn scope(number: u8) -> String {
    match number {
        0 => "global".to_owned(),
        200 => "site".to_owned(),
        253 => "link".to_owned(),
        254 => "host".to_owned(),
        255 => "nowhere".to_owned(),
        other => other.to_string(),
    }
}

/// The names of route types, see ip-route(8).
pub(crate) fn route_kind(number: u8) -> &'static str {
    match number {
        2 => "local",
        3 => "broadcast",
        4 => "anycast",
        5 => "multicast",
        6 => "blackhole",
        7 => "unreachable",
        8 => "prohibit",
        9 => "throw",
        10 => "nat",
        _ => "unicast",
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "2 and 10")]
fn family(address: IpAddr) -> u8 {
    (if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 }) as u8
}

const MAKE: i32 = libc::NLM_F_ACK | libc::NLM_F_CREATE | libc::NLM_F_EXCL;

/// Links: struct ifinfomsg.
pub(crate) mod link {
    use super::Message;

    fn body(index: u32, flags: u32, change: u32) -> Vec<u8> {
        let mut body = vec![0; 4];
        body.extend(index.to_ne_bytes());
        body.extend(flags.to_ne_bytes());
        body.extend(change.to_ne_bytes());
        body
    }

    pub(crate) fn get(index: u32) -> Message {
        Message::new(libc::RTM_GETLINK, libc::NLM_F_ACK, &body(index, 0, 0))
    }

    pub(crate) fn list() -> Message {
        Message::new(libc::RTM_GETLINK, libc::NLM_F_DUMP, &body(0, 0, 0))
    }

    pub(crate) fn set_up(index: u32, up: bool) -> Message {
        let bit = libc::IFF_UP as u32;
        Message::new(libc::RTM_NEWLINK, libc::NLM_F_ACK, &body(index, if up { bit } else { 0 }, bit))
    }

    pub(crate) fn set_mtu(index: u32, mtu: u32) -> Message {
        Message::new(libc::RTM_NEWLINK, libc::NLM_F_ACK, &body(index, 0, 0))
            .attribute(libc::IFLA_MTU, &mtu.to_ne_bytes())
    }

    pub(crate) fn rename(index: u32, name: &str) -> Message {
        let mut name = name.as_bytes().to_vec();
        name.push(0);
        Message::new(libc::RTM_NEWLINK, libc::NLM_F_ACK, &body(index, 0, 0))
            .attribute(libc::IFLA_IFNAME, &name)
    }
}

/// Addresses: struct ifaddrmsg.
pub(crate) mod address {
    use std::net::{IpAddr, Ipv4Addr};

    use super::{MAKE, Message, family, octets};

    fn message(kind: u16, flags: i32, index: u32, address: IpAddr, prefix: u8) -> Message {
        let mut body = vec![family(address), prefix, 0, 0];
        body.extend(index.to_ne_bytes());
        Message::new(kind, flags, &body)
            .attribute(libc::IFA_LOCAL, &octets(address))
            .attribute(libc::IFA_ADDRESS, &octets(address))
    }

    pub(crate) fn list() -> Message {
        Message::new(libc::RTM_GETADDR, libc::NLM_F_DUMP, &[0; 8])
    }

    pub(crate) fn add(index: u32, address: IpAddr, prefix: u8, broadcast: Option<Ipv4Addr>) -> Message {
        let message = message(libc::RTM_NEWADDR, MAKE, index, address, prefix);
        match broadcast {
            Some(broadcast) => message.attribute(libc::IFA_BROADCAST, &broadcast.octets()),
            None => message,
        }
    }

    pub(crate) fn remove(index: u32, address: IpAddr, prefix: u8) -> Message {
        message(libc::RTM_DELADDR, libc::NLM_F_ACK, index, address, prefix)
    }
}

/// Routes: struct rtmsg.
pub(crate) mod route {
    use std::net::IpAddr;

    use super::{MAKE, Message, family, octets};

    const MAIN: u8 = libc::RT_TABLE_MAIN;

    fn message(
        kind: u16,
        flags: i32,
        index: u32,
        destination: (IpAddr, u8),
        gateway: Option<IpAddr>,
    ) -> Message {
        let (network, prefix) = destination;
        // Without a gateway, the network is directly connected.
        let scope = if gateway.is_none() && network.is_ipv4() { libc::RT_SCOPE_LINK } else { 0 };
        let body =
            [family(network), prefix, 0, 0, MAIN, libc::RTPROT_BOOT, scope, libc::RTN_UNICAST, 0, 0, 0, 0];
        let mut message = Message::new(kind, flags, &body).attribute(libc::RTA_OIF, &index.to_ne_bytes());
        if prefix > 0 {
            message = message.attribute(libc::RTA_DST, &octets(network));
        }
        match gateway {
            Some(gateway) => message.attribute(libc::RTA_GATEWAY, &octets(gateway)),
            None => message,
        }
    }

    pub(crate) fn list(family: u8) -> Message {
        let mut body = [0; 12];
        body[0] = family;
        Message::new(libc::RTM_GETROUTE, libc::NLM_F_DUMP, &body)
    }

    pub(crate) fn add(index: u32, destination: (IpAddr, u8), gateway: Option<IpAddr>) -> Message {
        message(libc::RTM_NEWROUTE, MAKE, index, destination, gateway)
    }

    pub(crate) fn remove(index: u32, destination: (IpAddr, u8), gateway: Option<IpAddr>) -> Message {
        message(libc::RTM_DELROUTE, libc::NLM_F_ACK, index, destination, gateway)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_layout_is_the_kernels() {
        // rtnetlink(7), netlink(7): header, ifinfomsg, then an attribute of 8 bytes.
        let bytes = link::set_mtu(7, 1400).bytes(3);
        assert_eq!(bytes.len(), 16 + 16 + 8);
        assert_eq!(body::u32(&bytes, 0), 40);
        assert_eq!(u16::from_ne_bytes([bytes[4], bytes[5]]), libc::RTM_NEWLINK);
        assert_eq!((body::u32(&bytes, 8), body::u32(&bytes, 20)), (3, 7));
        let found: Vec<(u16, &[u8])> = attributes(&bytes[32..]).collect();
        assert_eq!(found, [(libc::IFLA_MTU, &1400_u32.to_ne_bytes()[..])]);
        let part = parts(&bytes).next().expect("a part");
        assert_eq!((part.kind, part.sequence, part.body.len()), (libc::RTM_NEWLINK, 3, 24));
    }

    /// A message's header and its body.
    fn taken(message: &Message) -> (u16, i32, Vec<u8>) {
        let bytes = message.bytes(9);
        let length = body::u32(&bytes, 0) as usize;
        assert_eq!(length.next_multiple_of(4), bytes.len(), "the length of all of it");
        let flags = i32::from(u16::from_ne_bytes([bytes[6], bytes[7]]));
        (u16::from_ne_bytes([bytes[4], bytes[5]]), flags, bytes[16..].to_vec())
    }

    /// A body of a message: its fixed part, then attributes, which are padded to 4 bytes.
    fn with(fixed: &[&[u8]], values: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = fixed.concat();
        for (kind, value) in values {
            let length = u16::try_from(4 + value.len()).expect("short");
            bytes.extend([length.to_ne_bytes(), kind.to_ne_bytes()].concat());
            bytes.extend(*value);
            while bytes.len() % 4 != 0 {
                bytes.push(0);
            }
        }
        bytes
    }

    const ASK: i32 = libc::NLM_F_REQUEST | libc::NLM_F_ACK;
    const DUMP: i32 = libc::NLM_F_REQUEST | libc::NLM_F_DUMP;
    const NEW: i32 = ASK | libc::NLM_F_CREATE | libc::NLM_F_EXCL;

    /// rtnetlink(7): struct ifinfomsg is family, padding, type, index, flags and change; only what is in change is set.
    #[test]
    fn links_are_asked_for_and_changed() {
        let index = 7_u32.to_ne_bytes();
        let up = 1_u32.to_ne_bytes();
        let none = [0; 4];
        assert_eq!(taken(&link::get(7)), (libc::RTM_GETLINK, ASK, with(&[&none, &index, &none, &none], &[])));
        assert_eq!(taken(&link::list()), (libc::RTM_GETLINK, DUMP, vec![0; 16]));
        assert_eq!(
            taken(&link::set_up(7, true)),
            (libc::RTM_NEWLINK, ASK, with(&[&none, &index, &up, &up], &[]))
        );
        assert_eq!(
            taken(&link::set_up(7, false)),
            (libc::RTM_NEWLINK, ASK, with(&[&none, &index, &none, &up], &[]))
        );
        // A name ends with a zero byte.
        assert_eq!(
            taken(&link::rename(7, "wan")),
            (libc::RTM_NEWLINK, ASK, with(&[&none, &index, &none, &none], &[(libc::IFLA_IFNAME, b"wan\0")]))
        );
        assert_eq!(
            taken(&link::rename(7, "eth10")).2,
            with(&[&none, &index, &none, &none], &[(libc::IFLA_IFNAME, b"eth10\0")])
        );
    }

    /// rtnetlink(7): struct ifaddrmsg is family, prefix length, flags, scope and index.
    #[test]
    fn addresses_are_asked_for_and_changed() {
        let index = 7_u32.to_ne_bytes();
        let own = [10, 0, 0, 4];
        let v4 = with(&[&[2, 24, 0, 0], &index], &[(libc::IFA_LOCAL, &own), (libc::IFA_ADDRESS, &own)]);
        let broadcast = with(&[], &[(libc::IFA_BROADCAST, &[10, 0, 0, 255])]);
        assert_eq!(taken(&address::list()), (libc::RTM_GETADDR, DUMP, vec![0; 8]));
        assert_eq!(taken(&address::add(7, own.into(), 24, None)), (libc::RTM_NEWADDR, NEW, v4.clone()));
        assert_eq!(
            taken(&address::add(7, own.into(), 24, Some([10, 0, 0, 255].into()))),
            (libc::RTM_NEWADDR, NEW, [v4.clone(), broadcast].concat())
        );
        assert_eq!(taken(&address::remove(7, own.into(), 24)), (libc::RTM_DELADDR, ASK, v4));
        let long: [u8; 16] = std::array::from_fn(|number| u8::try_from(number).expect("small"));
        let v6 = with(&[&[10, 64, 0, 0], &index], &[(libc::IFA_LOCAL, &long), (libc::IFA_ADDRESS, &long)]);
        assert_eq!(taken(&address::remove(7, long.into(), 64)), (libc::RTM_DELADDR, ASK, v6));
    }

    /// rtnetlink(7): struct rtmsg is family, both prefix lengths, type of service, table, protocol, scope, type and flags. By
    /// ip-route(8), `boot` is 3 and the main table 254; what is connected directly has the scope `link`.
    #[test]
    fn routes_are_asked_for_and_changed() {
        let index = 7_u32.to_ne_bytes();
        let out = (libc::RTA_OIF, &index[..]);
        let (network, gateway) = ([169, 254, 0, 0], [10, 0, 0, 1]);
        let rtmsg = |family: u8, prefix: u8, scope: u8| [family, prefix, 0, 0, 254, 3, scope, 1, 0, 0, 0, 0];
        assert_eq!(
            taken(&route::list(10)),
            (libc::RTM_GETROUTE, DUMP, vec![10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        );
        let direct = with(&[&rtmsg(2, 16, 253)], &[out, (libc::RTA_DST, &network)]);
        assert_eq!(
            taken(&route::add(7, (network.into(), 16), None)),
            (libc::RTM_NEWROUTE, NEW, direct.clone())
        );
        assert_eq!(taken(&route::remove(7, (network.into(), 16), None)), (libc::RTM_DELROUTE, ASK, direct));
        let default = with(&[&rtmsg(2, 0, 0)], &[out, (libc::RTA_GATEWAY, &gateway)]);
        let any = IpAddr::from([0, 0, 0, 0]);
        assert_eq!(taken(&route::add(7, (any, 0), Some(gateway.into()))), (libc::RTM_NEWROUTE, NEW, default));
        let long = [0xfd; 16];
        let v6 = with(&[&rtmsg(10, 64, 0)], &[out, (libc::RTA_DST, &long)]);
        assert_eq!(taken(&route::add(7, (long.into(), 64), None)), (libc::RTM_NEWROUTE, NEW, v6));
    }

    /// netlink(7): each message and each attribute begins at a multiple of 4 bytes; the last one need not be filled up.
    #[test]
    fn parts_and_attributes_begin_at_multiples_of_four() {
        let message = |length: u32, kind: u16, sequence: u32, body: &[u8]| {
            let mut bytes = length.to_ne_bytes().to_vec();
            bytes.extend([kind.to_ne_bytes(), [0; 2]].concat());
            bytes.extend([sequence.to_ne_bytes(), [0; 4]].concat());
            bytes.extend(body);
            bytes
        };
        let read = |bytes: &[u8]| -> Vec<(u16, u32, Vec<u8>)> {
            parts(bytes).map(|part| (part.kind, part.sequence, part.body.to_vec())).collect()
        };
        let two = [message(17, 3, 8, b"a\0\0\0"), message(18, 4, 9, b"bc")].concat();
        assert_eq!(read(&two), [(3, 8, b"a".to_vec()), (4, 9, b"bc".to_vec())]);
        assert_eq!(read(&message(16, 3, 8, b"")), [(3, 8, vec![])]);
        for broken in [message(15, 3, 8, b""), message(17, 3, 8, b""), message(0, 3, 8, b"")] {
            assert_eq!(read(&broken), []);
        }
        let values = with(&[], &[(1, b"abc"), (2, b""), (3, b"abcde")]);
        let found: Vec<(u16, &[u8])> = attributes(&values[..values.len() - 3]).collect();
        assert_eq!(found, [(1, &b"abc"[..]), (2, b""), (3, b"abcde")]);
        // Shorter than its header, or longer than what is there.
        assert_eq!(attributes(&[3, 0, 1, 0]).count(), 0);
        assert_eq!(attributes(&[9, 0, 1, 0, 0, 0, 0, 0]).count(), 0);
        assert_eq!(body::u32(&[1, 2, 3, 4, 5], 1), u32::from_ne_bytes([2, 3, 4, 5]));
        assert_eq!((body::u32(&[1, 2, 3, 4], 1), body::u32(&[], 0)), (0, 0));
    }

    /// The numbers of linux/rtnetlink.h, by the names that iproute2 prints.
    #[test]
    fn kinds_and_scopes_have_the_names_of_iproute2() {
        for (number, name) in [
            (libc::RTN_UNICAST, "unicast"),
            (libc::RTN_LOCAL, "local"),
            (libc::RTN_BROADCAST, "broadcast"),
            (libc::RTN_ANYCAST, "anycast"),
            (libc::RTN_MULTICAST, "multicast"),
            (libc::RTN_BLACKHOLE, "blackhole"),
            (libc::RTN_UNREACHABLE, "unreachable"),
            (libc::RTN_PROHIBIT, "prohibit"),
            (libc::RTN_THROW, "throw"),
            (libc::RTN_NAT, "nat"),
        ] {
            assert_eq!(route_kind(number), name);
        }
        for (number, name) in [
            (libc::RT_SCOPE_UNIVERSE, "global"),
            (libc::RT_SCOPE_SITE, "site"),
            (libc::RT_SCOPE_LINK, "link"),
            (libc::RT_SCOPE_HOST, "host"),
            (libc::RT_SCOPE_NOWHERE, "nowhere"),
            (7, "7"),
        ] {
            assert_eq!(scope(number), name);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for part in parts(&bytes) {
                let _ = attributes(part.body).count();
            }
        }
    }
}
