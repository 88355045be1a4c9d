//! The fallback configuration: DHCP on the device that is most likely connected.

use model::NetworkConfig;
use model::Order as _;
use model::effects::Link;
use serde_json::json;

use crate::links::{Filter, is_failover_master, usable};

/// The preferred device.
const PRIMARY: &str = "eth0";

/// A part of a name in natural order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Text(String),
    Number(u128),
}

/// The parts of a name: letters and digits alternately, starting with possibly empty letters.
fn natural(name: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = name;
    while !rest.is_empty() || pieces.is_empty() {
        let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        pieces.push(Piece::Text(rest[..letters].to_lowercase()));
        rest = &rest[letters..];
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        if digits > 0 {
            // Numbers beyond 128 bits are no device indexes; they sort last.
            pieces.push(Piece::Number(rest[..digits].parse().unwrap_or(u128::MAX)));
            rest = &rest[digits..];
        }
    }
    pieces
}

/// Sorts devices by name, with numbers in names in numeric order.
pub fn sort_naturally<T>(links: &mut [T], name: impl Fn(&T) -> &str) {
    links.order_by_key(|link| natural(name(link)));
}

/// The devices that can be configured, best first: those with a carrier, then those that may get one; the primary name
/// (`eth0`) before others; names in natural order.
pub fn candidates(links: &[Link]) -> Vec<&Link> {
    let (mut connected, mut possible) = (Vec::new(), Vec::new());
    for link in usable(links, Filter::CANDIDATES) {
        if link.name == "lo" || link.name.starts_with("veth") {
            continue;
        }
        if link.carrier == Some(true) {
            connected.push(link);
        } else if matches!(link.operstate.as_str(), "dormant" | "down" | "lowerlayerdown" | "unknown") {
            possible.push(link);
        } else {
            tracing::debug!("Interface ignored: {}", link.name);
        }
    }
    for group in [&mut connected, &mut possible] {
        group.order_by_key(|link| (link.name != PRIMARY, natural(&link.name)));
    }
    connected.append(&mut possible);
    connected
}

/// The device to configure by default.
pub fn link(links: &[Link]) -> Option<String> {
    candidates(links).first().map(|link| link.name.clone())
}

/// DHCP for both families on a chosen device that exists, or else on [`link`], matched by MAC. `cmdline` is the kernel's; it does not affect the choice
/// (`net.ifnames=0` only means that udev need not be waited for).
pub fn config(links: &[Link], chosen: Option<&str>, cmdline: &str) -> Option<NetworkConfig> {
    if cmdline.contains("net.ifnames=0") {
        tracing::debug!("Stable ifnames disabled by net.ifnames=0 in /proc/cmdline");
    }
    let chosen = links.iter().find(|link| Some(link.name.as_str()) == chosen);
    let link = chosen.or_else(|| candidates(links).first().copied())?;
    // The devices of a failover device share one MAC address.
    let matching = if is_failover_master(links, link) {
        json!({"name": link.name})
    } else {
        json!({"macaddress": link.mac.to_lowercase()})
    };
    let ethernet = json!({"dhcp4": true, "dhcp6": true, "set-name": link.name, "match": matching});
    let config = json!({"ethernets": {link.name.as_str(): ethernet}, "version": 2});
    Some(NetworkConfig::from_json(config, "fallback"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link_named(name: &str, carrier: Option<bool>, operstate: &str) -> Link {
        Link {
            name: name.to_owned(),
            mac: format!("02:00:00:00:00:{:02x}", name.len()),
            carrier,
            operstate: operstate.to_owned(),
            ..Link::default()
        }
    }

    fn chosen(links: &[Link]) -> Vec<&str> {
        candidates(links).into_iter().map(|link| link.name.as_str()).collect()
    }

    #[test]
    fn names_sort_naturally_and_eth0_goes_first() {
        let up = |name| link_named(name, Some(true), "up");
        assert_eq!(
            chosen(&[up("ens10"), up("ens3"), up("eth0"), up("ens1")]),
            ["eth0", "ens1", "ens3", "ens10"]
        );
    }

    #[test]
    fn a_carrier_beats_eth0() {
        let links = [link_named("eth0", None, "down"), link_named("ens9", Some(true), "up")];
        assert_eq!(chosen(&links), ["ens9", "eth0"]);
    }

    #[test]
    fn loopback_veth_bridges_bonds_and_unplugged_links_are_none() {
        let bridge = Link { bridge: true, ..link_named("br0", Some(true), "up") };
        let bond = Link { bond: true, ..link_named("bond0", Some(true), "up") };
        let unplugged = link_named("eth1", Some(false), "notpresent");
        let others = [link_named("lo", Some(true), "unknown"), link_named("veth12", Some(true), "up")];
        assert!(chosen(&[bridge, bond, unplugged, others[0].clone(), others[1].clone()]).is_empty());
    }

    #[test]
    fn only_the_master_of_a_failover_device_counts_and_is_matched_by_name() {
        let virtio = Some("virtio_net".to_owned());
        let master = Link { driver: virtio.clone(), ..link_named("eth0", Some(true), "up") };
        let standby = Link {
            driver: virtio,
            master: Some("eth0".to_owned()),
            failover_standby: true,
            ..link_named("eth0nsby", Some(true), "up")
        };
        let primary = Link {
            driver: Some("ixgbevf".to_owned()),
            master: Some("eth0".to_owned()),
            ..link_named("ens4", Some(true), "up")
        };
        let links = [primary, standby, master];
        assert_eq!(chosen(&links), ["eth0"]);
        let config = config(&links, None, "").expect("a link is there");
        assert_eq!(
            config.node().at(&["ethernets", "eth0", "match"]).expect("there").to_json(),
            json!({"name": "eth0"})
        );
    }

    #[test]
    fn the_config_is_the_originals() {
        let config = config(&[link_named("enp3s0", None, "down")], None, "ro").expect("a link is there");
        let expected = json!({"ethernets": {"enp3s0": {
            "dhcp4": true, "dhcp6": true, "set-name": "enp3s0", "match": {"macaddress": "02:00:00:00:00:06"},
        }}, "version": 2});
        assert_eq!(config.node().to_json(), expected);
        assert_eq!(super::config(&[], None, ""), None);
    }

    #[test]
    fn the_half_of_a_hyperv_link_that_shares_its_mac_is_hidden() {
        let same = "00:15:5d:00:00:01".to_owned();
        let netvsc = Link {
            driver: Some("hv_netvsc".into()),
            mac: same.clone(),
            ..link_named("eth1", Some(true), "up")
        };
        let function =
            Link { driver: Some("mlx5_core".into()), mac: same, ..link_named("eth0", Some(true), "up") };
        assert_eq!(chosen(&[function, netvsc]), ["eth1"]);
    }
}
