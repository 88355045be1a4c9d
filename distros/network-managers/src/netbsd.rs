//! NetBSD's rc.conf.
//!
//! Facts: NetBSD's rc.conf(5): `ifconfig_IF`, `dhcpcd`, `dhcpcd_flags`, `defaultroute`, `defaultroute6`.

use netconfig::NetworkState;

use crate::bsd::{self, Existing, RcConf};
use crate::{RenderError, RenderedFile};

const NAME: &str = "netbsd";

/// The files. What rc.conf has no form for here is told, with its place.
pub(crate) fn render(
    state: &NetworkState,
    existing: &Existing<'_>,
) -> Result<Vec<RenderedFile>, RenderError> {
    let mut rc = RcConf::parse(&existing.rc_conf);
    let links = bsd::configured(state, existing.links, false);
    let by_dhcp: Vec<&str> = links.iter().filter(|link| link.dhcp4).map(|link| link.name.as_str()).collect();
    if !by_dhcp.is_empty() {
        rc.set("dhcpcd", "YES");
        rc.set("dhcpcd_flags", &by_dhcp.join(" "));
    }
    for link in &links {
        let mut v4 = link.addresses.iter().filter(|address| !address.v6);
        if let Some(address) = v4.next().filter(|_| !link.dhcp4) {
            let mut text = format!("{} netmask {}", address.ip, address.netmask());
            if let Some(mtu) = &address.mtu {
                text.push_str(&format!(" mtu {mtu}"));
            }
            rc.set(&format!("ifconfig_{}", link.name), &text);
        }
        let further = v4.chain(link.addresses.iter().filter(|address| address.v6));
        for address in further {
            tracing::warn!("{}: {NAME} is not told of {}'s address {}", link.origin, link.name, address.ip);
        }
    }
    let [v4, v6] = bsd::default_gateways(state, &links);
    for (key, gateway) in [("defaultroute", v4), ("defaultroute6", v6)] {
        if let Some(gateway) = gateway {
            rc.set(key, &gateway);
        }
    }
    for (route, _) in bsd::others(bsd::routes(state, &links), NAME)? {
        tracing::warn!("{}: {NAME} is not told of the route to {}", route.origin, route.network);
    }
    let mut files = vec![rc.file()];
    files.extend(bsd::resolv_conf(state, existing, NAME)?);
    Ok(files)
}
