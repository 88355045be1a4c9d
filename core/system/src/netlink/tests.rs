use super::*;

/// A body of a message: its fixed part, then attributes, which are padded to 4 bytes.
fn body_of(fixed: &[u8], values: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = fixed.to_vec();
    for (kind, value) in values {
        bytes.extend(u16::try_from(4 + value.len()).expect("short").to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(*value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}

/// rtnetlink(7) and ip-address(8): of a point-to-point link, IFA_ADDRESS is the peer's.
#[test]
fn an_address_is_read_by_its_layout() {
    let (own, peer, broadcast) = ([10, 0, 0, 4], [10, 0, 0, 5], [10, 0, 0, 255]);
    let fixed = |flags: u8, scope: u8| [2, 24, flags, scope, 7, 0, 0, 0];
    let plain = Address {
        address: own.into(),
        prefix: 24,
        scope: "global".to_owned(),
        broadcast: Some(broadcast.into()),
        peer: false,
        tentative: false,
        permanent: true,
    };
    let values: [(u16, &[u8]); 3] =
        [(libc::IFA_LOCAL, &own), (libc::IFA_ADDRESS, &own), (libc::IFA_BROADCAST, &broadcast)];
    assert_eq!(address_of(&body_of(&fixed(0x80, 0), &values)).as_ref(), Some(&plain));
    let expected =
        Address { peer: true, broadcast: None, scope: "link".to_owned(), permanent: false, ..plain.clone() };
    let values: [(u16, &[u8]); 2] = [(libc::IFA_ADDRESS, &peer), (libc::IFA_LOCAL, &own)];
    assert_eq!(address_of(&body_of(&fixed(0, 253), &values)), Some(expected));
    // IPv6 has no IFA_LOCAL. IFA_FLAGS has more bits than the header, and replaces its flags.
    let long = [0xfd; 16];
    let flags = (libc::IFA_F_TENTATIVE | 0x100).to_ne_bytes();
    let values: [(u16, &[u8]); 2] = [(libc::IFA_ADDRESS, &long), (libc::IFA_FLAGS, &flags)];
    let found = address_of(&body_of(&[10, 64, 0x80, 0, 7, 0, 0, 0], &values)).expect("an address");
    assert_eq!(found.address, IpAddr::from(long));
    assert!(found.tentative && !found.permanent && !found.peer && found.broadcast.is_none());
    assert_eq!(address_of(&body_of(&fixed(0, 0), &[])), None);
    assert_eq!(address_of(&body_of(&fixed(0, 0), &[(libc::IFA_LOCAL, &[1, 2, 3])])), None);
    assert_eq!(address_of(&[2, 24, 0]), None);
}

/// rtnetlink(7): struct rtmsg; RTA_TABLE is the table if its number needs more than a byte.
#[test]
fn a_route_is_read_by_its_layout() {
    let fixed = |family: u8, prefix: u8, kind: u8, flags: u32| {
        let mut bytes = vec![family, prefix, 0, 0, 254, 3, 0, kind];
        bytes.extend(flags.to_ne_bytes());
        bytes
    };
    let out = (libc::RTA_OIF, &[7, 0, 0, 0][..]);
    let any = IpAddr::from([0, 0, 0, 0]);
    let default = Route {
        destination: any,
        prefix: 0,
        kind: "unicast",
        table: 254,
        gateway: Some([10, 0, 0, 1].into()),
        metric: Some(100),
        ..Route::default()
    };
    let metric = 100_u32.to_ne_bytes();
    let values = [out, (libc::RTA_GATEWAY, &[10, 0, 0, 1][..]), (libc::RTA_PRIORITY, &metric[..])];
    let index = u32::from_ne_bytes([7, 0, 0, 0]);
    assert_eq!(route_of(&body_of(&fixed(2, 0, 1, 0), &values)), Some((default, index)));
    // One that a router advertisement has added expires: struct rta_cacheinfo.
    let (table, network, long) = (1000_u32.to_ne_bytes(), [10, 1, 0, 0], [0xfd; 16]);
    let cache = |expires: u32| [[0; 4], [0; 4], expires.to_ne_bytes(), [0; 4]].concat();
    for (expires, wanted) in [(0, false), (30, true)] {
        let cache = cache(expires);
        let values = [
            out,
            (libc::RTA_DST, &long[..]),
            (libc::RTA_TABLE, &table[..]),
            (libc::RTA_CACHEINFO, &cache[..]),
        ];
        let (found, _) = route_of(&body_of(&fixed(10, 64, 7, 0), &values)).expect("a route");
        assert_eq!((found.destination, found.prefix, found.table), (long.into(), 64, 1000));
        assert_eq!(
            (found.kind, found.expires, found.gateway, found.metric),
            ("unreachable", wanted, None, None)
        );
    }
    let (found, _) = route_of(&body_of(&fixed(10, 0, 1, 0), &[out])).expect("a route");
    assert_eq!(found.destination, IpAddr::from([0; 16]));
    // Cached ones are not configured, and one without a device leads nowhere.
    let values = [out, (libc::RTA_DST, &network[..])];
    assert!(route_of(&body_of(&fixed(2, 16, 1, 0), &values)).is_some());
    assert_eq!(route_of(&body_of(&fixed(2, 16, 1, libc::RTM_F_CLONED), &values)), None);
    assert_eq!(route_of(&body_of(&fixed(2, 16, 1, 0), &values[1..])), None);
    assert_eq!(route_of(&fixed(2, 16, 1, 0)[..7]), None);
}

/// linux/rtnetlink.h: RTMGRP_LINK, RTMGRP_IPV6_IFADDR, RTMGRP_IPV6_ROUTE.
#[test]
fn groups_have_the_bits_of_the_kernel() {
    assert_eq!([Group::Link, Group::Ipv6Address, Group::Ipv6Route].map(Group::bits), [1, 0x100, 0x400]);
}

#[test]
fn a_pipe_is_readable_once_something_is_in_it() {
    let (reader, writer) = rustix::pipe::pipe().expect("a pipe");
    let begun = Instant::now();
    assert!(!readable(&reader, begun + Duration::from_millis(50)).expect("no error"));
    assert!(begun.elapsed() >= Duration::from_millis(50));
    assert!(ready(&writer, PollFlags::OUT, begun).expect("no error"));
    rustix::io::write(&writer, b"x").expect("written");
    assert!(readable(&reader, begun).expect("no error"));
    // More than a second: both parts of the time are used.
    let left = until(Instant::now() + Duration::from_millis(2900));
    assert!(left.tv_sec == 2 && left.tv_nsec > 500_000_000, "{left:?}");
}

/// Another namespace, in which there is only a loopback device that is down.
fn namespace(act: impl FnOnce(&mut Netlink, u32) + Send + 'static) {
    let inside = move || {
        // SAFETY: only this thread changes, which ends with the test.
        #[allow(unsafe_code, reason = "a namespace of this thread alone")]
        let done = unsafe { libc::unshare(libc::CLONE_NEWNET) };
        assert_eq!(done, 0, "{}", io::Error::last_os_error());
        let mut netlink = Netlink::open().expect("a socket");
        let index = netlink.index("lo").expect("it exists");
        act(&mut netlink, index);
    };
    std::thread::spawn(inside).join().expect("no panic");
}

#[test]
#[ignore = "needs root, namespaces"]
fn what_is_made_is_there_until_it_is_removed() {
    namespace(|netlink, index| {
        assert!(netlink.index("eth0").is_err());
        assert!(!netlink.is_up(index).expect("asked"));
        netlink.ask(&link::set_up(index, true)).expect("set");
        assert!(netlink.is_up(index).expect("asked"));
        let own = IpAddr::from([10, 0, 0, 4]);
        let has = |netlink: &mut Netlink| {
            let addresses = netlink.addresses(index).expect("asked");
            addresses.iter().any(|found| found.address == own && found.prefix == 24)
        };
        assert!(!has(netlink));
        let add = address::add(index, own, 24, None);
        assert!(netlink.make(&add).expect("made"));
        assert!(!netlink.make(&add).expect("it exists already"), "it is somebody else's");
        assert!(has(netlink));
        assert!(netlink.addresses(index + 1).expect("asked").is_empty(), "of this device alone");
        // An IPv4 network has 32 bits.
        let wrong = netlink.make(&address::add(index, own, 33, None)).expect_err("refused");
        assert_ne!(wrong.kind(), io::ErrorKind::AlreadyExists);
        let route = ([10, 9, 0, 0].into(), 16);
        assert!(netlink.make(&route::add(index, route, None)).expect("made"));
        let routes = netlink.routes().expect("asked");
        let found = routes.iter().find(|found| found.destination == route.0).expect("it is there");
        assert_eq!((found.prefix, found.interface.as_str(), found.table), (16, "lo", 254));
        netlink.ask(&route::remove(index, route, None)).expect("removed");
        assert!(netlink.routes().expect("asked").iter().all(|found| found.destination != route.0));
        netlink.ask(&address::remove(index, own, 24)).expect("removed");
        assert!(!has(netlink));
        assert!(netlink.ask(&address::remove(index, own, 24)).is_err(), "it is gone");
    });
}

#[test]
#[ignore = "needs root, namespaces"]
fn changes_are_those_of_the_groups_that_are_listened_to() {
    namespace(|netlink, index| {
        let mut links = Changes::listen(&[Group::Link]).expect("a socket");
        let mut addresses = Changes::listen(&[Group::Ipv6Address]).expect("a socket");
        let mut events = Events::listen().expect("a socket");
        let none = Instant::now();
        assert!(!links.next(none).expect("no error") && !addresses.next(none).expect("no error"));
        assert_eq!(events.next(none).expect("no error"), None);
        netlink.ask(&link::set_mtu(index, 1400)).expect("set");
        let soon = Instant::now() + Duration::from_secs(10);
        assert!(links.next(soon).expect("no error"));
        assert!(!links.next(Instant::now()).expect("no error"), "earlier changes count as one");
        assert!(!addresses.next(Instant::now()).expect("no error"));
        // A loopback device has an IPv6 address once it is up, and no carrier that could be missing.
        netlink.ask(&link::set_up(index, true)).expect("set");
        assert!(addresses.next(soon).expect("no error"));
        let event = events.next(soon).expect("no error").expect("an event");
        assert_eq!((event.link.as_str(), event.kind), ("lo", model::effects::LinkEventKind::Up));
        netlink.ask(&link::set_up(index, false)).expect("set");
        let event = events.next(soon).expect("no error").expect("an event");
        assert_eq!(event.kind, model::effects::LinkEventKind::Down);
    });
}
