//! Routes and policy rules.

use super::{Case, Known};
use crate::describe::{Link, Route, Subnet};

/// ifupdown's two lines of a route.
fn stanza_lines(route: &Route, link: &str, all: bool) -> [String; 2] {
    let family = if route.is_v6() { " -family inet6" } else { "" };
    let mut rest = if route.is_default() { " default".to_owned() } else { format!(" {}", route.cidr()) };
    rest.push_str(&format!(" via {}", route.via));
    if all && route.on_link {
        rest.push_str(&format!(" dev {link}"));
    }
    rest.extend(route.metric.iter().map(|metric| format!(" metric {metric}")));
    if all {
        rest.extend(route.table.iter().map(|table| format!(" table {table}")));
        rest.extend(route.mtu.iter().map(|mtu| format!(" mtu {mtu}")));
        rest.push_str(if route.on_link { " onlink" } else { "" });
    }
    [
        format!("post-up ip{family} route add{rest} || true"),
        format!("pre-down ip{family} route del{rest} || true"),
    ]
}

/// networkd's section. The original knows tables.
fn section(route: &Route, all: bool) -> String {
    let mut lines = vec![format!("Destination={}", route.cidr()), format!("Gateway={}", route.via)];
    lines.extend(route.metric.iter().map(|metric| format!("Metric={metric}")));
    lines.extend(route.table.iter().map(|table| format!("Table={table}")));
    if all {
        lines.extend(route.mtu.iter().map(|mtu| format!("MTUBytes={mtu}")));
        lines.extend(route.on_link.then(|| "GatewayOnLink=yes".to_owned()));
    }
    lines.sort();
    lines.join(" ")
}

/// A line of `route-LINK` in its two forms.
fn route_line(route: &Route, link: &str, words: bool) -> String {
    let metric = route.metric.as_ref().map_or_else(String::new, |metric| format!("metric {metric}"));
    let to = if route.is_default() { "default".to_owned() } else { route.cidr() };
    if !words && route.is_v6() {
        return format!("{} via {} {metric} dev {link}", route.cidr(), route.via);
    }
    let metric = if metric.is_empty() { metric } else { format!(" {metric}") };
    if !words {
        return format!("{} {} via {}{metric}", route.network, route.netmask(), route.via);
    }
    let mut line = format!("{to} via {}{metric} dev {link}", route.via);
    line.extend(route.table.iter().map(|table| format!(" table {table}")));
    line.extend(route.mtu.iter().map(|mtu| format!(" mtu {mtu}")));
    line.push_str(if route.on_link { " onlink" } else { "" });
    line
}

fn family(route: &Route) -> &'static str {
    if route.is_v6() { "[ipv6]" } else { "[ipv4]" }
}

pub(super) const OF_NO_LINK: Known = Known {
    name: "routes-of-no-link",
    reason: "version 1's routes of no link are dropped, given to every link, or put after the last one",
    outputs: &["eni", "netplan", "networkd", "network-manager", "sysconfig"],
    patterns: &[
        "eni",
        "netplan",
        "networkd",
        "networkd: order",
        "network-manager",
        "sysconfig",
        "sysconfig: file",
    ],
    differences: |case| {
        let description = case.description;
        for route in &description.routes {
            let home = description.home(route);
            match case.output {
                "eni" => {
                    for line in stanza_lines(route, "", false) {
                        let path = "/etc/network/interfaces.d/50-cloud-init";
                        case.theirs("eni", path, "", line.clone());
                        if let Some((home, _)) = home {
                            let inet = if route.is_v6() { "inet6" } else { "inet" };
                            case.ours("eni", path, &format!("{} {inet}", home.name), line);
                        }
                    }
                }
                "networkd" => {
                    for link in case.links() {
                        let (path, text) = (case.file(link), section(route, false));
                        if home.is_some_and(|(home, _)| home.name == link.name) {
                            case.moved("networkd: order", &path, vec![format!("[Route] | {text}")]);
                        } else {
                            case.theirs("networkd", &path, "[Route]", text);
                        }
                    }
                }
                _ => {
                    if let Some((home, subnet)) = home {
                        one_more(case, home, subnet, route);
                    }
                }
            }
        }
    },
};

/// NetworkManager's value, without options.
fn keyfile_route(route: &Route) -> String {
    let metric = route.metric.as_ref().map_or_else(String::new, |metric| format!(",{metric}"));
    format!("{},{}{metric}", route.cidr(), route.via)
}

/// A route behind those of its subnet.
fn one_more(case: &mut Case<'_>, link: &Link, subnet: usize, route: &Route) {
    let path = case.file(link);
    match case.output {
        "netplan" => {
            let mut said = serde_json::Map::new();
            if let Some(metric) = route.metric.as_ref().and_then(|metric| metric.parse::<u64>().ok()) {
                said.insert("metric".to_owned(), metric.into());
            }
            said.insert("to".to_owned(), route.cidr().into());
            said.insert("via".to_owned(), route.via.clone().into());
            let section = match link.kind.as_str() {
                "physical" => "ethernets",
                "bond" => "bonds",
                "bridge" => "bridges",
                _ => "vlans",
            };
            let text = format!("routes: {}", serde_json::Value::Object(said));
            case.ours("netplan", &path, &format!("{section}.{}", link.name), text);
        }
        "network-manager" => {
            let said =
                |subnet: &Subnet| subnet.routes.iter().filter(|other| other.is_v6() == route.is_v6()).count();
            let before: usize = link.subnets[..=subnet].iter().map(said).sum();
            let behind = link.routes().filter(|other| other.is_v6() == route.is_v6()).skip(before);
            // One more moves the numbers of those behind it.
            for (number, other) in behind.enumerate() {
                let text = |number: usize| format!("route{number}={}", keyfile_route(other));
                case.theirs("network-manager", &path, family(route), text(before + number + 1));
                case.ours("network-manager", &path, family(route), text(before + number + 2));
            }
            let text = format!("route{}={}", before + 1, keyfile_route(route));
            case.ours("network-manager", &path, family(route), text);
        }
        _ => {
            let mut via = link.subnets.iter().flat_map(|subnet| &subnet.gateways);
            if let Some(own) = via.rfind(|via| via.contains(':') == route.is_v6())
                && route.is_default()
            {
                let gateway = if route.is_v6() { "IPV6_DEFAULTGW" } else { "GATEWAY" };
                case.theirs("sysconfig", &path, "", format!("{gateway}={own}"));
                case.ours("sysconfig", &path, "", format!("{gateway}={}", route.via));
            }
            for (name, v6) in [("/route-", false), ("/route6-", true)] {
                let path = path.replace("/ifcfg-", name);
                case.new_file("sysconfig: file", &path, "#");
                if v6 == route.is_v6() {
                    case.ours("sysconfig", &path, "", route_line(route, &link.name, false));
                    if !v6 {
                        case.ours("sysconfig", &path, "form", "numbered");
                    }
                }
            }
        }
    }
}

pub(super) const PARTICULAR: Known = Known {
    name: "policy-routes",
    reason: "tables, gateways on the link and MTUs of routes are dropped",
    outputs: &["eni", "networkd", "network-manager", "sysconfig"],
    patterns: &[
        "eni",
        "networkd",
        "options",
        "metric of another table",
        "route file",
        "route file: form",
        "route file: new",
        "default of another table",
        "DHCLIENT_SET_DEFAULT_ROUTE",
    ],
    differences: |case| {
        for link in case.links() {
            match case.output {
                "eni" => particular_eni(case, link),
                "networkd" => {
                    for route in link.routes().filter(|route| route.mtu.is_some() || route.on_link) {
                        let path = case.file(link);
                        case.theirs("networkd", &path, "[Route]", section(route, false));
                        case.ours("networkd", &path, "[Route]", section(route, true));
                    }
                }
                "network-manager" => particular_keyfile(case, link),
                _ => particular_sysconfig(case, link),
            }
        }
    },
};

fn particular_eni(case: &mut Case<'_>, link: &Link) {
    let path = case.file(link);
    for route in link.routes().filter(|route| route.is_particular()) {
        let inet = if route.is_v6() { "inet6" } else { "inet" };
        for line in stanza_lines(route, &link.name, false) {
            // The original has them in the first stanza.
            let first = if link.starts_with_ipv6() { "inet6" } else { "inet" };
            let place = if route.is_v6() { inet } else { first };
            case.theirs("eni", &path, &format!("{} {place}", link.name), line);
        }
        for line in stanza_lines(route, &link.name, true) {
            let place = if has_v4(link) || route.is_v6() { inet } else { "inet6" };
            case.ours("eni", &path, &format!("{} {place}", link.name), line);
        }
    }
}

fn has_v4(link: &Link) -> bool {
    link.entry["dhcp4"] == true || link.addresses().any(|address| !address.contains(':'))
}

/// The metric of the link's own default routes: the last one that is said.
fn own_metric<'r>(routes: impl Iterator<Item = &'r Route>) -> Option<&'r String> {
    let own = routes.filter(|route| route.is_default() && route.table.is_none());
    own.filter_map(|route| route.metric.as_ref()).last()
}

fn particular_keyfile(case: &mut Case<'_>, link: &Link) {
    let path = case.file(link);
    for v6 in [false, true] {
        let of_family = || link.routes().filter(|route| route.is_v6() == v6);
        for (number, route) in of_family().enumerate() {
            let key = format!("route{}", number + 1);
            let mut options: Vec<String> = Vec::new();
            options.extend(route.table.iter().map(|table| format!("table={table}")));
            options.extend(route.mtu.iter().map(|mtu| format!("mtu={mtu}")));
            // The original knows MTUs.
            if let (Some(mtu), true) = (&route.mtu, route.table.is_some() || route.on_link) {
                case.theirs("options", &path, family(route), format!("{key}_options=mtu={mtu}"));
            }
            options.extend(route.on_link.then(|| "onlink=true".to_owned()));
            if route.table.is_some() || route.on_link {
                case.ours("options", &path, family(route), format!("{key}_options={}", options.join(",")));
            }
            if let (Some(metric), true, true) = (&route.metric, route.is_default(), route.table.is_some()) {
                let pattern = "metric of another table";
                let plain = format!("{key}={},{}", route.cidr(), route.via);
                case.theirs(pattern, &path, family(route), format!("route-metric={metric}"));
                case.ours(pattern, &path, family(route), format!("{plain},{metric}"));
                case.theirs(pattern, &path, family(route), plain);
                // That of the link's own table is what counts then.
                if let Some(own) = own_metric(of_family()) {
                    case.ours(pattern, &path, family(route), format!("route-metric={own}"));
                }
            }
        }
    }
}

fn particular_sysconfig(case: &mut Case<'_>, link: &Link) {
    let (ifcfg, name) = (case.file(link), link.name.as_str());
    for v6 in [false, true] {
        let of_family: Vec<&Route> = link.routes().filter(|route| route.is_v6() == v6).collect();
        if !of_family.iter().any(|route| route.is_particular()) {
            continue;
        }
        let path = ifcfg.replace("/ifcfg-", if v6 { "/route6-" } else { "/route-" });
        for path in ["/route-", "/route6-"].map(|file| ifcfg.replace("/ifcfg-", file)) {
            case.new_file("route file: new", &path, "#");
        }
        if !v6 {
            // The two forms do not mix: that of words is for all of them.
            case.theirs("route file: form", &path, "form", "numbered");
        }
        for route in &of_family {
            if !v6 || route.is_particular() {
                case.theirs("route file", &path, "", route_line(route, name, false));
                case.ours("route file", &path, "", route_line(route, name, true));
            }
        }
        default_of_another_table(case, link, &of_family);
    }
}

/// A default route of another table is not the link's own.
fn default_of_another_table(case: &mut Case<'_>, link: &Link, of_family: &[&Route]) {
    let (pattern, ifcfg) = ("default of another table", case.file(link));
    let defaults = || of_family.iter().filter(|route| route.is_default());
    let Some(tabled) = defaults().find(|route| route.table.is_some()) else { return };
    let v6 = tabled.is_v6();
    let gateway = if v6 { "IPV6_DEFAULTGW" } else { "GATEWAY" };
    // The original goes by the link's first address.
    let metric = if link.starts_with_ipv6() { "IPV6_ROUTE_METRIC" } else { "IPV4_ROUTE_METRIC" };
    case.theirs(pattern, &ifcfg, "", format!("{gateway}={}", tabled.via));
    if let Some(value) = &tabled.metric {
        case.theirs(pattern, &ifcfg, "", format!("{metric}={value}"));
    }
    if let Some(own) = own_metric(of_family.iter().copied()) {
        case.ours(pattern, &ifcfg, "", format!("{metric}={own}"));
    }
    let gateways =
        link.subnets.iter().flat_map(|subnet| &subnet.gateways).filter(|via| via.contains(':') == v6);
    // Routes come behind the gateway of their addresses.
    let own = gateways.chain(defaults().filter(|route| route.table.is_none()).map(|route| &route.via)).last();
    match own {
        Some(own) => case.ours(pattern, &ifcfg, "", format!("{gateway}={own}")),
        None => case.theirs(pattern, &ifcfg, "", "DEFROUTE=yes"),
    }
    case.theirs("DHCLIENT_SET_DEFAULT_ROUTE", &ifcfg, "", "DHCLIENT_SET_DEFAULT_ROUTE=yes");
    case.ours("DHCLIENT_SET_DEFAULT_ROUTE", &ifcfg, "", "DHCLIENT_SET_DEFAULT_ROUTE=no");
}

pub(super) const RULES: Known = Known {
    name: "policy-rules",
    reason: "policy rules are dropped",
    outputs: &["eni", "network-manager", "sysconfig"],
    patterns: &["eni", "network-manager", "family of rules alone", "sysconfig"],
    differences: |case| {
        for link in case.links() {
            for rule in link.entry["routing-policy"].as_array().into_iter().flatten() {
                // Only these two keys are drawn.
                let Some(from) = rule["from"].as_str() else { continue };
                let words = format!("from {from} table {}", rule["table"]);
                let path = case.file(link);
                match case.output {
                    "eni" => {
                        for family in ["inet", "inet6"] {
                            let place = format!("{} {family}", link.name);
                            case.ours("eni", &path, &place, format!("post-up ip rule add {words} || true"));
                            case.ours("eni", &path, &place, format!("pre-down ip rule del {words} || true"));
                        }
                    }
                    "network-manager" => {
                        let text = format!("routing-rule1=priority 32765 {words}");
                        case.ours("network-manager", &path, "[ipv4]", text);
                        for line in ["", "method=disabled", "may-fail=false"] {
                            case.ours("family of rules alone", &path, "[ipv4]", line);
                        }
                    }
                    _ => {
                        let path = path.replace("/ifcfg-", "/rule-");
                        case.new_file("sysconfig", &path, "");
                        case.ours("sysconfig", &path, "", words);
                    }
                }
            }
        }
    },
};

pub(super) const IN_THEIR_STANZA: Known = Known {
    name: "routes-in-their-stanza",
    reason: "a route of IPv4 is set before the link has an address of IPv4, which fails",
    outputs: &["eni"],
    patterns: &["stanza"],
    differences: |case| {
        for link in case.links().filter(|link| link.starts_with_ipv6() && has_v4(link)) {
            let path = case.file(link);
            let plain = link.routes().filter(|route| !route.is_v6() && !route.is_particular());
            for line in plain.flat_map(|route| stanza_lines(route, &link.name, false)) {
                case.theirs("stanza", &path, &format!("{} inet6", link.name), line.clone());
                case.ours("stanza", &path, &format!("{} inet", link.name), line);
            }
        }
    },
};
