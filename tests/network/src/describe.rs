//! What a made-up description says, read without the program's own code: by it the files are judged.

use serde_json::Value;

/// A description, both versions.
#[derive(Debug, Clone)]
pub struct Description {
    /// The version.
    pub version: u64,
    /// The links.
    pub links: Vec<Link>,
    /// Version 1's routes of no link.
    pub routes: Vec<Route>,
    /// Version 1's name servers of no link.
    pub servers: Vec<String>,
    /// Version 1's search domains of no link.
    pub domains: Vec<String>,
}

/// A link.
#[derive(Debug, Clone)]
pub struct Link {
    /// The entry's name, which is the file's.
    pub id: String,
    /// The link's name.
    pub name: String,
    /// `physical`, `infiniband`, `bond`, `bridge`, `vlan`, `loopback`.
    pub kind: String,
    /// What is described of it.
    pub entry: Value,
    /// Its addresses, or the ways to get them. Version 2 has one.
    pub subnets: Vec<Subnet>,
    /// Its hardware address.
    pub mac: Option<String>,
    /// The bond that it is a member of.
    pub bond: Option<String>,
    /// The bridge that it is a port of.
    pub bridge: Option<String>,
}

/// A subnet of version 1; all that version 2 says of a link's addresses.
#[derive(Debug, Clone, Default)]
pub struct Subnet {
    /// The type; empty for version 2.
    pub kind: String,
    /// Addresses with their prefixes.
    pub addresses: Vec<String>,
    /// Gateways.
    pub gateways: Vec<String>,
    /// Routes.
    pub routes: Vec<Route>,
    /// Name servers.
    pub servers: Vec<String>,
    /// Search domains.
    pub domains: Vec<String>,
}

/// A route.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Route {
    /// The network, without its prefix.
    pub network: String,
    /// The prefix.
    pub prefix: u8,
    /// The gateway.
    pub via: String,
    /// The metric.
    pub metric: Option<String>,
    /// The table.
    pub table: Option<String>,
    /// The MTU.
    pub mtu: Option<String>,
    /// Whether the gateway is on the link.
    pub on_link: bool,
}

impl Route {
    /// Whether it is of IPv6.
    pub fn is_v6(&self) -> bool {
        self.network.contains(':')
    }

    /// Whether it leads everywhere.
    pub fn is_default(&self) -> bool {
        self.prefix == 0
    }

    /// Whether it says more than where it leads, its gateway and its metric.
    pub fn is_particular(&self) -> bool {
        self.table.is_some() || self.mtu.is_some() || self.on_link
    }

    /// The network with its prefix.
    pub fn cidr(&self) -> String {
        format!("{}/{}", self.network, self.prefix)
    }

    /// The netmask of IPv4.
    pub fn netmask(&self) -> String {
        let bits = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
        std::net::Ipv4Addr::from(bits).to_string()
    }

    /// A route of either version.
    pub(crate) fn read(value: &Value) -> Self {
        let text = |key: &str| scalar(&value[key]);
        let via = ["via", "gateway"].iter().find_map(|key| text(key)).unwrap_or_default();
        let to = ["to", "destination", "network"].iter().find_map(|key| text(key)).unwrap_or_default();
        let everywhere = if via.contains(':') { "::/0" } else { "0.0.0.0/0" };
        let to = if to == "default" { everywhere.to_owned() } else { to };
        let (network, prefix) = match to.split_once('/') {
            Some((network, prefix)) => (network, prefix.parse().unwrap_or_default()),
            None => (to.as_str(), text("netmask").map_or(0, |mask| prefix_of(&mask))),
        };
        Self {
            network: network.to_owned(),
            prefix,
            via,
            metric: text("metric"),
            table: text("table"),
            mtu: text("mtu"),
            on_link: value["on-link"] == true,
        }
    }
}

/// A single value as text.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
        other => Some(other.to_string()),
    }
}

/// One text or several.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().filter_map(scalar).collect(),
        other => scalar(other).into_iter().collect(),
    }
}

/// A prefix, said as a number or as a netmask.
fn prefix_of(mask: &str) -> u8 {
    let of_mask = mask.parse::<std::net::Ipv4Addr>().map(u32::from);
    let ones = of_mask.map(|bits| u8::try_from(bits.count_ones()).unwrap_or_default());
    ones.or_else(|_| mask.parse()).unwrap_or_default()
}

/// Addresses of version 2 may have options.
fn addresses(value: &Value) -> Vec<String> {
    let one = |value: &Value| match value {
        Value::Object(map) => map.keys().next().cloned(),
        other => scalar(other),
    };
    value.as_array().into_iter().flatten().filter_map(one).collect()
}

fn routes(value: &Value) -> Vec<Route> {
    value["routes"].as_array().into_iter().flatten().map(Route::read).collect()
}

impl Description {
    /// Reads a description.
    pub fn read(config: &Value) -> Self {
        let mut found = Self {
            version: config["version"].as_u64().unwrap_or_default(),
            links: Vec::new(),
            routes: Vec::new(),
            servers: Vec::new(),
            domains: Vec::new(),
        };
        if found.version == 1 {
            found.version_1(config);
        } else {
            found.version_2(config);
        }
        let members: Vec<(String, String, Vec<String>)> = found
            .links
            .iter()
            .map(|link| (link.kind.clone(), link.name.clone(), members(&link.entry)))
            .collect();
        for link in &mut found.links {
            let above = |kind: &str| {
                let found = members.iter().find(|(of, _, all)| of == kind && all.contains(&link.id));
                found.map(|(_, name, _)| name.clone())
            };
            (link.bond, link.bridge) = (above("bond"), above("bridge"));
        }
        found
    }

    fn version_1(&mut self, config: &Value) {
        for entry in config["config"].as_array().into_iter().flatten() {
            match entry["type"].as_str().unwrap_or_default() {
                "route" => self.routes.push(Route::read(entry)),
                "nameserver" if entry.get("interface").is_none() => {
                    self.servers.extend(texts(&entry["address"]));
                    self.domains.extend(texts(&entry["search"]));
                }
                "nameserver" => {
                    let link = self.links.iter_mut().find(|link| entry["interface"] == link.id.as_str());
                    if let Some(link) = link {
                        link.subnets.push(Subnet {
                            kind: "nameserver".to_owned(),
                            servers: texts(&entry["address"]),
                            domains: texts(&entry["search"]),
                            ..Subnet::default()
                        });
                    }
                }
                kind => {
                    let name = scalar(&entry["name"]).unwrap_or_default();
                    let subnets = entry["subnets"].as_array().into_iter().flatten().map(subnet_1).collect();
                    self.links.push(Link {
                        id: name.clone(),
                        name,
                        kind: kind.to_owned(),
                        entry: entry.clone(),
                        subnets,
                        mac: scalar(&entry["mac_address"]),
                        bond: None,
                        bridge: None,
                    });
                }
            }
        }
    }

    fn version_2(&mut self, config: &Value) {
        for (section, kind) in
            [("ethernets", "physical"), ("bonds", "bond"), ("bridges", "bridge"), ("vlans", "vlan")]
        {
            for (id, entry) in config[section].as_object().into_iter().flatten() {
                let subnet = Subnet {
                    kind: String::new(),
                    addresses: addresses(&entry["addresses"]),
                    gateways: ["gateway4", "gateway6"]
                        .iter()
                        .filter_map(|key| scalar(&entry[*key]))
                        .collect(),
                    routes: routes(entry),
                    servers: texts(&entry["nameservers"]["addresses"]),
                    domains: texts(&entry["nameservers"]["search"]),
                };
                self.links.push(Link {
                    id: id.clone(),
                    name: scalar(&entry["set-name"]).unwrap_or_else(|| id.clone()),
                    kind: kind.to_owned(),
                    entry: entry.clone(),
                    subnets: vec![subnet],
                    mac: scalar(&entry["macaddress"]).or_else(|| scalar(&entry["match"]["macaddress"])),
                    bond: None,
                    bridge: None,
                });
            }
        }
    }

    /// The link whose file or section has this id or name.
    pub fn link(&self, name: &str) -> Option<&Link> {
        let by_id = self.links.iter().find(|link| link.id == name);
        by_id.or_else(|| self.links.iter().find(|link| link.name == name))
    }
}

fn members(entry: &Value) -> Vec<String> {
    ["bond_interfaces", "bridge_interfaces", "interfaces"]
        .iter()
        .flat_map(|key| texts(&entry[*key]))
        .collect()
}

fn subnet_1(entry: &Value) -> Subnet {
    let address = scalar(&entry["address"]).map(|address| {
        let said = scalar(&entry["prefix"]).or_else(|| scalar(&entry["netmask"]));
        match said.filter(|_| !address.contains('/')) {
            Some(mask) => format!("{address}/{}", prefix_of(&mask)),
            None => address,
        }
    });
    Subnet {
        kind: scalar(&entry["type"]).unwrap_or_default(),
        addresses: address.into_iter().collect(),
        gateways: scalar(&entry["gateway"]).into_iter().collect(),
        routes: routes(entry),
        servers: texts(&entry["dns_nameservers"]),
        domains: texts(&entry["dns_search"]),
    }
}

impl Link {
    /// Its routes.
    pub fn routes(&self) -> impl Iterator<Item = &Route> {
        self.subnets.iter().flat_map(|subnet| &subnet.routes)
    }

    /// Its name servers.
    pub fn servers(&self) -> impl Iterator<Item = &String> {
        self.subnets.iter().flat_map(|subnet| &subnet.servers)
    }

    /// Its search domains.
    pub fn domains(&self) -> impl Iterator<Item = &String> {
        self.subnets.iter().flat_map(|subnet| &subnet.domains)
    }

    /// Its addresses.
    pub fn addresses(&self) -> impl Iterator<Item = &String> {
        self.subnets.iter().flat_map(|subnet| &subnet.addresses)
    }

    /// The text of a key of its entry.
    pub fn text(&self, key: &str) -> Option<String> {
        scalar(&self.entry[key])
    }

    /// Whether it has an address or a route of IPv6, or asks for one.
    pub fn describes_ipv6(&self) -> bool {
        let kinds = ["dhcp6", "static6", "ipv6_slaac", "ipv6_dhcpv6-stateless", "ipv6_dhcpv6-stateful"];
        self.entry["dhcp6"] == true
            || self.addresses().any(|address| address.contains(':'))
            || self.routes().any(Route::is_v6)
            || self.subnets.iter().any(|subnet| kinds.contains(&subnet.kind.as_str()))
    }

    /// Whether it has an address or a route of IPv4, or asks for one.
    pub fn describes_ipv4(&self) -> bool {
        self.entry["dhcp4"] == true
            || self.addresses().any(|address| !address.contains(':'))
            || self.routes().any(|route| !route.is_v6())
            || self.subnets.iter().any(|subnet| ["dhcp", "dhcp4", "manual"].contains(&subnet.kind.as_str()))
    }

    /// Whether the first of version 2's ways to an address is of IPv6.
    pub fn starts_with_ipv6(&self) -> bool {
        if self.entry["dhcp4"] == true {
            return false;
        }
        self.entry["dhcp6"] == true || self.addresses().next().is_some_and(|address| address.contains(':'))
    }

    /// The MTU that counts: that of the last IPv4 subnet that has one, else the link's.
    pub fn mtu(&self) -> Option<String> {
        let of_subnets = self.entry["subnets"].as_array().into_iter().flatten().rev().find_map(|subnet| {
            let v4 = subnet["address"].as_str().is_some_and(|address| !address.contains(':'));
            scalar(&subnet["mtu"]).filter(|_| v4)
        });
        of_subnets.or_else(|| self.text("mtu"))
    }
}

/// Whether an address is in a network.
fn holds(network: &str, address: &str) -> bool {
    use std::net::IpAddr;
    let Some((of, prefix)) = network.split_once('/') else { return false };
    let prefix: u32 = prefix.parse().unwrap_or_default();
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => (32, u128::from(u32::from(address))),
        IpAddr::V6(address) => (128, u128::from(address)),
    };
    let (Ok(of), Ok(address)) = (of.parse().map(bits), address.parse().map(bits)) else { return false };
    of.0 == address.0 && of.1.checked_shr(of.0 - prefix) == address.1.checked_shr(of.0 - prefix)
}

impl Description {
    /// The link of a route of no link, and the subnet in whose place it stands: whose network holds the gateway, or the
    /// only one that has any, where its addresses come over the network.
    pub fn home(&self, route: &Route) -> Option<(&Link, usize)> {
        let near = |subnet: &Subnet| subnet.addresses.iter().any(|network| holds(network, &route.via));
        let found = |link: &'_ Link, test: &dyn Fn(&Subnet) -> bool| link.subnets.iter().position(test);
        if let Some(home) = self.links.iter().find_map(|link| Some((link, found(link, &near)?))) {
            return Some(home);
        }
        let kinds: &[&str] = if route.is_v6() {
            &["dhcp6", "ipv6_slaac", "ipv6_dhcpv6-stateless", "ipv6_dhcpv6-stateful"]
        } else {
            &["dhcp", "dhcp4"]
        };
        let mut configured = self.links.iter().filter(|link| {
            link.kind != "loopback" && link.subnets.iter().any(|subnet| subnet.kind != "nameserver")
        });
        let only = configured.next().filter(|_| configured.next().is_none())?;
        Some((only, found(only, &|subnet| kinds.contains(&subnet.kind.as_str()))?))
    }
}
