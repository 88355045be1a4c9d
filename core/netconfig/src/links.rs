//! Selects the relevant network devices.

use indexmap::IndexMap;
use model::effects::Link;

use crate::NetError;

/// The ARP hardware type of InfiniBand.
const INFINIBAND: u32 = 32;
/// Drivers whose devices temporarily share a MAC address at boot.
const SHARING_DRIVERS: &[&str] = &["fsl_enetc", "mscc_felix", "qmi_wwan"];

/// Which devices are omitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Members of anything but a bridge, a bond or Open vSwitch.
    pub members: bool,
    /// VLANs.
    pub vlans: bool,
    /// Devices with the MAC address of another device.
    pub without_own_mac: bool,
    /// Devices with a zero MAC address.
    pub zero_mac: bool,
}

impl Filter {
    /// All filters: for lookups by MAC address.
    pub const ALL: Self = Self { members: true, vlans: true, without_own_mac: true, zero_mac: true };
    /// Only devices that are never configured: the candidates for the fallback.
    pub const CANDIDATES: Self =
        Self { members: false, vlans: false, without_own_mac: false, zero_mac: false };
}

/// The identifying MAC address: of a bond member, its permanent one.
pub fn mac(link: &Link) -> &str {
    link.permanent_mac.as_deref().unwrap_or(&link.mac)
}

/// Whether a device is a failover master (Linux's net_failover): a virtio device whose standby has the feature.
/// feature.
pub fn is_failover_master(links: &[Link], link: &Link) -> bool {
    let standby = |other: &Link| other.failover_standby && other.master.as_deref() == Some(&link.name);
    link.master.is_none() && link.driver.as_deref() == Some("virtio_net") && links.iter().any(standby)
}

/// Whether a device is the primary or the standby of a failover device: only the master is configured.
fn is_failover_member(links: &[Link], link: &Link) -> bool {
    let Some(master) = &link.master else { return false };
    if link.driver.as_deref() == Some("virtio_net") {
        return link.failover_standby;
    }
    links.iter().any(|other| other.name == *master && is_failover_master(links, other))
}

/// Whether a device is a member of one that does not use its MAC address: anything but bridge, bond and Open vSwitch.
fn is_other_member(links: &[Link], link: &Link) -> bool {
    let Some(master) = &link.master else { return false };
    let shares = |other: &Link| other.name == *master && (other.bridge || other.bond);
    master != "ovs-system" && !links.iter().any(shares)
}

/// The relevant devices. Bridges, bonds and members of failover devices are always omitted, as is the hidden half of a
/// Hyper-V device.
pub fn usable(links: &[Link], filter: Filter) -> Vec<&Link> {
    let counts = |link: &&Link| {
        let own_mac = matches!(link.address_assigned, None | Some(0 | 1 | 3));
        let address = mac(link);
        let zero = address.bytes().all(|byte| matches!(byte, b'0' | b':'));
        !(link.bridge
            || link.bond
            || (filter.vlans && link.vlan)
            || (filter.without_own_mac && !own_mac)
            || (filter.members && is_other_member(links, link))
            || is_failover_member(links, link)
            || address.is_empty()
            || (filter.zero_mac && link.name != "lo" && zero))
    };
    let found: Vec<&Link> = links.iter().filter(counts).collect();
    let netvsc = |link: &Link| link.driver.as_deref() == Some("hv_netvsc");
    let hidden =
        |link: &Link| !netvsc(link) && found.iter().any(|other| netvsc(other) && mac(other) == mac(link));
    found.iter().copied().filter(|link| !hidden(link)).collect()
}

/// OpenStack's six-byte form of an InfiniBand address: bytes 13 to 15 and 18 to 20.
fn infiniband_as_ethernet(link: &Link) -> Option<String> {
    let address = mac(link);
    (link.hardware_type == INFINIBAND && address.is_ascii() && address.len() > 51)
        .then(|| format!("{}{}", &address[36..address.len() - 14], &address[51..]))
}

/// The devices by MAC address; InfiniBand devices also by their short form.
pub fn by_mac(links: &[Link]) -> Result<IndexMap<String, String>, NetError> {
    let mut found: IndexMap<String, String> = IndexMap::new();
    for link in usable(links, Filter::ALL) {
        let address = mac(link).to_lowercase();
        if let Some(first) = found.get(&address) {
            if link.driver.as_deref().is_some_and(|driver| SHARING_DRIVERS.contains(&driver)) {
                continue;
            }
            return Err(NetError::DuplicateMac {
                first: first.clone(),
                second: link.name.clone(),
                mac: address,
            });
        }
        found.insert(address, link.name.clone());
        if let Some(short) = infiniband_as_ethernet(link) {
            found.entry(short).or_insert_with(|| link.name.clone());
        }
    }
    Ok(found)
}

/// The full hardware addresses of the InfiniBand devices, by name.
pub fn infiniband(links: &[Link]) -> IndexMap<String, String> {
    usable(links, Filter::ALL)
        .into_iter()
        .filter(|link| link.hardware_type == INFINIBAND)
        .map(|link| (link.name.clone(), mac(link).to_owned()))
        .collect()
}
