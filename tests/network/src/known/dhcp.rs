//! What is taken of DHCP's answers and of router advertisements.

use serde_json::Value;

use super::{Case, Known};
use crate::describe::{Link, scalar};

/// A boolean as systemd's file has it.
fn python(value: &Value) -> String {
    match value {
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        other => scalar(other).unwrap_or_default(),
    }
}

pub(super) const OVERRIDES: Known = Known {
    name: "dhcp-overrides",
    reason: "all but the metric is dropped, by networkd for links that are no ethernet",
    outputs: &["networkd", "network-manager", "sysconfig"],
    patterns: &["networkd", "ignore-auto", "send-hostname", "PEER", "DHCP_SEND_HOSTNAME"],
    differences: |case| {
        for link in case.links() {
            for (family, number) in [("ipv4", "4"), ("ipv6", "6")] {
                let given = &link.entry[format!("dhcp{number}-overrides")];
                if given.is_object() {
                    overrides(case, link, given, family, number);
                }
            }
        }
    },
};

fn overrides(case: &mut Case<'_>, link: &Link, given: &Value, family: &str, number: &str) {
    let path = case.file(link);
    let off = |key: &str| given[key] == false;
    match case.output {
        "networkd" if link.kind != "physical" => {
            let section = format!("[DHCPv{number}]");
            case.section("networkd", &path, &section);
            let options: &[(&str, &str)] = &[
                ("use-dns", "UseDNS"),
                ("use-ntp", "UseNTP"),
                ("send-hostname", "SendHostname"),
                ("route-metric", "RouteMetric"),
                ("use-routes", "UseRoutes"),
            ];
            for (key, option) in options {
                if let Some(value) = given.get(*key) {
                    case.ours("networkd", &path, &section, format!("{option}={}", python(value)));
                }
            }
        }
        "network-manager" => {
            let section = format!("[{family}]");
            for (key, option) in [("use-dns", "ignore-auto-dns"), ("use-routes", "ignore-auto-routes")] {
                if off(key) {
                    case.ours("ignore-auto", &path, &section, format!("{option}=true"));
                }
            }
            if off("send-hostname") {
                case.ours("send-hostname", &path, &section, "dhcp-send-hostname=false");
            }
        }
        "sysconfig" => {
            for (pattern, key, option) in [
                ("PEER", "use-dns", "PEERDNS"),
                ("PEER", "use-routes", "PEERROUTES"),
                ("DHCP_SEND_HOSTNAME", "send-hostname", "DHCP_SEND_HOSTNAME"),
            ] {
                if off(key) {
                    case.ours(pattern, &path, "", format!("{option}=no"));
                }
            }
        }
        _ => {}
    }
}

pub(super) const ADVERTISEMENTS: Known = Known {
    name: "advertisements",
    reason: "what is described of router advertisements is dropped",
    outputs: &["network-manager", "networkd", "sysconfig"],
    patterns: &["networkd", "sysconfig", "section", "auto", "link-local", "both families", "name servers"],
    differences: |case| {
        for link in case.links() {
            let Some(accept) = link.entry["accept-ra"].as_bool() else { continue };
            let path = case.file(link);
            match case.output {
                "networkd" => {
                    let word = if accept { "yes" } else { "no" };
                    case.ours("networkd", &path, "[Network]", format!("IPv6AcceptRA={word}"));
                }
                "sysconfig" => {
                    let word = if accept { "yes" } else { "no" };
                    case.ours("sysconfig", &path, "", format!("IPV6_FORCE_ACCEPT_RA={word}"));
                }
                _ => accept_by_networkmanager(case, link, accept, &path),
            }
        }
    },
};

fn accept_by_networkmanager(case: &mut Case<'_>, link: &Link, accept: bool, path: &str) {
    if link.describes_ipv6() {
        if accept {
            case.theirs("auto", path, "[ipv6]", "method=manual");
            case.ours("auto", path, "[ipv6]", "method=auto");
            // Now both come over the network, of which one is enough.
            for family in ["[ipv4]", "[ipv6]"] {
                case.theirs("both families", path, family, "may-fail=false");
                case.ours("both families", path, family, "may-fail=true");
            }
        }
        return;
    }
    case.section("section", path, "[ipv6]");
    if !accept {
        return case.ours("link-local", path, "[ipv6]", "method=link-local");
    }
    case.ours("auto", path, "[ipv6]", "method=auto");
    case.ours("auto", path, "[ipv6]", "may-fail=true");
    // Name servers of a family that takes advertisements, in their order.
    let (servers, domains) = name_servers(case, link);
    let servers: Vec<String> = servers.into_iter().filter(|server| server.contains(':')).collect();
    if !servers.is_empty() {
        case.ours("name servers", path, "[ipv6]", format!("dns={};", servers.join(";")));
    }
    if !domains.is_empty() {
        case.ours("name servers", path, "[ipv6]", format!("dns-search={};", domains.join(";")));
    }
}

/// The link's own, else those of no link.
fn name_servers(case: &Case<'_>, link: &Link) -> (Vec<String>, Vec<String>) {
    let or = |own: Vec<String>, others: &[String]| if own.is_empty() { others.to_vec() } else { own };
    (
        or(link.servers().cloned().collect(), &case.description.servers),
        or(link.domains().cloned().collect(), &case.description.domains),
    )
}

pub(super) const ACCEPT_RA: Known = Known {
    name: "accept-ra",
    reason: "accept_ra is spelled so that ifupdown does not know it; it and dhcp of an address behind the first are dropped",
    outputs: &["eni"],
    patterns: &["accept-ra", "accept_ra", "dhcp"],
    differences: |case| {
        for link in case.links() {
            let path = case.file(link);
            let places = ["inet", "inet6"].map(|family| format!("{} {family}", link.name));
            if let Some(accept) = link.entry["accept-ra"].as_bool() {
                let value = u8::from(accept);
                // A stanza for each address, and the original's first.
                for place in &places {
                    case.theirs("accept-ra", &path, place, format!("accept-ra {value}"));
                    for _ in 0..=link.subnets.len() + link.addresses().count() {
                        case.ours("accept_ra", &path, place, format!("accept_ra {value}"));
                    }
                }
            }
            for subnet in &link.subnets {
                match subnet.kind.as_str() {
                    "ipv6_slaac" => case.ours("dhcp", &path, &places[1], "dhcp 0"),
                    "ipv6_dhcpv6-stateless" => case.ours("dhcp", &path, &places[1], "dhcp 1"),
                    _ => {}
                }
            }
        }
    },
};

pub(super) const METRICS: Known = Known {
    name: "dhcp-metrics",
    reason: "metrics that differ between DHCP's families make netplan refuse the whole file",
    outputs: &["netplan"],
    patterns: &["the other family", "of IPv4"],
    differences: |case| {
        for link in case.links() {
            let section = match link.kind.as_str() {
                "physical" => "ethernets",
                "bond" => "bonds",
                "bridge" => "bridges",
                _ => "vlans",
            };
            let (path, place) = (case.file(link), format!("{section}.{}", link.name));
            // The last of a family counts.
            let metric = |v6: bool| {
                let subnets = link.entry["subnets"].as_array().into_iter().flatten();
                let of_family = subnets.filter(|subnet| {
                    let kind = subnet["type"].as_str().unwrap_or_default();
                    if v6 {
                        kind == "dhcp6" || kind.starts_with("ipv6")
                    } else {
                        kind == "dhcp" || kind == "dhcp4"
                    }
                });
                of_family.filter_map(|subnet| scalar(&subnet["metric"])).next_back()
            };
            let text = |number: &str, metric: &str| format!("dhcp{number}-overrides.route-metric: {metric}");
            match (metric(false), metric(true)) {
                (Some(v4), None) => case.ours("the other family", &path, &place, text("6", &v4)),
                (None, Some(v6)) => case.ours("the other family", &path, &place, text("4", &v6)),
                (Some(v4), Some(v6)) if v4 != v6 => {
                    case.theirs("of IPv4", &path, &place, text("6", &v6));
                    case.ours("of IPv4", &path, &place, text("6", &v4));
                }
                _ => {}
            }
        }
    },
};
