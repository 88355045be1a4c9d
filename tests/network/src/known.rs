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
    /// What a line that differs has in it, where the difference is this one.
    pub lines: &'static [&'static str],
}

/// Whether a value anywhere in a description makes this true.
fn anywhere(value: &Value, test: &dyn Fn(&str, &Value) -> bool) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(key, inner)| test(key, inner) || anywhere(inner, test)),
        Value::Array(list) => list.iter().any(|inner| anywhere(inner, test)),
        _ => false,
    }
}

/// Whether version 2 says more of a route than where it leads, or has policy rules.
fn is_policy(key: &str) -> bool {
    matches!(key, "table" | "on-link" | "routing-policy")
}

/// Whether a link of version 2 has IPv6 first and a route of IPv4.
fn has_mixed_routes(link: &Value) -> bool {
    let is_v6 = |value: &Value| value.as_str().is_some_and(|text| text.contains(':'));
    let gateways = link["routes"].as_array().is_some_and(|all| all.iter().any(|route| !is_v6(&route["via"])));
    gateways
        && (link["dhcp6"] == true || link["addresses"].as_array().is_some_and(|all| all.iter().any(is_v6)))
}

/// All of them.
pub const KNOWN: &[Known] = &[
    Known {
        name: "routes-of-no-link",
        reason: "version 1's routes of no link are dropped, given to every link, or put after the last one",
        outputs: &["eni", "netplan", "networkd", "network-manager", "sysconfig", "sysconfig-suse"],
        applies: |config| anywhere(config, &|key, value| key == "type" && value == "route"),
        lines: &[
            "ip route ",
            "ip -family inet6 route ",
            "[Route]",
            "Destination=",
            "Gateway=",
            "Metric=",
            "routes:",
            "to: ",
            "via: ",
            "metric: ",
            "+ route",
            "+ ADDRESS",
            "+ GATEWAY",
            "+ NETMASK",
            "+ METRIC",
            // One more route moves the numbers of those behind it.
            "- route",
            "- ADDRESS",
            "- GATEWAY",
            "- NETMASK",
            "- METRIC",
            "+ IPV6_DEFAULTGW=",
            "+ DEFROUTE=",
            "+ # Created by",
            "+ #",
            " via ",
        ],
    },
    Known {
        name: "policy-routes",
        reason: "tables, gateways on the link, MTUs of routes and policy rules are dropped",
        outputs: &["eni", "networkd", "network-manager", "sysconfig", "sysconfig-suse"],
        applies: |config| {
            anywhere(config, &|key, value| {
                is_policy(key) || (key == "routes" && anywhere(value, &|key, _| key == "mtu"))
            })
        },
        lines: &[
            " table ",
            " mtu ",
            " onlink",
            "table=",
            "onlink=",
            "MTUBytes=",
            "GatewayOnLink=",
            "routing-rule",
            // A family of which only rules are described.
            "+ [ipv",
            "+ method=disabled",
            "+ may-fail=false",
            "- GATEWAY=",
            "+ GATEWAY=",
            "DHCLIENT_SET_DEFAULT_ROUTE=",
            "- ADDRESS",
            "- GATEWAY",
            "- NETMASK",
            "- METRIC",
            "- DEFROUTE=",
            "- IPV6_DEFAULTGW=",
            "+ IPV6_DEFAULTGW=",
            "IPV4_ROUTE_METRIC=",
            "IPV6_ROUTE_METRIC=",
            "ip route ",
            "ip -family inet6 route ",
            " via ",
            "route-metric=",
            "route1",
            "route2",
            "route3",
            "+ # Created by",
            "+ #",
        ],
    },
    Known {
        name: "dhcp-overrides",
        reason: "all but the metric is dropped, by networkd for links that are no ethernet",
        outputs: &["networkd", "network-manager", "sysconfig"],
        applies: |config| anywhere(config, &|key, _| key.ends_with("-overrides")),
        lines: &[
            "+ ignore-auto-",
            "+ dhcp-send-hostname=",
            "+ PEER",
            "+ DHCP_SEND_HOSTNAME=",
            "+ [DHCPv",
            "+ Use",
            "+ RouteMetric=",
            "+ SendHostname=",
        ],
    },
    Known {
        name: "match",
        reason: "an id is taken for a name, and drivers are dropped",
        outputs: &["networkd", "network-manager"],
        applies: |config| anywhere(config, &|key, _| key == "match"),
        lines: &["+ [match]", "+ driver=", "interface-name=", "Name="],
    },
    Known {
        name: "advertisements",
        reason: "what is described of router advertisements is dropped",
        outputs: &["network-manager", "networkd", "eni", "sysconfig"],
        applies: |config| anywhere(config, &|key, _| key == "accept-ra" || key == "optional"),
        lines: &[
            "[ipv6]",
            "method=",
            "may-fail=",
            // Name servers of a family that takes advertisements.
            "+ dns=",
            "+ dns-search=",
            "+ [Link]",
            "IPv6AcceptRA=",
            "RequiredForOnline=",
            "accept_ra ",
            "optional ",
            "+ IPV6_FORCE_ACCEPT_RA=",
        ],
    },
    Known {
        name: "given-addresses",
        reason: "the hardware address that a bond or VLAN is to have is dropped",
        outputs: &["network-manager"],
        applies: |config| {
            anywhere(config, &|key, _| key == "bonds" || key == "vlans")
                || anywhere(config, &|key, value| key == "type" && (value == "bond" || value == "vlan"))
        },
        lines: &["+ cloned-mac-address=", "+ [ethernet]"],
    },
    Known {
        name: "given-mtu",
        reason: "the MTU of a VLAN or bridge is dropped",
        outputs: &["network-manager"],
        applies: |config| {
            let of_one = |link: &Value| {
                link.get("mtu").is_some()
                    || anywhere(link, &|key, _| key == "subnets") && anywhere(link, &|key, _| key == "mtu")
            };
            anywhere(config, &|key, links| {
                (key == "vlans" || key == "bridges")
                    && links.as_object().is_some_and(|all| all.values().any(of_one))
                    || key == "config"
                        && links.as_array().is_some_and(|all| {
                            all.iter().any(|link| {
                                ["vlan", "bridge"].contains(&link["type"].as_str().unwrap_or_default())
                                    && of_one(link)
                            })
                        })
            })
        },
        lines: &["+ mtu=", "+ [ethernet]"],
    },
    Known {
        name: "routes-in-their-stanza",
        reason: "a route of IPv4 is set before the link has an address of IPv4, which fails",
        outputs: &["eni"],
        applies: |config| anywhere(config, &|_, link| has_mixed_routes(link)),
        lines: &["another order:"],
    },
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
        lines: &["-     accept-ra ", "+     accept_ra ", "+     dhcp "],
    },
    Known {
        name: "bond-options",
        reason: "options of a bond whose names have '-' are dropped",
        outputs: &["network-manager"],
        applies: |config| anywhere(config, &|key, _| key == "bonds" || key == "bond_interfaces"),
        lines: &[
            "+ ad_select=",
            "+ fail_over_mac=",
            "+ lacp_rate=",
            "+ min_links=",
            "+ num_grat_arp=",
            "+ primary_reselect=",
            "+ xmit_hash_policy=",
        ],
    },
    Known {
        name: "netplan-empty",
        reason: "netplan's library writes no file for a description without a link that netplan knows",
        outputs: &["netplan"],
        applies: |config| anywhere(config, &|key, value| key == "type" && value == "infiniband"),
        lines: &["+ # ", "+ network:", "+     version: 2"],
    },
    Known {
        name: "bond-primary",
        reason: "the primary link of a bond is dropped",
        outputs: &["networkd"],
        applies: |config| anywhere(config, &|key, _| key == "primary" || key == "bond-primary"),
        lines: &["PrimarySlave=yes"],
    },
    Known {
        name: "infiniband",
        reason: "InfiniBand without an MTU lacks its transport mode, without which NetworkManager refuses the connection",
        outputs: &["network-manager"],
        applies: |config| anywhere(config, &|key, value| key == "type" && value == "infiniband"),
        lines: &["+ transport-mode=datagram", "+ mac-address=", "- interface-name="],
    },
    Known {
        name: "dhcp-metrics",
        reason: "metrics that differ between DHCP's families make netplan refuse the whole file",
        outputs: &["netplan"],
        applies: |config| anywhere(config, &|key, _| key == "metric"),
        lines: &["dhcp4-overrides:", "dhcp6-overrides:", "route-metric:"],
    },
    Known {
        name: "bond-member-mac",
        reason: "members of a bond are matched by the address that the bond gives all of them",
        outputs: &["networkd"],
        applies: |config| anywhere(config, &|key, _| key == "bonds" || key == "bond_interfaces"),
        lines: &["MACAddress="],
    },
    Known {
        name: "suse-routes",
        reason: "no route is written, default routes included",
        outputs: &["sysconfig-suse"],
        applies: |config| anywhere(config, &|key, _| key == "routes" || key.starts_with("gateway")),
        lines: &[
            "+ # Created by",
            "+ #",
            " - eth",
            " - ens",
            " - enp",
            " - bond0",
            " - br0",
            " - uplink",
            " - wan0",
            " - storage",
        ],
    },
    Known {
        name: "bond-mode",
        reason: "a mode by its number is handed on to those that take names",
        outputs: &["netplan", "networkd"],
        applies: |config| anywhere(config, &|key, value| key == "bond-mode" && value.is_number()),
        lines: &["mode: 1", "mode: active-backup", "Mode=1", "Mode=active-backup"],
    },
];

/// Those that together explain every line of a difference; none where one is left.
pub fn explanations(config: &Value, output: Output, difference: &str) -> Vec<&'static Known> {
    let possible: Vec<&Known> = KNOWN
        .iter()
        .filter(|known| known.outputs.contains(&output.name) && (known.applies)(config))
        .collect();
    let changed = |line: &&str| {
        let rest = ["  - ", "  + "].iter().find_map(|sign| line.strip_prefix(sign));
        rest.is_some_and(|rest| !rest.is_empty())
    };
    let mut found: Vec<&'static Known> = Vec::new();
    let moved = |line: &&str| *line == "  another order:";
    for line in difference.lines().filter(|line| changed(line) || moved(line)) {
        let known = possible.iter().find(|known| known.lines.iter().any(|word| line.contains(word)));
        let Some(known) = known else { return Vec::new() };
        if !found.iter().any(|other| other.name == known.name) {
            found.push(known);
        }
    }
    found
}
