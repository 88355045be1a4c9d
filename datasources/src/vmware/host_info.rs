//! What the running machine shows of itself: its name and addresses, for the metadata and for the hypervisor.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use model::System;
use model::datasource::SourceError;
use model::effects::{Address, Command, Link, Route};
use netconfig::address::v4_mask;
use serde_json::{Map, Value, json};

/// How long to wait for addresses.
const PATIENCE: Duration = Duration::from_secs(600);
const PAUSE: Duration = Duration::from_secs(1);
/// ARP hardware type of Ethernet; other hardware addresses are not shown.
const ETHERNET: u32 = 1;

/// The description, as soon as there are the addresses that the metadata's `wait-on-network` asks for.
pub(super) fn wait_for(system: &System, metadata: &Value) -> Result<Map<String, Value>, SourceError> {
    let wanted = |family: &str| match metadata.get("wait-on-network").and_then(|wait| wait.get(family)) {
        Some(Value::Bool(wanted)) => *wanted,
        Some(Value::String(text)) => {
            ["true", "1", "on", "yes"].iter().any(|word| text.trim().eq_ignore_ascii_case(word))
        }
        Some(Value::Number(number)) => number.as_i64() == Some(1),
        _ => false,
    };
    let families = [("by-ipv4", wanted("ipv4")), ("by-ipv6", wanted("ipv6"))];
    let start = system.clock.monotonic();
    loop {
        let info = describe(system)?;
        let has = |key: &str| {
            let found = info["network"]["interfaces"][key].as_object();
            found.is_some_and(|addresses| !addresses.is_empty())
        };
        if families.iter().all(|(key, wanted)| !wanted || has(key)) {
            tracing::debug!("waiting on network complete");
            return Ok(info);
        }
        if system.clock.monotonic().saturating_sub(start) >= PATIENCE {
            tracing::warn!(
                "wait-on-network: still no address after {} s, continuing without it",
                PATIENCE.as_secs()
            );
            return Ok(info);
        }
        tracing::debug!("waiting on network");
        system.clock.sleep(PAUSE);
    }
}

/// A device with its addresses.
struct Device {
    link: Link,
    v4: Vec<Address>,
    v6: Vec<Address>,
}

/// An IPv6 address with its prefix, which belongs to the peer if there is one.
fn shown_v6(address: &Address) -> String {
    if address.peer { address.address.to_string() } else { format!("{}/{}", address.address, address.prefix) }
}

fn describe(system: &System) -> Result<Map<String, Value>, SourceError> {
    let mut devices = Vec::new();
    for link in system.links.links()? {
        let (v4, v6) =
            system.links.addresses(&link.name)?.into_iter().partition(|known| known.address.is_ipv4());
        devices.push(Device { link, v4, v6 });
    }
    let mut info = Map::new();
    info.insert("network".to_owned(), json!({"interfaces": interfaces(&devices)}));
    let name = full_name(system);
    if !name.is_empty() {
        for key in ["hostname", "local-hostname", "local_hostname"] {
            info.insert(key.to_owned(), name.as_str().into());
        }
    }
    let (v4, v6) = default_addresses(&devices, &system.links.routes()?);
    for (key, address) in [("local-ipv4", v4), ("local-ipv6", v6)] {
        if let Some(address) = address {
            info.insert(key.to_owned(), address.into());
        }
    }
    Ok(info)
}

/// The canonical name of this host in its name services, or its own name.
fn full_name(system: &System) -> String {
    let own = system.environment.uname().node;
    if own.is_empty() || system.commands.which("getent").is_none() {
        return own;
    }
    let found = system.commands.run(&Command::line(["getent", "ahosts", own.as_str()]).accept(&[0, 2]));
    let text = found.map(|output| output.text()).unwrap_or_default();
    let canonical = text.lines().find_map(|line| line.split_ascii_whitespace().nth(2)).map(str::to_owned);
    canonical.unwrap_or(own)
}

/// The only address of the device with the default route, for each family; or the only one of the device that has the
/// other family's.
fn default_addresses(devices: &[Device], routes: &[Route]) -> (Option<String>, Option<String>) {
    let device = |v4: bool| {
        let is_default = |route: &&Route| {
            route.table == Route::MAIN
                && route.kind == "unicast"
                && route.prefix == 0
                && route.destination.is_ipv4() == v4
        };
        let name = &routes.iter().find(is_default)?.interface;
        devices.iter().find(|device| device.link.name == *name)
    };
    let only_v4 = |device: &Device| match device.v4.as_slice() {
        [only] => Some(only.address.to_string()),
        _ => None,
    };
    let only_v6 = |device: &Device| match device.v6.as_slice() {
        [only] => Some(shown_v6(only)),
        _ => None,
    };
    let mut v4 = device(true).and_then(only_v4);
    let mut v6 = device(false).and_then(only_v6);
    if let (Some(known), None) = (&v4, &v6) {
        let has = |device: &&Device| device.v4.iter().any(|address| address.address.to_string() == *known);
        v6 = devices.iter().filter(has).find_map(only_v6);
    } else if let (None, Some(known)) = (&v4, &v6) {
        let has = |device: &&Device| device.v6.iter().any(|address| shown_v6(address) == *known);
        v4 = devices.iter().filter(has).find_map(only_v4);
    }
    (v4, v6)
}

/// Addresses that other machines can use.
fn is_usable(address: &Address) -> bool {
    match address.address {
        IpAddr::V4(v4) => !(v4.is_loopback() || v4.is_link_local() || v4.is_unspecified()),
        IpAddr::V6(v6) => {
            !(v6.is_loopback() || v6.is_unspecified() || v6.segments()[0] & 0xffc0 == 0xfe80)
        }
    }
}

fn v4_entry(address: &Address) -> Value {
    let broadcast = address.broadcast.map(|address| address.to_string()).unwrap_or_default();
    json!({"broadcast": broadcast, "netmask": v4_mask(address.prefix), "addr": address.address.to_string()})
}

fn v6_entry(address: &Address) -> Value {
    let prefix = if address.peer { 128 } else { address.prefix };
    let bits = u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0);
    let mask = Ipv6Addr::from_bits(bits);
    json!({"netmask": format!("{mask}/{prefix}"), "addr": address.address.to_string()})
}

fn interfaces(devices: &[Device]) -> Value {
    let (mut by_mac, mut by_v4, mut by_v6) = (Map::new(), Map::new(), Map::new());
    for Device { link, v4, v6 } in devices {
        let mac = if link.hardware_type == ETHERNET { link.mac.as_str() } else { "" };
        if mac == "00:00:00:00:00:00" {
            continue;
        }
        let mut own = Map::new();
        for (family, addresses, entry, by_address) in [
            ("ipv4", v4, v4_entry as fn(&Address) -> Value, &mut by_v4),
            ("ipv6", v6, v6_entry as fn(&Address) -> Value, &mut by_v6),
        ] {
            if addresses.is_empty() {
                continue;
            }
            let entries: Vec<Value> = addresses.iter().filter(|address| is_usable(address)).map(entry).collect();
            for entry in &entries {
                let mut entry = entry.as_object().cloned().unwrap_or_default();
                let Some(Value::String(address)) = entry.shift_remove("addr") else { continue };
                if !mac.is_empty() {
                    entry.insert("mac".to_owned(), mac.into());
                }
                by_address.insert(address, entry.into());
            }
            own.insert(family.to_owned(), entries.into());
        }
        if !mac.is_empty() && !own.is_empty() {
            by_mac.insert(mac.to_owned(), own.into());
        }
    }
    json!({"by-mac": by_mac, "by-ipv4": by_v4, "by-ipv6": by_v6})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(name: &str, addresses: &[(&str, u8)]) -> Device {
        let link = Link {
            name: name.to_owned(),
            mac: "00:50:56:00:00:01".to_owned(),
            hardware_type: ETHERNET,
            ..Link::default()
        };
        let parsed = addresses.iter().map(|(text, prefix)| Address::new(text.parse().expect("valid"), *prefix));
        let (v4, v6) = parsed.partition(|address| address.address.is_ipv4());
        Device { link, v4, v6 }
    }

    fn route(to: &str, interface: &str) -> Route {
        Route {
            destination: to.parse().expect("valid"),
            prefix: 0,
            gateway: None,
            interface: interface.to_owned(),
            metric: None,
            kind: "unicast",
            table: Route::MAIN,
            expires: false,
        }
    }

    #[test]
    fn the_address_of_the_default_route() {
        let devices = [device("ens1", &[("192.0.2.5", 24), ("2001:db8::5", 64)]), device("ens2", &[("10.0.0.5", 8)])];
        let both = (Some("192.0.2.5".to_owned()), Some("2001:db8::5/64".to_owned()));
        assert_eq!(default_addresses(&devices, &[route("0.0.0.0", "ens1")]), both);
        assert_eq!(default_addresses(&devices, &[route("::", "ens1")]), both);
        assert_eq!(default_addresses(&devices, &[]), (None, None));
        let several = [device("ens1", &[("192.0.2.5", 24), ("192.0.2.6", 24)])];
        assert_eq!(default_addresses(&several, &[route("0.0.0.0", "ens1")]), (None, None));
    }

    #[test]
    fn addresses_by_device_and_by_themselves() {
        let found = interfaces(&[device("ens1", &[("192.0.2.5", 24), ("fe80::1", 64), ("2001:db8::5", 64)])]);
        let v4 = json!({"broadcast": "", "netmask": "255.255.255.0", "addr": "192.0.2.5"});
        let v6 = json!({"netmask": "ffff:ffff:ffff:ffff::/64", "addr": "2001:db8::5"});
        let mac = "00:50:56:00:00:01";
        assert_eq!(
            found,
            json!({
                "by-mac": {mac: {"ipv4": [v4], "ipv6": [v6]}},
                "by-ipv4": {"192.0.2.5": {"broadcast": "", "netmask": "255.255.255.0", "mac": mac}},
                "by-ipv6": {"2001:db8::5": {"netmask": "ffff:ffff:ffff:ffff::/64", "mac": mac}},
            })
        );
    }

    /// The original's `get_host_info`: names only where there is one.
    #[test]
    fn a_host_without_a_name_has_none() {
        for (hostname, names) in [("", vec![]), ("box\n", vec!["hostname", "local-hostname", "local_hostname"])] {
            let (system, _) = system::Scratch::new().file("/etc/hostname", hostname).system();
            let info = describe(&system).expect("no error");
            let found: Vec<&str> = info.keys().map(String::as_str).filter(|key| *key != "network").collect();
            assert_eq!(found, names);
            assert!(names.iter().all(|name| info[*name] == "box"), "{info:?}");
        }
    }

    /// Like Python's `getfqdn`: the canonical name of getent(1), if it prints one.
    #[test]
    fn the_canonical_name_of_a_host() {
        for (programs, answer, name) in [
            (&["/usr/bin/getent"][..], "192.0.2.5 STREAM box.example.org\n192.0.2.5 DGRAM\n", "box.example.org"),
            (&["/usr/bin/getent"], "192.0.2.5 STREAM\n", "box"),
            (&["/usr/bin/getent"], "", "box"),
            (&[], "192.0.2.5 STREAM box.example.org\n", "box"),
        ] {
            let (mut system, _) = system::Scratch::new().programs(programs).file("/etc/hostname", "box\n").system();
            let answering = system::Answering::over(&system).prints("getent ahosts box", answer);
            system.commands = std::sync::Arc::new(answering);
            assert_eq!(full_name(&system), name, "{programs:?} {answer}");
        }
    }

    /// The original's `wait_on_network`: for each family that the metadata asks for; this program gives up after ten
    /// minutes (docs/differences.md).
    #[test]
    fn addresses_are_waited_for_where_that_is_wanted() {
        for (wait, seconds) in [
            (json!({"ipv4": true}), 600),
            (json!({"ipv6": true}), 600),
            (json!({"ipv4": false, "ipv6": false}), 0),
            (json!({"ipv4": "yes"}), 600),
            (json!({"ipv6": " TRUE "}), 600),
            (json!({"ipv4": "no", "ipv6": "2"}), 0),
            (json!({"ipv4": 1}), 600),
            (json!({"ipv4": 0, "ipv6": 2}), 0),
            (json!({"ipv4": null}), 0),
            (json!({}), 0),
            (json!(null), 0),
        ] {
            let (system, _) = system::Scratch::new().system();
            wait_for(&system, &json!({"wait-on-network": wait})).expect("no error");
            assert_eq!(system.clock.monotonic().as_secs(), seconds, "{wait}");
        }
    }

    /// Upstream's `is_valid_ip_addr`: neither loopback, nor link-local, nor unspecified.
    #[test]
    fn addresses_that_others_can_use() {
        for (address, usable) in [
            ("192.0.2.1", true),
            ("127.0.0.1", false),
            ("169.254.1.1", false),
            ("0.0.0.0", false),
            ("2001:db8::1", true),
            ("fec0::1", true),
            ("::1", false),
            ("::", false),
            ("fe80::1", false),
            ("febf::1", false),
        ] {
            let address = Address::new(address.parse().expect("valid"), 24);
            assert_eq!(is_usable(&address), usable, "{address:?}");
        }
    }

    #[test]
    fn only_unicast_routes_to_everything_in_the_main_table_count() {
        let devices = [device("ens1", &[("192.0.2.5", 24)]), device("ens2", &[("10.0.0.5", 8)])];
        let other = |change: fn(&mut Route)| {
            let mut other = route("0.0.0.0", "ens1");
            change(&mut other);
            [other, route("0.0.0.0", "ens2")]
        };
        let second = (Some("10.0.0.5".to_owned()), None);
        for routes in [
            other(|route| route.table = 7),
            other(|route| route.kind = "blackhole"),
            other(|route| route.prefix = 8),
            other(|route| route.destination = "::".parse().expect("valid")),
        ] {
            assert_eq!(default_addresses(&devices, &routes), second, "{routes:?}");
        }
    }

    #[test]
    fn devices_without_a_hardware_address() {
        let none = json!({"by-mac": {}, "by-ipv4": {}, "by-ipv6": {}});
        let mut loopback = device("lo", &[("192.0.2.5", 24)]);
        loopback.link.mac = "00:00:00:00:00:00".to_owned();
        assert_eq!(interfaces(&[loopback]), none);
        assert_eq!(interfaces(&[device("ens1", &[])]), none);
        let mut tunnel = device("tun0", &[("192.0.2.5", 24)]);
        tunnel.link.hardware_type = ETHERNET + 1;
        let entry = json!({"broadcast": "", "netmask": "255.255.255.0"});
        assert_eq!(interfaces(&[tunnel]), json!({"by-mac": {}, "by-ipv4": {"192.0.2.5": entry}, "by-ipv6": {}}));
        let local = interfaces(&[device("ens1", &[("169.254.1.1", 16)])]);
        assert_eq!(local, json!({"by-mac": {"00:50:56:00:00:01": {"ipv4": []}}, "by-ipv4": {}, "by-ipv6": {}}));
    }

    /// netifaces: the prefix length of an address with a peer is 128.
    #[test]
    fn masks_of_version_6() {
        for (prefix, peer, netmask) in [
            (64, false, "ffff:ffff:ffff:ffff::/64"),
            (0, false, "::/0"),
            (128, false, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"),
            (64, true, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"),
        ] {
            let mut address = Address::new("2001:db8::1".parse().expect("valid"), prefix);
            address.peer = peer;
            assert_eq!(v6_entry(&address), json!({"netmask": netmask, "addr": "2001:db8::1"}));
        }
    }
}
