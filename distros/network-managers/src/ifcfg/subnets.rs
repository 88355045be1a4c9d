//! The addresses and routes of a device.

use netconfig::{Interface, Subnet, SubnetKind, address};

use super::file::LinkFile;
use super::{Flavor, NAME};
use crate::RenderError;

/// resolv.conf(5) supports three servers.
const NAMESERVERS: usize = 3;

pub(super) fn write(
    file: &mut LinkFile,
    link: &Interface,
    has_default_route: bool,
    flavor: Flavor,
) -> Result<(), RenderError> {
    match flavor {
        Flavor::Rhel => file.set("BOOTPROTO", "none"),
        Flavor::Suse if file.has("BRIDGE") => {
            file.set("BOOTPROTO", "dhcp");
            file.remove("BRIDGE");
        }
        Flavor::Suse => file.set("BOOTPROTO", "static"),
    }
    for subnet in &link.subnets {
        match flavor {
            Flavor::Rhel => protocol_rhel(file, subnet, link)?,
            Flavor::Suse => protocol_suse(file, subnet, link)?,
        }
        if subnet.control.as_deref() == Some("manual") {
            match flavor {
                Flavor::Rhel => file.flag("ONBOOT", false),
                Flavor::Suse => file.set("STARTMODE", "manual"),
            }
        }
    }
    let (mut of_v4, mut of_v6) = (0, 0);
    for subnet in &link.subnets {
        if let (Some(metric), Flavor::Rhel) = (&subnet.metric, flavor) {
            file.set(if subnet.is_ipv6() { "IPV6_ROUTE_METRIC" } else { "IPV4_ROUTE_METRIC" }, metric);
        }
        if matches!(subnet.kind, SubnetKind::Dhcp | SubnetKind::Dhcp4) {
            if flavor == Flavor::Rhel && has_default_route && file.get("BOOTPROTO") != "none" {
                file.flag("DHCLIENT_SET_DEFAULT_ROUTE", false);
            }
        } else if subnet.kind.is_static() {
            let index = if subnet.is_ipv6() { &mut of_v6 } else { &mut of_v4 };
            static_address(file, subnet, *index, flavor);
            *index += 1;
            if flavor == Flavor::Rhel {
                gateway_and_dns(file, subnet);
            }
        }
    }
    Ok(())
}

fn unknown(subnet: &Subnet, link: &Interface) -> RenderError {
    let what = format!("the subnet type '{}' of '{}'", subnet.kind.name(), link.name);
    RenderError::new(NAME, &subnet.origin, what)
}

fn protocol_rhel(file: &mut LinkFile, subnet: &Subnet, link: &Interface) -> Result<(), RenderError> {
    match subnet.kind {
        SubnetKind::Dhcp6 => {
            file.flag("IPV6INIT", true);
            file.flag("DHCPV6C", true);
        }
        SubnetKind::Stateful => {
            file.flag("DHCPV6C", true);
            file.flag("IPV6INIT", true);
            file.flag("IPV6_AUTOCONF", false);
            file.flag("IPV6_FAILURE_FATAL", true);
        }
        SubnetKind::Stateless => {
            file.flag("IPV6INIT", true);
            file.flag("IPV6_AUTOCONF", true);
            file.flag("DHCPV6C", true);
            // Information-request: options without an address.
            file.set("DHCPV6C_OPTIONS", "-S");
        }
        SubnetKind::Slaac => {
            file.flag("IPV6INIT", true);
            file.flag("IPV6_AUTOCONF", true);
        }
        SubnetKind::Dhcp | SubnetKind::Dhcp4 => file.set("BOOTPROTO", "dhcp"),
        SubnetKind::Static | SubnetKind::Static6 => {
            let v6 = subnet.is_ipv6();
            if v6 {
                file.flag("IPV6INIT", true);
            }
            if let Some(mtu) = &subnet.mtu {
                file.set(if v6 { "IPV6_MTU" } else { "MTU" }, mtu);
            }
            if v6 {
                file.flag("IPV6_FORCE_ACCEPT_RA", false);
                file.flag("IPV6_AUTOCONF", false);
            }
        }
        // An MTU is only applied when the device is brought up.
        SubnetKind::Manual => file.flag("ONBOOT", file.has("MTU")),
        SubnetKind::Loopback | SubnetKind::Other(_) => return Err(unknown(subnet, link)),
    }
    Ok(())
}

fn protocol_suse(file: &mut LinkFile, subnet: &Subnet, link: &Interface) -> Result<(), RenderError> {
    let before = file.get("BOOTPROTO").to_owned();
    match subnet.kind {
        SubnetKind::Dhcp6 | SubnetKind::Stateful | SubnetKind::Stateless | SubnetKind::Slaac => {
            file.set("BOOTPROTO", if matches!(before.as_str(), "dhcp4" | "dhcp") { "dhcp" } else { "dhcp6" });
            let managed = matches!(subnet.kind, SubnetKind::Dhcp6 | SubnetKind::Stateful);
            file.set("DHCLIENT6_MODE", if managed { "managed" } else { "info" });
        }
        SubnetKind::Dhcp | SubnetKind::Dhcp4 => {
            file.set("BOOTPROTO", if matches!(before.as_str(), "dhcp6" | "dhcp") { "dhcp" } else { "dhcp4" });
        }
        SubnetKind::Static | SubnetKind::Static6 => {
            if let Some(mtu) = subnet.mtu.as_ref().filter(|_| !subnet.is_ipv6()) {
                file.set("MTU", mtu);
            }
        }
        SubnetKind::Manual => {}
        SubnetKind::Loopback | SubnetKind::Other(_) => return Err(unknown(subnet, link)),
    }
    Ok(())
}

fn static_address(file: &mut LinkFile, subnet: &Subnet, index: usize, flavor: Flavor) {
    if subnet.is_ipv6() {
        let cidr = subnet.cidr().unwrap_or_default();
        match (flavor, index) {
            (Flavor::Suse, 0) => file.set("IPADDR6", cidr),
            (Flavor::Suse, _) => file.set(format!("IPADDR6_{index}"), cidr),
            (Flavor::Rhel, 0) => file.set("IPV6ADDR", cidr),
            (Flavor::Rhel, 1) => file.set("IPV6ADDR_SECONDARIES", cidr),
            (Flavor::Rhel, _) => {
                file.set("IPV6ADDR_SECONDARIES", format!("{} {cidr}", file.get("IPV6ADDR_SECONDARIES")));
            }
        }
    } else {
        let suffix = if index == 0 { String::new() } else { index.to_string() };
        file.set(format!("IPADDR{suffix}"), subnet.address.as_deref().unwrap_or_default());
        file.set(format!("NETMASK{suffix}"), address::v4_mask(subnet.prefix.unwrap_or(24)));
    }
}

fn gateway_and_dns(file: &mut LinkFile, subnet: &Subnet) {
    if let Some(gateway) = &subnet.gateway {
        file.flag("DEFROUTE", true);
        file.set(if address::is_v6(gateway) { "IPV6_DEFAULTGW" } else { "GATEWAY" }, gateway);
    }
    if let Some(domains) = &subnet.dns_search {
        file.set("DOMAIN", domains.join(" "));
    }
    for (index, server) in subnet.dns_nameservers.iter().flatten().take(NAMESERVERS).enumerate() {
        file.set(format!("DNS{}", index + 1), server);
    }
}

/// SUSE's ifroute-NAME has every route in wicked's format (ifroute(5)): destination, gateway, netmask, device.
fn write_routes_suse(file: &mut LinkFile, link: &Interface) {
    for subnet in &link.subnets {
        for gateway in subnet.gateway.iter().filter(|_| subnet.kind.is_static()) {
            file.ifroutes.push(format!("default {gateway} - {}", link.name));
        }
        for route in &subnet.routes {
            let gateway = route.gateway.as_deref().unwrap_or("-");
            let to = if route.is_default() {
                "default".to_owned()
            } else {
                format!("{}/{}", route.network, route.prefix)
            };
            let mut options = String::new();
            options.extend(route.metric.iter().map(|metric| format!(" metric {metric}")));
            options.extend(route.table.iter().map(|table| format!(" table {table}")));
            options.extend(route.mtu.iter().map(|mtu| format!(" mtu {mtu}")));
            let kind = if options.is_empty() { "" } else { " unicast" };
            file.ifroutes.push(format!("{to} {gateway} - {}{kind}{options}", link.name));
        }
    }
}

/// Default routes are written to the device's own file, others to route-NAME and route6-NAME.
pub(super) fn write_routes(file: &mut LinkFile, link: &Interface, flavor: Flavor) {
    if flavor == Flavor::Suse {
        return write_routes_suse(file, link);
    }
    for subnet in &link.subnets {
        for route in &subnet.routes {
            let second = (subnet.marked_ipv4 && file.default4) || (subnet.marked_ipv6 && file.default6);
            // Router advertisements provide their own default route; the variables in the device's file support one
            // gateway and no table.
            let own =
                route.is_default() && !subnet.kind.is_ipv6_dynamic() && !second && route.table.is_none();
            let Some(gateway) = route.gateway.as_deref().filter(|_| own) else {
                file.routes.push(route.clone());
                continue;
            };
            file.flag("DEFROUTE", true);
            if matches!(file.get("BOOTPROTO"), "dhcp" | "dhcp4") {
                file.flag("DHCLIENT_SET_DEFAULT_ROUTE", true);
            }
            if subnet.marked_ipv6 || address::is_v6(gateway) {
                file.set("IPV6_DEFAULTGW", gateway);
                file.default6 = true;
            } else {
                file.set("GATEWAY", gateway);
                file.default4 = true;
            }
            if let Some(metric) = route.metric {
                file.set(if subnet.is_ipv6() { "IPV6_ROUTE_METRIC" } else { "IPV4_ROUTE_METRIC" }, metric);
            }
        }
    }
}
