//! systemd-networkd brings up what is written for it, and the kernel has it.
#![allow(clippy::disallowed_methods, reason = "a harness around real programs")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ephemeral::{cable, machine_without_udev, run};
use network_oracle::OUTPUTS;
use network_oracle::compare::ours;
use serde_json::{Value, json};

const NETWORKD: &[&str] = &["/usr/lib/systemd/systemd-networkd", "/lib/systemd/systemd-networkd"];

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// networkd with the files of a description.
fn networkd(config: &Value) -> Running {
    let output = OUTPUTS.iter().copied().find(|output| output.name == "networkd").expect("an output");
    let files = ours(config, output).expect("written");
    fs::create_dir_all("/run/systemd/network").expect("made");
    for (path, (_, content)) in files {
        let name = path.rsplit('/').next().expect("a name").to_owned();
        fs::write(format!("/run/systemd/network/{name}"), content).expect("written");
    }
    let user = run(&["id", "-u", "systemd-network"]).trim().parse().expect("a number");
    for directory in ["netif", "netif/links", "netif/leases", "netif/lldp"] {
        let path = format!("/run/systemd/{directory}");
        fs::create_dir_all(&path).expect("made");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("set");
        chown(&path, Some(user), None).expect("set");
    }
    let program =
        NETWORKD.iter().copied().find(|path| fs::exists(path).unwrap_or(false)).expect("part of systemd");
    let child =
        Command::new(program).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    Running(child.expect("it starts"))
}

/// The global addresses of the link.
fn addresses() -> BTreeSet<String> {
    let shown: Value =
        serde_json::from_str(&run(&["ip", "-j", "addr", "show", "dev", "eth0"])).expect("JSON");
    let list = shown[0]["addr_info"].as_array().cloned().unwrap_or_default();
    list.iter()
        .filter(|address| address["scope"] == "global")
        .map(|address| format!("{}/{}", address["local"].as_str().unwrap_or_default(), address["prefixlen"]))
        .collect()
}

fn routes() -> BTreeSet<String> {
    let all = run(&["ip", "-4", "route"]) + &run(&["ip", "-6", "route"]);
    all.lines()
        .filter(|line| line.contains("proto static"))
        .map(|line| line.split(" proto").next().unwrap_or_default().to_owned())
        .collect()
}

fn comes(what: &str, expected: &[&str], found: impl Fn() -> BTreeSet<String>) {
    let expected: BTreeSet<String> = expected.iter().map(|text| (*text).to_owned()).collect();
    let begun = Instant::now();
    while found() != expected {
        assert!(begun.elapsed() < Duration::from_secs(15), "{what}: {:?} instead of {expected:?}", found());
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn check(config: &Value, expected: &[&str], ways: &[&str], mtu: &str) {
    let _system = machine_without_udev();
    let _other = cable(&["10.0.0.1/24", "2001:db8::1/64"]);
    let _networkd = networkd(config);
    comes("addresses", expected, addresses);
    comes("routes", ways, routes);
    assert_eq!(fs::read_to_string("/sys/class/net/eth0/mtu").expect("there").trim(), mtu);
}

#[test]
#[ignore = "needs root, ip, networkctl, unshare, nsenter"]
fn version_2() {
    let config = json!({"version": 2, "ethernets": {"eth0": {
        "addresses": ["10.0.0.5/24", "10.0.0.6/32", "2001:db8::5/64"],
        "accept-ra": false,
        "mtu": 1400,
        "routes": [{"to": "default", "via": "10.0.0.1"}, {"to": "::/0", "via": "2001:db8::1"},
                   {"to": "10.99.0.0/16", "via": "10.0.0.2"}],
    }}});
    let addresses = ["10.0.0.5/24", "10.0.0.6/32", "2001:db8::5/64"];
    let routes = [
        "default via 10.0.0.1 dev eth0",
        "10.99.0.0/16 via 10.0.0.2 dev eth0",
        "default via 2001:db8::1 dev eth0",
    ];
    check(&config, &addresses, &routes, "1400");
}

#[test]
#[ignore = "needs root, ip, networkctl, unshare, nsenter"]
fn version_1() {
    let config = json!({"version": 1, "config": [{"type": "physical", "name": "eth0", "mtu": 1400, "accept-ra": false,
    "subnets": [
        {"type": "static", "address": "10.0.0.5", "netmask": "255.255.255.0", "gateway": "10.0.0.1",
         "routes": [{"destination": "10.99.0.0", "netmask": "255.255.0.0", "gateway": "10.0.0.2"}]},
        {"type": "static6", "address": "2001:db8::5/64", "gateway": "2001:db8::1"},
    ]}]});
    let routes = [
        "default via 10.0.0.1 dev eth0",
        "10.99.0.0/16 via 10.0.0.2 dev eth0",
        "default via 2001:db8::1 dev eth0",
    ];
    check(&config, &["10.0.0.5/24", "2001:db8::5/64"], &routes, "1400");
}

#[test]
#[ignore = "needs root, ip, networkctl, unshare, nsenter"]
fn a_host_of_ipv6_alone() {
    let config = json!({"version": 2, "ethernets": {"eth0": {
        "addresses": ["2001:db8::5/64"], "accept-ra": false, "routes": [{"to": "default", "via": "2001:db8::1"}],
    }}});
    check(&config, &["2001:db8::5/64"], &["default via 2001:db8::1 dev eth0"], "1500");
}
