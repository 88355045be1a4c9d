//! Where renderers are known to go wrong: what has to stand in the files, whatever the original writes.
#![allow(clippy::disallowed_methods, reason = "a test of files in memory")]

use network_oracle::OUTPUTS;
use network_oracle::compare::{Files, ours};
use serde_json::{Value, json};

fn files(config: &Value, name: &str) -> Files {
    let output = OUTPUTS.iter().copied().find(|output| output.name == name).expect("an output");
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

mod inputs {
    //! Descriptions that people reported, in `testdata/faults`.
    use super::*;
    use model::effects::Link;
    use model::{NetworkConfig, Node};
    use network_managers::convert::{Converted, convert};
    use network_managers::{Settings, Unexpressed};
    use system::Scratch;

    fn links() -> Vec<Link> {
        let link = |number: u8| Link {
            name: format!("eth{number}"),
            mac: format!("00:00:00:00:00:0{}", number + 1),
            physical: true,
            ..Link::default()
        };
        (0..3).map(link).collect()
    }

    fn config(file: &str) -> NetworkConfig {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/faults").join(file);
        let bytes = std::fs::read(path).expect("there");
        if file.ends_with(".json") {
            let data = serde_json::from_slice(&bytes).expect("JSON");
            return netconfig::openstack::convert(&data, &links()[..]).expect("convertible");
        }
        NetworkConfig::new(Node::from_yaml(file, &bytes).expect("YAML").expect("a document"))
    }

    fn written(file: &str, name: &str) -> Converted {
        let output = OUTPUTS.iter().copied().find(|output| output.name == name).expect("an output");
        let settings = Settings::of(output.distro);
        convert(&config(file), &links(), output.renderer, &settings, &Scratch::new())
            .unwrap_or_else(|error| panic!("{file}: {name}: {error}"))
    }

    fn all(converted: &Converted) -> String {
        let show =
            |file: &network_managers::RenderedFile| format!("# {}\n{}\n", file.path.display(), file.content);
        converted.files.iter().map(show).collect()
    }

    #[track_caller]
    fn says(file: &str, name: &str, wanted: &[&str]) {
        let text = all(&written(file, name));
        for line in wanted {
            assert!(
                text.lines().any(|known| known.trim() == *line),
                "{file}: {name} lacks {line:?}:\n{text}"
            );
        }
    }

    fn lost(file: &str, name: &str) -> Vec<String> {
        written(file, name).unexpressed.iter().map(Unexpressed::to_string).collect()
    }

    #[test]
    fn an_id_beside_a_match_is_no_name() {
        says("match-name.yaml", "networkd", &["Driver=mlx5_core", "Name=en*", "UseDNS=False"]);
        let text = all(&written("match-name.yaml", "networkd"));
        assert!(!text.contains("Name=enp\n") && !text.contains("Name=all-en\n"), "{text}");
        says(
            "match-name.yaml",
            "network-manager",
            &["driver=mlx5_core;", "interface-name=en*;", "ignore-auto-dns=true"],
        );
        let text = all(&written("match-name.yaml", "network-manager"));
        assert!(
            !text.contains("interface-name=enp\n") && !text.contains("interface-name=all-en\n"),
            "{text}"
        );
        // Nothing on this machine fits: said with the place.
        assert!(
            lost("match-name.yaml", "eni")
                .iter()
                .any(|line| line.starts_with("match-name.yaml:")
                    && line.contains("eni cannot express 'match'")),
            "{:?}",
            lost("match-name.yaml", "eni")
        );
    }

    #[test]
    fn a_pattern_becomes_the_links_that_fit() {
        let config = json!({"version": 2, "ethernets": {"all": {"match": {"name": "eth*"}, "dhcp4": true}}});
        let node =
            Node::from_yaml("all.yaml", config.to_string().as_bytes()).expect("YAML").expect("a document");
        for (renderer, distro, wanted) in
            [("eni", "debian", "iface eth2 inet dhcp"), ("sysconfig", "centos", "DEVICE=eth2")]
        {
            let config = NetworkConfig::new(node.clone());
            let found = convert(&config, &links(), renderer, &Settings::of(distro), &Scratch::new())
                .expect("written");
            assert!(all(&found).contains(wanted), "{}", all(&found));
        }
    }

    #[test]
    fn references_are_the_names_that_links_get() {
        says(
            "set-name-refs.yaml",
            "eni",
            &["vlan-raw-device lan2", "bridge-ports lan2", "bond-primary lan0"],
        );
        says("set-name-refs.yaml", "sysconfig", &["PHYSDEV=lan2", "BONDING_SLAVE0=lan0", "BRIDGE=br0"]);
        let networkd = written("set-name-refs.yaml", "networkd");
        let of = |name: &str| {
            let file = networkd.files.iter().find(|file| file.path.ends_with(name)).expect("written");
            file.content.clone()
        };
        assert!(
            of("10-cloud-init-lan2.network").contains("VLAN=v10\n"),
            "{}",
            of("10-cloud-init-lan2.network")
        );
        assert!(of("10-cloud-init-lan2.network").contains("Bridge=br0\n"));
        assert!(of("10-cloud-init-lan0.network").contains("PrimarySlave=yes\n"));
        let manager = all(&written("set-name-refs.yaml", "network-manager"));
        assert!(manager.contains("primary=lan0\n") && !manager.contains("parent=id2"), "{manager}");
    }

    #[test]
    fn routes_of_no_link_go_where_their_gateway_is() {
        for (name, line) in [
            ("eni", "post-up ip route add 10.200.0.0/16 via 172.23.31.1 metric 1 || true"),
            ("sysconfig", "ADDRESS1=10.200.0.0"),
            ("netplan", "to: 10.200.0.0/16"),
            ("networkd", "Destination=10.200.0.0/16"),
            ("network-manager", "route2=10.200.0.0/16,172.23.31.1,1"),
        ] {
            let text = all(&written("v1-global-routes.yaml", name));
            assert!(text.contains(line), "{name}: {text}");
        }
    }

    #[test]
    fn routes_keep_what_is_said_of_them() {
        let of = "route-attributes.yaml";
        says(
            of,
            "eni",
            &[
                "post-up ip route add 10.5.0.0/16 via 10.0.0.1 metric 50 table 100 mtu 1400 || true",
                "post-up ip route add default via 10.0.0.1 dev eth1 onlink || true",
            ],
        );
        let eni = all(&written(of, "eni"));
        let v4 = eni.find("iface eth1 inet static").expect("a stanza");
        assert!(
            eni.find("10.5.0.0/16").expect("there") > v4,
            "an IPv4 route belongs to the IPv4 address:\n{eni}"
        );
        says(of, "sysconfig", &["10.5.0.0/16 via 10.0.0.1 metric 50 dev eth1 table 100 mtu 1400"]);
        says(of, "networkd", &["Table=100", "MTUBytes=1400", "GatewayOnLink=yes"]);
        says(of, "network-manager", &["route1_options=table=100,mtu=1400", "route2_options=onlink=true"]);
    }

    #[test]
    fn a_route_without_a_gateway_leads_over_its_link() {
        let of = "route-no-gateway.yaml";
        says(
            of,
            "eni",
            &[
                "post-up ip route add 192.168.0.0/20 dev eth1 table 101 || true",
                "post-up ip rule add from 192.168.4.35 table 101 || true",
            ],
        );
        says(of, "sysconfig", &["192.168.0.0/20 dev eth1 table 101", "from 192.168.4.35 table 101"]);
        says(of, "networkd", &["Destination=192.168.0.0/20", "From=192.168.4.35"]);
        says(
            of,
            "network-manager",
            &[
                "route2=192.168.0.0/20",
                "route2_options=table=101",
                "routing-rule1=priority 32765 from 192.168.4.35 table 101",
            ],
        );
    }

    #[test]
    fn what_of_dhcp_is_not_wanted_is_said() {
        let of = "dhcp-overrides.yaml";
        says(of, "network-manager", &["ignore-auto-dns=true", "ignore-auto-routes=true"]);
        says(of, "sysconfig", &["PEERDNS=no", "PEERROUTES=no"]);
        says(of, "networkd", &["UseDNS=False", "UseRoutes=False"]);
        let eni = lost(of, "eni");
        assert!(
            eni.iter()
                .any(|line| line.contains("dhcp-overrides.yaml:6:") && line.contains("eni cannot express")),
            "{eni:?}"
        );
        assert_eq!(lost(of, "network-manager"), [] as [&str; 0]);
    }

    #[test]
    fn advertisements_that_are_not_wanted_are_not_taken() {
        let text = all(&written("accept-ra-nm.yaml", "network-manager"));
        assert!(text.contains("[ipv6]\nmethod=disabled\n"), "{text}");
        says("accept-ra-nm.yaml", "networkd", &["IPv6AcceptRA=no", "LinkLocalAddressing=no"]);
    }

    #[test]
    fn every_option_of_openstacks_bonds_is_kept() {
        let of = "bond-hash-policy.json";
        says(of, "eni", &["bond-xmit-hash-policy layer3+4"]);
        says(of, "networkd", &["TransmitHashPolicy=layer3+4", "MIIMonitorSec=100ms"]);
        says(of, "network-manager", &["xmit_hash_policy=layer3+4"]);
        says(of, "netplan", &["transmit-hash-policy: layer3+4"]);
        assert!(all(&written(of, "sysconfig")).contains("xmit_hash_policy=layer3+4"));
    }

    #[test]
    fn a_wireless_network_is_joined_by_networkmanager_and_named_by_the_others() {
        let found = written("wifi.yaml", "network-manager");
        let file = found
            .files
            .iter()
            .find(|file| file.path.ends_with("cloud-init-wlan0.nmconnection"))
            .expect("a connection");
        assert_eq!(file.mode, 0o600);
        for line in [
            "type=wifi",
            "ssid=home",
            "key-mgmt=wpa-psk",
            "psk=not-a-secret",
            "dns=192.0.2.53;",
            "method=auto",
        ] {
            assert!(file.content.lines().any(|known| known == line), "{line}: {}", file.content);
        }
        for name in ["eni", "sysconfig", "networkd"] {
            assert_eq!(lost("wifi.yaml", name).len(), 1, "{name}: {:?}", lost("wifi.yaml", name));
            assert!(
                lost("wifi.yaml", name)[0].contains("cannot express 'wifis'"),
                "{:?}",
                lost("wifi.yaml", name)
            );
        }
    }
}
