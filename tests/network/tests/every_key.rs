//! Every key of every form through every renderer: what is not in the files is reported with its place.
#![allow(clippy::disallowed_methods, reason = "a test of files in memory")]

use std::collections::BTreeSet;

use model::config::Value;
use model::{NetworkConfig, Node};
use network_managers::Settings;
use network_managers::convert::convert;
use network_oracle::OUTPUTS;
use system::Scratch;

/// Version 2 with each key once, and a value that is in no other place.
const VERSION_2: &str = "\
version: 2
ethernets:
  id0:
    match: {macaddress: '52:54:00:00:00:01', driver: drv-a}
    set-name: lan0
    wakeonlan: true
    optional: true
    mtu: 1411
    accept-ra: true
    link-local: [ipv4]
    dhcp4: true
    dhcp6: true
    dhcp4-overrides: {hostname: host-a, route-metric: 411, use-dns: false, use-routes: false, use-ntp: false}
    addresses: [10.11.0.5/24, '2001:db8:11::5/64']
    nameservers: {addresses: [10.11.0.53], search: [one.test]}
    routes:
    - {to: 10.12.0.0/16, via: 10.11.0.1, metric: 412, table: 413, mtu: 1414, on-link: true, scope: global, type: unicast}
    routing-policy:
    - {from: 10.13.0.0/16, to: 10.14.0.0/16, table: 415, priority: 416, mark: 417, type-of-service: 8}
    macaddress: '52:54:00:00:00:99'
    critical: true
    ipv6-privacy: true
    emit-lldp: true
  id1: {match: {macaddress: '52:54:00:00:00:02'}, set-name: lan1}
bonds:
  bond0:
    interfaces: [id1]
    parameters: {mode: active-backup, primary: id1, mii-monitor-interval: 118, up-delay: 119, made-up: 3}
bridges:
  br0: {interfaces: [bond0], parameters: {priority: 4321, forward-delay: 7, path-cost: {bond0: 77}, stp: true}}
vlans:
  v10: {id: 10, link: id0, addresses: [10.15.0.1/24]}
tunnels:
  t0: {mode: sit, local: 192.0.2.1}
";

/// Wireless links with each key once.
const WIFI: &str = "\
wifis:
  w0:
    match: {macaddress: '52:54:00:00:00:77'}
    access-points:
      lab: {password: lab-password, mode: infrastructure, bssid: '52:54:00:00:00:78', band: 5GHz, channel: 136, hidden: true}
      office: {auth: {key-management: eap, method: peap, identity: someone, password: their-own}}
      open: null
";

const VERSION_1: &str = "\
version: 1
config:
- type: physical
  name: eth0
  mac_address: '52:54:00:00:00:01'
  mtu: 1411
  accept-ra: true
  wakeonlan: true
  keep_configuration: true
  subnets:
  - {type: static, address: 10.11.0.5, netmask: 255.255.255.0, gateway: 10.11.0.1, broadcast: 10.11.0.255,
     scope: site, metric: 411, control: manual, dns_nameservers: [10.11.0.53], dns_search: [one.test],
     routes: [{destination: 10.12.0.0/16, gateway: 10.11.0.2, metric: 412}]}
- {type: physical, name: eth1}
- {type: bond, name: bond0, bond_interfaces: [eth1],
   params: {bond-mode: active-backup, bond-lacp_rate: fast, bond-resend_igmp: 7, bond-queue_id: 5}}
- {type: vlan, name: v10, vlan_link: eth0, vlan_id: 10}
- {type: bridge, name: br0, bridge_interfaces: [bond0], params: {bridge_bridgeprio: 4321, bridge_maxwait: 9}}
- {type: route, destination: 10.99.0.0/16, gateway: 192.0.2.1, metric: 5}
- {type: nameserver, address: 192.0.2.53, search: all.test}
";

const NETWORK_DATA: &str = r#"{"links":[
{"id":"p1","type":"phy","ethernet_mac_address":"00:00:00:00:00:01","mtu":1411,"name":"eth0"},
{"id":"p2","type":"phy","ethernet_mac_address":"00:00:00:00:00:02","mtu":1412,"name":"eth1"},
{"id":"b0","type":"bond","name":"bond0","bond_links":["p1","p2"],"bond_mode":"802.3ad","bond_xmit_hash_policy":"layer3+4",
 "bond_miimon":118,"bond_resend_igmp":7}],
"networks":[{"id":"n0","type":"ipv4","link":"b0","ip_address":"10.0.0.5","netmask":"255.255.255.0",
"routes":[{"network":"10.99.0.0","netmask":"255.255.0.0","gateway":"10.0.0.1"}]}],
"services":[{"type":"dns","address":"10.0.0.53"}]}"#;

/// Keys whose values are found by other means than their text in a file: each is checked by name in another test.
const SHAPE: &[&str] = &["version", "type", "ipv4", "ipv6", "netmask", "control"];

/// The single values of a tree whose text says where they are from: the key, its value.
fn values(node: &Node, key: &str, found: &mut Vec<(String, String)>) {
    if let Some(map) = node.as_map() {
        for (key, inner) in map {
            values(inner, &key.to_string(), found);
        }
    } else if let Some(list) = node.as_list() {
        for inner in list {
            values(inner, key, found);
        }
    } else if let Some(text) = node.scalar_text() {
        found.push((key.to_owned(), text));
    }
}

fn walk(what: &str, config: &NetworkConfig) {
    let mut said = Vec::new();
    values(config.node(), "", &mut said);
    for &output in OUTPUTS {
        let settings = Settings::of(output.distro);
        let found = convert(config, &[], output.renderer, &settings, &Scratch::new())
            .unwrap_or_else(|error| panic!("{what}: {}: {error}", output.name));
        let text: String = found
            .files
            .iter()
            .flat_map(|file| [file.path.display().to_string(), file.content.to_lowercase()])
            .collect();
        let reported: BTreeSet<&str> = found.unexpressed.iter().map(|lost| lost.key.as_str()).collect();
        for (key, value) in &said {
            // Numbers and names of three letters and more are in one place only, and so are addresses.
            // An id is replaced by the name of its link.
            let telling = value.len() > 2
                && !value.starts_with("id")
                && !["true", "false"].contains(&value.to_lowercase().as_str());
            let bare = value.split('/').next().unwrap_or_default().to_lowercase();
            if SHAPE.contains(&key.as_str()) || !telling || text.contains(&bare) {
                continue;
            }
            let known = reported.iter().any(|lost| *lost == key || within(config.node(), lost, key));
            assert!(
                known,
                "{what}: {} loses '{key}: {value}' in silence; reported: {reported:?}\n{text}",
                output.name
            );
        }
        for lost in &found.unexpressed {
            assert_eq!(lost.renderer, output.renderer);
            assert!(lost.to_string().contains(" cannot express '"), "{lost}");
        }
    }
}

/// Whether a key stands below another, or in an entry of that type.
fn within(node: &Node, above: &str, key: &str) -> bool {
    let below = |inner: &Node| {
        let mut found = Vec::new();
        values(inner, above, &mut found);
        found.iter().any(|(known, _)| known == key)
    };
    if let Some(map) = node.as_map() {
        return map
            .iter()
            .any(|(name, inner)| (name.to_string() == above && below(inner)) || within(inner, above, key))
            || (node.get("type").and_then(Node::as_str) == Some(above) && below(node));
    }
    node.as_list().unwrap_or_default().iter().any(|inner| within(inner, above, key))
}

fn read(name: &str, text: &str) -> NetworkConfig {
    NetworkConfig::new(Node::from_yaml(name, text.as_bytes()).expect("YAML").expect("a document"))
}

#[test]
fn version_2() {
    walk("version 2", &read("v2.yaml", VERSION_2));
}

#[test]
fn version_1() {
    walk("version 1", &read("v1.yaml", VERSION_1));
}

#[test]
fn network_data() {
    let data = serde_json::from_str(NETWORK_DATA).expect("JSON");
    walk("network_data.json", &netconfig::openstack::convert(&data, &[]).expect("convertible"));
}

#[test]
fn a_key_is_reported_once_with_its_first_place() {
    let text = "version: 2\nethernets:\n  eth0: {dhcp4: true, emit-lldp: true}\n  eth1: {dhcp4: true, emit-lldp: true}\n";
    let config = read("lldp.yaml", text);
    let found =
        convert(&config, &[], "network-manager", &Settings::of("fedora"), &Scratch::new()).expect("written");
    let lines: Vec<String> = found.unexpressed.iter().map(ToString::to_string).collect();
    assert_eq!(lines, ["lldp.yaml:3:34: network-manager cannot express 'emit-lldp' (also in another place)"]);
}

/// The tree without some keys.
fn without(node: &Node, left_out: &BTreeSet<String>) -> Node {
    let value = match &node.value {
        Value::Map(map) => Value::Map(
            map.iter()
                .filter(|(key, _)| !left_out.contains(&key.to_string()))
                .map(|(key, inner)| (key.clone(), without(inner, left_out)))
                .collect(),
        ),
        Value::List(list) => Value::List(list.iter().map(|inner| without(inner, left_out)).collect()),
        other => other.clone(),
    };
    Node::new(value, node.origin.clone())
}

#[test]
fn the_schema_of_version_2_allows_what_a_renderer_writes() {
    let config = read("v2.yaml", &format!("{VERSION_2}{WIFI}"));
    let lost_by = |renderer: &str, distro: &str| -> BTreeSet<String> {
        let found = convert(&config, &[], renderer, &Settings::of(distro), &Scratch::new()).expect("written");
        found.unexpressed.iter().map(|lost| lost.key.clone()).collect()
    };
    // netplan's file has every key, known or not.
    let renderers = [
        ("eni", "debian"),
        ("sysconfig", "rhel"),
        ("sysconfig", "sles"),
        ("network-manager", "rhel"),
        ("networkd", "arch"),
    ];
    let lost = renderers.map(|(renderer, distro)| lost_by(renderer, distro)).into_iter();
    let by_all = lost.reduce(|one, other| &one & &other).expect("several renderers");
    assert!(by_all.contains("tunnels") && !by_all.contains("wifis"), "{by_all:?}");
    let schema = schema::network::v2_schema();
    let schema = schema::Schema::new(&schema);
    let written = without(config.node(), &by_all);
    let found: Vec<String> =
        schema::check(&schema, &written).iter().map(|finding| format!("{finding:?}")).collect();
    assert!(found.is_empty(), "{found:#?}");
}
