//! Version 1.

use serde_json::{Map, Value, json};

use oracle::dice::Dice;

use super::{Choices as _, maybe};

const NAMES: &[&str] = &["eth0", "eth1", "ens3", "ens4", "enp1s0", "enp2s0"];

pub(super) fn config(dice: &mut Dice) -> Value {
    let count = 1 + dice.below(4) as usize;
    let names: Vec<&str> = NAMES[..count].to_vec();
    let mut taken: Vec<String> = Vec::new();
    let mut entries = Vec::new();
    if dice.chance(8) {
        entries.push(json!({"type": "loopback", "name": "lo", "subnets": [{"type": "loopback"}]}));
    }
    let bond = count > 2 && dice.chance(40);
    let bridge = !bond && count > 1 && dice.chance(30);
    let members: Vec<&str> = if bond || bridge { names[1..3.min(count)].to_vec() } else { Vec::new() };
    for name in &names {
        let member = members.contains(name);
        let kind = if !member && dice.chance(4) { "infiniband" } else { "physical" };
        let mut link = link(dice, kind, name, if member { 0 } else { 3 });
        if member {
            link.remove("subnets");
        }
        entries.push(Value::Object(link));
        taken.push((*name).to_owned());
    }
    if bond {
        let mut link = link(dice, "bond", "bond0", 2);
        link.insert("bond_interfaces".to_owned(), json!(members));
        link.insert("params".to_owned(), bond_params(dice, &members));
        entries.push(Value::Object(link));
        taken.push("bond0".to_owned());
    }
    if bridge {
        let mut link = link(dice, "bridge", "br0", 2);
        link.insert("bridge_interfaces".to_owned(), json!(members));
        maybe(&mut link, dice, 70, "params", |dice| bridge_params(dice, members[0]));
        entries.push(Value::Object(link));
        taken.push("br0".to_owned());
    }
    if dice.chance(35) {
        let below = dice.one(&taken);
        let id = 2 + dice.below(4000);
        let name = format!("{below}.{id}");
        let mut link = link(dice, "vlan", &name, 2);
        link.insert("vlan_id".to_owned(), json!(id));
        link.insert("vlan_link".to_owned(), json!(below));
        entries.push(Value::Object(link));
    }
    if dice.chance(30) {
        let mut server = Map::new();
        server.insert("type".to_owned(), json!("nameserver"));
        server.insert("address".to_owned(), one_or_list(dice, |dice| dice.servers(None)));
        maybe(&mut server, dice, 60, "search", |dice| one_or_list(dice, Dice::domains));
        if dice.chance(25) {
            let link = names[0];
            server.insert("interface".to_owned(), json!(link));
        }
        entries.push(Value::Object(server));
    }
    if dice.chance(20) {
        let mut route = route(dice, None);
        route.insert("type".to_owned(), json!("route"));
        entries.push(Value::Object(route));
    }
    json!({"version": 1, "config": entries})
}

fn one_or_list(dice: &mut Dice, make: impl FnOnce(&mut Dice) -> Vec<String>) -> Value {
    let all = make(dice);
    if dice.chance(30) { json!(all[0]) } else { json!(all) }
}

fn link(dice: &mut Dice, kind: &str, name: &str, subnets_upto: u64) -> Map<String, Value> {
    let mut link = Map::new();
    link.insert("type".to_owned(), json!(kind));
    link.insert("name".to_owned(), json!(name));
    maybe(&mut link, dice, 60, "mac_address", |dice| json!(dice.mac()));
    maybe(&mut link, dice, 20, "mtu", |dice| dice.one(&[json!(1400), json!(9000), json!("1480")]));
    maybe(&mut link, dice, 12, "accept-ra", Dice::either);
    if kind == "physical" {
        maybe(&mut link, dice, 8, "wakeonlan", Dice::either);
        maybe(&mut link, dice, 8, "keep_configuration", Dice::either);
    }
    maybe(&mut link, dice, 8, "optional", Dice::either);
    let count = if subnets_upto == 0 { 0 } else { dice.below(subnets_upto + 1) };
    if count > 0 || dice.chance(30) {
        let subnets: Vec<Value> = (0..count).map(|_| subnet(dice)).collect();
        link.insert("subnets".to_owned(), json!(subnets));
    }
    link
}

fn subnet(dice: &mut Dice) -> Value {
    let kind = dice.one(&[
        "dhcp",
        "dhcp4",
        "dhcp6",
        "static",
        "static",
        "static",
        "static6",
        "manual",
        "ipv6_slaac",
        "ipv6_dhcpv6-stateless",
        "ipv6_dhcpv6-stateful",
    ]);
    let mut subnet = Map::new();
    subnet.insert("type".to_owned(), json!(kind));
    let v6 = match kind {
        "static" => Some(dice.chance(35)),
        "static6" => Some(true),
        _ => None,
    };
    if let Some(v6) = v6 {
        addressed(dice, &mut subnet, v6);
        maybe(&mut subnet, dice, 20, "routes", |dice| {
            let count = 1 + dice.below(2);
            json!((0..count).map(|_| Value::Object(route(dice, Some(v6)))).collect::<Vec<_>>())
        });
        maybe(&mut subnet, dice, 10, "mtu", |_| json!(1450));
        maybe(&mut subnet, dice, 25, "dns_nameservers", |dice| {
            one_or_list(dice, |dice| dice.servers(Some(v6)))
        });
        maybe(&mut subnet, dice, 20, "dns_search", |dice| one_or_list(dice, Dice::domains));
    } else {
        maybe(&mut subnet, dice, 10, "metric", |dice| json!(100 + dice.below(100)));
    }
    maybe(&mut subnet, dice, 8, "control", |dice| json!(dice.one(&["auto", "manual", "hotplug"])));
    Value::Object(subnet)
}

fn addressed(dice: &mut Dice, subnet: &mut Map<String, Value>, v6: bool) {
    let address = if v6 { dice.v6() } else { dice.v4() };
    let prefix = if v6 { dice.one(&[64, 48, 128]) } else { dice.one(&[24, 16, 28, 32]) };
    let mask = match prefix {
        24 => "255.255.255.0",
        16 => "255.255.0.0",
        28 => "255.255.255.240",
        _ => "255.255.255.255",
    };
    match dice.below(4) {
        0 => {
            subnet.insert("address".to_owned(), json!(address));
            subnet.insert("prefix".to_owned(), json!(prefix));
        }
        1 => {
            subnet.insert("address".to_owned(), json!(address));
            subnet.insert("netmask".to_owned(), if v6 { json!(prefix) } else { json!(mask) });
        }
        _ => {
            subnet.insert("address".to_owned(), json!(format!("{address}/{prefix}")));
        }
    }
    if dice.chance(40) {
        // In the network, or anywhere.
        let gateway = if dice.chance(80) {
            match address.rsplit_once(if v6 { "::" } else { "." }) {
                Some((network, _)) if v6 => format!("{network}::ffff"),
                Some((network, _)) => format!("{network}.254"),
                None => address,
            }
        } else if v6 {
            dice.v6()
        } else {
            dice.v4()
        };
        subnet.insert("gateway".to_owned(), json!(gateway));
    }
}

fn route(dice: &mut Dice, v6: Option<bool>) -> Map<String, Value> {
    let v6 = v6.unwrap_or_else(|| dice.chance(30));
    let mut route = Map::new();
    let (network, prefix) = if v6 {
        (format!("2001:db8:{:x}00::", 1 + dice.below(15)), 56)
    } else {
        (format!("10.{}.0.0", dice.below(255)), 16)
    };
    let key = dice.one(&["destination", "network"]);
    // An entry of type route is found by its destination.
    let key = if key == "network" && dice.chance(50) { "destination" } else { key };
    match dice.below(3) {
        0 if !v6 => {
            route.insert("destination".to_owned(), json!(network));
            route.insert("netmask".to_owned(), json!("255.255.0.0"));
        }
        1 if dice.chance(20) => {
            route.insert("destination".to_owned(), json!(if v6 { "::/0" } else { "0.0.0.0/0" }));
        }
        _ => {
            route.insert(key.to_owned(), json!(format!("{network}/{prefix}")));
        }
    }
    let gateway = if v6 { dice.v6() } else { dice.v4() };
    route.insert("gateway".to_owned(), json!(gateway));
    maybe(&mut route, dice, 30, "metric", |dice| json!(1 + dice.below(500)));
    route
}

fn bond_params(dice: &mut Dice, members: &[&str]) -> Value {
    let mut params = Map::new();
    let mode = dice.one(&[json!("active-backup"), json!("802.3ad"), json!("balance-xor"), json!(1)]);
    maybe(&mut params, dice, 60, "bond-miimon", |_| json!(100));
    if params.contains_key("bond-miimon") {
        maybe(&mut params, dice, 20, "bond-updelay", |_| json!(200));
        maybe(&mut params, dice, 20, "bond-downdelay", |_| json!(300));
    }
    // The driver takes each of the others in some modes only.
    match mode.as_str().unwrap_or("active-backup") {
        "802.3ad" => {
            maybe(&mut params, dice, 40, "bond-lacp-rate", |dice| dice.one(&[json!("fast"), json!("slow")]));
            maybe(&mut params, dice, 20, "bond-ad-select", |_| json!("stable"));
            maybe(&mut params, dice, 20, "bond-min-links", |_| json!(1));
            maybe(&mut params, dice, 40, "bond-xmit-hash-policy", |_| json!("layer3+4"));
        }
        "balance-xor" => maybe(&mut params, dice, 40, "bond-xmit-hash-policy", |_| json!("layer3+4")),
        _ => {
            maybe(&mut params, dice, 40, "bond-primary", |_| json!(members[0]));
            maybe(&mut params, dice, 20, "bond-num-grat-arp", |_| json!(5));
            maybe(&mut params, dice, 20, "bond-fail-over-mac", |_| json!("active"));
            maybe(&mut params, dice, 20, "bond-primary-reselect", |_| json!("always"));
        }
    }
    params.insert("bond-mode".to_owned(), mode);
    Value::Object(params)
}

fn bridge_params(dice: &mut Dice, port: &str) -> Value {
    let mut params = Map::new();
    maybe(&mut params, dice, 50, "bridge_stp", |dice| {
        dice.one(&[json!("on"), json!("off"), json!(true), json!(false), json!(1)])
    });
    maybe(&mut params, dice, 40, "bridge_fd", |_| json!(4));
    maybe(&mut params, dice, 30, "bridge_bridgeprio", |_| json!(22));
    maybe(&mut params, dice, 30, "bridge_ageing", |_| json!(250));
    maybe(&mut params, dice, 30, "bridge_hello", |_| json!(1));
    maybe(&mut params, dice, 30, "bridge_maxage", |_| json!(10));
    maybe(&mut params, dice, 30, "bridge_pathcost", |_| json!([format!("{port} 50")]));
    maybe(&mut params, dice, 20, "bridge_portprio", |_| json!([format!("{port} 28")]));
    Value::Object(params)
}
