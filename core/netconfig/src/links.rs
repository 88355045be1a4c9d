//! Which of the machine's links count.

use indexmap::IndexMap;
use model::effects::Link;

use crate::NetError;

/// The ARP hardware type of InfiniBand.
const INFINIBAND: u32 = 32;
/// Drivers whose devices share a MAC address for a while at boot.
const SHARING_DRIVERS: &[&str] = &["fsl_enetc", "mscc_felix", "qmi_wwan"];

/// Which links are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Members of anything but a bridge, a bond or Open vSwitch.
    pub members: bool,
    /// VLANs.
    pub vlans: bool,
    /// Links whose address is another's.
    pub without_own_mac: bool,
    /// Links whose address is all zeros.
    pub zero_mac: bool,
}

impl Filter {
    /// Every filter: the links that are looked up by MAC.
    pub const ALL: Self = Self { members: true, vlans: true, without_own_mac: true, zero_mac: true };
    /// Only what is never configured: the candidates for the fallback.
    pub const CANDIDATES: Self =
        Self { members: false, vlans: false, without_own_mac: false, zero_mac: false };
}

/// The address by which a link is known: of a bond's member the one it was made with.
pub fn mac(link: &Link) -> &str {
    link.permanent_mac.as_deref().unwrap_or(&link.mac)
}

/// Whether a link is the master of a failover device (Linux's net_failover): a virtio link whose standby shows the
/// feature.
pub fn is_failover_master(links: &[Link], link: &Link) -> bool {
    let standby = |other: &Link| other.failover_standby && other.master.as_deref() == Some(&link.name);
    link.master.is_none() && link.driver.as_deref() == Some("virtio_net") && links.iter().any(standby)
}

/// Whether a link is the primary or the standby of a failover device: only its master is configured.
fn is_failover_member(links: &[Link], link: &Link) -> bool {
    let Some(master) = &link.master else { return false };
    if link.driver.as_deref() == Some("virtio_net") {
        return link.failover_standby;
    }
    links.iter().any(|other| other.name == *master && is_failover_master(links, other))
}

/// Whether a link is a member of what does not take its address: anything but bridge, bond and Open vSwitch.
fn is_other_member(links: &[Link], link: &Link) -> bool {
    let Some(master) = &link.master else { return false };
    let shares = |other: &Link| other.name == *master && (other.bridge || other.bond);
    master != "ovs-system" && !links.iter().any(shares)
}

/// The links that count. Bridges, bonds and members of failover devices never do, nor does the hidden half of a
/// Hyper-V link.
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

/// The six-byte form by which OpenStack names an InfiniBand device: bytes 13 to 15 and 18 to 20 of its address.
fn infiniband_as_ethernet(link: &Link) -> Option<String> {
    let address = mac(link);
    (link.hardware_type == INFINIBAND && address.is_ascii() && address.len() > 51)
        .then(|| format!("{}{}", &address[36..address.len() - 14], &address[51..]))
}

/// The links by MAC address, InfiniBand's by its short form too.
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
