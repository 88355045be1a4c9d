//! Shared by FreeBSD, NetBSD and OpenBSD: a device's addresses, its routes, and rc.conf.

use std::path::Path;

use etc_files::resolv::ResolvConf;
use ifcfg::RcConf;
use model::effects::{Command, FileError, Link};
use model::{DistroError, System};
use netconfig::{Interface, InterfaceKind, NetworkState, Route, SubnetKind, address, links};

use crate::manager::Surroundings;
use crate::{RenderError, RenderedFile};

/// Runs the commands that apply rendered files; those that may fail with 1 are accepted.
pub(crate) fn restart(system: &System, commands: &[(&[&str], &[i32])]) -> Result<(), DistroError> {
    for (words, accepted) in commands {
        system.commands.run(&Command::line(words.iter().copied()).accept(accepted))?;
    }
    Ok(())
}

/// The current rc.conf of a system.
pub(crate) fn current(system: &System) -> String {
    system.files.text(Path::new("/etc/rc.conf")).unwrap_or_default()
}

/// Files that are edited instead of replaced, and the machine's devices.
pub(crate) struct Existing<'e> {
    pub(crate) rc_conf: String,
    pub(crate) resolv_conf: Option<Vec<u8>>,
    pub(crate) links: &'e [Link],
}

/// The current content of the files that renderers edit.
pub(crate) fn existing<'a>(surroundings: &Surroundings<'a>) -> Result<Existing<'a>, FileError> {
    let rc_conf = surroundings.read("/etc/rc.conf")?.unwrap_or_default();
    Ok(Existing {
        rc_conf: String::from_utf8_lossy(&rc_conf).into_owned(),
        resolv_conf: surroundings.read("/etc/resolv.conf")?,
        links: surroundings.links,
    })
}

/// An address of a device.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Address {
    pub(crate) ip: String,
    pub(crate) prefix: u8,
    pub(crate) v6: bool,
    pub(crate) mtu: Option<String>,
}

impl Address {
    pub(crate) fn netmask(&self) -> String {
        address::v4_mask(self.prefix)
    }
}

/// A device.
pub(crate) struct Configured<'s> {
    /// The name used in its configuration.
    pub(crate) name: String,
    /// The current name, if it is to be renamed.
    pub(crate) renamed_from: Option<String>,
    pub(crate) dhcp4: bool,
    pub(crate) addresses: Vec<Address>,
    pub(crate) routes: Vec<&'s Route>,
    /// The gateways of its addresses.
    pub(crate) gateways: Vec<String>,
}

fn is_loopback(name: &str) -> bool {
    name.strip_prefix("lo").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The devices with the properties these systems support. `renames` says whether the system can rename devices.
pub(crate) fn configured<'s>(state: &'s NetworkState, known: &[Link], renames: bool) -> Vec<Configured<'s>> {
    let present = links::by_mac(known).unwrap_or_default();
    state
        .interfaces
        .values()
        .filter(|link| !is_loopback(&link.name) && link.kind != InterfaceKind::Wifi)
        .map(|link| {
            let current =
                link.mac.as_ref().and_then(|mac| present.get(mac)).filter(|name| **name != link.name);
            let name = match current {
                Some(current) if !renames => {
                    tracing::error!("Interface renaming is not supported on this OS");
                    current.clone()
                }
                _ => link.name.clone(),
            };
            one(link, name, current.filter(|_| renames).cloned())
        })
        .collect()
}

fn one(link: &Interface, name: String, renamed_from: Option<String>) -> Configured<'_> {
    let mut found = Configured {
        name,
        renamed_from,
        dhcp4: false,
        addresses: Vec::new(),
        routes: Vec::new(),
        gateways: Vec::new(),
    };
    for subnet in &link.subnets {
        found.dhcp4 |= matches!(subnet.kind, SubnetKind::Dhcp | SubnetKind::Dhcp4);
        let (Some(address), Some(prefix), true) = (&subnet.address, subnet.prefix, subnet.kind.is_static())
        else {
            continue;
        };
        let mtu = subnet.mtu.as_ref().or(link.mtu.as_ref()).map(ToString::to_string);
        found.addresses.push(Address { ip: address.clone(), prefix, v6: subnet.is_ipv6(), mtu });
        found.gateways.extend(subnet.gateway.clone());
        found.routes.extend(&subnet.routes);
    }
    found
}

/// Global routes, and those of devices.
pub(crate) fn routes<'a, 's>(
    state: &'s NetworkState,
    links: &'a [Configured<'s>],
) -> impl Iterator<Item = &'s Route> + use<'a, 's> {
    state.routes.iter().chain(links.iter().flat_map(|link| link.routes.iter().copied()))
}

/// The default gateways for IPv4 and IPv6: from addresses, their routes, and global routes.
pub(crate) fn default_gateways(state: &NetworkState, links: &[Configured<'_>]) -> [Option<String>; 2] {
    let of_links = links.iter().flat_map(|link| link.gateways.iter().cloned());
    let defaults =
        routes(state, links).filter(|route| route.is_default()).filter_map(|route| route.gateway.clone());
    let all: Vec<String> = of_links.chain(defaults).collect();
    [false, true].map(|v6| all.iter().rev().find(|gateway| address::is_v6(gateway) == v6).cloned())
}

/// The other routes with their gateways. Those without a gateway or in another table are not supported.
pub(crate) fn others<'s>(routes: impl IntoIterator<Item = &'s Route>) -> Vec<(&'s Route, &'s str)> {
    let known = routes.into_iter().filter(|route| !route.is_default() && route.table.is_none());
    known.filter_map(|route| Some((route, route.gateway.as_deref()?))).collect()
}

/// rc.conf, which keeps its mode.
pub(crate) fn rc_conf(rc: &RcConf) -> RenderedFile {
    let file = RenderedFile::new("/etc/rc.conf", rc.write(), 0o644);
    RenderedFile { keeps_mode: true, ..file }
}

/// resolv.conf with all name servers and domains; `None` if there are none.
pub(crate) fn resolv_conf(
    state: &NetworkState,
    existing: &Existing<'_>,
    renderer: &'static str,
) -> Result<Option<RenderedFile>, RenderError> {
    let subnets = || state.interfaces.values().flat_map(|link| &link.subnets);
    let dns =
        || std::iter::once(&state.dns).chain(state.interfaces.values().filter_map(|link| link.dns.as_ref()));
    let mut servers: Vec<&String> = dns().flat_map(|dns| &dns.nameservers).collect();
    servers.extend(subnets().filter_map(|subnet| subnet.dns_nameservers.as_ref()).flatten());
    let mut domains: Vec<&String> = dns().flat_map(|dns| &dns.search).collect();
    domains.extend(subnets().filter_map(|subnet| subnet.dns_search.as_ref()).flatten());
    if servers.is_empty() && domains.is_empty() {
        return Ok(None);
    }
    let mut file = ResolvConf::parse(existing.resolv_conf.as_deref().unwrap_or_default());
    let refused =
        |error: etc_files::Error| RenderError::new(renderer, &state.config.node().origin, error.to_string());
    for server in servers {
        file.add_nameserver(server).map_err(refused)?;
    }
    for domain in domains {
        file.add_search_domain(domain).map_err(refused)?;
    }
    let content = String::from_utf8_lossy(&file.write()).into_owned();
    Ok(Some(RenderedFile::new("/etc/resolv.conf", content, 0o644)))
}
