//! NetBSD's rc.conf.
//!
//! Facts: NetBSD's rc.conf(5): `ifconfig_IF`, `dhcpcd`, `dhcpcd_flags`, `defaultroute`, `defaultroute6`.

use ifcfg::RcConf;
use model::{DistroError, System};
use netconfig::NetworkState;

use crate::bsd::{self, Existing};
use crate::manager::{Around, Manager, Writer};
use crate::{RenderError, RenderedFile};

const NAME: &str = "netbsd";

/// The network manager.
pub(crate) const MANAGER: Manager = Manager {
    name: NAME,
    available: |_, settings| settings.distro == NAME,
    writer: Some(Writer {
        by_name_only: true,
        around: Some(Around { before: |_, _| Ok(true), after: |system, _, _| apply(system) }),
        ..Writer::plain(|state, _, surroundings| Ok(render(state, &bsd::existing(surroundings)?)?))
    }),
    activator: None,
};

fn apply(system: &System) -> Result<(), DistroError> {
    bsd::restart(system, &[(&["service", "network", "restart"], &[])])?;
    if RcConf::parse(&bsd::current(system)).get("dhcpcd").as_deref() == Some("YES") {
        bsd::restart(system, &[(&["service", "dhcpcd", "restart"], &[])])?;
    }
    Ok(())
}

/// The files. rc.conf does not support additional addresses, nor routes except for default routes.
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
    }
    let [v4, v6] = bsd::default_gateways(state, &links);
    for (key, gateway) in [("defaultroute", v4), ("defaultroute6", v6)] {
        if let Some(gateway) = gateway {
            rc.set(key, &gateway);
        }
    }
    let mut files = vec![bsd::rc_conf(&rc)];
    files.extend(bsd::resolv_conf(state, existing, NAME)?);
    Ok(files)
}
