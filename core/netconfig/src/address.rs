//! Addresses, networks and netmasks, parsed like Python's `ipaddress`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An IPv4 address in dotted decimal notation.
pub fn v4(text: &str) -> Option<Ipv4Addr> {
    text.parse().ok()
}

/// An IPv6 address; a scope (`%eth0`) is allowed but discarded.
pub fn v6(text: &str) -> Option<Ipv6Addr> {
    match text.split_once('%') {
        Some((_, scope)) if scope.is_empty() || scope.contains('%') => None,
        Some((address, _)) => address.parse().ok(),
        None => text.parse().ok(),
    }
}

/// Whether this is an IPv4 address.
pub fn is_v4(text: &str) -> bool {
    v4(text).is_some()
}

/// Whether this is an IPv6 address.
pub fn is_v6(text: &str) -> bool {
    v6(text).is_some()
}

/// Whether this is an IPv4 address, optionally with `/PREFIX`, `/NETMASK` or `/HOSTMASK`.
pub fn is_v4_network(text: &str) -> bool {
    match text.split_once('/') {
        Some((address, mask)) => is_v4(address) && v4_prefix(mask).is_some(),
        None => is_v4(text),
    }
}

/// Whether this is an IPv6 address, optionally with `/PREFIX`.
pub fn is_v6_network(text: &str) -> bool {
    match text.split_once('/') {
        Some((address, prefix)) => is_v6(address) && digits(prefix).is_some_and(|prefix| prefix <= 128),
        None => is_v6(text),
    }
}

fn digits(text: &str) -> Option<u8> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain {
        text.trim_start_matches('0').parse().ok().or_else(|| text.bytes().all(|b| b == b'0').then_some(0))
    } else {
        None
    }
}

/// The prefix length of `24`, `255.255.255.0` or the host mask `0.0.0.255`.
pub fn v4_prefix(mask: &str) -> Option<u8> {
    if let Some(prefix) = digits(mask) {
        return (prefix <= 32).then_some(prefix);
    }
    let bits = u32::from(v4(mask)?);
    let contiguous = |bits: u32| bits.leading_ones() + bits.trailing_zeros() >= 32;
    if contiguous(bits) {
        u8::try_from(bits.leading_ones()).ok()
    } else if contiguous(!bits) {
        u8::try_from((!bits).leading_ones()).ok()
    } else {
        None
    }
}

/// The prefix length of `64` or `ffff:ffff::`.
pub fn v6_prefix(mask: &str) -> Option<u8> {
    if let Some(prefix) = digits(mask) {
        return (prefix <= 128).then_some(prefix);
    }
    let bits = u128::from(v6(mask)?);
    let contiguous = bits.leading_ones() + bits.trailing_zeros() >= 128;
    u8::try_from(bits.leading_ones()).ok().filter(|_| contiguous)
}

/// The netmask for a prefix length; lengths beyond 32 count as 32.
pub fn v4_mask(prefix: u8) -> String {
    let bits = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
    Ipv4Addr::from(bits).to_string()
}

/// The network address of an address.
pub fn network_of(address: &str, prefix: u8) -> Option<String> {
    if let Some(address) = v4(address) {
        let mask = u32::MAX.checked_shl(32_u32.checked_sub(prefix.into())?).unwrap_or(0);
        return Some(Ipv4Addr::from(u32::from(address) & mask).to_string());
    }
    let mask = u128::MAX.checked_shl(128_u32.checked_sub(prefix.into())?).unwrap_or(0);
    Some(Ipv6Addr::from(u128::from(v6(address)?) & mask).to_string())
}

/// Whether an address is in a network (`ADDRESS/PREFIX`, host bits allowed); `None` if either is invalid. False for an
/// address of the other family.
pub fn contains(network: &str, address: &str) -> Option<bool> {
    let address: IpAddr = v4(address).map(IpAddr::V4).or_else(|| v6(address).map(IpAddr::V6))?;
    let (base, prefix) = network.split_once('/').unwrap_or((network, ""));
    if let Some(base) = v4(base) {
        let prefix = if prefix.is_empty() { 32 } else { v4_prefix(prefix)? };
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
        return Some(match address {
            IpAddr::V4(address) => u32::from(address) & mask == u32::from(base) & mask,
            IpAddr::V6(_) => false,
        });
    }
    let base = v6(base)?;
    let prefix = if prefix.is_empty() { 128 } else { digits(prefix).filter(|prefix| *prefix <= 128)? };
    let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
    Some(match address {
        IpAddr::V6(address) => u128::from(address) & mask == u128::from(base) & mask,
        IpAddr::V4(_) => false,
    })
}

/// Whether a gateway is outside the device's network, so that a route to it must be on-link.
pub fn is_off_link(gateway: &str, network: &str) -> bool {
    match contains(network, gateway) {
        Some(inside) => !inside,
        None => {
            tracing::warn!("Failed to check whether gateway {gateway} is contained within subnet {network}");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_read_as_python_reads_them() {
        // From the documentation of Python's ipaddress: prefix, net mask and host mask are the same network.
        for mask in ["24", "255.255.255.0", "0.0.0.255"] {
            assert_eq!(v4_prefix(mask), Some(24), "{mask}");
        }
        assert_eq!((v4_prefix("0.0.0.0"), v4_prefix("33"), v4_prefix("255.0.255.0")), (Some(0), None, None));
        assert_eq!(
            (v6_prefix("ffff:ffff:ffff::"), v6_prefix("48"), v6_prefix("::")),
            (Some(48), Some(48), Some(0))
        );
        assert_eq!(
            (v4_mask(0), v4_mask(20), v4_mask(32)),
            ("0.0.0.0".into(), "255.255.240.0".into(), "255.255.255.255".into())
        );
    }

    #[test]
    fn networks_contain_their_addresses() {
        assert_eq!(contains("192.168.1.5/24", "192.168.1.254"), Some(true));
        assert_eq!(contains("192.168.1.5/32", "192.168.1.254"), Some(false));
        assert_eq!(contains("2001:db8::1/64", "fe80::1"), Some(false));
        assert_eq!(contains("10.0.0.0/8", "::1"), Some(false));
        assert_eq!(contains("junk", "::1"), None);
    }

    /// Python's `ipaddress.IPv6Address`: a scope is neither empty nor contains `%`.
    #[test]
    fn a_scope_is_discarded() {
        for (text, expected) in [
            ("fe80::1%eth0", Some("fe80::1")),
            ("fe80::1", Some("fe80::1")),
            ("fe80::1%", None),
            ("fe80::1%a%b", None),
            ("fe80::g%eth0", None),
        ] {
            assert_eq!(v6(text).map(|address| address.to_string()).as_deref(), expected, "{text}");
        }
    }

    /// Python's `ipaddress`: `address in network`, with host bits allowed.
    #[test]
    fn an_address_is_in_a_network_of_its_family() {
        for (network, address, wanted) in [
            ("10.0.0.0/8", "10.255.0.1", Some(true)),
            ("10.0.0.0/8", "11.0.0.1", Some(false)),
            ("10.0.0.0/0", "11.0.0.1", Some(true)),
            ("10.0.0.1", "10.0.0.1", Some(true)),
            ("10.0.0.1", "10.0.0.2", Some(false)),
            ("10.0.0.0/255.255.255.0", "10.0.0.9", Some(true)),
            ("10.0.0.0/33", "10.0.0.9", None),
            ("2001:db8::/32", "2001:db8:1::1", Some(true)),
            ("2001:db8::/32", "2001:db9::1", Some(false)),
            ("2001:db8::7/127", "2001:db8::6", Some(true)),
            ("2001:db8::7/127", "2001:db8::5", Some(false)),
            ("2001:db8::7", "2001:db8::7", Some(true)),
            ("2001:db8::7", "2001:db8::6", Some(false)),
            ("2001:db8::/0", "::1", Some(true)),
            ("2001:db8::/129", "::1", None),
            ("2001:db8::/64", "10.0.0.1", Some(false)),
            ("10.0.0.0/8", "text", None),
        ] {
            assert_eq!(contains(network, address), wanted, "{address} in {network}");
        }
        for (address, prefix, wanted) in [
            ("10.1.2.3", 8, Some("10.0.0.0")),
            ("10.1.2.3", 0, Some("0.0.0.0")),
            ("10.1.2.3", 32, Some("10.1.2.3")),
            ("10.1.2.3", 33, None),
            ("2001:db8:1::7", 32, Some("2001:db8::")),
            ("2001:db8:1::7", 128, Some("2001:db8:1::7")),
            ("2001:db8:1::7", 129, None),
            ("text", 8, None),
        ] {
            assert_eq!(network_of(address, prefix).as_deref(), wanted, "{address}/{prefix}");
        }
        assert!(is_off_link("10.0.1.1", "10.0.0.5/24") && !is_off_link("10.0.0.1", "10.0.0.5/24"));
        assert!(!is_off_link("text", "10.0.0.5/24"));
    }
}
