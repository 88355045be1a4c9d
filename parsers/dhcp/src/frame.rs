//! The IPv4 and UDP headers (RFC 791, RFC 768), which a client without an address writes itself.

use std::net::Ipv4Addr;

use crate::Error;

/// The port that servers listen on.
pub const SERVER_PORT: u16 = 67;
/// The port that clients listen on.
pub const CLIENT_PORT: u16 = 68;
const HEADER: usize = 20;
const UDP: u8 = 17;
const UDP_HEADER: usize = 8;

/// How to treat UDP's checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// It must be correct; zero means none.
    Verify,
    /// It is not filled in yet: a virtual device leaves it to the hardware.
    Pending,
}

/// The sum of 16-bit words of RFC 1071, before its complement.
fn sum(bytes: &[u8]) -> u32 {
    bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum()
}

#[expect(clippy::cast_possible_truncation, reason = "the loop leaves 16 bits")]
fn folded(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// The sum of UDP's pseudo header.
fn pseudo(addresses: &[u8], length: u16) -> u32 {
    sum(addresses) + u32::from(UDP) + u32::from(length)
}

/// An IPv4 packet with a UDP datagram from the client's port to the server's. The payload is limited to
/// 65,507 bytes.
#[expect(clippy::cast_possible_truncation, reason = "the payload is limited to what fits in 16 bits")]
pub fn datagram(from: Ipv4Addr, to: Ipv4Addr, payload: &[u8]) -> Vec<u8> {
    let payload = &payload[..payload.len().min(usize::from(u16::MAX) - HEADER - UDP_HEADER)];
    let udp_length = (UDP_HEADER + payload.len()) as u16;
    let total = udp_length + HEADER as u16;
    // Version 4 with a header of five words; low delay as in RFC 2131's clients; a TTL of 64.
    let mut out = vec![0x45, 0x10];
    out.extend(total.to_be_bytes());
    out.extend([0, 0, 0, 0, 64, UDP, 0, 0]);
    out.extend(from.octets());
    out.extend(to.octets());
    let checksum = folded(sum(&out));
    out[10..12].copy_from_slice(&checksum.to_be_bytes());
    let addresses = out[12..HEADER].to_vec();
    out.extend(CLIENT_PORT.to_be_bytes());
    out.extend(SERVER_PORT.to_be_bytes());
    out.extend(udp_length.to_be_bytes());
    out.extend([0, 0]);
    out.extend(payload);
    let checksum = folded(pseudo(&addresses, udp_length) + sum(&out[HEADER..]));
    // Zero would mean no checksum.
    let checksum = if checksum == 0 { 0xffff } else { checksum };
    out[HEADER + 6..HEADER + 8].copy_from_slice(&checksum.to_be_bytes());
    out
}

/// The payload of an IPv4 packet with a UDP datagram to the client's port, and the sender.
///
/// # Errors
///
/// Anything else: another protocol or port, a fragment, a wrong length or checksum.
pub fn payload(packet: &[u8], checksum: Checksum) -> Result<(Ipv4Addr, &[u8]), Error> {
    let short = Error::Frame("truncated headers");
    let header = usize::from(packet.first().ok_or(short)? & 0x0f) * 4;
    if packet[0] >> 4 != 4 || header < HEADER {
        return Err(Error::Frame("not an IPv4 packet"));
    }
    let total = usize::from(u16::from_be_bytes([*packet.get(2).ok_or(short)?, *packet.get(3).ok_or(short)?]));
    // Data after the total length is padding.
    let packet = packet.get(..total).filter(|packet| packet.len() >= header + UDP_HEADER).ok_or(short)?;
    if folded(sum(&packet[..header])) != 0 {
        return Err(Error::Frame("wrong checksum of the IPv4 header"));
    }
    if packet[9] != UDP || u16::from_be_bytes([packet[6], packet[7]]) & 0x3fff != 0 {
        return Err(Error::Frame("not a complete UDP datagram"));
    }
    let from = Ipv4Addr::new(packet[12], packet[13], packet[14], packet[15]);
    let datagram = &packet[header..];
    if u16::from_be_bytes([datagram[2], datagram[3]]) != CLIENT_PORT {
        return Err(Error::Frame("destined for another port"));
    }
    let length = u16::from_be_bytes([datagram[4], datagram[5]]);
    let datagram = datagram
        .get(..usize::from(length))
        .filter(|datagram| datagram.len() >= UDP_HEADER)
        .ok_or(Error::Frame("wrong length of the UDP datagram"))?;
    let none = datagram[6..8] == [0, 0];
    let right = || folded(pseudo(&packet[12..20], length) + sum(datagram)) == 0;
    if checksum == Checksum::Verify && !none && !right() {
        return Err(Error::Frame("wrong checksum of the UDP datagram"));
    }
    Ok((from, &datagram[UDP_HEADER..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet as a server would send it: with the ports swapped.
    fn answer(payload: &[u8]) -> Vec<u8> {
        let mut packet = datagram(Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::BROADCAST, payload);
        packet.swap(20, 22);
        packet.swap(21, 23);
        packet
    }

    #[test]
    fn checksums_are_right() {
        // RFC 1071's property: the sum over a header including its checksum is all ones.
        let packet = datagram(Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST, b"odd");
        assert_eq!(folded(sum(&packet[..20])), 0);
        assert_eq!(packet[2..4], [0, 31]);
        let packet = answer(b"text");
        let (from, content) = payload(&packet, Checksum::Verify).expect("whole");
        assert_eq!((from, content), (Ipv4Addr::new(10, 0, 0, 1), &b"text"[..]));
    }

    #[test]
    fn padding_is_cut_and_damage_is_refused() {
        let mut packet = answer(b"text");
        packet.extend([0; 20]);
        assert_eq!(payload(&packet, Checksum::Verify).expect("whole").1, b"text");
        packet[30] ^= 1;
        assert_eq!(
            payload(&packet, Checksum::Verify),
            Err(Error::Frame("wrong checksum of the UDP datagram"))
        );
        let (from, content) = payload(&packet, Checksum::Pending).expect("only its checksum is wrong");
        assert_eq!((from, content.len()), (Ipv4Addr::new(10, 0, 0, 1), 4));
        packet[15] ^= 1;
        assert!(
            matches!(payload(&packet, Checksum::Pending), Err(Error::Frame(reason)) if reason.contains("IPv4"))
        );
    }
}
