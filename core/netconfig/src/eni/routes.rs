//! Routes added by commands in a stanza, in the formats of ip-route(8) and route(8).

use serde_json::{Map, Value, json};

/// The route added by a command line such as `ip route add 10.0.0.0/8 via 10.0.0.1 metric 5 || true` or `route add -net
/// 10.0.0.0 netmask 255.0.0.0 gw 10.0.0.1`; `None` if it adds none that version 1 can express.
pub(super) fn read(line: &str) -> Option<Value> {
    let command = line.split("||").next()?.split("&&").next()?.split(';').next()?;
    let mut words = command.split_whitespace().peekable();
    let program = words.next()?;
    match program.rsplit('/').next()? {
        "ip" => {
            let mut v6 = false;
            while let Some(option) = words.next_if(|word| word.starts_with('-')) {
                match option {
                    "-6" => v6 = true,
                    "-4" => {}
                    "-f" | "-family" => v6 = words.next()? == "inet6",
                    _ => return None,
                }
            }
            (words.next()? == "route" && matches!(words.next()?, "add" | "replace" | "append"))
                .then_some(())?;
            by_iproute(words, v6)
        }
        "route" => {
            let words: Vec<&str> = words.collect();
            let added = words.iter().position(|word| *word == "add")?;
            by_route(&[&words[..added], &words[added + 1..]].concat())
        }
        _ => None,
    }
}

fn finished(destination: &str, v6: bool, gateway: Option<&str>, metric: Option<&str>) -> Option<Value> {
    let destination = match (destination, v6) {
        ("default", true) => "::/0",
        ("default", false) => "0.0.0.0/0",
        (other, _) => other,
    };
    let mut route = Map::new();
    route.insert("destination".to_owned(), json!(destination));
    route.insert("gateway".to_owned(), json!(gateway?));
    if let Some(metric) = metric {
        route.insert("metric".to_owned(), json!(metric.parse::<u32>().ok()?));
    }
    Some(Value::Object(route))
}

fn by_iproute<'w>(mut words: impl Iterator<Item = &'w str>, v6: bool) -> Option<Value> {
    let destination = words.next()?;
    let (mut gateway, mut metric) = (None, None);
    while let Some(word) = words.next() {
        match word {
            "via" => gateway = Some(words.next()?),
            "metric" => metric = Some(words.next()?),
            "dev" => drop(words.next()?),
            // A table, a source address or a device option, which version 1 cannot express.
            _ => return None,
        }
    }
    let v6 = v6 || gateway.is_some_and(|gateway| gateway.contains(':'));
    finished(destination, v6, gateway, metric)
}

fn by_route(words: &[&str]) -> Option<Value> {
    let (mut destination, mut mask, mut gateway, mut metric) = (None, None, None, None);
    let (mut v6, mut host) = (false, false);
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        match word {
            "-A" => v6 = words.next()? == "inet6",
            "--inet6" | "-6" => v6 = true,
            "-net" => {}
            "-host" => host = true,
            "netmask" => mask = Some(words.next()?),
            "gw" => gateway = Some(words.next()?),
            "metric" => metric = Some(words.next()?),
            "dev" => drop(words.next()?),
            other if destination.is_none() => destination = Some(other),
            _ => return None,
        }
    }
    let destination = destination?;
    let whole = match mask {
        Some(mask) => format!("{destination}/{mask}"),
        None if host && !destination.contains('/') => format!("{destination}/{}", if v6 { 128 } else { 32 }),
        None => destination.to_owned(),
    };
    finished(&whole, v6, gateway, metric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_programs_forms_are_read() {
        // From the manual pages' examples and upstream's output.
        for (line, destination, gateway, metric) in [
            ("ip route add default via 10.0.0.1 || true", "0.0.0.0/0", "10.0.0.1", None),
            ("ip -family inet6 route add default via fe80::1 metric 5 || true", "::/0", "fe80::1", Some(5)),
            ("/sbin/ip -6 route add 2001:db8::/32 via fe80::1 dev eth0", "2001:db8::/32", "fe80::1", None),
            (
                "route add -net 192.56.76.0 netmask 255.255.255.0 gw 10.0.0.1",
                "192.56.76.0/255.255.255.0",
                "10.0.0.1",
                None,
            ),
            ("route add default gw 10.0.0.1 metric 7", "0.0.0.0/0", "10.0.0.1", Some(7)),
            ("route add -A inet6 default gw fe80::1", "::/0", "fe80::1", None),
            ("route add -host 10.9.9.9 gw 10.0.0.1", "10.9.9.9/32", "10.0.0.1", None),
            ("route add -host 10.9.9.0/24 gw 10.0.0.1", "10.9.9.0/24", "10.0.0.1", None),
            ("route -A inet6 add -host 2001:db8::7 gw fe80::1", "2001:db8::7/128", "fe80::1", None),
            ("route -A inet add default gw 10.0.0.1 dev eth0", "0.0.0.0/0", "10.0.0.1", None),
            ("route --inet6 add default gw fe80::1 && true", "::/0", "fe80::1", None),
            ("route -6 add 2001:db8::/32 gw fe80::1; true", "2001:db8::/32", "fe80::1", None),
            ("ip -4 route replace 10.0.0.0/8 via 10.0.0.1", "10.0.0.0/8", "10.0.0.1", None),
            ("ip -f inet route append 10.0.0.0/8 via 10.0.0.1", "10.0.0.0/8", "10.0.0.1", None),
            ("ip -f inet route add default via 10.0.0.1", "0.0.0.0/0", "10.0.0.1", None),
            ("ip route add default via fe80::1", "::/0", "fe80::1", None),
        ] {
            let route = read(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(
                (route["destination"].as_str(), route["gateway"].as_str()),
                (Some(destination), Some(gateway))
            );
            assert_eq!(route.get("metric").and_then(Value::as_i64), metric, "{line}");
        }
        for line in [
            "echo route add",
            "ip addr add 10.0.0.1/8 dev eth0",
            "ip route add 10.0.0.0/8 dev eth0 scope link",
            "route del default",
            "route add default",
            "route add",
            "route add -net 10.0.0.0/8 gw 10.0.0.1 reject",
            "route add default gw",
            "ip route del default via 10.0.0.1",
            "ip -s route add default via 10.0.0.1",
            "ip route add 10.0.0.0/8 via 10.0.0.1 table 5",
            "ip route add 10.0.0.0/8 via 10.0.0.1 metric low",
            "ip route add",
            "",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
