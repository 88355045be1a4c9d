//! The kernel's links by netlink, as iproute2 shows them; addresses that are held for a moment.
#![allow(clippy::disallowed_methods, reason = "a harness around real programs")]

use std::time::Duration;

use ephemeral::{cable, is_again, machine, run, state};
use model::effects::{Address, LinkEventKind, Route};

#[test]
#[ignore = "needs root, ip, namespaces"]
fn addresses_and_routes_are_those_that_iproute2_shows() {
    let system = machine();
    let _other = cable(&[]);
    run(&["ip", "link", "set", "eth0", "up"]);
    run(&["ip", "addr", "add", "10.1.2.3/20", "brd", "+", "dev", "eth0"]);
    run(&["ip", "addr", "add", "2001:db8::5/64", "dev", "eth0", "nodad"]);
    run(&["ip", "addr", "add", "10.9.0.1", "peer", "10.9.0.2/32", "dev", "eth0"]);
    run(&["ip", "route", "add", "default", "via", "10.1.0.1", "metric", "50"]);
    run(&["ip", "route", "add", "10.200.0.0/16", "dev", "eth0", "table", "7"]);
    let addresses = system.links.addresses("eth0").expect("readable");
    let find = |text: &str| addresses.iter().find(|known| known.address.to_string() == text).expect("there");
    let v4 = find("10.1.2.3");
    assert_eq!((v4.prefix, v4.scope.as_str(), v4.peer), (20, "global", false));
    assert_eq!(v4.broadcast.map(|address| address.to_string()).as_deref(), Some("10.1.15.255"));
    assert!(find("10.9.0.1").peer);
    let v6 = find("2001:db8::5");
    assert!(v6.permanent && !v6.tentative && v6.prefix == 64);
    let routes = system.links.routes().expect("readable");
    let default =
        routes.iter().find(|route| route.prefix == 0 && route.destination.is_ipv4()).expect("there");
    assert_eq!((default.metric, default.table, default.interface.as_str()), (Some(50), Route::MAIN, "eth0"));
    let of_table = routes.iter().find(|route| route.table == 7).expect("there");
    assert_eq!((of_table.destination.to_string().as_str(), of_table.prefix), ("10.200.0.0", 16));
    let main =
        routes.iter().filter(|route| route.table == Route::MAIN && route.destination.is_ipv4()).count();
    assert_eq!(main, run(&["ip", "-4", "route"]).lines().count());
}

#[test]
#[ignore = "needs root, ip, namespaces"]
fn what_happens_to_a_link_is_heard_in_order() {
    let system = machine();
    let mut events = system.links.events().expect("the kernel answers");
    let mut next = |limit| loop {
        match events.next(limit).expect("the kernel answers") {
            Some(event) if event.link == "here" => return Some(event.kind),
            Some(_) => {}
            None => return None,
        }
    };
    let soon = Duration::from_secs(10);
    run(&["ip", "link", "add", "here", "type", "veth", "peer", "name", "there"]);
    assert_eq!(next(soon), Some(LinkEventKind::Added));
    run(&["ip", "link", "set", "here", "up"]);
    assert_eq!(next(Duration::from_millis(300)), None, "no carrier without the other end");
    run(&["ip", "link", "set", "there", "up"]);
    assert_eq!(next(soon), Some(LinkEventKind::Up));
    run(&["ip", "link", "set", "there", "down"]);
    assert_eq!(next(soon), Some(LinkEventKind::Down));
    run(&["ip", "link", "delete", "here"]);
    assert_eq!(next(soon), Some(LinkEventKind::Removed));
    assert_eq!(next(Duration::from_millis(100)), None);
}

#[test]
#[ignore = "needs root, ip, namespaces"]
fn the_list_of_links_follows_every_change() {
    let system = machine();
    let shown = || {
        let links = system.links.links().expect("readable");
        links.into_iter().filter(|link| link.name != "lo").collect::<Vec<_>>()
    };
    assert_eq!(shown(), [], "kept as it is now");
    run(&["ip", "link", "add", "here", "type", "veth", "peer", "name", "there"]);
    let found = shown();
    assert_eq!(found.iter().map(|link| link.name.as_str()).collect::<Vec<_>>(), ["here", "there"]);
    assert_eq!(shown(), found);
    for (change, is_seen) in [
        ("set here mtu 1400", (|link| link.mtu == Some(1400)) as fn(&model::effects::Link) -> bool),
        ("set here address 02:00:00:00:00:07", |link| link.mac == "02:00:00:00:00:07"),
        ("set here up", |link| link.operstate == "lowerlayerdown"),
        ("set there up", |link| link.carrier == Some(true)),
        ("set here down", |link| link.operstate == "down"),
    ] {
        let words: Vec<&str> = ["ip", "link"].into_iter().chain(change.split(' ')).collect();
        run(&words);
        // The kernel tells of a carrier up to a second later.
        let seen = (0..200).any(|_| {
            is_seen(&shown()[0]) || {
                std::thread::sleep(Duration::from_millis(25));
                false
            }
        });
        assert!(seen, "{change}: {:?}", shown()[0]);
    }
    system.links.rename("here", "again").expect("it is down");
    assert_eq!(shown()[0].name, "again", "what this process changes, too");
    run(&["ip", "link", "delete", "again"]);
    assert_eq!(shown(), []);
}

#[test]
#[ignore = "needs root, ip, namespaces"]
fn a_static_address_is_held_and_taken_back() {
    let system = machine();
    let _other = cable(&["169.254.169.254/16"]);
    let before = state();
    for (address, prefix) in [("169.254.10.20", 16), ("2001:db8::7", 64)] {
        let address = Address::new(address.parse().expect("an address"), prefix);
        let route = Route {
            destination: "203.0.113.0".parse().expect("an address"),
            prefix: 24,
            gateway: Some("169.254.169.254".parse().expect("an address")),
            ..Route::default()
        };
        let routes = if address.address.is_ipv4() { vec![route] } else { Vec::new() };
        let guard = system.ephemeral.address("eth0", &address, &routes).expect("set");
        assert!(run(&["ip", "addr", "show", "eth0"]).contains(&address.address.to_string()));
        drop(guard);
        is_again(&before);
    }
}

#[test]
#[ignore = "needs root, ip, namespaces"]
fn ipv6_waits_until_the_address_is_the_links_own() {
    let system = machine();
    let _other = cable(&[]);
    let before = state();
    let guard = system.ephemeral.ipv6("eth0", false, Duration::from_secs(10)).expect("link-local");
    let shown = run(&["ip", "-6", "-o", "addr", "show", "dev", "eth0", "scope", "link", "-tentative"]);
    assert!(shown.contains("fe80::"), "{shown}");
    drop(guard);
    is_again(&before);
    // No router is there: an address of its network does not come, and the wait ends.
    assert!(system.ephemeral.ipv6("eth0", true, Duration::from_secs(3)).is_err());
    is_again(&before);
}

#[test]
#[ignore = "needs root, ip, namespaces"]
fn changes_wake_who_waits() {
    let system = machine();
    let mut changes = system.links.watch().expect("listening");
    assert!(!changes.wait(Duration::from_millis(50)).expect("no error"));
    let _other = cable(&[]);
    assert!(changes.wait(Duration::from_secs(5)).expect("no error"));
    system.links.rename("eth0", "wan0").expect("renamed");
    system.links.set_up("wan0", true).expect("up");
    assert!(run(&["ip", "link", "show", "wan0"]).contains("UP"));
    assert!(system.links.rename("eth0", "eth1").is_err());
}
