//! The client with servers in memory; `tests/dhcp` uses real servers in namespaces.

use std::collections::VecDeque;

use super::*;

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const OTHER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];

type Answers = Box<dyn FnMut(usize, &Message) -> Vec<Message>>;

/// A device whose peer answers each message with a function of its number.
struct Link {
    sent: Vec<Message>,
    waiting: VecDeque<Vec<u8>>,
    answers: Answers,
}

impl Link {
    fn new(answers: impl FnMut(usize, &Message) -> Vec<Message> + 'static) -> Self {
        Self { sent: Vec::new(), waiting: VecDeque::new(), answers: Box::new(answers) }
    }

    fn kinds(&self) -> Vec<Kind> {
        self.sent.iter().filter_map(Message::kind).collect()
    }
}

/// The packet as a server would send it.
fn packed(message: &Message) -> Vec<u8> {
    let mut packet = dhcp::datagram(SERVER, Ipv4Addr::BROADCAST, &message.write());
    packet.swap(20, 22);
    packet.swap(21, 23);
    packet
}

impl Wire for Link {
    fn send(&mut self, packet: &[u8]) -> io::Result<()> {
        let message = Message::parse(&packet[28..]).expect("the client writes whole messages");
        self.waiting.extend((self.answers)(self.sent.len(), &message).iter().map(packed));
        self.sent.push(message);
        Ok(())
    }

    fn receive(&mut self, deadline: Instant) -> io::Result<Option<(Vec<u8>, Checksum)>> {
        match self.waiting.pop_front() {
            Some(packet) => Ok(Some((packet, Checksum::Verify))),
            None => {
                std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
                Ok(None)
            }
        }
    }
}

fn card() -> Card {
    Card { name: "eth0".into(), hardware: 1, address: MAC.to_vec() }
}

fn ask(link: &mut Link, seconds: u64) -> Result<Lease, ClientError> {
    let mut number = 0x0bad_cafe_u32;
    let mut random = || {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        number
    };
    acquire(link, &card(), &mut random, Duration::from_secs(seconds))
}

fn answer(to: &Message, kind: Kind, server: Ipv4Addr, address: u8) -> Message {
    let mut message = Message {
        reply: true,
        hardware: 1,
        address: to.address.clone(),
        transaction: to.transaction,
        yours: Some(Ipv4Addr::new(10, 0, 0, address)),
        ..Message::default()
    };
    message.set_kind(kind);
    message.options.set(code::SERVER_IDENTIFIER, &server.octets());
    message.options.set(code::SUBNET_MASK, &[255, 255, 255, 0]);
    message
}

/// The response of a simple server.
fn plain(to: &Message) -> Vec<Message> {
    match to.kind() {
        Some(Kind::Discover) => vec![answer(to, Kind::Offer, SERVER, 20)],
        _ => vec![answer(to, Kind::Ack, SERVER, 20)],
    }
}

#[test]
fn a_lease_takes_four_messages() {
    let mut link = Link::new(|_, message| plain(message));
    let lease = ask(&mut link, 5).expect("a lease");
    assert_eq!((lease.address, lease.prefix, lease.server), (Ipv4Addr::new(10, 0, 0, 20), 24, Some(SERVER)));
    assert_eq!(link.kinds(), [Kind::Discover, Kind::Request]);
    let request = &link.sent[1];
    // RFC 2131, 4.3.2: in SELECTING the server and the address are named, and ciaddr is zero.
    assert_eq!(request.options.address(code::REQUESTED_ADDRESS), Some(lease.address));
    assert_eq!(request.options.address(code::SERVER_IDENTIFIER), Some(SERVER));
    assert_eq!((request.client, request.transaction), (None, link.sent[0].transaction));
}

#[test]
fn a_lost_discover_is_sent_again() {
    let mut link = Link::new(|number, message| if number == 0 { Vec::new() } else { plain(message) });
    ask(&mut link, 10).expect("a lease");
    assert_eq!(link.kinds(), [Kind::Discover, Kind::Discover, Kind::Request]);
}

#[test]
fn a_refusal_begins_anew() {
    let mut link = Link::new(|number, message| match number {
        1 => vec![answer(message, Kind::Nak, SERVER, 0)],
        _ => plain(message),
    });
    ask(&mut link, 10).expect("a lease");
    assert_eq!(link.kinds(), [Kind::Discover, Kind::Request, Kind::Discover, Kind::Request]);
    assert_ne!(link.sent[0].transaction, link.sent[2].transaction);
}

#[test]
fn of_two_servers_the_first_is_asked_and_the_others_answers_do_not_count() {
    let mut link = Link::new(|_, message| match message.kind() {
        Some(Kind::Discover) => {
            vec![answer(message, Kind::Offer, OTHER, 30), answer(message, Kind::Offer, SERVER, 20)]
        }
        _ => vec![answer(message, Kind::Nak, SERVER, 0), answer(message, Kind::Ack, OTHER, 30)],
    });
    let lease = ask(&mut link, 5).expect("a lease");
    assert_eq!((lease.address, lease.server), (Ipv4Addr::new(10, 0, 0, 30), Some(OTHER)));
}

#[test]
fn silence_ends_in_time() {
    let mut link = Link::new(|_, _| Vec::new());
    let begun = Instant::now();
    let error = ask(&mut link, 2).expect_err("nobody is there");
    assert_eq!(error.to_string(), "no response from a DHCP server within 2 s");
    assert!(begun.elapsed() < Duration::from_secs(4));
}

#[test]
fn what_is_meant_for_others_is_passed_over() {
    let mut link = Link::new(|_, message| {
        let right = plain(message);
        let mut wrong = right.clone();
        wrong[0].transaction ^= 1;
        let mut stranger = right.clone();
        stranger[0].address = vec![2, 0, 0, 0, 0, 9];
        let mut request = right.clone();
        request[0].reply = false;
        let mut bootp = right.clone();
        bootp[0].options = dhcp::Options::default();
        let mut unusable = right.clone();
        unusable[0].yours = Some(Ipv4Addr::BROADCAST);
        [wrong, stranger, request, bootp, unusable, right].concat()
    });
    assert_eq!(ask(&mut link, 5).expect("a lease").address, Ipv4Addr::new(10, 0, 0, 20));
    assert_eq!(link.sent.len(), 2);
}

#[test]
fn a_lease_holds_what_the_server_said() {
    let mut link = Link::new(|_, message| {
        let mut answers = plain(message);
        let options = &mut answers[0].options;
        options.set(code::ROUTER, &[10, 0, 0, 254]);
        options.set(code::CLASSLESS_ROUTES, &[32, 169, 254, 169, 254, 10, 0, 0, 3, 0, 10, 0, 0, 254]);
        options.set(code::INTERFACE_MTU, &1400_u16.to_be_bytes());
        options.set(code::AZURE_ENDPOINT, &[168, 63, 129, 16]);
        options.set(code::DOMAIN_SEARCH, b"\x03eng\x05apple\x03com\x00");
        options.set(code::SUBNET_MASK, &[255, 255, 255, 255]);
        answers
    });
    let lease = ask(&mut link, 5).expect("a lease");
    assert_eq!((lease.prefix, lease.mtu), (32, Some(1400)));
    assert_eq!(lease.option_245.as_deref(), Some(&[168, 63, 129, 16][..]));
    assert_eq!(lease.static_routes[0], (Ipv4Addr::new(169, 254, 169, 254), 32, Ipv4Addr::new(10, 0, 0, 3)));
    assert!(lease.options.contains(&("domain-search".to_owned(), "eng.apple.com".to_owned())));
    assert!(lease.options.contains(&("unknown-245".to_owned(), "a8:3f:81:10".to_owned())));
}

#[test]
fn infiniband_is_known_by_its_identifier() {
    // RFC 4390, 2.1: hlen 0, chaddr zero, a client identifier, and the broadcast flag.
    let mut link = Link::new(|_, message| {
        let mut answers = plain(message);
        answers[0].hardware = INFINIBAND;
        answers
    });
    let card = Card { name: "ib0".into(), hardware: INFINIBAND, address: (1..=20).collect() };
    let lease = acquire(&mut link, &card, &mut || 7, Duration::from_secs(5)).expect("a lease");
    assert_eq!(lease.address, Ipv4Addr::new(10, 0, 0, 20));
    let discover = &link.sent[0];
    assert!(discover.broadcast && discover.address.is_empty());
    assert_eq!(discover.options.get(code::CLIENT_IDENTIFIER), Some(&[0, 13, 14, 15, 16, 17, 18, 19, 20][..]));
}

/// The names and forms of dhclient's lease file, which instance data has.
#[test]
fn options_are_shown_by_their_kind() {
    let mut options = dhcp::Options::default();
    for (number, value) in [
        (code::HOST_NAME, &b"node"[..]),
        (code::DOMAIN_NAME, b"example.org"),
        (code::LEASE_TIME, &[0, 0, 14, 16]),
        (code::RENEWAL_TIME, &[0, 0, 7, 8]),
        (code::REBINDING_TIME, &[0, 0, 12, 78]),
        (code::INTERFACE_MTU, &[5, 220]),
        (code::DOMAIN_SEARCH, b"\x01a\x01b\0\x01c\0"),
        (code::CLASSLESS_ROUTES, &[16, 169, 254, 10, 0, 0, 1, 0, 10, 0, 0, 2]),
        (code::MICROSOFT_ROUTES, &[8, 10, 10, 0, 0, 3]),
        (code::SUBNET_MASK, &[255, 255, 255, 0]),
        (code::ROUTER, &[10, 0, 0, 1, 10, 0, 0, 2]),
        (code::NAME_SERVER, &[10, 0, 0, 3]),
        (code::BROADCAST_ADDRESS, &[10, 0, 0, 255]),
        (code::NTP_SERVER, &[10, 0, 0, 4]),
        (code::SERVER_IDENTIFIER, &[10, 0, 0, 5]),
        (code::AZURE_ENDPOINT, &[168, 63, 129, 16]),
        (222, &[0, 255]),
    ] {
        options.set(number, value);
    }
    let text = |number: u8| shown(number, options.get(number).expect("set"), &options).1;
    for (number, wanted) in [
        (code::HOST_NAME, "node"),
        (code::DOMAIN_NAME, "example.org"),
        (code::LEASE_TIME, "3600"),
        (code::RENEWAL_TIME, "1800"),
        (code::REBINDING_TIME, "3150"),
        (code::INTERFACE_MTU, "1500"),
        (code::DOMAIN_SEARCH, "a.b c"),
        (code::CLASSLESS_ROUTES, "169.254.0.0/16 10.0.0.1 0.0.0.0/0 10.0.0.2"),
        (code::MICROSOFT_ROUTES, "10.0.0.0/8 10.0.0.3"),
        (code::SUBNET_MASK, "255.255.255.0"),
        (code::ROUTER, "10.0.0.1 10.0.0.2"),
        (code::NAME_SERVER, "10.0.0.3"),
        (code::BROADCAST_ADDRESS, "10.0.0.255"),
        (code::NTP_SERVER, "10.0.0.4"),
        (code::SERVER_IDENTIFIER, "10.0.0.5"),
        (code::AZURE_ENDPOINT, "a8:3f:81:10"),
        (222, "00:ff"),
    ] {
        assert_eq!(text(number), wanted, "{number}");
    }
    assert_eq!(shown(222, &[], &options).0, "option-222");
    for (address, prefix) in [
        ([10, 0, 0, 1], 8),
        ([127, 0, 0, 1], 8),
        ([128, 0, 0, 1], 16),
        ([191, 0, 0, 1], 16),
        ([192, 0, 0, 1], 24),
        ([223, 0, 0, 1], 24),
    ] {
        assert_eq!(class(address.into()), prefix, "{address:?}");
    }
    for (address, wanted) in [
        ([10, 0, 0, 1], true),
        ([0, 0, 0, 0], false),
        ([255; 4], false),
        ([224, 0, 0, 1], false),
        ([127, 0, 0, 1], false),
    ] {
        assert_eq!(is_host(address.into()), wanted, "{address:?}");
    }
}

/// RFC 2131, 4.1: the delay is doubled up to 64 seconds, with a random second around it; never beyond the time limit.
#[test]
fn pauses_are_doubled() {
    let mut link = Link::new(|_, _| Vec::new());
    let card = card();
    for (draw, jitter) in [(0, -500), (999, 499), (1000, -500), (2500, 0)] {
        let mut random = || draw;
        let begun = Instant::now();
        let mut client = Client {
            wire: &mut link,
            card: &card,
            random: &mut random,
            begun,
            deadline: begun + Duration::from_secs(3600),
            limit: Duration::from_secs(3600),
            refusal: None,
        };
        for (attempt, seconds) in [(0, 1), (1, 2), (2, 4), (5, 32), (6, 64), (7, 64), (40, 64)] {
            let wanted = Duration::from_millis(u64::try_from(seconds * 1000 + jitter).expect("positive"));
            let now = Instant::now();
            let pause = client.pause(attempt) - now;
            assert!(
                pause >= wanted && pause < wanted + Duration::from_millis(400),
                "{draw} {attempt}: {pause:?}"
            );
        }
        client.deadline = begun + Duration::from_millis(100);
        assert_eq!(client.pause(6), client.deadline);
    }
}

/// A device whose carrier comes late, and one that is gone.
#[test]
fn a_device_may_be_down_for_a_moment() {
    struct Failing(Link, Vec<io::Error>);
    impl Wire for Failing {
        fn send(&mut self, packet: &[u8]) -> io::Result<()> {
            self.1.pop().map_or(Ok(()), Err)?;
            self.0.send(packet)
        }

        fn receive(&mut self, deadline: Instant) -> io::Result<Option<(Vec<u8>, Checksum)>> {
            self.0.receive(deadline)
        }
    }
    let acquired = |errors: Vec<io::Error>| {
        let mut wire = Failing(Link::new(|_, message| plain(message)), errors);
        acquire(&mut wire, &card(), &mut || 0, Duration::from_secs(10)).map(|lease| lease.address)
    };
    let of = io::Error::from_raw_os_error;
    acquired(vec![of(libc::ENETDOWN)]).expect("the next attempt succeeds");
    acquired(vec![of(libc::ENOBUFS)]).expect("the next attempt succeeds");
    assert!(matches!(acquired(vec![of(libc::ENXIO)]), Err(ClientError::Link(_))));
}

/// RFC 950: a netmask is contiguous; RFC 2132, 5.1: an MTU is 68 or more.
#[test]
fn what_a_server_says_may_be_nonsense() {
    let with = |code: u8, value: &'static [u8]| {
        let mut link = Link::new(move |_, message| {
            let mut answers = plain(message);
            answers[0].options.set(code, value);
            answers
        });
        ask(&mut link, 5).expect("a lease")
    };
    for (mask, prefix) in [
        (&[255, 255, 240, 0], 20),
        (&[255, 255, 255, 254], 31),
        // Of the class of 10.0.0.0.
        (&[255, 0, 255, 0], 8),
        (&[0, 255, 255, 255], 8),
    ] {
        assert_eq!(with(code::SUBNET_MASK, mask).prefix, prefix, "{mask:?}");
    }
    for (mtu, wanted) in [(&[0, 67], None), (&[0, 68], Some(68)), (&[5, 220], Some(1500))] {
        assert_eq!(with(code::INTERFACE_MTU, mtu).mtu, wanted);
    }
    let lease = with(code::MICROSOFT_ROUTES, &[8, 10, 10, 0, 0, 3]);
    assert_eq!(lease.static_routes, [(Ipv4Addr::new(10, 0, 0, 0), 8, Ipv4Addr::new(10, 0, 0, 3))]);
    assert_eq!(with(code::ROUTER, &[10, 0, 0, 9]).router, Some(Ipv4Addr::new(10, 0, 0, 9)));
}

/// RFC 2131, 2: `secs` are the seconds since the client began.
#[test]
fn a_message_says_for_how_long_the_client_has_asked() {
    let mut link = Link::new(|number, message| if number < 2 { Vec::new() } else { plain(message) });
    // Half a second and one and a half pass before the third.
    acquire(&mut link, &card(), &mut || 0, Duration::from_secs(10)).expect("a lease");
    let seconds: Vec<u16> = link.sent.iter().map(|message| message.seconds).collect();
    assert_eq!(seconds[..3], [0, 0, 2]);
    assert!(
        link.sent.iter().all(|message| message.address == MAC && message.hardware == 1 && !message.broadcast)
    );
}
