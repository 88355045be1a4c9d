//! The judge itself: what it has to see, and that a row of the known differences explains its own link and nothing beside.

use network_oracle::Output;
use network_oracle::compare::{Files, ours};
use network_oracle::describe::Description;
use network_oracle::generate::description;
use network_oracle::judge::{Verdict, judge};
use network_oracle::ledger::Ledger;
use network_oracle::original::{self, Answer};
use serde_json::{Value, json};

fn output(name: &str) -> Output {
    original::output(name).expect("an output")
}

/// The verdict where the original had written ours with a change.
fn verdict(config: &Value, name: &str, change: impl FnOnce(&mut Files)) -> Verdict {
    let mut files = ours(config, output(name)).expect("written");
    change(&mut files);
    answered(config, name, files, None)
}

fn answered(config: &Value, name: &str, files: Files, error: Option<&str>) -> Verdict {
    let answer = Answer { case: 0, output: name.to_owned(), files, error: error.map(str::to_owned) };
    judge(config, output(name), &answer).verdict
}

/// Puts a text in the place of another in the file whose path ends so.
fn edit(files: &mut Files, path: &str, from: &str, to: &str) {
    let (_, (_, content)) = files.iter_mut().find(|(known, _)| known.ends_with(path)).expect("a file");
    assert!(content.contains(from), "{from}: {content}");
    *content = content.replacen(from, to, 1);
}

#[track_caller]
fn fails(verdict: &Verdict, word: &str) {
    match verdict {
        Verdict::Failed(what) => assert!(what.contains(word), "{what}"),
        other => panic!("{other:?}"),
    }
}

/// Two links, of which one has what a row is about.
fn two_links(key: &str, value: Value) -> Value {
    let mut config = json!({"version": 2, "ethernets": {
        "eth0": {"addresses": ["10.0.0.5/24"],
                 "nameservers": {"addresses": ["10.0.0.53", "10.0.0.54"], "search": ["a.test", "b.test"]}},
        "eth1": {"addresses": ["10.1.0.5/24"]}}});
    config["ethernets"]["eth1"][key] = value;
    config
}

#[test]
fn the_same_is_the_same_in_every_output() {
    let config = two_links("mtu", json!(1400));
    for output in network_oracle::OUTPUTS.iter().filter(|output| !output.simple) {
        assert_eq!(verdict(&config, output.name, |_| {}), Verdict::Identical, "{}", output.name);
    }
}

#[test]
fn modes_orders_and_comments_are_seen_beside_a_listed_difference() {
    let config = two_links("routing-policy", json!([{"from": "10.9.0.1/32", "table": 100}]));
    let rules = |files: &mut Files| files.retain(|path, _| !path.contains("/rule-"));
    let listed = verdict(&config, "sysconfig", rules);
    assert_eq!(listed, Verdict::Listed(vec![("policy-rules", "sysconfig")]));
    let mode = verdict(&config, "sysconfig", |files| {
        rules(files);
        files.iter_mut().find(|(path, _)| path.ends_with("ifcfg-eth1")).expect("there").1.0 = 0o600;
    });
    fails(&mode, "ifcfg-eth1: mode 0600, ours 0644");
    let order = verdict(&config, "sysconfig", |files| {
        rules(files);
        edit(
            files,
            "resolv.conf",
            "nameserver 10.0.0.53\nnameserver 10.0.0.54",
            "nameserver 10.0.0.54\nnameserver 10.0.0.53",
        );
    });
    fails(&order, "another order");
    let comment = verdict(&config, "sysconfig", |files| {
        rules(files);
        edit(files, "ifcfg-eth1", "# Created by", "# Made by");
    });
    fails(&comment, "+ # | # Created by");
}

#[test]
fn the_order_of_name_servers_and_domains_is_seen() {
    let config = two_links("mtu", json!(1400));
    for (name, path, from, to) in [
        ("eni", "50-cloud-init", "10.0.0.53 10.0.0.54", "10.0.0.54 10.0.0.53"),
        ("eni", "50-cloud-init", "a.test b.test", "b.test a.test"),
        (
            "netplan",
            "50-cloud-init.yaml",
            "- 10.0.0.53\n                - 10.0.0.54",
            "- 10.0.0.54\n                - 10.0.0.53",
        ),
        ("networkd", "eth0.network", "DNS=10.0.0.53 10.0.0.54", "DNS=10.0.0.54 10.0.0.53"),
        ("network-manager", "eth0.nmconnection", "dns=10.0.0.53;10.0.0.54;", "dns=10.0.0.54;10.0.0.53;"),
        ("network-manager", "eth0.nmconnection", "a.test;b.test;", "b.test;a.test;"),
    ] {
        fails(&verdict(&config, name, |files| edit(files, path, from, to)), path);
    }
    // Several lines of one key, whose order counts although sections have none.
    let lines = "[Network]\nDNS=10.0.0.1\nDNS=10.0.0.2\nDHCP=no\n";
    let swapped = "[Network]\nDHCP=no\nDNS=10.0.0.2\nDNS=10.0.0.1\n";
    let file = |text: &str| Files::from([("/a.network".to_owned(), (0o644, text.to_owned()))]);
    let found = network_oracle::compare::compare(output("networkd"), &file(lines), &file(swapped));
    let network_oracle::compare::Likeness::Different(changes) = found else { panic!("{found:?}") };
    assert!(changes.len() == 1 && changes[0].to_string().contains("another order"), "{changes:?}");
}

#[test]
fn a_row_explains_the_link_that_has_the_key_and_no_other() {
    let config = two_links("accept-ra", json!(false));
    let without = |path: &'static str| {
        verdict(&config, "networkd", move |files| {
            edit(files, path, "DHCP=no\n", "DHCP=no\nLinkLocalAddressing=no\n");
        })
    };
    fails(&without("eth1.network"), "LinkLocalAddressing");
    let dropped = verdict(&config, "networkd", |files| edit(files, "eth1.network", "IPv6AcceptRA=no\n", ""));
    assert_eq!(dropped, Verdict::Listed(vec![("advertisements", "networkd")]));
    // Of the other link it is a fault, and so is another value.
    let other = two_links("optional", json!(false));
    let added = verdict(&other, "networkd", |files| {
        edit(files, "eth0.network", "[Network]\n", "[Network]\nIPv6AcceptRA=no\n");
    });
    fails(&added, "- [Network] | IPv6AcceptRA=no");
}

#[test]
fn a_hardware_address_is_excused_for_members_of_the_bond_only() {
    let config = json!({"version": 2, "ethernets": {
        "eth0": {"match": {"macaddress": "52:54:00:00:00:0a"}, "set-name": "eth0"},
        "eth1": {"match": {"macaddress": "52:54:00:00:00:0b"}, "set-name": "eth1"}},
        "bonds": {"bond0": {"interfaces": ["eth1"], "parameters": {"mode": "802.3ad"}}}});
    let member = verdict(&config, "networkd", |files| {
        edit(files, "eth1.network", "PermanentMACAddress=", "MACAddress=");
    });
    assert_eq!(member, Verdict::Listed(vec![("bond-member-mac", "matched by")]));
    let other = verdict(&config, "networkd", |files| {
        edit(files, "eth0.network", "MACAddress=", "PermanentMACAddress=");
    });
    fails(&other, "PermanentMACAddress=52:54:00:00:00:0a");
}

#[test]
fn routes_of_suse_are_those_that_are_described() {
    let mut config = two_links("routes", json!([{"to": "10.9.0.0/16", "via": "10.1.0.1"}]));
    config["ethernets"]["eth1"]["gateway4"] = json!("10.1.0.254");
    let none = verdict(&config, "sysconfig-suse", |files| files.retain(|path, _| !path.contains("ifroute-")));
    assert_eq!(none, Verdict::Listed(vec![("suse-routes", "gateway"), ("suse-routes", "route")]));
    // One that nobody described.
    let other = verdict(&config, "sysconfig-suse", |files| {
        edit(files, "ifroute-eth1", "10.9.0.0/16 10.1.0.1", "10.9.0.0/16 10.1.0.77");
    });
    fails(&other, "10.9.0.0/16 10.1.0.77");
}

#[test]
fn what_the_original_raises_for_is_listed_and_ours_is_held() {
    let config = json!({"version": 2, "ethernets": {"eth0": {
        "addresses": [{"10.0.0.5/24": {"lifetime": 0}}]}}});
    let known = "ValueError: Address {'10.0.0.5/24': {'lifetime': 0}} is not a valid ip address";
    for name in ["eni", "networkd", "network-manager", "sysconfig", "sysconfig-suse"] {
        let held = Verdict::Held { reason: "address-options", losses: Vec::new() };
        assert_eq!(answered(&config, name, Files::new(), Some(known)), held, "{name}");
        // Another exception, and the same about an address that is not described.
        for error in ["KeyError: 'ipv4'", &known.replace("0.5", "0.6")] {
            fails(&answered(&config, name, Files::new(), Some(error)), "not listed");
        }
    }
}

#[test]
fn each_part_of_a_description_is_looked_for() {
    let config = json!({"version": 2, "ethernets": {"eth0": {
        "addresses": ["10.0.0.5/24", "2001:db8::5/64"], "mtu": 1411,
        "routes": [{"to": "10.9.0.0/16", "via": "10.0.0.1", "metric": 77}],
        "nameservers": {"addresses": ["192.0.2.53"], "search": ["a.test"]}}}});
    let read = Description::read(&config);
    for name in ["eni", "netplan", "networkd", "network-manager", "sysconfig", "sysconfig-suse"] {
        let files = ours(&config, output(name)).expect("written");
        let missing = |files: &Files| network_oracle::held::missing(&read, output(name), files, &[]);
        assert_eq!(missing(&files), [], "{name}");
        for part in ["10.0.0.5", "2001:db8::5", "1411", "10.9.0.0", "77", "192.0.2.53", "a.test"] {
            let mut without = files.clone();
            for (_, content) in without.values_mut() {
                *content = content.replace(part, "gone");
            }
            assert_eq!(missing(&without).len(), 1, "{name}: {part}: {:?}", missing(&without));
        }
    }
}

#[test]
fn a_report_excuses_one_part_and_no_other() {
    let config = json!({"version": 2, "ethernets": {"eth0": {"mtu": 1411}, "eth1": {"mtu": 1412}}});
    let read = Description::read(&config);
    let missing = |places: usize| {
        network_oracle::held::missing(&read, output("networkd"), &Files::new(), &[("mtu".to_owned(), places)])
            .len()
    };
    assert_eq!([missing(0), missing(1), missing(2)], [2, 1, 0]);
}

#[test]
fn rows_that_explain_nothing_are_stale_and_counts_that_move_are_changes() {
    let config = two_links("accept-ra", json!(false));
    let mut ledger = Ledger::default();
    let add = |ledger: &mut Ledger, files: Files| {
        let answer = Answer { case: 0, output: "networkd".to_owned(), files, error: None };
        ledger.add(output("networkd"), &judge(&config, output("networkd"), &answer));
    };
    let files = ours(&config, output("networkd")).expect("written");
    add(&mut ledger, files.clone());
    let identical = ledger.clone();
    let mut without = files;
    edit(&mut without, "eth1.network", "IPv6AcceptRA=no\n", "");
    add(&mut ledger, without);
    let stale = ledger.stale();
    for (name, is) in [
        ("advertisements in networkd", false),
        ("advertisements / networkd", false),
        ("advertisements in sysconfig", true),
        ("advertisements / link-local", true),
        ("bond-primary in networkd", true),
        ("costs-of-ports in networkd", true),
        ("one-default-route", true),
    ] {
        assert_eq!(stale.iter().any(|known| known == name), is, "{name}: {stale:?}");
    }
    assert_eq!(ledger.changes(&ledger), [] as [&str; 0]);
    let mut drifted = identical.clone();
    let counts = drifted.0.get_mut("networkd").expect("there");
    (counts.identical, counts.listed) = (0, 1);
    let worse = drifted.changes(&identical);
    assert!(worse.contains(&"networkd: identical: 1 before, now 0 (WORSE)".to_owned()), "{worse:?}");
    assert!(worse.contains(&"networkd: listed: 0 before, now 1 (WORSE)".to_owned()), "{worse:?}");
    assert!(identical.changes(&drifted).iter().all(|change| change.ends_with("(better)")));
}

#[test]
fn descriptions_are_read_as_they_are_written() {
    let config = json!({"version": 1, "config": [
        {"type": "physical", "name": "eth0", "subnets": [
            {"type": "static", "address": "10.0.0.5", "netmask": "255.255.240.0", "gateway": "10.0.0.1",
             "routes": [{"destination": "10.9.0.0", "netmask": "255.255.0.0", "gateway": "10.0.0.2", "metric": 7}]}]},
        {"type": "physical", "name": "eth1", "subnets": [{"type": "dhcp4"}]},
        {"type": "bond", "name": "bond0", "bond_interfaces": ["eth1"], "params": {}},
        {"type": "route", "destination": "10.8.0.0/16", "gateway": "10.0.15.9"},
        {"type": "route", "destination": "10.7.0.0/16", "gateway": "192.0.2.1"},
        {"type": "nameserver", "address": "10.0.0.53"}]});
    let read = Description::read(&config);
    let eth0 = read.link("eth0").expect("described");
    assert_eq!(eth0.addresses().collect::<Vec<_>>(), ["10.0.0.5/20"]);
    let route = eth0.routes().next().expect("a route");
    assert_eq!((route.cidr(), route.netmask()), ("10.9.0.0/16".to_owned(), "255.255.0.0".to_owned()));
    assert_eq!(route.metric.as_deref(), Some("7"));
    assert_eq!(read.link("eth1").and_then(|link| link.bond.as_deref()), Some("bond0"));
    let home = |at: usize| read.home(&read.routes[at]).map(|(link, _)| link.name.as_str());
    // In the network of eth0; in none, with two links that are configured.
    assert_eq!([home(0), home(1)], [Some("eth0"), None]);
    assert_eq!(read.servers, ["10.0.0.53"]);
    assert_eq!(description(1, 0), description(1, 0));
}
