//! A DHCPv4 client (RFC 2131) for a device without an address.
//!
//! It implements the states INIT, SELECTING and REQUESTING. A lease is neither renewed, because it is held only while a
//! metadata service is queried, nor released, because the machine's DHCP client will request the same address.

mod socket;

use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use dhcp::{Checksum, Kind, Message, code};
use model::effects::Lease;

pub(crate) use socket::PacketSocket;

/// The hardware type of InfiniBand.
const INFINIBAND: u8 = 32;
/// The first delay between attempts. RFC 2131, 4.1, suggests four seconds for 10 Mb/s Ethernet; its doubling and its
/// random second are kept.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The maximum delay (RFC 2131, 4.1).
const LONGEST_PAUSE: Duration = Duration::from_secs(64);
/// How often a server's offer is requested before looking for another server.
const REQUESTS: u32 = 4;
/// The maximum size of a message in bytes.
const LONGEST: u16 = 1500;
/// The smallest MTU of IPv4 (RFC 791).
const LEAST_MTU: u16 = 68;

/// The requested options, with the names of dhcp-options(5) that are used in a lease.
const WANTED: &[(u8, &str)] = &[
    (code::SUBNET_MASK, "subnet-mask"),
    // RFC 3442: precedes the routers option.
    (code::CLASSLESS_ROUTES, "rfc3442-classless-static-routes"),
    (code::MICROSOFT_ROUTES, "ms-classless-static-routes"),
    (code::ROUTER, "routers"),
    (code::NAME_SERVER, "domain-name-servers"),
    (code::HOST_NAME, "host-name"),
    (code::DOMAIN_NAME, "domain-name"),
    (code::INTERFACE_MTU, "interface-mtu"),
    (code::BROADCAST_ADDRESS, "broadcast-address"),
    (code::STATIC_ROUTE, "static-routes"),
    (code::NTP_SERVER, "ntp-servers"),
    (code::LEASE_TIME, "dhcp-lease-time"),
    (code::SERVER_IDENTIFIER, "dhcp-server-identifier"),
    (code::RENEWAL_TIME, "dhcp-renewal-time"),
    (code::REBINDING_TIME, "dhcp-rebinding-time"),
    (code::DOMAIN_SEARCH, "domain-search"),
    (code::AZURE_ENDPOINT, "unknown-245"),
];

/// The network side: sends broadcasts and receives packets.
pub(crate) trait Wire {
    /// Broadcasts a packet.
    fn send(&mut self, packet: &[u8]) -> io::Result<()>;

    /// Waits for a packet; `None` on timeout.
    fn receive(&mut self, deadline: Instant) -> io::Result<Option<(Vec<u8>, Checksum)>>;
}

/// The requesting device.
pub(crate) struct Card {
    /// Its name.
    pub(crate) name: String,
    /// Its hardware type (ARP).
    pub(crate) hardware: u8,
    /// Its hardware address.
    pub(crate) address: Vec<u8>,
}

/// Reasons for not getting a lease.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("no response from a DHCP server within {} s", .0.as_secs())]
    Silence(Duration),
    #[error("declined by the server: {0}")]
    Refused(String),
    #[error("the network device is unusable: {0}")]
    Link(#[from] io::Error),
}

/// A conversation.
struct Client<'c> {
    wire: &'c mut dyn Wire,
    card: &'c Card,
    random: &'c mut dyn FnMut() -> u32,
    begun: Instant,
    deadline: Instant,
    limit: Duration,
    /// The last refusal of a server.
    refusal: Option<String>,
}

/// Requests a lease until it succeeds or times out.
pub(crate) fn acquire(
    wire: &mut dyn Wire,
    card: &Card,
    random: &mut dyn FnMut() -> u32,
    limit: Duration,
) -> Result<Lease, ClientError> {
    let begun = Instant::now();
    let mut client = Client { wire, card, random, begun, deadline: begun + limit, limit, refusal: None };
    loop {
        let offer = client.select()?;
        if let Some(acknowledged) = client.request(&offer)? {
            return Ok(lease(&card.name, &acknowledged));
        }
    }
}

impl Client<'_> {
    fn message(&self, kind: Kind, transaction: u32) -> Message {
        // RFC 4390: InfiniBand's address does not fit; responses are broadcast, and the client has an identifier.
        let infiniband = self.card.hardware == INFINIBAND;
        let mut message = Message {
            hardware: self.card.hardware,
            address: if infiniband { Vec::new() } else { self.card.address.clone() },
            transaction,
            seconds: u16::try_from(self.begun.elapsed().as_secs()).unwrap_or(u16::MAX),
            broadcast: infiniband,
            ..Message::default()
        };
        message.set_kind(kind);
        if infiniband {
            let mut identifier = vec![0];
            identifier.extend(self.card.address.iter().rev().take(8).rev());
            message.options.set(code::CLIENT_IDENTIFIER, &identifier);
        }
        message.options.set(code::MAXIMUM_SIZE, &LONGEST.to_be_bytes());
        let wanted: Vec<u8> = WANTED.iter().map(|(code, _)| *code).collect();
        message.options.set(code::PARAMETER_REQUEST_LIST, &wanted);
        message
    }

    fn send(&mut self, message: &Message) -> Result<(), ClientError> {
        let packet = dhcp::datagram(Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST, &message.write());
        match self.wire.send(&packet) {
            // The device has no carrier, or goes down temporarily: the next attempt may succeed.
            Err(error) if error.kind() == io::ErrorKind::NetworkDown => Ok(()),
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => Ok(()),
            other => Ok(other?),
        }
    }

    /// The delay after an attempt: doubled each time, with a random second around it.
    fn pause(&mut self, attempt: u32) -> Instant {
        let doubled = FIRST_PAUSE.saturating_mul(1 << attempt.min(16)).min(LONGEST_PAUSE);
        // Between half a second less and half a second more.
        let jitter = Duration::from_millis(u64::from((self.random)() % 1000));
        (Instant::now() + (doubled + jitter).saturating_sub(FIRST_PAUSE / 2)).min(self.deadline)
    }

    fn over(&self) -> Option<ClientError> {
        (Instant::now() >= self.deadline)
            .then(|| self.refusal.clone().map_or(ClientError::Silence(self.limit), ClientError::Refused))
    }

    /// The next response to this client, up to a deadline.
    fn answer(&mut self, transaction: u32, until: Instant) -> Result<Option<Message>, ClientError> {
        while let Some((packet, checksum)) = self.wire.receive(until)? {
            let read = dhcp::payload(&packet, checksum).and_then(|(_, bytes)| Message::parse(bytes));
            let Ok(message) = read else { continue };
            let ours = message.reply
                && message.transaction == transaction
                && (self.card.hardware == INFINIBAND || message.address == self.card.address);
            if ours {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    /// Sends DISCOVER until a server offers an address.
    fn select(&mut self) -> Result<Message, ClientError> {
        let transaction = (self.random)();
        let mut attempt = 0;
        loop {
            if let Some(error) = self.over() {
                return Err(error);
            }
            let discover = self.message(Kind::Discover, transaction);
            self.send(&discover)?;
            let until = self.pause(attempt);
            while let Some(message) = self.answer(transaction, until)? {
                let usable = message.yours.is_some_and(is_host)
                    && message.options.address(code::SERVER_IDENTIFIER).is_some();
                if message.kind() == Some(Kind::Offer) && usable {
                    return Ok(message);
                }
            }
            attempt += 1;
        }
    }

    /// Sends REQUEST for an offer; `None` if the server refuses it.
    fn request(&mut self, offer: &Message) -> Result<Option<Message>, ClientError> {
        let server = offer.options.get(code::SERVER_IDENTIFIER).unwrap_or_default().to_vec();
        let address = offer.yours.unwrap_or(Ipv4Addr::UNSPECIFIED);
        for attempt in 0..REQUESTS {
            if let Some(error) = self.over() {
                return Err(error);
            }
            let mut request = self.message(Kind::Request, offer.transaction);
            request.options.set(code::REQUESTED_ADDRESS, &address.octets());
            request.options.set(code::SERVER_IDENTIFIER, &server);
            self.send(&request)?;
            let until = self.pause(attempt);
            while let Some(message) = self.answer(offer.transaction, until)? {
                // Another server's response is not for this request.
                if message.options.get(code::SERVER_IDENTIFIER).is_some_and(|other| other != server) {
                    continue;
                }
                match message.kind() {
                    Some(Kind::Ack) if message.yours.is_some_and(is_host) => return Ok(Some(message)),
                    Some(Kind::Nak) => {
                        let said =
                            message.options.text(code::MESSAGE).unwrap_or_else(|| "without a word".into());
                        tracing::debug!("{}: a DHCP server declined {address}: {said}", self.card.name);
                        self.refusal = Some(said);
                        // Avoids a busy loop with a server that always refuses.
                        let pause = self.pause(0);
                        while self.answer(offer.transaction, pause)?.is_some() {}
                        return Ok(None);
                    }
                    _ => {}
                }
            }
        }
        Ok(None)
    }
}

/// Whether an address can belong to a host.
fn is_host(address: Ipv4Addr) -> bool {
    !(address.is_unspecified() || address.is_broadcast() || address.is_multicast() || address.is_loopback())
}

/// The prefix length of an address without a netmask: that of its class (RFC 791).
fn class(address: Ipv4Addr) -> u8 {
    match address.octets()[0] {
        0..=127 => 8,
        128..=191 => 16,
        _ => 24,
    }
}

fn shown(code: u8, value: &[u8], options: &dhcp::Options) -> (String, String) {
    let name = WANTED.iter().find(|(known, _)| *known == code);
    let name = name.map_or_else(|| format!("option-{code}"), |(_, name)| (*name).to_owned());
    let hexadecimal = || value.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":");
    let text = match code {
        code::HOST_NAME | code::DOMAIN_NAME => options.text(code),
        code::LEASE_TIME | code::RENEWAL_TIME | code::REBINDING_TIME => {
            options.number(code).map(|number| number.to_string())
        }
        code::INTERFACE_MTU => options.short(code).map(|number| number.to_string()),
        code::DOMAIN_SEARCH => dhcp::domains(value).map(|domains| domains.join(" ")),
        code::CLASSLESS_ROUTES | code::MICROSOFT_ROUTES => dhcp::classless_routes(value).map(|routes| {
            let routes =
                routes.iter().map(|(network, prefix, gateway)| format!("{network}/{prefix} {gateway}"));
            routes.collect::<Vec<_>>().join(" ")
        }),
        code::SUBNET_MASK
        | code::ROUTER
        | code::NAME_SERVER
        | code::BROADCAST_ADDRESS
        | code::NTP_SERVER
        | code::STATIC_ROUTE
        | code::SERVER_IDENTIFIER => {
            let addresses: Vec<String> = options.addresses(code).iter().map(ToString::to_string).collect();
            (!addresses.is_empty()).then(|| addresses.join(" "))
        }
        _ => None,
    };
    (name, text.unwrap_or_else(hexadecimal))
}

fn lease(interface: &str, acknowledged: &Message) -> Lease {
    let options = &acknowledged.options;
    let address = acknowledged.yours.unwrap_or(Ipv4Addr::UNSPECIFIED);
    let mask = options.address(code::SUBNET_MASK).map(Ipv4Addr::to_bits);
    let contiguous = mask.filter(|mask| mask.leading_ones() + mask.trailing_zeros() >= 32);
    let routes = options.get(code::CLASSLESS_ROUTES).or_else(|| options.get(code::MICROSOFT_ROUTES));
    Lease {
        interface: interface.to_owned(),
        address,
        prefix: contiguous
            .and_then(|mask| u8::try_from(mask.leading_ones()).ok())
            .unwrap_or_else(|| class(address)),
        router: options.address(code::ROUTER),
        static_routes: routes.and_then(dhcp::classless_routes).unwrap_or_default(),
        server: options.address(code::SERVER_IDENTIFIER),
        mtu: options.short(code::INTERFACE_MTU).filter(|mtu| *mtu >= LEAST_MTU).map(u32::from),
        option_245: options.get(code::AZURE_ENDPOINT).map(<[u8]>::to_vec),
        options: options.iter().map(|(code, value)| shown(code, value, options)).collect(),
    }
}

#[cfg(test)]
mod tests;
