//! What is refused, with the place; what any tree becomes; what the initial ramdisk and OpenStack say.

use model::effects::{Link, ReadFiles};
use model::{Key, Map, NetworkConfig, Node, Origin, Value};
use netconfig::{NetworkState, SubnetKind, initramfs, openstack};
use proptest::prelude::*;
use serde_json::json;
use system::Scratch;

fn config(yaml: &str) -> NetworkConfig {
    NetworkConfig::new(Node::from_yaml("net.yaml", yaml.as_bytes()).expect("YAML").expect("a document"))
}

/// A description that is refused, and how the message begins.
#[track_caller]
fn refused(yaml: &str, begins: &str) {
    let error = NetworkState::read(&config(yaml), &[]).expect_err("refused").to_string();
    assert!(error.starts_with(begins), "{error}\nshould begin with {begins}");
}

#[test]
fn errors_name_the_place_and_the_key() {
    refused("version: 3\n", "net.yaml:1:1: not a valid network config: 'version' must be 1 or 2, not 3");
    refused("version: 1\n", "net.yaml:1:1: network config version 1 requires the key 'config'");
    refused(
        "version: 1\nconfig:\n- {type: physikal, name: eth0}\n",
        "net.yaml:3:10: 'type: physikal': expected one of ",
    );
    refused(
        "version: 1\nconfig:\n- type: physical\n  name: eth0\n  mac_address: 52:54:00:12:34:56\n",
        "net.yaml:5:16: 'mac_address' was read as the number 41135085296: in YAML an unquoted 52:54:00:12:34:56",
    );
    refused(
        "version: 1\nconfig:\n- type: physical\n  name: eth0\n  subnets:\n  - {type: static, address: 10.0.0.300/24}\n",
        "net.yaml:6:29: 'address: 10.0.0.300/24': not a valid IP address or network",
    );
    refused(
        "version: 1\nconfig:\n- type: physical\n  name: eth0\n  subnets:\n  - {type: static}\n",
        "net.yaml:6:5: a static subnet requires the key 'address'",
    );
    refused(
        "version: 1\nconfig:\n- {type: nameserver, interface: eth9, address: 1.1.1.1}\n",
        "net.yaml:3:33: 'interface: eth9': no network device of this name",
    );
    refused("version: 2\nethernets:\n  eth0: [dhcp4]\n", "net.yaml:3:9: 'eth0' must be a mapping, not list");
    refused(
        "version: 2\nethernets:\n  eth0: {addresses: 10.0.0.1/24}\n",
        "net.yaml:3:21: 'addresses' must be a list",
    );
    refused(
        "version: 2\nethernets:\n  eth0:\n    dhcp4: true\n    routes: [{to: default, via: nowhere}]\n",
        "net.yaml:5:19: 'to: default': the gateway of a default route must be an address, not 'nowhere'",
    );
    refused(
        "version: 2\nethernets:\n  eth0:\n    dhcp4: true\n    routes: [{to: 10.0.0.0/8, via: 10.0.0.1, metric: low}]\n",
        "net.yaml:5:54: 'metric: low': the metric of a route must be an integer",
    );
    refused(
        "version: 2\nbonds:\n  bond0: {dhcp4: true}\n",
        "net.yaml:3:10: a bond requires the key 'interfaces'",
    );
}

#[test]
fn an_entry_that_lacks_a_key_is_left_out() {
    let state = NetworkState::read(
        &config("version: 1\nconfig:\n- {type: vlan, name: v}\n- {type: physical, name: a}\n"),
        &[],
    );
    assert_eq!(state.expect("readable").interfaces.keys().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn addresses_may_be_mappings() {
    let yaml = "version: 2\nethernets:\n  eth0:\n    addresses:\n    - 10.0.0.5/24: {label: maas}\n    - '2001:db8::5/64'\n";
    let state = NetworkState::read(&config(yaml), &[]).expect("readable");
    let found: Vec<_> = state.interfaces["eth0"].subnets.iter().filter_map(netconfig::Subnet::cidr).collect();
    assert_eq!(found, ["10.0.0.5/24", "2001:db8::5/64"]);
    assert!(state.use_ipv6);
}

#[test]
fn a_link_is_named_by_its_mac_where_no_set_name_is() {
    let yaml = "version: 2\nethernets:\n  nic: {match: {macaddress: '52:54:00:AA:bb:01'}, dhcp4: true}\n";
    let link = Link { name: "ens3".into(), mac: "52:54:00:aa:bb:01".into(), ..Link::default() };
    let state = NetworkState::read(&config(yaml), std::slice::from_ref(&link)).expect("readable");
    assert_eq!(state.interfaces["nic"].name, "ens3");
    assert_eq!(state.interfaces["nic"].subnets[0].kind, SubnetKind::Dhcp4);
    let twin = Link { name: "ens4".into(), ..link.clone() };
    let error = NetworkState::read(&config(yaml), &[link, twin]).expect_err("ambiguous");
    assert!(error.to_string().contains("'ens3' and 'ens4' have the same MAC address"), "{error}");
}

#[test]
fn names_may_be_exchanged() {
    let yaml = "version: 2\nethernets:\n  eth0: {match: {macaddress: 'aa:00:00:00:00:01', driver: e1000}, set-name: eth1, dhcp4: true}\n  \
                eth1: {match: {macaddress: 'aa:00:00:00:00:02'}, set-name: eth0, dhcp6: true}\n";
    let state = NetworkState::read(&config(yaml), &[]).expect("readable");
    let shown: Vec<_> = state
        .interfaces
        .values()
        .map(|link| {
            (
                link.name.as_str(),
                link.mac.as_deref().unwrap_or(""),
                link.driver(),
                link.subnets[0].kind.name(),
            )
        })
        .collect();
    let e1000 = Some("e1000".to_owned());
    assert_eq!(
        shown,
        [("eth1", "aa:00:00:00:00:01", e1000, "dhcp4"), ("eth0", "aa:00:00:00:00:02", None, "dhcp6")]
    );
}

#[test]
fn stanzas_of_both_families_are_subnets_of_one_link() {
    let text = "auto eth0\niface eth0 inet static\n  address 10.0.0.2/24\niface eth0 inet6 dhcp\n";
    let config = netconfig::eni::convert(text.as_bytes()).expect("readable");
    let state = NetworkState::read(&config, &[]).expect("readable");
    let kinds: Vec<_> =
        state.interfaces["eth0"].subnets.iter().map(|subnet| subnet.kind.name().to_owned()).collect();
    assert_eq!(kinds, ["static", "dhcp6"]);
}

/// Files of an initramfs, and the configuration that upstream's config_from_klibc_net_cfg returns for them.
#[test]
fn the_ramdisks_files_are_read_as_the_original_reads_them() {
    let root = || {
        Scratch::new()
            .file(
                "/run/net-eth0.conf",
                "DEVICE='eth0'\nPROTO='dhcp'\nIPV4ADDR='192.168.122.89'\nIPV4BROADCAST='192.168.122.255'\n\
                 IPV4NETMASK='255.255.255.0'\nIPV4GATEWAY='192.168.122.1'\nIPV4DNS0='192.168.122.1'\nIPV4DNS1='0.0.0.0'\n\
                 HOSTNAME='foohost'\nDNSDOMAIN=''\nROOTSERVER='192.168.122.1'\nfilename=''\nDOMAINSEARCH='foo.com'\n",
            )
            .file(
                "/run/net6-eth0.conf",
                "IPV6PROTO='none'\nDEVICE6='eth0'\nIPV6ADDR='2001:db8::10'\nIPV6NETMASK='64'\nIPV6DNS0='2001:db8::53'\n\
                 DOMAINSEARCH='a.test,b.test'\n",
            )
            .file("/sys/class/net/eth0/address", "52:54:00:ab:cd:ef\n")
    };
    let read = |root: Scratch, cmdline: &str| {
        let (system, _) = root.system();
        let files: &dyn ReadFiles = system.files.as_ref();
        initramfs::config(files, cmdline)
    };
    let found = read(root(), "ro ip=dhcp quiet").expect("readable").expect("asked for");
    let expected = json!({"version": 1, "config": [{
    "type": "physical", "name": "eth0", "mac_address": "52:54:00:ab:cd:ef",
    "subnets": [
        {"type": "dhcp", "control": "manual", "netmask": "255.255.255.0", "broadcast": "192.168.122.255",
         "gateway": "192.168.122.1", "dns_nameservers": ["192.168.122.1"], "dns_search": ["foo.com"]},
        {"type": "static", "control": "manual", "address": "2001:db8::10", "netmask": "64",
         "dns_nameservers": ["2001:db8::53"], "dns_search": ["a.test", "b.test"]},
    ]}]});
    assert_eq!(found.node().to_json(), expected);
    assert_eq!(read(root(), "ro quiet").expect("readable"), None);
    let iscsi = root().file("/run/initramfs/open-iscsi.interface", "eth0\n");
    let found = read(iscsi, "ro quiet").expect("readable").expect("open-iscsi asks for it");
    assert_eq!(found.node().to_json(), expected);
    let unknown = Scratch::new().file("/run/net-a.conf", "DEVICE=a\nPROTO=carrier-pigeon\n");
    let error = read(unknown, "ip=dhcp").expect_err("unknown").to_string();
    assert!(error.starts_with("/run/net-a.conf: PROTO is 'carrier-pigeon'"), "{error}");
}

#[test]
fn infiniband_is_found_by_its_short_address_and_gets_its_long_one() {
    // Bytes 13 to 15 and 18 to 20 of the hardware address are what OpenStack says.
    let long = "80:00:00:28:fe:80:00:00:00:00:00:00:00:11:22:03:00:33:44:56";
    let link = Link { name: "ib0".into(), mac: long.into(), hardware_type: 32, ..Link::default() };
    let data = json!({"links": [{"id": "a", "type": "phy", "ethernet_mac_address": "00:11:22:33:44:56"}],
        "networks": [{"id": "n", "link": "a", "type": "ipv4_dhcp"}]});
    let found = openstack::convert(&data, &[link]).expect("converted").node().to_json();
    assert_eq!(found["config"][0]["type"], "infiniband");
    assert_eq!(found["config"][0]["name"], "ib0");
    assert_eq!(found["config"][0]["mac_address"], long);
    let error = openstack::convert(&data, &[]).expect_err("absent").to_string();
    assert!(error.contains("'00:11:22:33:44:56', configured for 'a'"), "{error}");
}

const WORDS: &[&str] = &[
    "version",
    "config",
    "type",
    "name",
    "physical",
    "bond",
    "vlan",
    "bridge",
    "nameserver",
    "route",
    "subnets",
    "static",
    "dhcp4",
    "address",
    "routes",
    "network",
    "destination",
    "gateway",
    "default",
    "netmask",
    "prefix",
    "params",
    "bond_interfaces",
    "bridge_interfaces",
    "vlan_id",
    "vlan_link",
    "mac_address",
    "ethernets",
    "bonds",
    "bridges",
    "vlans",
    "match",
    "macaddress",
    "set-name",
    "addresses",
    "interfaces",
    "parameters",
    "nameservers",
    "eth0",
    "10.0.0.1/24",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![4 => prop::sample::select(WORDS).prop_map(str::to_owned), 1 => ".{0,6}"]
}

fn tree() -> impl Strategy<Value = Node> {
    let node = |value| Node::new(value, Origin::whole("tree"));
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-2_i128..300).prop_map(Value::Int),
        any::<f64>().prop_map(Value::Float),
        word().prop_map(Value::Str),
    ];
    leaf.prop_map(node).prop_recursive(5, 64, 8, move |inner| {
        let key = prop_oneof![9 => word().prop_map(Key::Str), 1 => (0_i128..9).prop_map(Key::Int)];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
            prop::collection::vec((key, inner), 0..8)
                .prop_map(|entries| Value::Map(entries.into_iter().collect::<Map>())),
        ]
        .prop_map(node)
    })
}

/// A tree whose top is that of a description.
fn description() -> impl Strategy<Value = NetworkConfig> {
    (tree(), tree(), tree(), 0_i128..4).prop_map(|(a, b, c, version)| {
        let mut top = Map::new();
        top.insert("version".into(), Node::new(Value::Int(version), Origin::whole("tree")));
        let entries = if version == 1 { ["config", "x", "y"] } else { ["ethernets", "bonds", "vlans"] };
        for (key, node) in entries.into_iter().zip([a, b, c]) {
            top.insert(key.into(), node);
        }
        NetworkConfig::new(Node::new(Value::Map(top), Origin::whole("tree")))
    })
}

proptest! {
    #[test]
    fn any_tree_is_a_state_or_an_error(tree in tree(), config in description()) {
        for config in [NetworkConfig::new(tree), config] {
            let read = NetworkState::read(&config, &[]);
            if let Err(error) = &read {
                let placed = error.origin().is_none_or(|origin| error.to_string().starts_with(&origin.to_string()));
                prop_assert!(placed, "an error without its place: {}", error);
            }
            let known = matches!(config.version(), Some(1 | 2));
            prop_assert!(known || read.is_err(), "version {:?}", config.version());
            if config.version() == Some(2) && read.is_ok() {
                prop_assert!(NetworkState::passthrough(&config).is_ok(), "what is understood can be handed on");
            }
            // Every device that has a name to be given is one of the description's.
            let text = config.node().to_json().to_string();
            for device in netconfig::physical::devices(&config, &[]).unwrap_or_default() {
                prop_assert!(text.contains(&device.name), "{}", device.name);
            }
        }
    }

    #[test]
    fn any_network_data_is_a_description_or_an_error(tree in tree(), a in tree(), b in tree()) {
        for data in [tree.to_json(), json!({"links": [a.to_json()], "networks": [b.to_json()]})] {
            if let Ok(config) = openstack::convert(&data, &[]) {
                prop_assert_eq!(config.version(), Some(1));
            }
        }
    }

    #[test]
    fn any_bytes_are_interfaces_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(config) = netconfig::eni::convert(&bytes) {
            prop_assert_eq!(config.version(), Some(1));
        }
    }
}

/// `testdata/links.json`: devices of /sys, and upstream's (cloud-init 26.2) results: the candidates in order, the
/// fallback config, and the devices by MAC (null if two share one).
#[test]
fn links_are_chosen_as_the_original_chooses_them() {
    let cases: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../testdata/links.json")).expect("a list of cases");
    assert!(cases.len() >= 100);
    for case in cases {
        let links: Vec<Link> = case["links"].as_array().expect("links").iter().map(link).collect();
        let candidates: Vec<&str> =
            netconfig::fallback::candidates(&links).iter().map(|link| link.name.as_str()).collect();
        assert_eq!(json!(candidates), case["candidates"], "{}", case["links"]);
        let fallback = netconfig::fallback::config(&links, None, "ro").map(|config| config.node().to_json());
        assert_eq!(json!(fallback), case["fallback"], "{}", case["links"]);
        let by_mac = netconfig::links::by_mac(&links).ok();
        assert_eq!(
            json!(by_mac.map(|found| json!(found.into_iter().collect::<std::collections::BTreeMap<_, _>>()))),
            case["by_mac"],
            "{}",
            case["links"]
        );
    }
}

/// A link as core/system reads it from /sys.
fn link(case: &serde_json::Value) -> Link {
    let text = |key: &str| case[key].as_str().map(str::to_owned);
    let flag = |key: &str| case[key].as_bool().unwrap_or(false);
    Link {
        name: text("name").unwrap_or_default(),
        mac: text("mac").unwrap_or_default(),
        permanent_mac: text("permanent_mac"),
        operstate: text("operstate").unwrap_or_default(),
        carrier: case["carrier"].as_bool(),
        address_assigned: case["address_assigned"].as_u64().map(|kind| u8::try_from(kind).expect("small")),
        hardware_type: case["hardware_type"].as_u64().map_or(1, |kind| u32::try_from(kind).expect("small")),
        driver: text("driver"),
        vlan: flag("vlan"),
        bridge: flag("bridge"),
        bond: flag("bond"),
        master: text("master"),
        failover_standby: flag("standby") && text("master").is_some(),
        ..Link::default()
    }
}
