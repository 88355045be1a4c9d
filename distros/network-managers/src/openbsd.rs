//! OpenBSD's hostname.if and mygate.
//!
//! Facts: hostname.if(5), mygate(5), route(8).

use netconfig::{NetworkState, Route, address};

use crate::bsd::{self, Existing};
use crate::manager::{Manager, Writer};
use crate::{RenderError, RenderedFile};

const NAME: &str = "openbsd";

/// The network manager. This program does not run on such systems: configurations are only converted for them.
pub(crate) const MANAGER: Manager = Manager {
    name: NAME,
    available: |_, _| false,
    writer: Some(Writer {
        by_name_only: true,
        ..Writer::plain(|state, _, surroundings| Ok(render(state, &bsd::existing(surroundings)?)?))
    }),
    activator: None,
};

fn route_line(route: &Route, gateway: &str) -> String {
    if address::is_v6_network(&route.network) {
        format!("!route add -inet6 {}/{} {gateway}\n", route.network, route.prefix)
    } else {
        format!("!route add {} -netmask {} {gateway}\n", route.network, address::v4_mask(route.prefix))
    }
}

/// The files.
pub(crate) fn render(
    state: &NetworkState,
    existing: &Existing<'_>,
) -> Result<Vec<RenderedFile>, RenderError> {
    let links = bsd::configured(state, existing.links, false);
    let mut files = Vec::new();
    // Global routes are set by the first device with an address.
    let mut global = Some(&state.routes);
    for link in &links {
        let mut content = String::new();
        if link.dhcp4 {
            content.push_str("dhcp\n");
        }
        let mut has_v4 = link.dhcp4;
        for address in &link.addresses {
            let (ip, prefix) = (&address.ip, address.prefix);
            if address.v6 {
                content.push_str(&format!("inet6 {ip} {prefix}\n"));
            } else {
                let alias = if has_v4 { "alias " } else { "" };
                content.push_str(&format!("inet {alias}{ip} {}\n", address.netmask()));
                has_v4 = true;
            }
        }
        if content.is_empty() {
            continue;
        }
        if let Some(mtu) = link.addresses.iter().find_map(|address| address.mtu.as_ref()) {
            content.push_str(&format!("mtu {mtu}\n"));
        }
        let routes = global.take().into_iter().flatten().chain(link.routes.iter().copied());
        for (route, gateway) in bsd::others(routes) {
            content.push_str(&route_line(route, gateway));
        }
        files.push(RenderedFile::new(format!("/etc/hostname.{}", link.name), content, 0o644));
    }
    let gateways: Vec<String> = bsd::default_gateways(state, &links).into_iter().flatten().collect();
    if !gateways.is_empty() {
        files.push(RenderedFile::new("/etc/mygate", gateways.join("\n") + "\n", 0o644));
    }
    files.extend(bsd::resolv_conf(state, existing, NAME)?);
    Ok(files)
}
