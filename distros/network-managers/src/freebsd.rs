//! FreeBSD's rc.conf.
//!
//! Facts: rc.conf(5): `ifconfig_IF`, `ifconfig_IF_ipv6`, `ifconfig_IF_aliasN`, `ifconfig_IF_name`, `defaultrouter`,
//! `static_routes`, `route_NAME` and their IPv6 kin.

use ifcfg::RcConf;
use model::{DistroError, System};
use netconfig::{NetworkState, address};

use crate::bsd::{self, Address, Existing};
use crate::manager::{Around, Manager, Writer};
use crate::{RenderError, RenderedFile};

const NAME: &str = "freebsd";

/// The network manager.
pub(crate) const MANAGER: Manager = Manager {
    name: NAME,
    available: |_, settings| ["freebsd", "dragonfly", "dragonflybsd"].contains(&settings.distro.as_str()),
    writer: Some(Writer {
        by_name_only: true,
        around: Some(Around { before: |_, _| Ok(true), after: |system, _, _| apply(system) }),
        ..Writer::plain(|state, _, surroundings| Ok(render(state, &bsd::existing(surroundings)?)?))
    }),
    activator: None,
};

/// The devices that rc.conf configures by DHCP.
fn by_dhcp(rc_conf: &str) -> Vec<&str> {
    let device = |line: &'_ str| -> Option<usize> {
        let (name, value) = line.strip_prefix("ifconfig_")?.split_once('=')?;
        (value.trim_matches(['"', '\'']) == "DHCP").then_some(name.len())
    };
    let start = "ifconfig_".len();
    rc_conf.lines().filter_map(|line| device(line).map(|length| &line[start..start + length])).collect()
}

/// Restarts the network. With `restart`, DragonFly's dhclient would not set its routes again; routing fails with 1 on
/// the loopback route that already exists.
fn apply(system: &System) -> Result<(), DistroError> {
    let rc_conf = bsd::current(system);
    let devices = by_dhcp(&rc_conf);
    for device in &devices {
        bsd::restart(system, &[(&["service", "dhclient", "stop", device], &[0, 1])])?;
    }
    bsd::restart(
        system,
        &[(&["service", "netif", "restart"], &[]), (&["service", "routing", "restart"], &[0, 1])],
    )?;
    devices
        .iter()
        .try_for_each(|device| bsd::restart(system, &[(&["service", "dhclient", "start", device], &[0, 1])]))
}

fn inet(address: &Address) -> String {
    let mut text = if address.v6 {
        format!("inet6 {}/{}", address.ip, address.prefix)
    } else {
        format!("inet {} netmask {}", address.ip, address.netmask())
    };
    if let Some(mtu) = &address.mtu {
        text.push_str(&format!(" mtu {mtu}"));
    }
    text
}

/// The files.
pub(crate) fn render(
    state: &NetworkState,
    existing: &Existing<'_>,
) -> Result<Vec<RenderedFile>, RenderError> {
    let mut rc = RcConf::parse(&existing.rc_conf);
    let links = bsd::configured(state, existing.links, true);
    for link in &links {
        if let Some(current) = &link.renamed_from {
            rc.set(&format!("ifconfig_{current}_name"), &link.name);
        }
        let mut v4 = link.addresses.iter().filter(|address| !address.v6);
        let mut v6 = link.addresses.iter().filter(|address| address.v6);
        let first = if link.dhcp4 { Some("DHCP".to_owned()) } else { v4.next().map(inet) };
        if let Some(first) = first {
            rc.set(&format!("ifconfig_{}", link.name), &first);
        }
        if let Some(first) = v6.next() {
            rc.set(&format!("ifconfig_{}_ipv6", link.name), &inet(first));
        }
        for (number, further) in v4.chain(v6).enumerate() {
            rc.set(&format!("ifconfig_{}_alias{number}", link.name), &inet(further));
        }
    }
    let [v4, v6] = bsd::default_gateways(state, &links);
    for (key, gateway) in [("defaultrouter", v4), ("ipv6_defaultrouter", v6)] {
        if let Some(gateway) = gateway {
            rc.set(key, &gateway);
        }
    }
    let (mut names, mut names6): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for (number, (route, gateway)) in bsd::others(bsd::routes(state, &links)).into_iter().enumerate() {
        let name = format!("net{number}");
        let (network, prefix) = (&route.network, route.prefix);
        if address::is_v6_network(network) {
            rc.set(&format!("ipv6_route_{name}"), &format!("-net {network}/{prefix} {gateway}"));
            names6.push(name);
            rc.set("ipv6_static_routes", &names6.join(" "));
        } else {
            let mask = address::v4_mask(prefix);
            rc.set(&format!("route_{name}"), &format!("-net {network} -netmask {mask} {gateway}"));
            names.push(name);
            rc.set("static_routes", &names.join(" "));
        }
    }
    let mut files = vec![bsd::rc_conf(&rc)];
    files.extend(bsd::resolv_conf(state, existing, NAME)?);
    Ok(files)
}
