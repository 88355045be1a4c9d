//! The DHCP client against dnsmasq: what it gets, and that nothing of it stays.
#![allow(clippy::disallowed_methods, reason = "a harness around real programs")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ephemeral::{cable, dnsmasq, is_again, machine, place, run, state};
use metadata_service::{Config, Ec2, Server};
use model::effects::EphemeralError;

const LIMIT: Duration = Duration::from_secs(20);
const RANGE: &str = "--dhcp-range=10.0.0.100,10.0.0.150,255.255.255.0,2m";

fn internal() -> Vec<String> {
    vec!["internal".to_owned()]
}

#[test]
#[ignore = "needs root, ip, dnsmasq, unshare, nsenter"]
fn a_lease_is_held_and_taken_back() {
    let system = machine();
    let server = cable(&["10.0.0.1/24"]);
    let _dnsmasq = dnsmasq(&server, &[RANGE, "--dhcp-option=option:router,10.0.0.1"]);
    let before = state();
    let (lease, guard) = system.ephemeral.dhcp4("eth0", &internal(), LIMIT).expect("a lease");
    assert_eq!((lease.prefix, lease.server), (24, Some(Ipv4Addr::new(10, 0, 0, 1))));
    assert!((100..=150).contains(&lease.address.octets()[3]), "{lease:?}");
    let addresses = run(&["ip", "-4", "-o", "addr", "show", "dev", "eth0"]);
    assert!(addresses.contains(&format!("inet {}/24 brd 10.0.0.255 ", lease.address)), "{addresses}");
    assert!(run(&["ip", "route"]).contains("default via 10.0.0.1 dev eth0"));
    // Nobody listens on the port, and the server says so: it is reached.
    let reached = TcpStream::connect("10.0.0.1:9").expect_err("nobody listens");
    assert_eq!(reached.kind(), std::io::ErrorKind::ConnectionRefused);
    let kept = std::fs::read_to_string("/run/cloud-init/leases/eth0.json").expect("kept for later stages");
    assert!(kept.contains("dhcp-lease-time"), "{kept}");
    drop(guard);
    is_again(&before);
}

#[test]
#[ignore = "needs root, ip, dnsmasq, unshare, nsenter"]
fn a_server_that_comes_late_is_found() {
    let system = machine();
    let server = cable(&["10.0.0.1/24"]);
    // The first message is lost: nobody listens yet.
    let late = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(700));
        let running = dnsmasq(&server, &[RANGE]);
        (server, running)
    });
    let (lease, _guard) = system.ephemeral.dhcp4("eth0", &internal(), LIMIT).expect("a lease");
    assert_eq!(lease.server, Some(Ipv4Addr::new(10, 0, 0, 1)));
    drop(late.join());
}

#[test]
#[ignore = "needs root, ip, dnsmasq, unshare, nsenter"]
fn without_a_server_it_ends_in_time_and_leaves_nothing() {
    let system = machine();
    let _nobody = cable(&["10.0.0.1/24"]);
    let (before, begun) = (state(), Instant::now());
    let outcome = system.ephemeral.dhcp4("eth0", &internal(), Duration::from_secs(3));
    assert!(matches!(outcome, Err(EphemeralError::NoLease { .. })));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    is_again(&before);
}

#[test]
#[ignore = "needs root, ip, dnsmasq, unshare, nsenter"]
fn a_gateway_outside_the_network_classless_routes_mtu_and_azures_option() {
    let system = machine();
    let server = cable(&["10.0.0.1/24", "192.168.77.1/32", "169.254.169.254/32"]);
    let _dnsmasq = dnsmasq(
        &server,
        &[
            RANGE,
            "--dhcp-option-force=1,255.255.255.255",
            "--dhcp-option-force=121,169.254.169.254/32,0.0.0.0,0.0.0.0/0,192.168.77.1",
            "--dhcp-option-force=26,1400",
            "--dhcp-option-force=245,168.63.129.16",
        ],
    );
    let before = state();
    let (lease, guard) = system.ephemeral.dhcp4("eth0", &internal(), LIMIT).expect("a lease");
    assert_eq!((lease.prefix, lease.mtu), (32, Some(1400)));
    assert_eq!(lease.option_245.as_deref(), Some(&[168, 63, 129, 16][..]));
    let routes = run(&["ip", "route"]);
    for route in ["169.254.169.254 dev eth0", "192.168.77.1 dev eth0", "default via 192.168.77.1 dev eth0"] {
        assert!(routes.contains(route), "{route}: {routes}");
    }
    assert_eq!(run(&["cat", "/sys/class/net/eth0/mtu"]).trim(), "1400");
    drop(guard);
    is_again(&before);
}

#[test]
#[ignore = "needs root, ip, dnsmasq, unshare, nsenter"]
fn of_two_servers_one_is_taken() {
    let system = machine();
    let switch = cable(&[]);
    switch.run(&["ip", "link", "add", "br0", "type", "bridge"]);
    switch.run(&["ip", "link", "set", "srv0", "master", "br0"]);
    switch.run(&["ip", "link", "set", "br0", "up"]);
    let mut servers = Vec::new();
    for (number, range) in [(1, "10.0.0.100,10.0.0.120"), (2, "10.0.0.130,10.0.0.150")] {
        let server = place();
        let (here, port, address) = ("srv0", format!("port{number}"), format!("10.0.0.{number}/24"));
        server.plug(here, &[&address], &port);
        move_to(&switch, &port);
        let range = format!("--dhcp-range={range},255.255.255.0,2m");
        let running = dnsmasq(&server, &[&range]);
        servers.push((server, running));
    }
    let (lease, _guard) = system.ephemeral.dhcp4("eth0", &internal(), LIMIT).expect("a lease");
    let last = lease.address.octets()[3];
    let expected = if (100..=120).contains(&last) { 1 } else { 2 };
    assert_eq!(lease.server, Some(Ipv4Addr::new(10, 0, 0, expected)), "{lease:?}");
}

/// Hands a link of this thread to a place and makes it a port of its bridge.
fn move_to(place: &ephemeral::Place, link: &str) {
    place.take(link);
    place.run(&["ip", "link", "set", link, "master", "br0"]);
    place.run(&["ip", "link", "set", link, "up"]);
}

#[test]
#[ignore = "needs root, ip, dnsmasq, unshare, nsenter"]
fn a_relay_hands_on() {
    let system = machine();
    let relay = cable(&["10.0.0.2/24"]);
    let server = place();
    server.plug("up0", &["172.16.0.1/24"], "down0");
    relay.take("down0");
    relay.run(&["ip", "addr", "add", "172.16.0.2/24", "dev", "down0"]);
    relay.run(&["ip", "link", "set", "down0", "up"]);
    server.run(&["ip", "route", "add", "10.0.0.0/24", "via", "172.16.0.2"]);
    let _server = dnsmasq(&server, &[RANGE]);
    let _relay = dnsmasq(&relay, &["--dhcp-relay=10.0.0.2,172.16.0.1"]);
    let (lease, _guard) = system.ephemeral.dhcp4("eth0", &internal(), LIMIT).expect("a lease");
    assert_eq!((lease.prefix, lease.server), (24, Some(Ipv4Addr::new(172, 16, 0, 1))));
}

#[test]
#[ignore = "needs root, ip, dnsmasq, unshare, nsenter, dhclient"]
fn a_packaged_client_gets_the_same() {
    let system = machine();
    let server = cable(&["10.0.0.1/24"]);
    let _dnsmasq = dnsmasq(
        &server,
        &[
            RANGE,
            "--dhcp-option=121,169.254.169.254/32,10.0.0.1,0.0.0.0/0,10.0.0.1",
            "--dhcp-option-force=26,1400",
        ],
    );
    let before = state();
    let mut leases = Vec::new();
    for client in ["internal", "dhclient"] {
        let clients = [client.to_owned()];
        let (lease, guard) = system.ephemeral.dhcp4("eth0", &clients, LIMIT).expect(client);
        drop(guard);
        is_again(&before);
        leases.push((lease.address, lease.prefix, lease.server, lease.static_routes));
    }
    assert_eq!(leases[0], leases[1]);
}

#[test]
#[ignore = "needs root, ip, dnsmasq, unshare, nsenter"]
fn clients_that_are_not_there_leave_it_to_ours() {
    let system = machine();
    let server = cable(&["10.0.0.1/24"]);
    let _dnsmasq = dnsmasq(&server, &[RANGE]);
    let clients = ["no-such-client".to_owned()];
    system.ephemeral.dhcp4("eth0", &clients, LIMIT).map(drop).expect("a lease");
}

fn taken_back_after(signal: &str) {
    let _system = machine();
    let server = cable(&["10.0.0.1/24"]);
    let _dnsmasq =
        dnsmasq(&server, &[RANGE, "--dhcp-option=option:router,10.0.0.1", "--dhcp-option-force=26,1400"]);
    let before = state();
    let mut held =
        Command::new(env!("CARGO_BIN_EXE_hold")).arg("eth0").stdout(Stdio::piped()).spawn().expect("starts");
    let mut line = String::new();
    BufReader::new(held.stdout.take().expect("piped")).read_line(&mut line).expect("a lease");
    assert!(line.contains("10.0.0."), "{line}");
    assert_ne!(state(), before);
    run(&["kill", signal, &held.id().to_string()]);
    held.wait().expect("it ends");
    is_again(&before);
}

#[test]
#[ignore = "needs root, ip, dnsmasq, unshare, nsenter, kill"]
fn a_killed_process_leaves_nothing() {
    taken_back_after("-KILL");
}

#[test]
#[ignore = "needs root, ip, dnsmasq, unshare, nsenter, kill"]
fn a_terminated_process_leaves_nothing() {
    taken_back_after("-TERM");
}

#[test]
#[ignore = "needs root, ip, dnsmasq, unshare, nsenter"]
fn what_was_there_before_stays() {
    let system = machine();
    let server = cable(&["10.0.0.1/24"]);
    run(&["ip", "link", "set", "eth0", "up"]);
    run(&["ip", "addr", "add", "10.0.0.100/24", "brd", "+", "dev", "eth0"]);
    run(&["ip", "route", "add", "default", "via", "10.0.0.1"]);
    let range = "--dhcp-range=10.0.0.100,10.0.0.100,255.255.255.0,2m";
    let _dnsmasq = dnsmasq(&server, &[range, "--dhcp-option=option:router,10.0.0.1"]);
    // Its link-local address comes by itself.
    std::thread::sleep(Duration::from_secs(2));
    let before = state();
    let (lease, guard) = system.ephemeral.dhcp4("eth0", &internal(), LIMIT).expect("a lease");
    assert_eq!(lease.address, Ipv4Addr::new(10, 0, 0, 100));
    drop(guard);
    is_again(&before);
}

#[test]
#[ignore = "needs root, ip, dnsmasq, unshare, nsenter"]
fn a_metadata_service_is_reached_over_the_lease() {
    let system = machine();
    let server = cable(&["10.0.0.1/24", "169.254.169.254/32"]);
    let _dnsmasq = dnsmasq(&server, &[RANGE, "--dhcp-option=option:router,10.0.0.1"]);
    let (ready, begun) = std::sync::mpsc::channel();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let inside = std::thread::spawn(move || {
        server.enter();
        let address = "169.254.169.254:80".parse().expect("an address");
        let config = Config { ec2: Some(Ec2::example()), listen: vec![address], ..Config::default() };
        let service = Server::start(config).expect("the address is free");
        ready.send(()).expect("the test waits");
        let _ = stopped.recv();
        service.requests().len()
    });
    begun.recv_timeout(LIMIT).expect("the service runs");
    let (_, guard) = system.ephemeral.dhcp4("eth0", &internal(), LIMIT).expect("a lease");
    let mut stream = TcpStream::connect("169.254.169.254:80").expect("reached");
    stream.set_read_timeout(Some(LIMIT)).expect("set");
    stream
        .write_all(b"GET /latest/meta-data/ HTTP/1.1\r\nHost: 169.254.169.254\r\nConnection: close\r\n\r\n")
        .expect("sent");
    let mut answer = [0; 9];
    stream.read_exact(&mut answer).expect("answered");
    assert_eq!(&answer, b"HTTP/1.1 ");
    drop(guard);
    stop.send(()).expect("it waits");
    assert_eq!(inside.join().expect("no panic"), 1);
}
