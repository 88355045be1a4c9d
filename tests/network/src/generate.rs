//! Valid network config, version 1 and 2, from a seed. The same seed and number make the same description.

mod v1;
mod v2;

use oracle::dice::Dice;
use serde_json::{Map, Value, json};

/// Random choices of a network's words.
pub(crate) trait Choices {
    /// Any boolean.
    fn either(&mut self) -> Value;
    fn mac(&mut self) -> String;
    fn v4(&mut self) -> String;
    fn v6(&mut self) -> String;
    fn servers(&mut self, family: Option<bool>) -> Vec<String>;
    fn domains(&mut self) -> Vec<String>;
}

impl Choices for Dice {
    fn either(&mut self) -> Value {
        json!(self.chance(50))
    }

    fn mac(&mut self) -> String {
        // Never all digits, which YAML may read as a number.
        format!("52:54:00:{:02x}:{:02x}:a{:x}", self.below(256), self.below(256), self.below(16))
    }

    fn v4(&mut self) -> String {
        format!("{}.{}.{}", self.one(&["10.0", "192.168", "172.16"]), self.below(250), 1 + self.below(250))
    }

    fn v6(&mut self) -> String {
        format!("2001:db8:{:x}::{:x}", 1 + self.below(0xfff), 1 + self.below(0xfff))
    }

    fn servers(&mut self, family: Option<bool>) -> Vec<String> {
        let count = 1 + self.below(2);
        (0..count)
            .map(|_| if family.unwrap_or_else(|| self.chance(30)) { self.v6() } else { self.v4() })
            .collect()
    }

    fn domains(&mut self) -> Vec<String> {
        let count = 1 + self.below(2);
        (0..count).map(|_| format!("{}.test", self.one(&["a", "b", "corp", "lab.corp"]))).collect()
    }
}

/// Sets a key so many times of a hundred.
pub(crate) fn maybe(
    map: &mut Map<String, Value>,
    dice: &mut Dice,
    percent: u64,
    key: &str,
    value: impl FnOnce(&mut Dice) -> Value,
) {
    if dice.chance(percent) {
        let value = value(dice);
        map.insert(key.to_owned(), value);
    }
}

/// A description: version 1 for even cases, version 2 for odd ones.
pub fn description(seed: u64, case: u64) -> Value {
    let mut dice = Dice::new(seed, case);
    if case.is_multiple_of(2) { v1::config(&mut dice) } else { v2::config(&mut dice) }
}

/// A description that the original's renderers for the BSDs can express: one link, its address by DHCP or static, with
/// its gateway, name server and routes of IPv4.
pub fn simple(seed: u64, case: u64) -> Value {
    let mut dice = Dice::new(seed, case);
    let mut entry = Map::new();
    entry.insert("type".to_owned(), json!("physical"));
    entry.insert("name".to_owned(), json!(dice.one(&["em0", "vtnet0", "wm0"])));
    maybe(&mut entry, &mut dice, 50, "mac_address", |dice| json!(dice.mac()));
    maybe(&mut entry, &mut dice, 25, "mtu", |_| json!(1400));
    let network = format!("10.{}.{}", dice.below(250), dice.below(250));
    let subnet = if dice.chance(30) {
        json!({"type": dice.one(&["dhcp", "dhcp4"])})
    } else {
        let mut subnet = Map::new();
        subnet.insert("type".to_owned(), json!("static"));
        subnet.insert(
            "address".to_owned(),
            json!(format!("{network}.{}/{}", 2 + dice.below(200), dice.one(&[24, 16, 28]))),
        );
        maybe(&mut subnet, &mut dice, 60, "gateway", |_| json!(format!("{network}.1")));
        maybe(&mut subnet, &mut dice, 40, "routes", |dice| {
            let to = |dice: &mut Dice| format!("172.16.{}.0/24", dice.below(250));
            json!([{"destination": to(dice), "gateway": format!("{network}.254")},
                   {"destination": to(dice), "gateway": format!("{network}.253")}])
        });
        Value::Object(subnet)
    };
    entry.insert("subnets".to_owned(), json!([subnet]));
    let mut config = vec![Value::Object(entry)];
    if dice.chance(40) {
        let search = dice.domains().swap_remove(0);
        config.push(json!({"type": "nameserver", "address": dice.v4(), "search": search}));
    }
    json!({"version": 1, "config": config})
}

/// A machine of so many links with so many routes between them, for measuring.
pub fn large(version: u8, links: usize, routes: usize) -> Value {
    let each = routes.div_ceil(links.max(1));
    let mac = |link: usize| format!("52:54:00:a0:{:02x}:{:02x}", link / 256, link % 256);
    let address = |link: usize| format!("10.{}.{}.2/24", link / 256, link % 256);
    let gateway = |link: usize| format!("10.{}.{}.1", link / 256, link % 256);
    let route = |link: usize, number: usize| {
        format!("172.{}.{}.0/24", 16 + link % 16, (link / 16 * each + number) % 256)
    };
    if version == 1 {
        let entry = |link: usize| {
            let routes: Vec<Value> = (0..each)
                .map(|number| json!({"destination": route(link, number), "gateway": gateway(link), "metric": number + 1}))
                .collect();
            json!({"type": "physical", "name": format!("eth{link}"), "mac_address": mac(link),
                   "subnets": [{"type": "static", "address": address(link), "routes": routes}]})
        };
        return json!({"version": 1, "config": (0..links).map(entry).collect::<Vec<_>>()});
    }
    let entry = |link: usize| {
        let routes: Vec<Value> = (0..each)
            .map(|number| json!({"to": route(link, number), "via": gateway(link), "metric": number + 1}))
            .collect();
        let entry = json!({"match": {"macaddress": mac(link)}, "set-name": format!("eth{link}"),
                           "addresses": [address(link)], "routes": routes});
        (format!("eth{link}"), entry)
    };
    json!({"version": 2, "ethernets": (0..links).map(entry).collect::<Map<_, _>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_the_same_descriptions_and_others_others() {
        assert_eq!(description(7, 3), description(7, 3));
        assert_ne!(description(7, 3), description(8, 3));
        assert_ne!(description(7, 3), description(7, 5));
        assert_eq!(large(2, 200, 2000)["ethernets"].as_object().map(Map::len), Some(200));
    }
}
