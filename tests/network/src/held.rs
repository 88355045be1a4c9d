//! Whether what is described is in ours, by a reading of both that shares nothing with the program: what holds ours where
//! the original raised, and everywhere else, too.

use crate::Output;
use crate::compare::{Entry, Files, entries};
use crate::describe::{Description, Link, Route};

/// A part of a description that no file has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The link; empty where it is said of none.
    pub link: String,
    /// What it is.
    pub what: Fact,
}

/// What a description says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// An address with its prefix.
    Address(String),
    /// A gateway.
    Gateway(String),
    /// A route.
    Route(Route),
    /// A name server.
    Server(String),
    /// A search domain.
    Domain(String),
    /// An MTU.
    Mtu(String),
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", self.link, self.what)
    }
}

/// A part of a description that ours does not write where the original raised.
pub struct Loss {
    /// Its name in the table.
    pub name: &'static str,
    /// Why.
    pub reason: &'static str,
    /// The outputs that it concerns.
    pub outputs: &'static [&'static str],
    /// Whether it is this one.
    pub is: fn(&Link, &Fact, output: &str) -> bool,
}

/// All of them. The original loses the same where it does not raise.
pub const LOSSES: &[Loss] = &[
    Loss {
        name: "one-default-route",
        reason: "a link has one gateway (NetworkManager: one metric) for the default routes of a family: the last one counts",
        outputs: &["sysconfig", "network-manager"],
        is: |link, fact, output| {
            let gateway = match fact {
                Fact::Gateway(gateway) if output == "sysconfig" => gateway,
                Fact::Route(route)
                    if route.is_default() && (output == "sysconfig" || route.metric.is_some()) =>
                {
                    &route.via
                }
                _ => return false,
            };
            let routes = link.routes().filter(|route| route.is_default()).map(|route| &route.via);
            let mut all = link.subnets.iter().flat_map(|subnet| &subnet.gateways).chain(routes);
            all.any(|other| other != gateway && other.contains(':') == gateway.contains(':'))
        },
    },
    Loss {
        name: "servers-of-no-family",
        reason: "name servers of a family in which the link has no address (interfaces(5): none that is described): \
                 NetworkManager refuses them, no stanza has them",
        outputs: &["network-manager", "eni"],
        is: |link, fact, output| {
            let Fact::Server(server) = fact else { return false };
            let v6 = server.contains(':');
            match output {
                "eni" => !link.addresses().any(|address| address.contains(':') == v6),
                _ if v6 => !link.describes_ipv6(),
                _ => !link.describes_ipv4(),
            }
        },
    },
];

/// The statements about one link.
struct Said(Vec<Entry>);

impl Said {
    /// Whether one statement has all of these words.
    fn has(&self, words: &[&str]) -> bool {
        self.0.iter().any(|entry| {
            let of = |letter: char| !(letter.is_ascii_alphanumeric() || ":.-_".contains(letter));
            words.iter().all(|word| entry.text.split(of).any(|known| known == *word))
        })
    }

    fn has_text(&self, text: &str) -> bool {
        self.0.iter().any(|entry| entry.text == text)
    }

    /// The values of keys.
    fn values(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.iter().filter_map(|entry| entry.text.split_once('='));
        pairs.filter_map(move |(key, value)| Some((key.strip_prefix(prefix)?, value)))
    }
}

/// What is described and neither written nor reported.
pub fn missing(
    description: &Description,
    output: Output,
    files: &Files,
    unexpressed: &[(String, usize)],
) -> Vec<Missing> {
    let mut all: Vec<(&str, Entry)> = Vec::new();
    for (path, (_, content)) in files {
        all.extend(entries(output, path, content).into_iter().map(|entry| (path.as_str(), entry)));
    }
    let said = |of: &dyn Fn(&str, &Entry) -> bool| -> Said {
        Said(all.iter().filter(|(path, entry)| of(path, entry)).map(|(_, entry)| entry.clone()).collect())
    };
    let mut reports = Reports::of(unexpressed);
    let resolver = said(&|path, _| path.ends_with("/resolv.conf"));
    let everything = said(&|_, _| true);
    let mut missing = Vec::new();
    for link in description.links.iter().filter(|link| link.kind != "loopback") {
        let own = said(&|path, entry| is_of(link, output, path, entry));
        let word = |text: &str| own.has(&[text]) || resolver.has(&[text]);
        for what in facts(link) {
            let is = match &what {
                Fact::Address(address) => has_address(&own, output, address),
                Fact::Gateway(gateway) => own.has(&[gateway]),
                Fact::Route(route) => has_route(&own, output, route),
                Fact::Server(text) | Fact::Domain(text) | Fact::Mtu(text) => word(text),
            };
            if !is && !reports.has(&link.name, keys(&what)) {
                missing.push(Missing { link: link.name.clone(), what });
            }
        }
    }
    let of_no_link = description.routes.iter().cloned().map(Fact::Route);
    let servers = description.servers.iter().cloned().map(Fact::Server);
    for what in of_no_link.chain(servers).chain(description.domains.iter().cloned().map(Fact::Domain)) {
        let is = match &what {
            Fact::Route(route) => has_route(&everything, output, route),
            Fact::Server(text) | Fact::Domain(text) => everything.has(&[text]),
            _ => true,
        };
        if !is && !reports.has("", keys(&what)) {
            missing.push(Missing { link: String::new(), what });
        }
    }
    missing
}

/// Keys whose report is for all below them.
const WHOLE: &[&str] = &[
    "match",
    "infiniband",
    "nameservers",
    "nameserver",
    "routes",
    "addresses",
    "search",
    "dns_nameservers",
    "dns_search",
];

/// The reports of what is not expressed: each is for one place, and for no other.
struct Reports<'r> {
    left: Vec<(&'r str, usize)>,
    used: Vec<(String, &'r str)>,
}

impl<'r> Reports<'r> {
    fn of(unexpressed: &'r [(String, usize)]) -> Self {
        let left = unexpressed.iter().map(|(key, places)| (key.as_str(), *places)).collect();
        Self { left, used: Vec::new() }
    }

    /// Whether a part of a link that is missing is reported by one of these keys.
    fn has(&mut self, link: &str, keys: &[&str]) -> bool {
        let whole = |(of, key): &(String, &str)| of == link && keys.contains(key) && WHOLE.contains(key);
        if self.used.iter().any(whole) {
            return true;
        }
        let Some((key, left)) = self.left.iter_mut().find(|(key, left)| keys.contains(key) && *left > 0)
        else {
            return false;
        };
        *left -= 1;
        self.used.push((link.to_owned(), key));
        true
    }
}

fn facts(link: &Link) -> Vec<Fact> {
    let mut found: Vec<Fact> = link.addresses().cloned().map(Fact::Address).collect();
    found.extend(link.subnets.iter().flat_map(|subnet| &subnet.gateways).cloned().map(Fact::Gateway));
    found.extend(link.routes().cloned().map(Fact::Route));
    found.extend(link.servers().cloned().map(Fact::Server));
    found.extend(link.domains().cloned().map(Fact::Domain));
    found.extend(link.mtu().map(Fact::Mtu));
    found
}

/// The keys of a description by which a part of it may be reported.
fn keys(what: &Fact) -> &'static [&'static str] {
    match what {
        Fact::Address(_) => &["address", "infiniband", "match"],
        Fact::Gateway(_) => &["gateway", "gateway4", "gateway6", "infiniband", "match"],
        Fact::Route(_) => {
            &["route", "routes", "to", "via", "destination", "network", "gateway", "infiniband", "match"]
        }
        Fact::Server(_) => {
            &["nameservers", "addresses", "dns_nameservers", "nameserver", "address", "infiniband", "match"]
        }
        Fact::Domain(_) => &["nameservers", "nameserver", "search", "dns_search", "infiniband", "match"],
        Fact::Mtu(_) => &["mtu", "infiniband", "match"],
    }
}

/// Whether a statement is about a link.
fn is_of(link: &Link, output: Output, path: &str, entry: &Entry) -> bool {
    let file = path.rsplit('/').next().unwrap_or_default();
    let name = link.name.as_str();
    match output.renderer {
        "eni" => entry.place == format!("{name} inet") || entry.place == format!("{name} inet6"),
        "netplan" => entry.place.split_once('.').is_some_and(|(_, id)| id == link.id),
        "networkd" => [format!("10-cloud-init-{name}.network"), format!("10-cloud-init-{name}.netdev")]
            .contains(&file.to_owned()),
        "network-manager" => file == format!("cloud-init-{}.nmconnection", link.id),
        "sysconfig" => ["ifcfg-", "route-", "route6-", "ifroute-"]
            .iter()
            .any(|prefix| file.strip_prefix(prefix) == Some(name)),
        // One link each.
        _ => true,
    }
}

fn has_address(own: &Said, output: Output, address: &str) -> bool {
    let (bare, prefix) = address.split_once('/').unwrap_or((address, "32"));
    let v6 = bare.contains(':');
    let network =
        Route { network: bare.to_owned(), prefix: prefix.parse().unwrap_or_default(), ..Route::default() };
    match output.renderer {
        "eni" => own.has_text(&format!("address {address}")),
        "netplan" => {
            let text = format!("addresses: \"{address}\"");
            own.has_text(&text)
                || own.0.iter().any(|entry| entry.text.starts_with(&format!("addresses: {{\"{address}\"")))
        }
        "networkd" => own.has_text(&format!("Address={address}")),
        "network-manager" => own.values("address").any(|(_, value)| value == address),
        "sysconfig" if v6 => ["IPV6ADDR", "IPADDR6"].iter().any(|key| {
            own.values(key).any(|(_, value)| value.trim_matches('"').split(' ').any(|one| one == address))
        }),
        "sysconfig" => own.values("IPADDR").any(|(number, value)| {
            value == bare && own.has_text(&format!("NETMASK{number}={}", network.netmask()))
        }),
        _ => own.has(&[bare, &network.netmask()]),
    }
}

fn has_route(own: &Said, output: Output, route: &Route) -> bool {
    let mut options: Vec<&str> = Vec::new();
    for value in [&route.metric, &route.table, &route.mtu].into_iter().flatten() {
        options.push(value);
    }
    let network = route.network.as_str();
    let with = |words: &[&str]| -> bool {
        let mut all = vec![route.via.as_str()];
        all.extend_from_slice(words);
        own.has(&all)
    };
    match output.renderer {
        "network-manager" => {
            let section = if route.is_v6() { "[ipv6]" } else { "[ipv4]" };
            let of_family = own.0.iter().filter(|entry| entry.place == section);
            let own = Said(of_family.cloned().collect());
            let (cidr, via) = (route.cidr(), &route.via);
            own.values("route").any(|(number, value)| {
                let mut parts = value.split(',');
                let here = parts.next() == Some(cidr.as_str()) && parts.next() == Some(via.as_str());
                let metric = parts.next();
                let more = own.values(&format!("route{number}_options")).map(|(_, value)| value).next();
                let option = |key: &str, value: &Option<String>| {
                    value.as_ref().is_none_or(|value| {
                        more.is_some_and(|more| more.split(',').any(|one| one == format!("{key}={value}")))
                    })
                };
                let of_link = own.values("route-metric").map(|(_, value)| value).next();
                here && route.metric.as_deref().is_none_or(|wanted| metric.or(of_link) == Some(wanted))
                    && option("table", &route.table)
                    && option("mtu", &route.mtu)
            })
        }
        // The link's own variables have its default route.
        "sysconfig" if route.is_default() && route.table.is_none() => {
            let variable = if route.is_v6() { "IPV6_DEFAULTGW" } else { "GATEWAY" };
            own.has_text(&format!("{variable}={}", route.via)) || with(&["default"]) || with(&[network])
        }
        "networkd" => {
            let mut wanted = vec![format!("Destination={}", route.cidr()), format!("Gateway={}", route.via)];
            for (key, value) in [("Metric", &route.metric), ("Table", &route.table), ("MTUBytes", &route.mtu)]
            {
                wanted.extend(value.iter().map(|value| format!("{key}={value}")));
            }
            own.0.iter().any(|entry| {
                let said: Vec<&str> = entry.text.split(' ').collect();
                entry.place == "[Route]" && wanted.iter().all(|line| said.contains(&line.as_str()))
            })
        }
        "netplan" => own.0.iter().any(|entry| {
            let said = entry.text.strip_prefix("routes: ").and_then(|text| serde_json::from_str(text).ok());
            said.is_some_and(|said: serde_json::Value| Route::read(&said) == *route)
        }),
        _ => {
            let named = [&options[..], &[network]].concat();
            let everywhere = [&options[..], &["default"]].concat();
            with(&named) || (route.is_default() && with(&everywhere))
        }
    }
}
