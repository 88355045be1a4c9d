//! What links are found by and what they are given.

use super::{Case, Known};
use crate::describe::{Link, scalar};

pub(super) const MATCH: Known = Known {
    name: "match",
    reason: "an id is taken for a name, and drivers are dropped",
    outputs: &["networkd", "network-manager"],
    patterns: &["driver", "name", "no-name"],
    differences: |case| {
        for link in case.links() {
            let rules = &link.entry["match"];
            let (name, driver) = (scalar(&rules["name"]), scalar(&rules["driver"]));
            // The id beside a match says nothing about the device.
            let opaque = rules.is_object() && link.entry.get("set-name").is_none();
            let path = case.file(link);
            if case.output == "networkd" {
                if opaque {
                    case.theirs("no-name", &path, "[Match]", format!("Name={}", link.name));
                    if let Some(name) = name {
                        case.ours("name", &path, "[Match]", format!("Name={name}"));
                    }
                }
                continue;
            }
            if opaque {
                case.theirs("no-name", &path, "[connection]", format!("interface-name={}", link.name));
            }
            if let Some(name) = name.filter(|_| opaque) {
                case.ours("name", &path, "[match]", "");
                case.ours("name", &path, "[match]", format!("interface-name={name};"));
            }
            if let Some(driver) = driver {
                case.ours("driver", &path, "[match]", "");
                case.ours("driver", &path, "[match]", format!("driver={driver};"));
            }
        }
    },
};

pub(super) const OPTIONAL: Known = Known {
    name: "optional",
    reason: "that a boot may go on without the link is dropped",
    outputs: &["networkd", "eni"],
    patterns: &["optional"],
    differences: |case| {
        for link in case.links().filter(|link| link.entry["optional"].is_boolean()) {
            let (path, optional) = (case.file(link), link.entry["optional"] == true);
            if case.output == "eni" {
                let text = if optional { "optional on" } else { "optional off" };
                for family in ["inet", "inet6"] {
                    case.ours("optional", &path, &format!("{} {family}", link.name), text);
                }
            } else if optional {
                case.ours("optional", &path, "[Link]", "");
                case.ours("optional", &path, "[Link]", "RequiredForOnline=no");
            }
        }
    },
};

fn upper(mac: &str) -> String {
    mac.to_uppercase()
}

pub(super) const GIVEN_ADDRESSES: Known = Known {
    name: "given-addresses",
    reason: "the hardware address that a bond or VLAN is to have is dropped",
    outputs: &["network-manager"],
    patterns: &["cloned-mac-address"],
    differences: |case| {
        for link in case.links().filter(|link| ["bond", "vlan"].contains(&link.kind.as_str())) {
            let Some(mac) = &link.mac else { continue };
            let path = case.file(link);
            case.ours("cloned-mac-address", &path, "[ethernet]", "");
            case.ours(
                "cloned-mac-address",
                &path,
                "[ethernet]",
                format!("cloned-mac-address={}", upper(mac)),
            );
        }
    },
};

pub(super) const GIVEN_MTU: Known = Known {
    name: "given-mtu",
    reason: "the MTU of a VLAN or bridge is dropped",
    outputs: &["network-manager"],
    patterns: &["mtu"],
    differences: |case| {
        for link in case.links().filter(|link| ["bridge", "vlan"].contains(&link.kind.as_str())) {
            let Some(mtu) = link.mtu() else { continue };
            let path = case.file(link);
            case.ours("mtu", &path, "[ethernet]", "");
            case.ours("mtu", &path, "[ethernet]", format!("mtu={mtu}"));
        }
    },
};

/// The parameter of a bond by any of its names.
fn parameter(link: &Link, names: &[&str]) -> Option<String> {
    let of = |table: &str| names.iter().find_map(|name| scalar(&link.entry[table][*name]));
    of("params").or_else(|| of("parameters"))
}

pub(super) const BOND_OPTIONS: Known = Known {
    name: "bond-options",
    reason: "options of a bond whose names have '-' are dropped",
    outputs: &["network-manager"],
    patterns: &[
        "ad_select",
        "fail_over_mac",
        "lacp_rate",
        "min_links",
        "num_grat_arp",
        "primary_reselect",
        "xmit_hash_policy",
    ],
    differences: |case| {
        for link in case.links().filter(|link| link.kind == "bond") {
            let path = case.file(link);
            for (option, names) in [
                ("ad_select", &["bond-ad-select"][..]),
                ("fail_over_mac", &["bond-fail-over-mac"]),
                ("lacp_rate", &["bond-lacp-rate", "lacp-rate"]),
                ("min_links", &["bond-min-links", "min-links"]),
                ("num_grat_arp", &["bond-num-grat-arp", "gratuitous-arp"]),
                ("primary_reselect", &["bond-primary-reselect"]),
                ("xmit_hash_policy", &["bond-xmit-hash-policy", "transmit-hash-policy"]),
            ] {
                if let Some(value) = parameter(link, names) {
                    case.ours(option, &path, "[bond]", format!("{option}={value}"));
                }
            }
        }
    },
};

pub(super) const BOND_PRIMARY: Known = Known {
    name: "bond-primary",
    reason: "the primary link of a bond is dropped",
    outputs: &["networkd"],
    patterns: &["primary"],
    differences: |case| {
        let primaries: Vec<String> = case
            .links()
            .filter(|link| link.kind == "bond")
            .filter_map(|link| parameter(link, &["bond-primary", "primary"]))
            .collect();
        for link in case.links().filter(|link| link.bond.is_some() && primaries.contains(&link.id)) {
            case.ours("primary", &case.file(link), "[Network]", "PrimarySlave=yes");
        }
    },
};

pub(super) const BOND_MEMBER_MAC: Known = Known {
    name: "bond-member-mac",
    reason: "members of a bond are matched by the address that the bond gives all of them",
    outputs: &["networkd"],
    patterns: &["matched by"],
    differences: |case| {
        for link in case.links().filter(|link| link.bond.is_some() && link.kind == "physical") {
            let Some(mac) = &link.mac else { continue };
            let path = case.file(link);
            case.theirs("matched by", &path, "[Match]", format!("MACAddress={mac}"));
            case.ours("matched by", &path, "[Match]", format!("PermanentMACAddress={mac}"));
        }
    },
};

pub(super) const BOND_MODE: Known = Known {
    name: "bond-mode",
    reason: "a mode by its number is handed on to those that take names",
    outputs: &["netplan", "networkd"],
    patterns: &["mode"],
    differences: |case| {
        // The numbers of the bonding driver (Documentation/networking/bonding.rst); only this one is drawn.
        for link in case.links().filter(|link| link.entry["params"]["bond-mode"] == 1) {
            if case.output == "netplan" {
                let (path, place) = (case.file(link), format!("bonds.{}", link.name));
                case.theirs("mode", &path, &place, "parameters.mode: 1");
                case.ours("mode", &path, &place, "parameters.mode: \"active-backup\"");
            } else {
                let path = case.file(link).replace(".network", ".netdev");
                case.theirs("mode", &path, "[Bond]", "Mode=1");
                case.ours("mode", &path, "[Bond]", "Mode=active-backup");
            }
        }
    },
};

pub(super) const INFINIBAND: Known = Known {
    name: "infiniband",
    reason: "InfiniBand without an MTU lacks its transport mode, without which NetworkManager refuses the connection",
    outputs: &["network-manager"],
    patterns: &["transport-mode", "mac-address"],
    differences: |case| {
        for link in case.links().filter(|link| link.kind == "infiniband" && link.mtu().is_none()) {
            let path = case.file(link);
            case.ours("transport-mode", &path, "[infiniband]", "transport-mode=datagram");
            if let Some(mac) = &link.mac {
                case.ours("mac-address", &path, "[infiniband]", format!("mac-address={}", upper(mac)));
                case.theirs("mac-address", &path, "[connection]", format!("interface-name={}", link.name));
            }
        }
    },
};

/// The comment above netplan's file: to whom the file belongs, and how that is changed.
const NETPLAN_COMMENT: &[&str] = &[
    "# This file is generated from information provided by the datasource.  Changes",
    "# to it will not persist across an instance reboot.  To disable cloud-init's",
    "# network configuration capabilities, write a file",
    "# /etc/cloud/cloud.cfg.d/99-disable-network-config.cfg with the following:",
    "# network: {config: disabled}",
];

pub(super) const NETPLAN_EMPTY: Known = Known {
    name: "netplan-empty",
    reason: "netplan's library writes no file for a description without a link that netplan knows",
    outputs: &["netplan"],
    patterns: &["file"],
    differences: |case| {
        if case.links().any(|link| !["infiniband", "loopback"].contains(&link.kind.as_str())) {
            return;
        }
        let path = "/etc/netplan/50-cloud-init.yaml";
        case.add("file", path, crate::compare::What::File { ours: true, mode: 0o600 });
        for line in NETPLAN_COMMENT {
            case.ours("file", path, "#", *line);
        }
        case.ours("file", path, "", "version: 2");
    },
};

impl Case<'_> {
    /// A section head that only ours has, where it has a statement in it.
    pub(super) fn section(&mut self, pattern: &'static str, path: &str, section: &str) {
        self.ours(pattern, path, section, "");
    }
}
