//! Resolves references in a configuration: which device an ID, a pattern or a route refers to.

use indexmap::IndexMap;
use model::effects::Link;

use crate::{InterfaceKind, Matching, NetworkState, Param, Scalar, Subnet, SubnetKind, address, links};

/// Whether a letter is in a set of letters and ranges. A `-` at its beginning or end is a letter.
fn is_in(set: &[char], letter: char) -> bool {
    match set {
        [] => false,
        [first, '-', last, rest @ ..] => (first..=last).contains(&&letter) || is_in(rest, letter),
        [first, rest @ ..] => *first == letter || is_in(rest, letter),
    }
}

/// Whether a name matches a pattern with `*`, `?` and `[…]`, see glob(7).
pub(crate) fn glob(pattern: &str, name: &str) -> bool {
    fn fits(pattern: &[char], name: &[char]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => (0..=name.len()).any(|skipped| fits(rest, &name[skipped..])),
            (Some(('?', rest)), Some((_, others))) => fits(rest, others),
            (Some(('[', rest)), Some((letter, others))) => {
                let Some(end) = rest.iter().skip(1).position(|other| *other == ']').map(|at| at + 1) else {
                    return *letter == '[' && fits(rest, others);
                };
                let (set, rest) = (&rest[..end], &rest[end + 1..]);
                let (negated, set) = match set.split_first() {
                    Some(('!' | '^', set)) => (true, set),
                    _ => (false, set),
                };
                is_in(set, *letter) != negated && fits(rest, others)
            }
            (Some((expected, rest)), Some((letter, others))) => expected == letter && fits(rest, others),
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
    // No device name is longer: this bounds the cost of a pattern.
    let letters = |text: &str| text.chars().take(64).collect::<Vec<char>>();
    // Consecutive stars count as one: nothing is matched twice.
    let mut pattern = letters(pattern);
    pattern.dedup_by(|a, b| *a == '*' && *b == '*');
    fits(&pattern, &letters(name))
}

/// The single name that a `match` refers to, if that is its only property.
pub(crate) fn literal(matching: &Matching) -> Option<String> {
    matching.name.clone().filter(|name| matching.drivers.is_empty() && !name.contains(['*', '?', '[']))
}

/// The machine's devices that match all properties.
pub(crate) fn fitting<'l>(matching: &Matching, mac: Option<&str>, known: &'l [Link]) -> Vec<&'l Link> {
    let driver = |link: &Link| {
        let own = link.driver.as_deref().unwrap_or_default();
        matching.drivers.is_empty() || matching.drivers.iter().any(|pattern| glob(pattern, own))
    };
    known
        .iter()
        .filter(|link| link.physical || !(link.bridge || link.bond || link.vlan || link.name == "lo"))
        .filter(|link| matching.name.as_deref().is_none_or(|pattern| glob(pattern, &link.name)))
        .filter(|link| mac.is_none_or(|mac| links::mac(link).eq_ignore_ascii_case(mac)))
        .filter(|link| driver(link))
        .collect()
}

/// Replaces the IDs by which version 2 refers to its entries with device names.
pub(crate) fn to_names(state: &mut NetworkState) {
    let names: IndexMap<String, String> = state
        .interfaces
        .iter()
        .filter(|(id, link)| **id != link.name)
        .map(|(id, link)| (id.clone(), link.name.clone()))
        .collect();
    if names.is_empty() {
        return;
    }
    let rename = |text: &mut String| {
        if let Some(name) = names.get(text.as_str()) {
            text.clone_from(name);
        }
    };
    for link in state.interfaces.values_mut() {
        link.vlan.iter_mut().filter_map(|vlan| vlan.link.as_mut()).for_each(rename);
        link.bridge_ports.iter_mut().flatten().for_each(rename);
        if let Some(Param::One(Scalar::Text(primary))) = link.params.get_mut("bond-primary") {
            rename(primary);
        }
        for param in ["bridge_pathcost", "bridge_portprio"] {
            if let Some(Param::Table(ports)) = link.params.get_mut(param) {
                *ports = std::mem::take(ports)
                    .into_iter()
                    .map(|(mut port, value)| {
                        rename(&mut port);
                        (port, value)
                    })
                    .collect();
            }
        }
    }
}

/// Assigns version 1's global routes to the address whose network contains the gateway, or to the only device with
/// dynamic addresses. Routes that match nothing stay global.
pub(crate) fn place_routes(state: &mut NetworkState) {
    for route in std::mem::take(&mut state.routes) {
        let holds = |subnet: &Subnet| {
            let (Some(gateway), Some(cidr)) = (&route.gateway, subnet.cidr()) else { return false };
            subnet.kind.is_static() && address::contains(&cidr, gateway) == Some(true)
        };
        let at = state
            .interfaces
            .iter()
            .find_map(|(key, link)| Some((key.clone(), link.subnets.iter().position(holds)?)));
        let v6 = address::is_v6_network(&route.network);
        // Addresses of the other family, and unconfigured devices, reach no gateway.
        let dynamic = |subnet: &Subnet| {
            let dhcp4 = matches!(subnet.kind, SubnetKind::Dhcp | SubnetKind::Dhcp4);
            if v6 { subnet.kind.is_ipv6_dynamic() } else { dhcp4 }
        };
        let mut others = state
            .interfaces
            .iter()
            .filter(|(_, link)| link.kind != InterfaceKind::Loopback && !link.subnets.is_empty());
        let only = match (others.next(), others.next()) {
            (Some((key, link)), None) => {
                link.subnets.iter().position(dynamic).map(|subnet| (key.clone(), subnet))
            }
            _ => None,
        };
        match at.or(only) {
            Some((key, subnet)) => state.interfaces[&key].subnets[subnet].routes.push(route),
            None => state.routes.push(route),
        }
    }
}

impl NetworkState {
    /// The state for network managers that only match devices by name: an entry that matches several devices is
    /// duplicated, and wireless devices are omitted.
    #[must_use]
    pub fn resolved(&self, known: &[Link]) -> Self {
        let mut state = self.clone();
        state.interfaces.clear();
        // Wireless networks are not supported by them.
        for (id, link) in self.interfaces.iter().filter(|(_, link)| link.kind != InterfaceKind::Wifi) {
            let found = match &link.matching {
                Some(matching) if matching.opaque => fitting(matching, link.mac.as_deref(), known),
                _ => Vec::new(),
            };
            if found.is_empty() {
                state.interfaces.insert(id.clone(), link.clone());
            }
            for device in found {
                let mut own = link.clone();
                own.name.clone_from(&device.name);
                own.config_id = Some(device.name.clone());
                state.interfaces.insert(device.name.clone(), own);
            }
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations: Python's fnmatch, by which the original matches.
    #[test]
    fn patterns_are_those_of_fnmatch() {
        for (pattern, name, fits) in [
            ("eth*", "eth", true),
            ("eth*", "et", false),
            ("*", "", true),
            ("", "x", false),
            ("", "", true),
            ("e?h0", "eh0", false),
            ("eth[0-2]", "eth-", false),
            ("eth[!0-2]", "eth3", true),
            ("eth[!0-2]", "eth1", false),
            ("eth[]0]", "eth]", true),
            ("eth[]0]", "eth0", true),
            ("eth[", "eth[", true),
            ("eth[0", "eth[0", true),
            ("eth[0", "eth0", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("e*0", "eth01", false),
            ("eth0", "eth01", false),
            ("eth01", "eth0", false),
            ("ETH0", "eth0", false),
            ("[a-]x", "-x", true),
            ("[a-]x", "bx", false),
            ("[-a]x", "-x", true),
            ("[ae]th", "eth", true),
            ("[a-cx-z]", "b", true),
            ("[a-cx-z]", "y", true),
            ("[a-cx-z]", "m", false),
            ("[a-cx-z]", "-", false),
            ("??", "a", false),
            ("**", "ab", true),
            ("e[!]t]h", "eth", false),
        ] {
            assert_eq!(glob(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn patterns_are_those_of_the_shell() {
        // glob(7).
        for (pattern, name, fits) in [
            ("en*", "enp1s0", true),
            ("en*", "eth0", false),
            ("eth?", "eth0", true),
            ("eth[0-3]", "eth2", true),
            ("eth[!0-3]", "eth2", false),
            ("*0", "enp1s0", true),
            ("", "", true),
        ] {
            assert_eq!(glob(pattern, name), fits, "{pattern} {name}");
        }
    }
}
