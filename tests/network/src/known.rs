//! Where the original is wrong and ours is not: each with its reason, and a row in docs/differences.md.

use serde_json::Value;

use crate::Output;

/// A disagreement that is meant.
pub struct Known {
    /// Its name in the table.
    pub name: &'static str,
    /// Why.
    pub reason: &'static str,
    /// The outputs that it concerns.
    pub outputs: &'static [&'static str],
    /// Whether a description can show it.
    pub applies: fn(&Value) -> bool,
    /// Whether the difference, or the original's exception, is its.
    pub explains: fn(&str) -> bool,
}

/// Whether a value anywhere in a description makes this true.
fn anywhere(value: &Value, test: &dyn Fn(&str, &Value) -> bool) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(key, inner)| test(key, inner) || anywhere(inner, test)),
        Value::Array(list) => list.iter().any(|inner| anywhere(inner, test)),
        _ => false,
    }
}

/// Whether every line that differs has one of these in it.
fn only(difference: &str, words: &[&str]) -> bool {
    let mut lines =
        difference.lines().filter(|line| line.starts_with("  - ") || line.starts_with("  + ")).peekable();
    lines.peek().is_some() && lines.all(|line| words.iter().any(|word| line.contains(word)))
}

/// All of them.
pub const KNOWN: &[Known] = &[
    Known {
        name: "accept-ra",
        reason: "accept_ra is spelled so that ifupdown does not know it; it and dhcp of an address behind the first are dropped",
        outputs: &["eni"],
        applies: |config| {
            anywhere(config, &|key, value| {
                key == "accept-ra"
                    || (key == "type" && value.as_str().is_some_and(|kind| kind.starts_with("ipv6_")))
            })
        },
        explains: |difference| only(difference, &["-     accept-ra ", "+     accept_ra ", "+     dhcp "]),
    },
    Known {
        name: "bond-options",
        reason: "options of a bond whose names have '-' are dropped",
        outputs: &["network-manager"],
        applies: |config| anywhere(config, &|key, _| key == "bonds" || key == "bond_interfaces"),
        explains: |difference| {
            only(
                difference,
                &[
                    "+ ad_select=",
                    "+ fail_over_mac=",
                    "+ lacp_rate=",
                    "+ min_links=",
                    "+ num_grat_arp=",
                    "+ primary_reselect=",
                    "+ xmit_hash_policy=",
                ],
            )
        },
    },
    Known {
        name: "netplan-empty",
        reason: "netplan's library writes no file for a description without a link that netplan knows",
        outputs: &["netplan"],
        applies: |config| anywhere(config, &|key, value| key == "type" && value == "infiniband"),
        explains: |difference| {
            difference.contains("only ours writes it") && difference.ends_with("network:\n    version: 2\n")
        },
    },
    Known {
        name: "bond-primary",
        reason: "the primary link of a bond is dropped",
        outputs: &["networkd"],
        applies: |config| anywhere(config, &|key, _| key == "primary" || key == "bond-primary"),
        explains: |difference| only(difference, &["PrimarySlave=yes"]),
    },
];

/// The one that explains a difference.
pub fn explanation(config: &Value, output: Output, difference: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| {
        known.outputs.contains(&output.name) && (known.applies)(config) && (known.explains)(difference)
    })
}
