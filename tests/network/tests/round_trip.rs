//! interfaces(5) that is written, read and written again is the same.
#![allow(clippy::disallowed_methods, reason = "a test of files in memory")]

use network_oracle::OUTPUTS;
use network_oracle::compare::{Files, ours};
use network_oracle::generate::description;
use serde_json::Value;

const PATH: &str = "/etc/network/interfaces.d/50-cloud-init";

/// The stanzas in order, the lines of each sorted: their order means nothing.
fn stanzas(files: &Files) -> Vec<Vec<String>> {
    let text = &files[PATH].1;
    let mut found: Vec<Vec<String>> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        match found.last_mut() {
            Some(stanza) if line.starts_with(' ') => stanza.push(line.trim().to_owned()),
            _ => found.push(vec![line.to_owned()]),
        }
    }
    for stanza in &mut found {
        // ifupdown has this option for IPv6 only.
        let v4 = stanza[0].contains(" inet ");
        stanza.retain(|line| !(v4 && line.starts_with("accept_ra")));
        stanza[1..].sort();
    }
    found
}

/// Takes out what is read as version 1, which has no word for it: policy rules, and of a route its table, its MTU and
/// that its gateway is on the link.
fn without_policies(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("routing-policy");
            if let Some(routes) = map.get_mut("routes").and_then(Value::as_array_mut) {
                for route in routes.iter_mut().filter_map(Value::as_object_mut) {
                    for key in ["table", "mtu", "on-link"] {
                        route.remove(key);
                    }
                }
            }
            map.values_mut().for_each(without_policies);
        }
        Value::Array(list) => list.iter_mut().for_each(without_policies),
        _ => {}
    }
}

/// What interfaces(5) has no word for, or says of another link: a route of no link belongs to the last stanza.
fn sayable(config: &mut Value) {
    without_policies(config);
    if let Some(entries) = config.get_mut("config").and_then(Value::as_array_mut) {
        entries.retain(|entry| entry["type"] != "route");
        for entry in entries {
            let map = entry.as_object_mut().expect("an entry is a mapping");
            map.remove("keep_configuration");
            if map["type"] == "infiniband" {
                map.insert("type".to_owned(), "physical".into());
            }
            // `auto` and `allow-hotplug` are said of a name, not of each of its addresses.
            let control = map.get("subnets").and_then(|subnets| subnets[0].get("control").cloned());
            for subnet in map.get_mut("subnets").and_then(Value::as_array_mut).into_iter().flatten() {
                let subnet = subnet.as_object_mut().expect("a subnet is a mapping");
                subnet.remove("control");
                // One MTU for a stanza.
                subnet.remove("mtu");
                subnet.extend(control.clone().map(|control| ("control".to_owned(), control)));
            }
        }
    }
}

#[test]
fn what_is_written_is_read_back() {
    let eni = OUTPUTS.iter().copied().find(|output| output.renderer == "eni").expect("an output");
    let mut compared = 0;
    for case in 0..2000 {
        let mut config = description(4, case);
        sayable(&mut config);
        let Ok(first) = ours(&config, eni) else { continue };
        let text = first[PATH].1.as_bytes();
        let read = netconfig::eni::convert(text).unwrap_or_else(|error| panic!("case {case}: {error}"));
        let second = ours(&read.node().to_json(), eni)
            .unwrap_or_else(|error| panic!("case {case}: {error}\n{config}"));
        let (first, second) = (stanzas(&first), stanzas(&second));
        let differ: Vec<_> = first.iter().zip(&second).filter(|(a, b)| a != b).collect();
        assert!(first == second, "case {case}: {config}\nread: {}\n{differ:#?}", read.node().to_json());
        compared += 1;
    }
    assert!(compared > 1900, "{compared}");
}
