//! dracut's network configuration on the kernel command line: `ip=`, `nameserver=`, `rd.route=`, `ifname=`, `bond=`,
//! `bridge=`, `vlan=` and `BOOTIF=`.
//!
//! See dracut.cmdline(7), "Network"; `BOOTIF` is pxelinux's.

use indexmap::IndexMap;
use model::NetworkConfig;
use model::Order as _;
use model::config::Origin;
use model::effects::Link;
use serde_json::{Map, Value, json};

use crate::{NetError, fallback, links};

const SOURCE: &str = "kernel command line";

fn wrong(key: &str, value: &str, reason: &str) -> NetError {
    NetError::Invalid {
        origin: Origin::whole(SOURCE),
        key: key.to_owned(),
        value: value.to_owned(),
        reason: reason.to_owned(),
    }
}

/// The parts between colons; IPv6 addresses are in brackets.
fn parts(text: &str) -> Vec<String> {
    let (mut found, mut inside) = (vec![String::new()], false);
    for letter in text.chars() {
        match letter {
            '[' => inside = true,
            ']' => inside = false,
            ':' if !inside => found.push(String::new()),
            other => {
                if let Some(last) = found.last_mut() {
                    last.push(other);
                }
            }
        }
    }
    found
}

/// The subnets for an address method; `None` if the word is unknown.
fn automatic(word: &str) -> Option<&'static [&'static str]> {
    match word {
        "dhcp" | "on" | "single-dhcp" => Some(&["dhcp4"]),
        "any" | "either6" => Some(&["dhcp4", "dhcp6"]),
        "dhcp6" => Some(&["dhcp6"]),
        "auto6" => Some(&["ipv6_slaac"]),
        "link6" => Some(&["manual"]),
        "none" | "off" => Some(&[]),
        _ => None,
    }
}

/// The settings of the devices.
struct Described<'l> {
    links: &'l [Link],
    /// The device that the machine was booted from.
    boot: Option<String>,
    devices: IndexMap<String, Map<String, Value>>,
}

impl Described<'_> {
    fn device(&mut self, name: &str) -> &mut Map<String, Value> {
        let known = self.links.iter().find(|link| link.name == name);
        self.devices.entry(name.to_owned()).or_insert_with(|| {
            let mut device = Map::new();
            device.insert("type".to_owned(), json!("physical"));
            device.insert("name".to_owned(), json!(name));
            device.insert("subnets".to_owned(), json!([]));
            if let Some(link) = known.filter(|link| link.physical) {
                device.insert("mac_address".to_owned(), json!(link.mac));
            }
            device
        })
    }

    /// The device for an argument that names none.
    fn unnamed(&self, value: &str) -> Result<String, NetError> {
        let usual = || fallback::link(self.links);
        self.boot
            .clone()
            .or_else(usual)
            .ok_or_else(|| wrong("ip", value, "this machine has no network device for it"))
    }

    fn add(&mut self, name: &str, subnet: Value) {
        if let Some(Value::Array(all)) = self.device(name).get_mut("subnets") {
            all.push(subnet);
        }
    }

    fn ip(&mut self, value: &str) -> Result<(), NetError> {
        let parts = parts(value);
        let part = |at: usize| parts.get(at).map(String::as_str).filter(|part| !part.is_empty());
        let (name, ways, rest) = match parts.as_slice() {
            [way] => {
                let ways = automatic(way);
                let reason =
                    "expected dhcp, on, any, dhcp6, auto6, link6, either6 or an address with its gateway";
                (None, ways.ok_or_else(|| wrong("ip", value, reason))?, 1)
            }
            [link, way, ..] if automatic(way).is_some() => {
                (Some(link.clone()), automatic(way).unwrap_or_default(), 2)
            }
            _ => {
                let way = part(6).unwrap_or("none");
                let reason = "expected none, off, dhcp, on, any, dhcp6, auto6 or link6 after the device";
                let ways = automatic(way).ok_or_else(|| wrong("ip", value, reason))?;
                (part(5).map(str::to_owned), ways, 7)
            }
        };
        let name = name.filter(|name| !name.is_empty()).map_or_else(|| self.unnamed(value), Ok)?;
        self.device(&name);
        for way in ways {
            self.add(&name, json!({"type": way}));
        }
        if rest == 7
            && let Some(address) = part(0)
        {
            let mut subnet = Map::new();
            subnet.insert("type".to_owned(), json!("static"));
            subnet.insert("address".to_owned(), json!(address));
            for (at, key) in [(1, "pointopoint"), (2, "gateway"), (3, "netmask")] {
                if let Some(text) = part(at) {
                    subnet.insert(key.to_owned(), json!(text));
                }
            }
            let servers: Vec<&str> =
                [7, 8].into_iter().filter_map(part).filter(|text| text.contains(['.', ':'])).collect();
            if !servers.is_empty() {
                subnet.insert("dns_nameservers".to_owned(), json!(servers));
            }
            self.add(&name, Value::Object(subnet));
        }
        if let Some(mtu) = part(rest).and_then(|text| text.parse::<u32>().ok()) {
            self.device(&name).insert("mtu".to_owned(), json!(mtu));
        }
        // A MAC address has six parts, because it contains colons.
        let mac: Vec<&str> = parts.iter().skip(rest + 1).map(String::as_str).collect();
        if mac.len() == 6 {
            self.device(&name).insert("mac_address".to_owned(), json!(mac.join(":").to_lowercase()));
        }
        Ok(())
    }

    /// `bond=`, `bridge=` and `vlan=`: virtual devices.
    fn made(&mut self, key: &str, value: &str) -> Result<(), NetError> {
        let parts = parts(value);
        let (name, below) = match parts.as_slice() {
            [name, below, ..] if !name.is_empty() && !below.is_empty() => (name.clone(), below.clone()),
            _ => {
                return Err(wrong(key, value, "expected NAME:DEVICES"));
            }
        };
        let members: Vec<&str> = below.split(',').collect();
        if key != "vlan" {
            for member in &members {
                self.device(member);
            }
        }
        let device = self.device(&name);
        device.insert("type".to_owned(), json!(key));
        match key {
            "bond" => {
                let options = parts.get(2).map_or("mode=balance-rr", String::as_str);
                let options = options.split(',').filter_map(|option| option.split_once('='));
                let params: Map<String, Value> = options
                    .map(|(name, value)| (format!("bond-{}", name.replace('_', "-")), json!(value)))
                    .collect();
                device.insert("bond_interfaces".to_owned(), json!(members));
                device.insert("params".to_owned(), Value::Object(params));
            }
            "bridge" => {
                device.insert("bridge_interfaces".to_owned(), json!(members));
            }
            _ => {
                let id = name.rsplit(['.', 'n']).next().and_then(|id| id.parse::<u16>().ok());
                let id = id.ok_or_else(|| {
                    wrong(key, value, "the name must end with the VLAN ID: eth0.5 or vlan5")
                })?;
                device.insert("vlan_link".to_owned(), json!(below));
                device.insert("vlan_id".to_owned(), json!(id));
            }
        }
        Ok(())
    }
}

/// Converts `rd.route=NETWORK/PREFIX:GATEWAY[:DEVICE]` to a route of version 1.
fn route(value: &str) -> Result<Value, NetError> {
    let parts = parts(value);
    match parts.as_slice() {
        [network, gateway, ..] if !network.is_empty() && !gateway.is_empty() => {
            Ok(json!({"type": "route", "destination": network, "gateway": gateway}))
        }
        _ => Err(wrong("rd.route", value, "expected NETWORK/PREFIX:GATEWAY[:DEVICE], with IPv6 in brackets")),
    }
}

/// `BOOTIF=01-52-54-…`: the device with that address; the first byte is the hardware type.
fn boot_link(value: &str, links: &[Link]) -> Result<Option<String>, NetError> {
    let bytes: Vec<&str> = value.split('-').collect();
    if bytes.len() != 7 {
        return Err(wrong("BOOTIF", value, "expected the hardware type and a MAC address, separated by '-'"));
    }
    Ok(links::by_mac(links)?.get(&bytes[1..].join(":").to_lowercase()).cloned())
}

/// The configuration; `None` if no argument requests an address.
///
/// # Errors
///
/// An invalid argument.
pub fn config(cmdline: &str, links: &[Link]) -> Result<Option<NetworkConfig>, NetError> {
    let words = || {
        let whole = cmdline.split_ascii_whitespace().map(|word| word.trim_matches(['"', '\'']));
        whole.filter_map(|word| word.split_once('='))
    };
    if !words().any(|(key, value)| key == "ip" && !value.is_empty()) {
        return Ok(None);
    }
    let boot = words().find(|(key, _)| *key == "BOOTIF");
    let boot = boot.map(|(_, value)| boot_link(value, links)).transpose()?.flatten();
    let mut described = Described { links, boot, devices: IndexMap::new() };
    let (mut servers, mut routes) = (Vec::new(), Vec::new());
    for (key, value) in words() {
        match key {
            // iBFT addresses are in firmware tables, which the initramfs exports to files.
            "ip" if value == "ibft" || value.is_empty() => {}
            "ip" => described.ip(value)?,
            "bond" | "bridge" | "vlan" => described.made(key, value)?,
            "ifname" => {
                let (name, mac) =
                    value.split_once(':').ok_or_else(|| wrong(key, value, "expected NAME:MAC"))?;
                described.device(name).insert("mac_address".to_owned(), json!(mac.to_lowercase()));
            }
            "nameserver" => servers.push(value.trim_matches(['[', ']']).to_owned()),
            "rd.route" => routes.push(route(value)?),
            _ => {}
        }
    }
    let mut config: Vec<Value> = described.devices.into_values().map(Value::Object).collect();
    // Virtual devices come after their members.
    config.order_by_key(|entry| {
        ["physical", "bond", "bridge", "vlan"].iter().position(|kind| entry["type"] == *kind)
    });
    if !servers.is_empty() {
        config.push(json!({"type": "nameserver", "address": servers}));
    }
    config.extend(routes);
    Ok(Some(NetworkConfig::from_json(json!({"version": 1, "config": config}), SOURCE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Vec<Link> {
        ["eth0", "eth1"]
            .iter()
            .enumerate()
            .map(|(number, name)| Link {
                name: (*name).to_owned(),
                mac: format!("52:54:00:00:00:0{number}"),
                physical: true,
                operstate: "down".to_owned(),
                ..Link::default()
            })
            .collect()
    }

    fn entries(cmdline: &str) -> Value {
        config(cmdline, &machine()).expect("valid").expect("asked for").node().to_json()["config"].clone()
    }

    #[test]
    fn the_forms_of_the_manual_page() {
        let found = entries("ro ip=192.168.0.5::192.168.0.1:255.255.255.0:node:eth1:none:8.8.8.8 quiet");
        assert_eq!(
            found,
            json!([{"type": "physical", "name": "eth1", "mac_address": "52:54:00:00:00:01", "subnets": [
                {"type": "static", "address": "192.168.0.5", "gateway": "192.168.0.1", "netmask": "255.255.255.0",
                 "dns_nameservers": ["8.8.8.8"]}]}])
        );
        assert_eq!(entries("ip=eth1:dhcp:1400")[0]["mtu"], 1400);
        assert_eq!(entries("ip=eth1:any")[0]["subnets"], json!([{"type": "dhcp4"}, {"type": "dhcp6"}]));
        let v6 = entries("ip=[2001:db8::5]::[2001:db8::1]:64::eth0:off nameserver=[2001:db8::53]");
        assert_eq!(v6[0]["subnets"][0]["address"], "2001:db8::5");
        assert_eq!(v6[1], json!({"type": "nameserver", "address": ["2001:db8::53"]}));
        assert_eq!(entries("ip=eth7:dhcp::52:54:00:AA:bb:cc")[0]["mac_address"], "52:54:00:aa:bb:cc");
    }

    #[test]
    fn a_word_without_a_link_means_the_one_that_was_booted_over() {
        assert_eq!(entries("ip=dhcp BOOTIF=01-52-54-00-00-00-01")[0]["name"], "eth1");
        assert_eq!(entries("ip=dhcp")[0]["name"], "eth0");
    }

    #[test]
    fn links_are_made_of_others() {
        let found = entries(
            "ip=bond0:dhcp bond=bond0:eth0,eth1:mode=active-backup,miimon=100 vlan=bond0.5:bond0 rd.route=10.0.0.0/8:10.0.0.1",
        );
        assert_eq!(found[2]["bond_interfaces"], json!(["eth0", "eth1"]));
        assert_eq!(found[2]["params"], json!({"bond-mode": "active-backup", "bond-miimon": "100"}));
        assert_eq!((&found[3]["vlan_link"], &found[3]["vlan_id"]), (&json!("bond0"), &json!(5)));
        assert_eq!(found[4], json!({"type": "route", "destination": "10.0.0.0/8", "gateway": "10.0.0.1"}));
        let state = crate::NetworkState::read(
            &NetworkConfig::from_json(json!({"version": 1, "config": found}), SOURCE),
            &machine(),
        );
        assert_eq!(state.expect("readable").interfaces.len(), 4);
    }

    #[test]
    fn nothing_is_asked_for_and_nonsense_is_told() {
        assert_eq!(config("ro quiet ip=", &machine()).expect("valid"), None);
        for cmdline in
            ["ip=often", "ip=dhcp BOOTIF=52:54", "ip=dhcp vlan=x:eth0", "ip=dhcp rd.route=10.0.0.0/8"]
        {
            let error = config(cmdline, &machine()).expect_err(cmdline).to_string();
            assert!(error.starts_with("kernel command line: "), "{error}");
        }
    }
}
