//! DHCPv4 messages (RFC 2131, RFC 2132) and the headers around them.
//!
//! Parsing is total: any bytes give a [`Message`] or an [`Error`]. Options split over several of the same
//! code are joined (RFC 3396), and those in the overloaded fields `file` and `sname` are also read (option
//! 52).

mod frame;
mod options;

use std::net::Ipv4Addr;

use nom::bytes::complete::take;
use nom::number::complete::{be_u16, be_u32, u8};
use nom::{IResult, Parser as _};

pub use frame::{CLIENT_PORT, Checksum, SERVER_PORT, datagram, payload};
pub use options::{ClasslessRoute, Options, classless_route, classless_routes, domains};

/// The four bytes before the options (RFC 2131, 3).
const COOKIE: u32 = 0x6382_5363;
/// The minimum length of a message is that of BOOTP, which old servers and relays require (RFC 1542, 2.1).
const LEAST: usize = 300;
/// The flag with which a client requests broadcast responses.
const BROADCAST: u16 = 0x8000;

/// Option codes (RFC 2132 unless noted otherwise).
pub mod code {
    /// Subnet mask.
    pub const SUBNET_MASK: u8 = 1;
    /// Routers.
    pub const ROUTER: u8 = 3;
    /// Name servers.
    pub const NAME_SERVER: u8 = 6;
    /// The client's host name.
    pub const HOST_NAME: u8 = 12;
    /// The domain name.
    pub const DOMAIN_NAME: u8 = 15;
    /// The interface MTU in bytes.
    pub const INTERFACE_MTU: u8 = 26;
    /// The broadcast address.
    pub const BROADCAST_ADDRESS: u8 = 28;
    /// Static routes to classful networks.
    pub const STATIC_ROUTE: u8 = 33;
    /// Time servers.
    pub const NTP_SERVER: u8 = 42;
    /// The requested address.
    pub const REQUESTED_ADDRESS: u8 = 50;
    /// The lease time in seconds.
    pub const LEASE_TIME: u8 = 51;
    /// `file` and `sname` hold options.
    pub const OVERLOAD: u8 = 52;
    /// The message type.
    pub const MESSAGE_TYPE: u8 = 53;
    /// The server's address.
    pub const SERVER_IDENTIFIER: u8 = 54;
    /// The requested options.
    pub const PARAMETER_REQUEST_LIST: u8 = 55;
    /// The server's error message.
    pub const MESSAGE: u8 = 56;
    /// The maximum message size in bytes.
    pub const MAXIMUM_SIZE: u8 = 57;
    /// The renewal time in seconds.
    pub const RENEWAL_TIME: u8 = 58;
    /// The rebinding time in seconds.
    pub const REBINDING_TIME: u8 = 59;
    /// The vendor class.
    pub const VENDOR_CLASS: u8 = 60;
    /// The client identifier.
    pub const CLIENT_IDENTIFIER: u8 = 61;
    /// Search domains (RFC 3397).
    pub const DOMAIN_SEARCH: u8 = 119;
    /// Classless static routes (RFC 3442).
    pub const CLASSLESS_ROUTES: u8 = 121;
    /// Azure's WireServer.
    pub const AZURE_ENDPOINT: u8 = 245;
    /// Classless static routes, with their code before the RFC.
    pub const MICROSOFT_ROUTES: u8 = 249;
}

/// The message type (RFC 2132, 9.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The client looks for servers.
    Discover,
    /// A server offers an address.
    Offer,
    /// The client requests the offered address.
    Request,
    /// The client declines the address.
    Decline,
    /// The server confirms the lease.
    Ack,
    /// The server refuses the request.
    Nak,
    /// The client releases the address.
    Release,
    /// The client requests parameters only.
    Inform,
}

impl Kind {
    const ALL: &[Self] = &[
        Self::Discover,
        Self::Offer,
        Self::Request,
        Self::Decline,
        Self::Ack,
        Self::Nak,
        Self::Release,
        Self::Inform,
    ];

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number.checked_sub(1)?)).copied()
    }

    fn number(self) -> u8 {
        Self::ALL.iter().position(|kind| *kind == self).and_then(|at| u8::try_from(at + 1).ok()).unwrap_or(0)
    }
}

/// Bytes that are not a DHCP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It ends within its fixed part.
    #[error("truncated DHCP message of {0} bytes")]
    Short(usize),
    /// The cookie before the options is not DHCP's: BOOTP.
    #[error("byte 236: expected the magic cookie 63825363 of a DHCP message")]
    Cookie,
    /// An option exceeds the remaining bytes.
    #[error("option {code} of {length} bytes is truncated")]
    Option {
        /// Its number.
        code: u8,
        /// Its declared length.
        length: u8,
    },
    /// A frame without a datagram between DHCP's ports.
    #[error("{0}")]
    Frame(&'static str),
}

/// A message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Whether it is from a server.
    pub reply: bool,
    /// The hardware type (1 Ethernet, 32 InfiniBand).
    pub hardware: u8,
    /// The client's hardware address; empty on InfiniBand (RFC 4390).
    pub address: Vec<u8>,
    /// The transaction ID.
    pub transaction: u32,
    /// Seconds since the client started.
    pub seconds: u16,
    /// Whether responses are broadcast.
    pub broadcast: bool,
    /// The client's address, if it has one.
    pub client: Option<Ipv4Addr>,
    /// The assigned address.
    pub yours: Option<Ipv4Addr>,
    /// The next server in bootstrap.
    pub next: Option<Ipv4Addr>,
    /// The relay.
    pub relay: Option<Ipv4Addr>,
    /// The options.
    pub options: Options,
}

/// The fixed part, and the remaining bytes.
struct Fixed<'b> {
    operation: u8,
    hardware: u8,
    length: u8,
    transaction: u32,
    seconds: u16,
    flags: u16,
    addresses: [u32; 4],
    hardware_address: &'b [u8],
    server_name: &'b [u8],
    file: &'b [u8],
    cookie: u32,
}

fn fixed(bytes: &[u8]) -> IResult<&[u8], Fixed<'_>> {
    let (rest, (operation, hardware, length, _hops)) = (u8, u8, u8, u8).parse(bytes)?;
    let (rest, (transaction, seconds, flags)) = (be_u32, be_u16, be_u16).parse(rest)?;
    let (rest, (a, b, c, d)) = (be_u32, be_u32, be_u32, be_u32).parse(rest)?;
    let (rest, (hardware_address, server_name, file)) =
        (take(16_usize), take(64_usize), take(128_usize)).parse(rest)?;
    let (rest, cookie) = be_u32.parse(rest)?;
    let addresses = [a, b, c, d];
    Ok((
        rest,
        Fixed {
            operation,
            hardware,
            length,
            transaction,
            seconds,
            flags,
            addresses,
            hardware_address,
            server_name,
            file,
            cookie,
        },
    ))
}

fn said(bits: u32) -> Option<Ipv4Addr> {
    (bits != 0).then(|| Ipv4Addr::from(bits))
}

impl Message {
    /// Reads a message, without the headers around it.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let Ok((rest, fixed)) = fixed(bytes) else { return Err(Error::Short(bytes.len())) };
        if fixed.cookie != COOKIE {
            return Err(Error::Cookie);
        }
        let mut options = Options::default();
        options.read(rest)?;
        // RFC 2131, 4.1: `file` first, then `sname`.
        let overload = options.get(code::OVERLOAD).and_then(|value| value.first().copied()).unwrap_or(0);
        for (bit, field) in [(1, fixed.file), (2, fixed.server_name)] {
            if overload & bit != 0 {
                options.read(field)?;
            }
        }
        let length = usize::from(fixed.length).min(fixed.hardware_address.len());
        let [client, yours, next, relay] = fixed.addresses.map(said);
        Ok(Self {
            reply: fixed.operation == 2,
            hardware: fixed.hardware,
            address: fixed.hardware_address[..length].to_vec(),
            transaction: fixed.transaction,
            seconds: fixed.seconds,
            broadcast: fixed.flags & BROADCAST != 0,
            client,
            yours,
            next,
            relay,
            options,
        })
    }

    /// The message's bytes.
    pub fn write(&self) -> Vec<u8> {
        let length = self.address.len().min(16);
        #[expect(clippy::cast_possible_truncation, reason = "16 at most")]
        let mut out = vec![if self.reply { 2 } else { 1 }, self.hardware, length as u8, 0];
        out.extend(self.transaction.to_be_bytes());
        out.extend(self.seconds.to_be_bytes());
        out.extend((if self.broadcast { BROADCAST } else { 0 }).to_be_bytes());
        for address in [self.client, self.yours, self.next, self.relay] {
            out.extend(address.unwrap_or(Ipv4Addr::UNSPECIFIED).octets());
        }
        out.extend(&self.address[..length]);
        out.resize(236, 0);
        out.extend(COOKIE.to_be_bytes());
        self.options.write(&mut out);
        out.push(options::END);
        if out.len() < LEAST {
            out.resize(LEAST, 0);
        }
        out
    }

    /// The message type; `None` for BOOTP and unknown types.
    pub fn kind(&self) -> Option<Kind> {
        Kind::from_number(*self.options.get(code::MESSAGE_TYPE)?.first()?)
    }

    /// Sets the message type.
    pub fn set_kind(&mut self, kind: Kind) {
        self.options.set(code::MESSAGE_TYPE, &[kind.number()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn discover() -> Message {
        let mut message = Message {
            hardware: 1,
            address: vec![2, 0, 0, 0, 0, 1],
            transaction: 0x1234_5678,
            ..Message::default()
        };
        message.set_kind(Kind::Discover);
        message
    }

    #[test]
    fn the_layout_is_the_rfcs() {
        // RFC 2131, figure 1.
        let bytes = discover().write();
        assert_eq!(bytes.len(), 300);
        assert_eq!(bytes[..8], [1, 1, 6, 0, 0x12, 0x34, 0x56, 0x78]);
        assert_eq!(bytes[28..34], [2, 0, 0, 0, 0, 1]);
        assert_eq!(bytes[236..244], [0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255]);
    }

    #[test]
    fn options_go_on_in_the_overloaded_fields() {
        let mut bytes = discover().write();
        bytes.truncate(243);
        bytes.extend([52, 1, 3, 255]);
        // `sname` begins at byte 44, `file` at 108.
        bytes[108..114].copy_from_slice(&[3, 4, 10, 0, 0, 1]);
        bytes[114] = 255;
        bytes[44..50].copy_from_slice(&[1, 4, 255, 255, 255, 0]);
        bytes[50] = 255;
        let message = Message::parse(&bytes).expect("a message");
        assert_eq!(message.options.address(code::ROUTER), Some(Ipv4Addr::new(10, 0, 0, 1)));
        assert_eq!(message.options.address(code::SUBNET_MASK), Some(Ipv4Addr::new(255, 255, 255, 0)));
    }

    #[test]
    fn bootp_and_cut_messages_are_refused() {
        let bytes = discover().write();
        assert_eq!(Message::parse(&bytes[..239]), Err(Error::Short(239)));
        let mut bootp = bytes.clone();
        bootp[236] = 0;
        assert_eq!(Message::parse(&bootp), Err(Error::Cookie));
        let mut cut = bytes[..240].to_vec();
        cut.extend([3, 200, 1]);
        assert_eq!(Message::parse(&cut), Err(Error::Option { code: 3, length: 200 }));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let _ = Message::parse(&bytes);
            let _ = payload(&bytes, Checksum::Verify);
            let _ = classless_routes(&bytes);
            let _ = domains(&bytes);
        }

        #[test]
        fn what_is_written_is_read_back(
            address in prop::collection::vec(any::<u8>(), 0..=16),
            transaction in any::<u32>(),
            broadcast in any::<bool>(),
            options in prop::collection::vec((1_u8..254, prop::collection::vec(any::<u8>(), 0..600)), 0..6),
        ) {
            let mut message = Message { hardware: 1, address, transaction, broadcast, ..Message::default() };
            for (code, value) in options.iter().filter(|(code, _)| *code != code::OVERLOAD) {
                message.options.set(*code, value);
            }
            prop_assert_eq!(Message::parse(&message.write()), Ok(message));
        }
    }
}
