//! What real programs and our own parsers read in the files that are written.
#![allow(clippy::disallowed_methods, reason = "tests read their data and run the readers")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use model::config::{Map, Origin};
use model::{NetworkConfig, Node, Value};
use netconfig::NetworkState;
use proptest::prelude::*;

/// The files of one kind that the goldens have.
fn goldens(renderer: &str, below: &str) -> Vec<PathBuf> {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let cases = fs::read_dir(testdata).expect("testdata").flatten();
    let directories = cases.map(|case| case.path().join("expected").join(renderer).join(below));
    let mut files: Vec<PathBuf> = directories
        .flat_map(|directory| fs::read_dir(directory).into_iter().flatten().flatten())
        .map(|file| file.path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

#[test]
fn our_parser_reads_every_interfaces_file() {
    for path in goldens("interfaces", "etc/network/interfaces.d") {
        let parsed = interfaces::Interfaces::parse(&fs::read(&path).expect("readable")).expect("parses");
        let names = parsed
            .stanzas()
            .iter()
            .filter(|stanza| matches!(stanza.kind, interfaces::Kind::Iface { .. }))
            .count();
        assert!(names > 0, "{}", path.display());
    }
}

#[test]
fn our_parser_reads_every_ifcfg_file() {
    for path in goldens("ifcfg", "etc/sysconfig/network-scripts") {
        let name = path.file_name().expect("named").to_string_lossy().into_owned();
        if let Some(link) = name.strip_prefix("ifcfg-") {
            let parsed = ifcfg::Document::parse(&fs::read(&path).expect("readable")).expect("parses");
            assert_eq!(parsed.get("DEVICE").as_deref(), Some(link));
        }
    }
}

/// ifupdown's own reading.
#[test]
#[ignore = "needs ifquery"]
fn ifquery_lists_every_automatic_link() {
    for path in goldens("interfaces", "etc/network/interfaces.d") {
        let text = fs::read_to_string(&path).expect("text");
        let mut expected: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("auto ")).collect();
        let output = Command::new("/sbin/ifquery")
            .arg("-i")
            .arg(&path)
            .args(["--list", "--allow", "auto"])
            .output()
            .expect("runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
        let mut listed: Vec<&str> = said.lines().collect();
        expected.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, expected, "{}", path.display());
    }
}

fn config(version: i128, entries: Vec<(String, Node)>) -> NetworkConfig {
    let node = |value| Node::new(value, Origin::whole("tree"));
    let mut top: Map = entries.into_iter().map(|(key, node)| (key.into(), node)).collect();
    top.insert("version".into(), node(Value::Int(version)));
    NetworkConfig::new(node(Value::Map(top)))
}

/// A subnet or an ethernet with any of the keys that renderers look at.
fn entry() -> impl Strategy<Value = serde_json::Value> {
    let keys = [
        "type",
        "address",
        "gateway",
        "routes",
        "dns_nameservers",
        "mtu",
        "metric",
        "control",
        "dhcp4",
        "addresses",
    ];
    let value = prop_oneof![
        Just(serde_json::json!("static")),
        Just(serde_json::json!("dhcp6")),
        Just(serde_json::json!("manual")),
        Just(serde_json::json!("nonsense")),
        Just(serde_json::json!("10.0.0.1/24")),
        Just(serde_json::json!("2001:db8::1")),
        Just(serde_json::json!(["2001:db8::1/64"])),
        Just(serde_json::json!([{"destination": "10.0.0.0/8"}])),
        Just(serde_json::json!([{"network": "::", "prefix": 0, "gateway": "fe80::1"}])),
        any::<i16>().prop_map(|number| serde_json::json!(number)),
    ];
    prop::collection::hash_map(prop::sample::select(keys.to_vec()), value, 1..6)
        .prop_map(|map| serde_json::json!(map))
}

proptest! {
    #[test]
    fn any_state_is_rendered_or_refused(subnets in prop::collection::vec(entry(), 0..4), kind in 0..6_usize) {
        let kinds = ["physical", "bond", "bridge", "vlan", "infiniband", "loopback"];
        let link = serde_json::json!({
            "type": kinds[kind], "name": "x", "subnets": subnets, "params": {"bridge_stp": true, "bond-mode": 1},
            "bond_interfaces": ["y"], "bridge_interfaces": ["y", "z"], "vlan_id": 1, "vlan_link": "y",
        });
        let node = |json| Node::from_json(json, &Origin::whole("tree"));
        let v1 = config(1, vec![("config".into(), node(serde_json::json!([link])))]);
        let ethernets: serde_json::Map<_, _> =
            subnets.into_iter().enumerate().map(|(index, entry)| (format!("e{index}"), entry)).collect();
        let v2 = config(2, vec![("ethernets".into(), node(serde_json::json!(ethernets)))]);
        for config in [v1, v2] {
            let Ok(state) = NetworkState::read(&config, &[]) else { continue };
            let _ = network_managers::interfaces::render(&state, &network_managers::interfaces::Settings::default());
            for settings in [network_managers::ifcfg::Settings::default(), network_managers::ifcfg::Settings::suse()] {
                let _ = network_managers::ifcfg::render(&state, &settings, &network_managers::ifcfg::Existing::default());
            }
            let _ = network_managers::netplan::render(&state, &network_managers::netplan::Settings::default(), true);
            let _ = network_managers::networkd::render(&state, &network_managers::networkd::Settings::default());
            let _ = network_managers::networkmanager::render(&state);
        }
    }
}
