//! The tables of devices, addresses and routes that a boot prints to the console.

use std::net::IpAddr;

use model::effects::{Address, Link, LinkError, Links, Route};
use netconfig::address::v4_mask;

/// The placeholder for an empty cell.
const EMPTY: &str = ".";
/// The prefix of each line, which separates it from other boot output.
const PREFIX: &str = "ci-info: ";

/// A table in upstream's format.
struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    fn new(fields: &[&str]) -> Self {
        Self { rows: vec![fields.iter().map(|field| (*field).to_owned()).collect()] }
    }

    fn row(&mut self, cells: &[&str]) {
        self.rows.push(cells.iter().map(|cell| (*cell).to_owned()).collect());
    }

    /// The table below its title.
    fn titled(&self, title: &str) -> String {
        let columns = self.rows.first().map_or(0, Vec::len);
        let width = |column: usize| {
            self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default() + 2
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>().join("+");
        let line = format!("+{line}+");
        let mut lines = vec![format!("{title:+^size$}", size = line.len()), line.clone()];
        for (number, row) in self.rows.iter().enumerate() {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| centered(cell, *width)).collect();
            lines.push(format!("|{}|", cells.join("|")));
            if number == 0 {
                lines.push(line.clone());
            }
        }
        lines.push(line);
        lines.join("\n")
    }
}

/// Like Python's `str.center`: an odd number of spaces gives one more to the left if the width is odd.
fn centered(text: &str, width: usize) -> String {
    let spaces = width.saturating_sub(text.chars().count());
    let left = spaces / 2 + (spaces & width & 1);
    format!("{}{text}{}", " ".repeat(left), " ".repeat(spaces - left))
}

/// ARP hardware type of Ethernet; the hardware address of other devices is not shown.
const ETHERNET: u32 = 1;

fn or_empty(text: &str) -> &str {
    if text.is_empty() { EMPTY } else { text }
}

fn devices(links: &[(Link, Vec<Address>)]) -> String {
    let mut table = Table::new(&["Device", "Up", "Address", "Mask", "Scope", "Hw-Address"]);
    for (link, addresses) in links {
        // The carrier is readable only if the device is up.
        let up = if link.carrier == Some(true) { "True" } else { "False" };
        let mac = if link.hardware_type == ETHERNET { or_empty(&link.mac) } else { EMPTY };
        for address in addresses.iter().filter(|known| known.address.is_ipv4()) {
            let mask = v4_mask(address.prefix);
            table.row(&[&link.name, up, &address.address.to_string(), &mask, or_empty(&address.scope), mac]);
        }
        for address in addresses.iter().filter(|known| known.address.is_ipv6()) {
            // With a peer, the prefix is the peer's.
            let shown = if address.peer {
                address.address.to_string()
            } else {
                format!("{}/{}", address.address, address.prefix)
            };
            table.row(&[&link.name, up, &shown, EMPTY, or_empty(&address.scope), mac]);
        }
        if addresses.is_empty() {
            table.row(&[&link.name, up, EMPTY, EMPTY, EMPTY, mac]);
        }
    }
    table.titled("Net device info")
}

fn routes_v4(routes: &[&Route]) -> String {
    let mut table = Table::new(&["Route", "Destination", "Gateway", "Genmask", "Interface", "Flags"]);
    for (number, route) in routes.iter().enumerate() {
        let default = route.prefix == 0;
        let mut flags = "U".to_owned();
        if route.gateway.is_some() {
            flags.push('G');
        }
        if route.prefix == 32 {
            flags.push('H');
        }
        let gateway = route.gateway.map(|gateway| gateway.to_string());
        let gateway = gateway.unwrap_or_else(|| if default { String::new() } else { "0.0.0.0".to_owned() });
        let (destination, mask) = (route.destination.to_string(), v4_mask(route.prefix));
        table.row(&[&number.to_string(), &destination, &gateway, &mask, &route.interface, &flags]);
    }
    table.titled("Route IPv4 info")
}

fn routes_v6(routes: &[&Route]) -> String {
    let mut table = Table::new(&["Route", "Destination", "Gateway", "Interface", "Flags"]);
    for (number, route) in routes.iter().enumerate() {
        if route.interface == "lo" {
            continue;
        }
        // Upstream reads iproute2's output: special routes start with their type, host routes have no prefix.
        let destination = match (route.kind, route.prefix) {
            ("unicast", 0) => "::/0".to_owned(),
            ("unicast", 128) => route.destination.to_string(),
            ("unicast", prefix) => format!("{}/{prefix}", route.destination),
            (kind, _) => kind.to_owned(),
        };
        let mut flags = if route.gateway.is_some() || (route.kind == "unicast" && route.prefix == 0) {
            "UG".to_owned()
        } else {
            "U".to_owned()
        };
        if route.expires {
            flags.push('e');
        }
        let gateway = route.gateway.map_or_else(|| "::".to_owned(), |gateway| gateway.to_string());
        table.row(&[&number.to_string(), &destination, &gateway, &route.interface, &flags]);
    }
    table.titled("Route IPv6 info")
}

/// The tables, with a prefix on each line; an error message replaces an unreadable table.
pub fn tables(links: &dyn Links) -> String {
    let failed = |what: &str, error: &LinkError| format!("{:!^80}", format!("{what} failed ({error})"));
    let read = || -> Result<Vec<(Link, Vec<Address>)>, LinkError> {
        let with_addresses = |link: Link| Ok((link.clone(), links.addresses(&link.name)?));
        links.links()?.into_iter().map(with_addresses).collect()
    };
    let mut parts = vec![match read() {
        Ok(found) if found.is_empty() => String::new(),
        Ok(found) => devices(&found),
        Err(error) => failed("Net device info", &error),
    }];
    match links.routes() {
        Ok(routes) => {
            let is_v4 = |route: &&Route| matches!(route.destination, IpAddr::V4(_));
            let v4: Vec<&Route> =
                routes.iter().filter(is_v4).filter(|route| route.table == Route::MAIN).collect();
            let v6: Vec<&Route> = routes.iter().filter(|route| !is_v4(route)).collect();
            if !v4.is_empty() {
                parts.push(routes_v4(&v4));
            }
            if !v6.is_empty() {
                parts.push(routes_v6(&v6));
            }
        }
        Err(error) => parts.push(failed("Route info", &error)),
    }
    let mut text = String::new();
    for line in parts.iter().flat_map(|part| part.split('\n')) {
        text.push_str(PREFIX);
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str, prefix: u8, scope: &str) -> Address {
        Address { scope: scope.to_owned(), ..Address::new(text.parse().expect("an address"), prefix) }
    }

    #[test]
    fn devices_are_shown_as_the_original_shows_them() {
        let wired = Link {
            name: "enp0s25".into(),
            mac: "50:7b:9d:2c:af:91".into(),
            hardware_type: 1,
            carrier: Some(true),
            ..Link::default()
        };
        let lo = Link { name: "lo".into(), hardware_type: 772, carrier: Some(true), ..Link::default() };
        let found = [
            (
                wired,
                vec![
                    address("192.168.2.18", 24, "global"),
                    address("fe80::7777:2222:1111:eeee", 64, "global"),
                    address("fe80::8107:2b92:867e:f8a6", 64, "link"),
                ],
            ),
            (lo, vec![address("127.0.0.1", 8, "host"), address("::1", 128, "host")]),
        ];
        // The layout of upstream's tests/data/netinfo; its sample lacks the scopes of IPv4.
        let expected = "\
+++++++++++++++++++++++++++++++++++++++Net device info++++++++++++++++++++++++++++++++++++++++
+---------+------+------------------------------+---------------+--------+-------------------+
|  Device |  Up  |           Address            |      Mask     | Scope  |     Hw-Address    |
+---------+------+------------------------------+---------------+--------+-------------------+
| enp0s25 | True |         192.168.2.18         | 255.255.255.0 | global | 50:7b:9d:2c:af:91 |
| enp0s25 | True | fe80::7777:2222:1111:eeee/64 |       .       | global | 50:7b:9d:2c:af:91 |
| enp0s25 | True | fe80::8107:2b92:867e:f8a6/64 |       .       |  link  | 50:7b:9d:2c:af:91 |
|    lo   | True |          127.0.0.1           |   255.0.0.0   |  host  |         .         |
|    lo   | True |           ::1/128            |       .       |  host  |         .         |
+---------+------+------------------------------+---------------+--------+-------------------+";
        assert_eq!(devices(&found), expected);
    }

    #[test]
    fn routes_are_shown_as_the_original_shows_them() {
        let to = |network: &str, prefix: u8, gateway: Option<&str>, interface: &str| Route {
            destination: network.parse().expect("an address"),
            prefix,
            gateway: gateway.map(|text| text.parse().expect("an address")),
            interface: interface.into(),
            ..Route::default()
        };
        let v4 = [
            to("0.0.0.0", 0, Some("192.168.2.1"), "enp0s25"),
            to("0.0.0.0", 0, Some("192.168.2.1"), "wlp3s0"),
            to("192.168.2.0", 24, None, "enp0s25"),
        ];
        let expected = "\
+++++++++++++++++++++++++++++Route IPv4 info+++++++++++++++++++++++++++++
+-------+-------------+-------------+---------------+-----------+-------+
| Route | Destination |   Gateway   |    Genmask    | Interface | Flags |
+-------+-------------+-------------+---------------+-----------+-------+
|   0   |   0.0.0.0   | 192.168.2.1 |    0.0.0.0    |  enp0s25  |   UG  |
|   1   |   0.0.0.0   | 192.168.2.1 |    0.0.0.0    |   wlp3s0  |   UG  |
|   2   | 192.168.2.0 |   0.0.0.0   | 255.255.255.0 |  enp0s25  |   U   |
+-------+-------------+-------------+---------------+-----------+-------+";
        assert_eq!(routes_v4(&v4.iter().collect::<Vec<_>>()), expected);
        let mut own = to("2a00:abcd:82ae:cd33::657", 128, None, "enp0s25");
        own.expires = true;
        let local = Route { kind: "local", ..to("2a00:abcd:82ae:cd33::657", 128, None, "enp0s25") };
        let v6 = [
            own,
            to("2a00:abcd:82ae:cd33::", 56, Some("fe80::32ee:54de:cd43:b4e1"), "enp0s25"),
            to("::1", 128, None, "lo"),
            local,
            to("::", 0, Some("fe80::32ee:54de:cd43:b4e1"), "enp0s25"),
        ];
        let shown = routes_v6(&v6.iter().collect::<Vec<_>>());
        let lines: Vec<&str> = shown.lines().skip(4).collect();
        assert_eq!(
            lines[..4],
            [
                "|   0   | 2a00:abcd:82ae:cd33::657 |             ::            |  enp0s25  |   Ue  |",
                "|   1   | 2a00:abcd:82ae:cd33::/56 | fe80::32ee:54de:cd43:b4e1 |  enp0s25  |   UG  |",
                "|   3   |          local           |             ::            |  enp0s25  |   U   |",
                "|   4   |           ::/0           | fe80::32ee:54de:cd43:b4e1 |  enp0s25  |   UG  |",
            ]
        );
    }

    /// Upstream's `route_info` (cloudinit/netinfo.py).
    #[test]
    fn routes_are_shown_by_family_and_kind() {
        let route = |destination: &str, prefix: u8, gateway: Option<&str>, kind: &'static str| Route {
            destination: destination.parse().expect("an address"),
            prefix,
            gateway: gateway.map(|gateway| gateway.parse().expect("an address")),
            interface: "eth0".to_owned(),
            kind,
            metric: None,
            table: Route::MAIN,
            expires: false,
        };
        let (any, net, host, local) = (
            route("::", 0, Some("fe80::1"), "unicast"),
            Route { expires: true, ..route("2001:db8::", 64, None, "unicast") },
            route("2001:db8::7", 128, None, "unicast"),
            route("fe80::", 64, None, "multicast"),
        );
        let lo = Route { interface: "lo".to_owned(), ..route("::1", 128, None, "unicast") };
        let text = routes_v6(&[&any, &lo, &net, &host, &local]);
        let rows: Vec<Vec<&str>> = text
            .lines()
            .filter(|line| line.starts_with('|'))
            .map(|line| line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect())
            .collect();
        assert_eq!(
            rows[1..],
            [
                vec!["0", "::/0", "fe80::1", "eth0", "UG"],
                vec!["2", "2001:db8::/64", "::", "eth0", "Ue"],
                vec!["3", "2001:db8::7", "::", "eth0", "U"],
                vec!["4", "multicast", "::", "eth0", "U"],
            ],
            "{text}"
        );
    }
}
