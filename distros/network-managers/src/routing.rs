//! Policy rules and routes in the syntax of ip-rule(8) and ip-route(8), used by several network managers.

use indexmap::IndexMap;
#[cfg(feature = "ifcfg")]
use netconfig::Route;
use netconfig::{Scalar, address};

/// netplan's names and those of ip-rule(8).
const WORDS: &[(&str, &str)] = &[
    ("from", "from"),
    ("to", "to"),
    ("mark", "fwmark"),
    ("type-of-service", "tos"),
    ("table", "table"),
    ("priority", "priority"),
];

/// Whether a rule is for IPv6.
pub(crate) fn is_v6(rule: &IndexMap<String, Scalar>) -> bool {
    ["from", "to"]
        .iter()
        .filter_map(|key| rule.get(*key))
        .any(|network| address::is_v6_network(&network.to_string()))
}

/// A rule in the syntax of ip-rule(8), and whether it is for IPv6.
pub(crate) fn rule_words(rule: &IndexMap<String, Scalar>) -> (bool, String) {
    let said = WORDS.iter().filter_map(|(key, word)| Some(format!("{word} {}", rule.get(*key)?)));
    (is_v6(rule), said.collect::<Vec<_>>().join(" "))
}

/// Whether a route has more than a destination, a gateway and a metric.
#[cfg(feature = "ifcfg")]
pub(crate) fn is_particular(route: &Route) -> bool {
    route.gateway.is_none() || route.table.is_some() || route.mtu.is_some() || route.on_link == Some(true)
}

/// A route in the syntax of ip-route(8).
#[cfg(feature = "ifcfg")]
pub(crate) fn route_words(route: &Route, link: &str) -> String {
    let mut words =
        if route.is_default() { "default".to_owned() } else { format!("{}/{}", route.network, route.prefix) };
    words.extend(route.gateway.iter().map(|gateway| format!(" via {gateway}")));
    words.extend(route.metric.iter().map(|metric| format!(" metric {metric}")));
    words.push_str(&format!(" dev {link}"));
    words.extend(route.table.iter().map(|table| format!(" table {table}")));
    words.extend(route.mtu.iter().map(|mtu| format!(" mtu {mtu}")));
    if route.on_link == Some(true) && route.gateway.is_some() {
        words.push_str(" onlink");
    }
    words
}
