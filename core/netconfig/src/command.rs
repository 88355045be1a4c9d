//! What both versions share about a device, and how it is added to the state.

use indexmap::IndexMap;
use model::config::Origin;

use crate::read::{Table, invalid};
use crate::{
    AccessPoint, Interface, InterfaceKind, Matching, NetError, NetworkState, Param, Scalar, Subnet, Vlan,
    address,
};

/// A device as configured.
pub(crate) struct Description {
    pub(crate) config_id: Option<String>,
    pub(crate) name: String,
    pub(crate) kind: InterfaceKind,
    pub(crate) mac: Option<String>,
    pub(crate) mtu: Option<Scalar>,
    pub(crate) subnets: Vec<Subnet>,
    pub(crate) accept_ra: Option<bool>,
    pub(crate) wake_on_lan: Option<bool>,
    pub(crate) optional: Option<bool>,
    pub(crate) keep_configuration: Option<Scalar>,
    pub(crate) params: IndexMap<String, Param>,
    pub(crate) matching: Option<Matching>,
    pub(crate) overrides: [IndexMap<String, Scalar>; 2],
    pub(crate) link_local: Option<Vec<String>>,
    pub(crate) rules: Vec<IndexMap<String, Scalar>>,
    pub(crate) access_points: Vec<AccessPoint>,
    pub(crate) origin: Origin,
}

impl Description {
    pub(crate) fn new(name: &str, kind: InterfaceKind, origin: Origin) -> Self {
        Self {
            config_id: None,
            name: name.to_owned(),
            kind,
            mac: None,
            mtu: None,
            subnets: Vec::new(),
            accept_ra: None,
            wake_on_lan: None,
            optional: None,
            keep_configuration: None,
            params: IndexMap::new(),
            matching: None,
            overrides: Default::default(),
            link_local: None,
            rules: Vec::new(),
            access_points: Vec::new(),
            origin,
        }
    }
}

/// The parameters of a mapping; null ones are ignored.
pub(crate) fn params(table: Option<Table<'_>>) -> Result<IndexMap<String, Param>, NetError> {
    let mut params = IndexMap::new();
    for (key, node) in table.into_iter().flat_map(Table::entries) {
        if !node.is_null() {
            let reason = "expected a value, a list of values or a mapping of values";
            let param = Param::from_node(node).ok_or_else(|| invalid(node, &key.to_string(), reason))?;
            params.insert(key.to_string(), param);
        }
    }
    Ok(params)
}

impl NetworkState {
    /// Adds a device. An existing one with the name keeps its parameters, such as those of its bond.
    pub(crate) fn physical(&mut self, link: Description) {
        // An entry with this name but another set-name is another device: names may be exchanged.
        let known = self.interfaces.get(&link.name).filter(|known| known.name == link.name);
        let mut params = known.map(|known| known.params.clone()).unwrap_or_default();
        params.extend(link.params);
        let v6 = |subnet: &Subnet| {
            subnet.kind.name().ends_with('6') || subnet.address.as_deref().is_some_and(address::is_v6)
        };
        self.use_ipv6 |= link.subnets.iter().any(v6);
        let interface = Interface {
            dns: known.and_then(|known| known.dns.clone()),
            vlan: known.and_then(|known| known.vlan.clone()),
            bridge_ports: known.and_then(|known| known.bridge_ports.clone()),
            config_id: link.config_id,
            name: link.name,
            kind: link.kind,
            mac: link.mac,
            mtu: link.mtu,
            subnets: link.subnets,
            accept_ra: link.accept_ra,
            wake_on_lan: link.wake_on_lan,
            optional: link.optional,
            keep_configuration: link.keep_configuration,
            params,
            matching: link.matching,
            overrides: link.overrides,
            link_local: link.link_local,
            rules: link.rules,
            access_points: link.access_points,
            origin: link.origin,
        };
        let key = interface.config_id.clone().unwrap_or_else(|| interface.name.clone());
        self.interfaces.insert(key, interface);
    }

    pub(crate) fn vlan(&mut self, link: Description, vlan: Vlan) {
        let name = link.name.clone();
        self.physical(link);
        if let Some(interface) = self.interfaces.get_mut(&name) {
            interface.vlan = Some(vlan);
        }
    }

    pub(crate) fn bond(&mut self, link: Description, members: &[String]) {
        let (name, params, origin) = (link.name.clone(), link.params.clone(), link.origin.clone());
        self.physical(link);
        if let Some(bond) = self.interfaces.get_mut(&name) {
            bond.params.insert("bond-slaves".to_owned(), Param::text("none"));
        }
        for member in members {
            if !self.interfaces.contains_key(member) {
                self.physical(Description::new(member, InterfaceKind::Bond, origin.clone()));
            }
            if let Some(interface) = self.interfaces.get_mut(member) {
                interface.params.insert("bond-master".to_owned(), Param::text(&name));
                interface.params.extend(params.clone());
            }
        }
    }

    pub(crate) fn bridge(&mut self, link: Description, ports: Vec<String>) -> Result<(), NetError> {
        for port in &ports {
            if !self.interfaces.contains_key(port) {
                self.physical(Description::new(port, InterfaceKind::Undescribed, link.origin.clone()));
            }
        }
        let (name, origin) = (link.name.clone(), link.origin.clone());
        self.physical(link);
        let Some(bridge) = self.interfaces.get_mut(&name) else { return Ok(()) };
        bridge.bridge_ports = Some(ports);
        if let Some(stp) = bridge.params.get("bridge_stp") {
            let value = match stp.to_string().as_str() {
                "on" | "1" | "True" => true,
                "off" | "0" | "False" => false,
                other => {
                    return Err(NetError::Invalid {
                        origin,
                        key: "bridge_stp".to_owned(),
                        value: other.to_owned(),
                        reason: "expected on or off".to_owned(),
                    });
                }
            };
            bridge.params.insert("bridge_stp".to_owned(), Param::One(Scalar::Bool(value)));
        }
        Ok(())
    }
}
