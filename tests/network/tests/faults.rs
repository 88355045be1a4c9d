//! Where renderers are known to go wrong: what has to stand in the files, whatever the original writes.
#![allow(clippy::disallowed_methods, reason = "a test of files in memory")]

use network_oracle::OUTPUTS;
use network_oracle::compare::{Files, ours};
use serde_json::{Value, json};

fn files(config: &Value, name: &str) -> Files {
    let output = OUTPUTS.into_iter().find(|output| output.name == name).expect("an output");
    ours(config, output).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// All that one output writes.
fn text(config: &Value, name: &str) -> String {
    let parts: Vec<String> =
        files(config, name).into_iter().map(|(path, (_, content))| format!("# {path}\n{content}")).collect();
    parts.join("\n") + "\n"
}

fn lines(config: &Value, name: &str) -> Vec<String> {
    text(config, name).lines().map(|line| line.trim().to_owned()).collect()
}

fn has(config: &Value, name: &str, wanted: &[&str]) {
    let found = lines(config, name);
    for line in wanted {
        assert!(found.iter().any(|known| known == line), "{name} lacks {line:?}:\n{}", found.join("\n"));
    }
}

fn lacks(config: &Value, name: &str, unwanted: &[&str]) {
    let found = lines(config, name);
    for word in unwanted {
        assert!(!found.iter().any(|line| line.contains(word)), "{name} has {word:?}:\n{}", found.join("\n"));
    }
}

#[test]
fn every_spelling_of_a_default_route_is_the_same() {
    let with = |v4: &str, v6: &str| {
        json!({"version": 2, "ethernets": {"eth0": {
            "addresses": ["10.0.0.5/24", "2001:db8::5/64"],
            "routes": [{"to": v4, "via": "10.0.0.1"}, {"to": v6, "via": "2001:db8::1"}]}}})
    };
    for output in OUTPUTS.iter().filter(|output| output.renderer != "netplan") {
        let first = text(&with("default", "default"), output.name);
        assert_eq!(first, text(&with("0.0.0.0/0", "::/0"), output.name), "{}", output.name);
        assert!(first.contains("10.0.0.1"), "{}: {first}", output.name);
    }
}

#[test]
fn a_links_own_name_servers_come_before_those_of_no_link() {
    let config = json!({"version": 1, "config": [
        {"type": "physical", "name": "eth0", "subnets": [{"type": "static", "address": "10.0.0.5/24",
            "dns_nameservers": ["10.0.0.53"], "dns_search": ["link.test"]}]},
        {"type": "physical", "name": "eth1", "subnets": [{"type": "static", "address": "10.1.0.5/24"}]},
        {"type": "nameserver", "address": "192.0.2.53", "search": "all.test"}]});
    let own = files(&config, "network-manager");
    let of = |name: &str| {
        own[&format!("/etc/NetworkManager/system-connections/cloud-init-{name}.nmconnection")].1.clone()
    };
    assert!(
        of("eth0").contains("dns=10.0.0.53;\n") && of("eth0").contains("dns-search=link.test;\n"),
        "{}",
        of("eth0")
    );
    assert!(
        of("eth1").contains("dns=192.0.2.53;\n") && of("eth1").contains("dns-search=all.test;\n"),
        "{}",
        of("eth1")
    );
    has(&config, "netplan", &["- 10.0.0.53", "- link.test", "- 192.0.2.53", "- all.test"]);
    has(&config, "eni", &["dns-nameservers 10.0.0.53", "dns-search link.test", "dns-nameservers 192.0.2.53"]);
    let resolv = &files(&config, "sysconfig")["/etc/resolv.conf"].1;
    assert!(resolv.contains("nameserver 10.0.0.53\nnameserver 192.0.2.53\n"), "{resolv}");
    assert!(resolv.contains("search link.test all.test\n"), "{resolv}");
}

#[test]
fn a_host_of_ipv6_alone_asks_for_no_ipv4() {
    let config = json!({"version": 2, "ethernets": {"eth0": {"addresses": ["2001:db8::5/64"],
        "routes": [{"to": "default", "via": "2001:db8::1"}], "nameservers": {"addresses": ["2001:db8::53"]}}}});
    lacks(&config, "eni", &["inet dhcp", "inet static"]);
    has(&config, "eni", &["iface eth0 inet6 static", "address 2001:db8::5/64"]);
    has(
        &config,
        "sysconfig",
        &["BOOTPROTO=none", "IPV6ADDR=2001:db8::5/64", "IPV6INIT=yes", "IPV6_DEFAULTGW=2001:db8::1"],
    );
    lacks(&config, "sysconfig", &["IPADDR", "BOOTPROTO=dhcp"]);
    has(&config, "networkd", &["DHCP=no", "Address=2001:db8::5/64", "Gateway=2001:db8::1"]);
    let manager = text(&config, "network-manager");
    assert!(!manager.contains("[ipv4]") || manager.contains("[ipv4]\nmethod=disabled"), "{manager}");
    assert!(manager.contains("[ipv6]\nmethod=manual"), "{manager}");
}

#[test]
fn vlans_and_members_of_bonds_keep_their_mtu() {
    let config = json!({"version": 2,
        "ethernets": {"eth0": {"mtu": 9000}, "eth1": {"mtu": 9000}},
        "bonds": {"bond0": {"interfaces": ["eth0", "eth1"], "mtu": 9000, "parameters": {"mode": "802.3ad"}}},
        "vlans": {"bond0.5": {"id": 5, "link": "bond0", "mtu": 1400, "addresses": ["10.0.0.5/24"]}}});
    for (name, mtu) in [("eni", "mtu "), ("sysconfig", "MTU="), ("networkd", "MTUBytes=")] {
        let found = lines(&config, name);
        let of = |value: &str| found.iter().filter(|line| **line == format!("{mtu}{value}")).count();
        assert!(of("9000") >= 3 && of("1400") >= 1, "{name}: {}", found.join("\n"));
    }
    has(&config, "netplan", &["mtu: 9000", "mtu: 1400"]);
}

#[test]
fn members_of_a_bond_are_told_apart_by_what_they_were_made_with() {
    let config = json!({"version": 2,
        "ethernets": {"eth0": {"match": {"macaddress": "52:54:00:00:00:0a"}, "set-name": "eth0"},
                      "eth1": {"match": {"macaddress": "52:54:00:00:00:0b"}, "set-name": "eth1"}},
        "bonds": {"bond0": {"interfaces": ["eth0", "eth1"], "macaddress": "52:54:00:00:00:0a",
                            "parameters": {"mode": "active-backup", "primary": "eth1"}}}});
    has(
        &config,
        "networkd",
        &["PermanentMACAddress=52:54:00:00:00:0a", "PermanentMACAddress=52:54:00:00:00:0b"],
    );
    let files = files(&config, "networkd");
    assert!(files["/etc/systemd/network/10-cloud-init-eth1.network"].1.contains("PrimarySlave=yes"));
    assert!(!files["/etc/systemd/network/10-cloud-init-eth0.network"].1.contains("PrimarySlave"));
}

#[test]
fn prefixes_and_netmasks_mean_the_same_in_ifcfg() {
    let with = |subnet: Value| json!({"version": 1, "config": [{"type": "physical", "name": "eth0", "subnets": [subnet]}]});
    let spellings = [
        json!({"type": "static", "address": "10.0.0.5/20", "gateway": "10.0.0.1"}),
        json!({"type": "static", "address": "10.0.0.5", "netmask": "255.255.240.0", "gateway": "10.0.0.1"}),
        json!({"type": "static", "address": "10.0.0.5", "prefix": 20, "gateway": "10.0.0.1"}),
        json!({"type": "static", "address": "10.0.0.5", "netmask": 20, "gateway": "10.0.0.1"}),
        // The prefix at the address counts.
        json!({"type": "static", "address": "10.0.0.5/20", "netmask": "255.255.255.0", "gateway": "10.0.0.1"}),
    ];
    for name in ["sysconfig", "sysconfig-suse"] {
        let first = text(&with(spellings[0].clone()), name);
        assert!(
            first.contains("NETMASK=255.255.240.0\n") || first.contains("IPADDR=10.0.0.5/20\n"),
            "{first}"
        );
        for spelling in &spellings[1..] {
            assert_eq!(first, text(&with(spelling.clone()), name), "{name}: {spelling}");
        }
    }
}

#[test]
fn dhcpv6_without_addresses_on_rhel() {
    let with = |kind: &str| json!({"version": 1, "config": [{"type": "physical", "name": "eth0", "subnets": [{"type": kind}]}]});
    // initscripts' sysconfig.txt: DHCPV6C_OPTIONS are dhclient's, -S asks for no address.
    has(
        &with("ipv6_dhcpv6-stateless"),
        "sysconfig",
        &["DHCPV6C=yes", "DHCPV6C_OPTIONS=-S", "IPV6INIT=yes", "IPV6_AUTOCONF=yes"],
    );
    has(&with("ipv6_dhcpv6-stateful"), "sysconfig", &["DHCPV6C=yes", "IPV6INIT=yes", "IPV6_AUTOCONF=no"]);
    lacks(&with("ipv6_dhcpv6-stateful"), "sysconfig", &["-S"]);
    lacks(&with("ipv6_slaac"), "sysconfig", &["DHCPV6C"]);
}
