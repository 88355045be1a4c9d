//! Network config version 1: a list of commands.

use indexmap::IndexMap;
use model::{NetworkConfig, Node};

use crate::command::{Description, params};
use crate::read::{Table, invalid, route, subnet, wrong_kind};
use crate::{Dns, InterfaceKind, NetError, NetworkState, Vlan, refer};

pub(crate) fn read(config: &NetworkConfig) -> Result<NetworkState, NetError> {
    let mut state = NetworkState::empty(1, config);
    let top = Table::new(config.node(), "network")?;
    let commands = top.get("config").ok_or_else(|| top.missing("network config version 1", "config"))?;
    let commands = commands.as_list().ok_or_else(|| wrong_kind(commands, "config", "a list"))?;
    // Name servers of a device that may only be configured later.
    let mut of_links: IndexMap<String, (Dns, &Node)> = IndexMap::new();
    for node in commands {
        let table = Table::new(node, "config")?;
        let kind =
            table.get("type").ok_or_else(|| table.missing("an entry of network config version 1", "type"))?;
        match kind.as_str() {
            Some("nameserver") => nameserver(&mut state, table, &mut of_links)?,
            Some("route") if !table.has("destination") => skip(node, "destination"),
            Some("route") => state.routes.push(route(node)?),
            Some(name) => link(&mut state, table, name, kind)?,
            None => return Err(wrong_kind(kind, "type", "text")),
        }
    }
    for (name, (dns, node)) in of_links {
        let Some(interface) = state.interfaces.get_mut(&name) else {
            return Err(invalid(node, "interface", "no network device of this name is configured"));
        };
        interface.dns = Some(dns);
    }
    refer::place_routes(&mut state);
    Ok(state)
}

/// Like upstream, skips an entry without a required key, with a warning.
fn skip(node: &Node, key: &str) {
    tracing::warn!("{}: Skipping invalid command: it needs the key '{key}'", node.origin);
}

fn nameserver<'a>(
    state: &mut NetworkState,
    table: Table<'a>,
    of_links: &mut IndexMap<String, (Dns, &'a Node)>,
) -> Result<(), NetError> {
    if !table.has("address") {
        skip(table.node, "address");
        return Ok(());
    }
    let dns = Dns { nameservers: table.one_or_more("address")?, search: table.one_or_more("search")? };
    match table.get("interface") {
        Some(node) => {
            of_links.insert(crate::read::text(node, "interface")?, (dns, node));
        }
        None => {
            state.dns.nameservers.extend(dns.nameservers);
            state.dns.search.extend(dns.search);
        }
    }
    Ok(())
}

/// The required keys of an entry by type.
fn required(kind: InterfaceKind) -> &'static [&'static str] {
    match kind {
        InterfaceKind::Vlan => &["name", "vlan_id", "vlan_link"],
        InterfaceKind::Bond => &["name", "bond_interfaces", "params"],
        InterfaceKind::Bridge => &["name", "bridge_interfaces"],
        _ => &["name"],
    }
}

fn link(state: &mut NetworkState, table: Table<'_>, name: &str, kind: &Node) -> Result<(), NetError> {
    let kind = match name {
        "physical" => InterfaceKind::Physical,
        "loopback" => InterfaceKind::Loopback,
        "infiniband" => InterfaceKind::Infiniband,
        "bond" => InterfaceKind::Bond,
        "bridge" => InterfaceKind::Bridge,
        "vlan" => InterfaceKind::Vlan,
        _ => {
            let known = "physical, bond, bridge, vlan, loopback, infiniband, nameserver or route";
            return Err(invalid(kind, "type", format!("expected one of {known}")));
        }
    };
    if let Some(key) = required(kind).iter().find(|key| !table.has(key)) {
        skip(table.node, key);
        return Ok(());
    }
    let name = table.text("name")?.ok_or_else(|| table.missing("a link", "name"))?;
    let mut link = Description::new(&name, kind, table.node.origin.clone());
    link.mac = table.mac("mac_address")?;
    link.mtu = table.scalar("mtu")?;
    link.subnets = table.list("subnets")?.iter().map(subnet).collect::<Result<_, _>>()?;
    link.accept_ra = table.flag("accept-ra")?;
    link.wake_on_lan = table.flag("wakeonlan")?;
    link.optional = table.flag("optional")?;
    link.keep_configuration = table.scalar("keep_configuration")?;
    link.config_id = table.text("config_id")?;
    link.params = params(table.table("params")?)?;
    match kind {
        InterfaceKind::Vlan => {
            let vlan = Vlan { id: table.scalar("vlan_id")?, link: table.text("vlan_link")? };
            state.vlan(link, vlan);
        }
        InterfaceKind::Bond => {
            let members = table.texts("bond_interfaces")?.unwrap_or_default();
            state.bond(link, &members);
        }
        InterfaceKind::Bridge => {
            let ports = table.texts("bridge_interfaces")?.unwrap_or_default();
            state.bridge(link, ports)?;
        }
        _ => state.physical(link),
    }
    Ok(())
}
