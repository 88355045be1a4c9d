//! Why the original raises: each reason by its exception and by what of the description it comes from. Any other is a
//! failure of the run.

use crate::Output;
use crate::describe::{Description, scalar};

/// A reason by which the original raises.
pub struct Raised {
    /// Its name in the table.
    pub name: &'static str,
    /// Why.
    pub reason: &'static str,
    /// The outputs that it concerns.
    pub outputs: &'static [&'static str],
    /// The exceptions that a description can raise by it, as Python prints them.
    pub exceptions: fn(&Description) -> Vec<String>,
}

/// All of them.
pub const RAISED: &[Raised] = &[
    Raised {
        name: "address-options",
        reason: "an address of version 2 that has options is taken for no address",
        outputs: &["eni", "networkd", "network-manager", "sysconfig", "sysconfig-suse"],
        exceptions: |description| {
            let addresses = description.links.iter().filter_map(|link| link.entry["addresses"].as_array());
            let with_options = addresses.flatten().filter_map(|address| address.as_object());
            let text = |(address, options): (&String, &serde_json::Value)| {
                let lifetime = scalar(&options["lifetime"]).unwrap_or_default();
                format!(
                    "ValueError: Address {{'{address}': {{'lifetime': {lifetime}}}}} is not a valid ip address"
                )
            };
            with_options.flat_map(|map| map.iter().map(text)).collect()
        },
    },
    Raised {
        name: "metric-of-another-family",
        reason: "a default route with a metric comes before an address of its family",
        outputs: &["network-manager"],
        exceptions: |description| {
            let of = |v6: bool| {
                description.links.iter().filter(move |link| link.starts_with_ipv6() != v6).any(|link| {
                    link.routes()
                        .any(|route| route.is_default() && route.is_v6() == v6 && route.metric.is_some())
                })
            };
            let families = [("ipv4", false), ("ipv6", true)].into_iter().filter(|(_, v6)| of(*v6));
            families.map(|(family, _)| format!("KeyError: '{family}'")).collect()
        },
    },
    Raised {
        name: "costs-of-ports",
        reason: "version 1's costs and priorities of a bridge's ports are a list, which is read as a mapping",
        outputs: &["networkd"],
        exceptions: |description| {
            let mut bridges = description.links.iter().filter(|link| link.kind == "bridge");
            let of_ports = bridges.any(|link| {
                let params = &link.entry["params"];
                params["bridge_pathcost"].is_array() || params["bridge_portprio"].is_array()
            });
            of_ports
                .then(|| "AttributeError: 'list' object has no attribute 'get'".to_owned())
                .into_iter()
                .collect()
        },
    },
];

/// The reason of an exception.
pub fn reason(description: &Description, output: Output, exception: &str) -> Option<&'static Raised> {
    let mut possible = RAISED.iter().filter(|raised| raised.outputs.contains(&output.name));
    possible.find(|raised| (raised.exceptions)(description).iter().any(|known| known == exception))
}
