//! Options of devices in each format, by the documentation of netplan, ifupdown, ifenslave and bridge-utils.

use model::{NetworkConfig, Node};
use netconfig::{NetworkState, eni};
use serde_json::{Value, json};

fn state(yaml: &str) -> NetworkState {
    let node = Node::from_yaml("net.yaml", yaml.as_bytes()).expect("YAML").expect("a document");
    NetworkState::read(&NetworkConfig::new(node), &[]).expect("readable")
}

/// The parameters of a device by their names in version 1.
fn params(state: &NetworkState, device: &str) -> Vec<(String, String)> {
    let params = &state.interfaces[device].params;
    params.iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
}

fn named(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// netplan(5), "Properties for device type bonds:" and "bridges:".
#[test]
fn parameters_have_their_names_of_version_1() {
    let found = state(
        "version: 2\nbonds:\n  bond0:\n    interfaces: [a, b]\n    macaddress: '52:54:00:00:00:01'\n    parameters:\n      \
         mode: active-backup\n      mii-monitor-interval: 100\n      arp-ip-targets: [10.0.0.1, 10.0.0.2]\n      \
         primary: null\n      unknown: 7\nbridges:\n  br0:\n    interfaces: [c]\n    macaddress: '52:54:00:00:00:02'\n    \
         parameters: {stp: false, forward-delay: 4, hello-time: 2}\nethernets: {a: {}, b: {}, c: {}}\n",
    );
    assert_eq!(
        params(&found, "bond0")[..2],
        named(&[("bond-mode", "active-backup"), ("bond-miimon", "100")])
    );
    let names: Vec<String> = params(&found, "bond0").into_iter().map(|(name, _)| name).collect();
    let expected = ["bond-mode", "bond-miimon", "bond-arp-ip-target", "bond-slaves"];
    assert_eq!(names, expected, "neither null nor unknown ones");
    let bridge = params(&found, "br0");
    assert!(bridge.iter().any(|(name, value)| name == "bridge_fd" && value == "4"), "{bridge:?}");
    assert!(bridge.iter().any(|(name, value)| name == "bridge_hello" && value == "2"), "{bridge:?}");
    assert_eq!(found.interfaces["bond0"].mac.as_deref(), Some("52:54:00:00:00:01"));
    assert_eq!(found.interfaces["br0"].mac.as_deref(), Some("52:54:00:00:00:02"));
}

/// netplan accepts its own old misspelling, which takes precedence unless it is zero.
#[test]
fn gratuitous_arp_has_two_spellings() {
    for (parameters, expected) in [
        ("gratuitous-arp: 3", Some("3")),
        ("gratuitious-arp: 4", Some("4")),
        ("gratuitous-arp: 3, gratuitious-arp: 4", Some("4")),
        ("gratuitious-arp: 4, gratuitous-arp: 3", Some("4")),
        ("gratuitous-arp: 3, gratuitious-arp: 0", Some("3")),
        ("gratuitious-arp: 0, gratuitous-arp: 3", Some("3")),
        ("mode: 802.3ad", None),
    ] {
        let yaml =
            format!("version: 2\nbonds: {{bond0: {{interfaces: [], parameters: {{{parameters}}}}}}}\n");
        let found = params(&state(&yaml), "bond0");
        let found =
            found.iter().find(|(name, _)| name == "bond-num-grat-arp").map(|(_, value)| value.as_str());
        assert_eq!(found, expected, "{parameters}");
    }
}

fn converted(text: &str) -> Value {
    eni::convert(text.as_bytes()).expect("readable").node().to_json()["config"].clone()
}

/// interfaces(5): stanzas, `auto` and `allow-hotplug`, aliases; the options of a stanza.
#[test]
fn a_stanza_is_a_subnet() {
    let found = converted(
        "auto lo eth0\nallow-hotplug eth1\niface lo inet loopback\n  dns-nameservers 10.0.0.3\n\
         iface eth0 inet static\n  address 10.0.0.5\n  netmask 255.255.255.0\n  gateway 10.0.0.1\n  broadcast 10.0.0.255\n  \
         metric 5\n  mtu 1400\n  hwaddress ether 52:54:00:00:00:01\n  dns-nameservers 10.0.0.3 10.0.0.4\n  \
         dns-search a.test b.test\n  pointopoint 10.0.0.6\n  scope link\n  accept_ra 2\n  ethernet-wol pg\n  \
         up ip route add 10.1.0.0/16 via 10.0.0.2 || true\n\
         iface eth0:1 inet static\n  address 10.0.1.5/24\n  mtu 9000\n\
         iface eth0 inet6 auto\n  mtu 1300\niface eth1 inet dhcp\n  hwaddress 52:54:00:00:00:02\niface eth2 inet manual\n",
    );
    let expected = json!([
        {"type": "physical", "name": "eth0", "mac_address": "52:54:00:00:00:01", "mtu": 1400, "accept-ra": true,
         "wakeonlan": true, "subnets": [
            {"_orig_eni_name": "eth0", "type": "static", "control": "auto", "address": "10.0.0.5",
             "netmask": "255.255.255.0", "gateway": "10.0.0.1", "broadcast": "10.0.0.255", "pointopoint": "10.0.0.6",
             "scope": "link", "metric": 5, "dns_nameservers": ["10.0.0.3", "10.0.0.4"],
             "dns_search": ["a.test", "b.test"],
             "routes": [{"destination": "10.1.0.0/16", "gateway": "10.0.0.2"}]},
            {"_orig_eni_name": "eth0", "type": "ipv6_slaac", "control": "auto", "mtu": 1300},
            {"_orig_eni_name": "eth0:1", "type": "static", "control": "manual", "address": "10.0.1.5/24"},
         ]},
        {"type": "physical", "name": "eth1", "mac_address": "52:54:00:00:00:02", "subnets": [
            {"_orig_eni_name": "eth1", "type": "dhcp", "control": "hotplug"}]},
        {"type": "physical", "name": "eth2", "subnets": [
            {"_orig_eni_name": "eth2", "type": "manual", "control": "manual"}]},
        {"type": "loopback", "name": "lo", "subnets": [
            {"_orig_eni_name": "lo", "type": "loopback", "control": "auto", "dns_nameservers": ["10.0.0.3"]}]},
    ]);
    assert_eq!(found, expected);
}

#[test]
fn methods_of_inet6_have_names_of_their_own() {
    let kind = |stanza: &str| converted(stanza)[0]["subnets"][0]["type"].clone();
    for (stanza, expected) in [
        ("iface a inet6 dhcp\n", "dhcp6"),
        ("iface a inet6 auto\n", "ipv6_slaac"),
        ("iface a inet6 auto\n  dhcp 1\n", "ipv6_dhcpv6-stateless"),
        ("iface a inet6 auto\n  dhcp 0\n", "ipv6_slaac"),
        ("iface a inet6 manual\n", "manual"),
        ("iface a inet dhcp\n", "dhcp"),
        ("iface a\n", "manual"),
    ] {
        assert_eq!(kind(stanza), expected, "{stanza}");
    }
    // Only a hotplug class, or nothing at all, is no device.
    assert_eq!(converted("allow-hotplug eth9\n"), json!([]));
    assert_eq!(converted("auto eth9\n")[0]["name"], "eth9");
}

/// The README of ifenslave, bridge-utils-interfaces(5) and vlan-interfaces(5).
#[test]
fn bonds_bridges_and_vlans_have_their_options() {
    let found = converted(
        "iface bond0 inet manual\n  bond-slaves eth1 none\n  bond_mode 4\n  bond-miimon 100\n\
         iface eth0 inet manual\n  bond-master bond0\n\
         iface br0 inet manual\n  bridge_ports eth2 eth3\n  bridge_stp on\n  bridge_fd 4\n  bridge_pathcost eth2 50\n  \
         bridge_pathcost eth3 75\n  optional yes\n\
         iface eth0.0105 inet manual\n  vlan-raw-device eth0\n\
         iface vlan7 inet manual\n  vlan_raw_device eth0\n\
         iface data inet manual\n  vlan-raw-device eth0\n  vlan-id 9\n\
         iface old inet manual\n  slaves eth7 eth6 eth7\n",
    );
    let of = |name: &str| {
        let devices = found.as_array().expect("a list");
        devices
            .iter()
            .find(|device| device["name"] == name)
            .unwrap_or_else(|| panic!("{name}: {found}"))
            .clone()
    };
    let bond = of("bond0");
    assert_eq!((&bond["type"], &bond["bond_interfaces"]), (&json!("bond"), &json!(["eth0", "eth1"])));
    assert_eq!(bond["params"], json!({"bond-mode": 4, "bond-miimon": 100}));
    let bridge = of("br0");
    assert_eq!((&bridge["type"], &bridge["optional"]), (&json!("bridge"), &json!(true)));
    assert_eq!(bridge["bridge_interfaces"], json!(["eth2", "eth3"]));
    let options = json!({"bridge_stp": true, "bridge_fd": 4, "bridge_pathcost": ["eth2 50", "eth3 75"]});
    assert_eq!(bridge["params"], options);
    for (name, id) in [("eth0.0105", 105), ("vlan7", 7), ("data", 9)] {
        let vlan = of(name);
        assert_eq!(
            (&vlan["type"], &vlan["vlan_link"], &vlan["vlan_id"]),
            (&json!("vlan"), &json!("eth0"), &json!(id))
        );
    }
    assert_eq!(of("old")["bond_interfaces"], json!(["eth6", "eth7"]));
}
