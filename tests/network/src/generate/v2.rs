//! Version 2.

use serde_json::{Map, Value, json};

use oracle::dice::Dice;

use super::{Choices as _, maybe};

const NAMES: &[&str] = &["eth0", "eth1", "ens3", "enp1s0", "uplink"];

pub(super) fn config(dice: &mut Dice) -> Value {
    let count = 1 + dice.below(4) as usize;
    let names = &NAMES[..count];
    let bond = count > 2 && dice.chance(40);
    let bridge = !bond && count > 1 && dice.chance(30);
    let members: Vec<&str> = if bond || bridge { names[1..3.min(count)].to_vec() } else { Vec::new() };
    let mut taken: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut config = Map::new();
    config.insert("version".to_owned(), json!(2));
    let mut ethernets = Map::new();
    for name in names {
        let member = members.contains(name);
        let mut entry = if member { Map::new() } else { layer3(dice) };
        matching(dice, &mut entry, name, member);
        maybe(&mut entry, dice, 8, "wakeonlan", Dice::either);
        ethernets.insert((*name).to_owned(), Value::Object(entry));
    }
    config.insert("ethernets".to_owned(), Value::Object(ethernets));
    if bond {
        let mut entry = layer3(dice);
        entry.insert("interfaces".to_owned(), json!(members));
        maybe(&mut entry, dice, 90, "parameters", |dice| bond_parameters(dice, &members));
        maybe(&mut entry, dice, 20, "macaddress", |dice| json!(dice.mac()));
        config.insert("bonds".to_owned(), json!({"bond0": entry}));
        taken.push("bond0".to_owned());
    }
    if bridge {
        let mut entry = layer3(dice);
        entry.insert("interfaces".to_owned(), json!(members));
        maybe(&mut entry, dice, 70, "parameters", |dice| bridge_parameters(dice, members[0]));
        maybe(&mut entry, dice, 20, "macaddress", |dice| json!(dice.mac()));
        config.insert("bridges".to_owned(), json!({"br0": entry}));
        taken.push("br0".to_owned());
    }
    if dice.chance(35) {
        let below = dice.one(&taken);
        let id = 2 + dice.below(4000);
        let mut entry = layer3(dice);
        entry.insert("id".to_owned(), json!(id));
        entry.insert("link".to_owned(), json!(below));
        maybe(&mut entry, dice, 15, "macaddress", |dice| json!(dice.mac()));
        let name = dice.one(&[format!("{below}.{id}"), "storage".to_owned()]);
        config.insert("vlans".to_owned(), json!({name: entry}));
    }
    Value::Object(config)
}

fn matching(dice: &mut Dice, entry: &mut Map<String, Value>, name: &str, member: bool) {
    if !dice.chance(50) {
        return;
    }
    let mut rules = Map::new();
    maybe(&mut rules, dice, 80, "macaddress", |dice| json!(dice.mac()));
    maybe(&mut rules, dice, 20, "driver", |dice| json!(dice.one(&["virtio_net", "ena"])));
    if rules.is_empty() {
        rules.insert("name".to_owned(), json!(format!("{name}*")));
    }
    entry.insert("match".to_owned(), Value::Object(rules));
    let new = if member || name != "uplink" { name } else { "wan0" };
    maybe(entry, dice, 70, "set-name", |_| json!(new));
}

/// Addresses and all that goes with them.
fn layer3(dice: &mut Dice) -> Map<String, Value> {
    let mut entry = Map::new();
    maybe(&mut entry, dice, 35, "dhcp4", Dice::either);
    maybe(&mut entry, dice, 20, "dhcp6", Dice::either);
    // networkd wants the same for both families.
    if dice.chance(25) {
        let overrides = dhcp_overrides(dice);
        for (key, name) in [("dhcp4", "dhcp4-overrides"), ("dhcp6", "dhcp6-overrides")] {
            if entry.get(key) == Some(&json!(true)) {
                entry.insert(name.to_owned(), overrides.clone());
            }
        }
    }
    let (mut v4, mut v6) = (None, None);
    if dice.chance(60) {
        let count = 1 + dice.below(3);
        let mut addresses = Vec::new();
        for _ in 0..count {
            let six = dice.chance(35);
            let address = if six { dice.v6() } else { dice.v4() };
            let prefix = if six { dice.one(&[64, 128]) } else { dice.one(&[24, 20, 32]) };
            let text = format!("{address}/{prefix}");
            *(if six { &mut v6 } else { &mut v4 }) = Some(address);
            // The original refuses these; a few show that ours does not.
            addresses.push(if dice.chance(2) { json!({text: {"lifetime": 0}}) } else { json!(text) });
        }
        entry.insert("addresses".to_owned(), json!(addresses));
    }
    if let Some(address) = &v4 {
        let network = address.rsplit_once('.').map_or("10.0.0", |(network, _)| network).to_owned();
        maybe(&mut entry, dice, 20, "gateway4", |_| json!(format!("{network}.1")));
    }
    if let Some(address) = &v6 {
        let network = address.rsplit_once("::").map_or("2001:db8", |(network, _)| network).to_owned();
        maybe(&mut entry, dice, 20, "gateway6", |_| json!(format!("{network}::1")));
    }
    if v4.is_some() || v6.is_some() || entry.contains_key("dhcp4") {
        maybe(&mut entry, dice, 30, "routes", |dice| {
            let count = 1 + dice.below(3);
            json!((0..count).map(|_| route(dice, v4.is_some() || v6.is_none())).collect::<Vec<_>>())
        });
    }
    maybe(&mut entry, dice, 30, "nameservers", |dice| {
        let mut servers = Map::new();
        servers.insert("addresses".to_owned(), json!(dice.servers(None)));
        maybe(&mut servers, dice, 60, "search", |dice| json!(dice.domains()));
        Value::Object(servers)
    });
    maybe(&mut entry, dice, 15, "mtu", |dice| json!(dice.one(&[1400, 9000])));
    maybe(&mut entry, dice, 12, "accept-ra", Dice::either);
    maybe(&mut entry, dice, 10, "optional", Dice::either);
    maybe(
        &mut entry,
        dice,
        8,
        "routing-policy",
        |dice| json!([{"from": format!("{}/32", dice.v4()), "table": 100 + dice.below(10)}]),
    );
    entry
}

fn dhcp_overrides(dice: &mut Dice) -> Value {
    let mut overrides = Map::new();
    maybe(&mut overrides, dice, 60, "route-metric", |dice| json!(100 + dice.below(200)));
    maybe(&mut overrides, dice, 40, "use-dns", Dice::either);
    maybe(&mut overrides, dice, 20, "use-ntp", Dice::either);
    maybe(&mut overrides, dice, 20, "send-hostname", Dice::either);
    maybe(&mut overrides, dice, 20, "use-routes", Dice::either);
    Value::Object(overrides)
}

fn route(dice: &mut Dice, v4: bool) -> Value {
    let mut route = Map::new();
    let to = match (dice.below(5), v4) {
        (0, _) => "default".to_owned(),
        (1, true) => "0.0.0.0/0".to_owned(),
        (1, false) => "::/0".to_owned(),
        (_, true) => format!("10.{}.0.0/16", dice.below(255)),
        (_, false) => format!("2001:db8:{:x}00::/56", 1 + dice.below(15)),
    };
    route.insert("to".to_owned(), json!(to));
    let via = if v4 { dice.v4() } else { dice.v6() };
    route.insert("via".to_owned(), json!(via));
    maybe(&mut route, dice, 30, "metric", |dice| json!(1 + dice.below(500)));
    maybe(&mut route, dice, 8, "mtu", |_| json!(1400));
    maybe(&mut route, dice, 8, "table", |dice| json!(100 + dice.below(10)));
    maybe(&mut route, dice, 8, "on-link", Dice::either);
    Value::Object(route)
}

fn bond_parameters(dice: &mut Dice, members: &[&str]) -> Value {
    let mut parameters = Map::new();
    let mode = dice.one(&["active-backup", "802.3ad", "balance-xor"]);
    parameters.insert("mode".to_owned(), json!(mode));
    maybe(&mut parameters, dice, 60, "mii-monitor-interval", |_| json!(100));
    if parameters.contains_key("mii-monitor-interval") {
        maybe(&mut parameters, dice, 20, "up-delay", |_| json!(200));
        maybe(&mut parameters, dice, 20, "down-delay", |_| json!(300));
    }
    match mode {
        "802.3ad" => {
            maybe(&mut parameters, dice, 40, "lacp-rate", |dice| json!(dice.one(&["fast", "slow"])));
            maybe(&mut parameters, dice, 20, "min-links", |_| json!(1));
            maybe(&mut parameters, dice, 40, "transmit-hash-policy", |_| json!("layer3+4"));
        }
        "balance-xor" => maybe(&mut parameters, dice, 40, "transmit-hash-policy", |_| json!("layer3+4")),
        _ => {
            maybe(&mut parameters, dice, 40, "primary", |_| json!(members[0]));
            maybe(&mut parameters, dice, 20, "gratuitous-arp", |_| json!(5));
        }
    }
    Value::Object(parameters)
}

fn bridge_parameters(dice: &mut Dice, port: &str) -> Value {
    let mut parameters = Map::new();
    maybe(&mut parameters, dice, 50, "stp", Dice::either);
    maybe(&mut parameters, dice, 40, "forward-delay", |_| json!(4));
    maybe(&mut parameters, dice, 30, "priority", |_| json!(22));
    maybe(&mut parameters, dice, 30, "ageing-time", |_| json!(250));
    maybe(&mut parameters, dice, 30, "hello-time", |_| json!(1));
    maybe(&mut parameters, dice, 30, "max-age", |_| json!(10));
    maybe(&mut parameters, dice, 30, "path-cost", |_| json!({port: 50}));
    maybe(&mut parameters, dice, 20, "port-priority", |_| json!({port: 28}));
    Value::Object(parameters)
}
