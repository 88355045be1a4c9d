//! OpenBSD's hostname.if and mygate.
//!
//! Facts: hostname.if(5), mygate(5), route(8).

use std::path::Path;

use model::{DistroError, System};
use netconfig::{NetworkState, Route, address};

use crate::bsd::{self, Existing};
use crate::manager::{Around, Manager, Writer};
use crate::{RenderError, RenderedFile};

const NAME: &str = "openbsd";

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

/// Runs netstart(8), and waits for the leases where dhcpleased(8) obtains them (since 7.0).
fn apply(system: &System) -> Result<(), DistroError> {
    let leased = system.commands.which("dhcpleasectl").is_some();
    if !leased {
        bsd::restart(
            system,
            &[
                (&["pkill", "dhclient"], &[0, 1]),
                (&["route", "del", "default"], &[0, 1]),
                (&["route", "flush", "default"], &[0, 1]),
            ],
        )?;
    }
    bsd::restart(system, &[(&["sh", "/etc/netstart"], &[])])?;
    for name in system.files.list(Path::new("/etc")).unwrap_or_default().into_iter().filter(|_| leased) {
        let Some(device) = name.strip_prefix("hostname.") else { continue };
        let text = system.files.text(&Path::new("/etc").join(&name)).unwrap_or_default();
        if text.lines().any(|line| line == "dhcp") {
            bsd::restart(system, &[(&["dhcpleasectl", "-w", "30", device], &[])])?;
        }
    }
    Ok(())
}

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
