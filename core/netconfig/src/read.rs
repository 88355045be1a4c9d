//! Reads values, subnets and routes from the tree.

use indexmap::IndexMap;
use model::{Key, Map, Node};

use crate::{NetError, Route, Scalar, Subnet, SubnetKind, address};

/// A mapping with its origin.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    pub(crate) node: &'a Node,
    map: &'a Map,
}

impl<'a> Table<'a> {
    /// The mapping in a key.
    pub(crate) fn new(node: &'a Node, key: &str) -> Result<Self, NetError> {
        let map = node.as_map().ok_or_else(|| wrong_kind(node, key, "a mapping"))?;
        Ok(Self { node, map })
    }

    /// A value that is not null.
    pub(crate) fn get(self, key: &str) -> Option<&'a Node> {
        self.map.get(key).filter(|node| !node.is_null())
    }

    /// Whether the key exists, regardless of its value.
    pub(crate) fn has(self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    /// A value that is true in Python: not null, false, zero or empty.
    pub(crate) fn truthy(self, key: &str) -> Option<&'a Node> {
        self.map.get(key).filter(|node| node.is_truthy())
    }

    pub(crate) fn entries(self) -> impl Iterator<Item = (&'a Key, &'a Node)> {
        self.map.iter()
    }

    /// A scalar as text.
    pub(crate) fn text(self, key: &str) -> Result<Option<String>, NetError> {
        self.get(key).map(|node| text(node, key)).transpose()
    }

    /// A scalar as text, if it is true in Python.
    fn truthy_text(self, key: &str) -> Result<Option<String>, NetError> {
        self.truthy(key).map(|node| text(node, key)).transpose()
    }

    /// A scalar.
    pub(crate) fn scalar(self, key: &str) -> Result<Option<Scalar>, NetError> {
        let read = |node| Scalar::from_node(node).ok_or_else(|| wrong_kind(node, key, "a single value"));
        self.get(key).map(read).transpose()
    }

    /// A boolean in any spelling; all other texts are false.
    pub(crate) fn flag(self, key: &str) -> Result<Option<bool>, NetError> {
        Ok(self.text(key)?.as_deref().map(boolean::lenient))
    }

    /// A MAC address, lower case.
    pub(crate) fn mac(self, key: &str) -> Result<Option<String>, NetError> {
        self.get(key).map(|node| mac(node, key)).transpose()
    }

    /// The items of a list; a missing or null list is empty.
    pub(crate) fn list(self, key: &str) -> Result<&'a [Node], NetError> {
        match self.get(key) {
            None => Ok(&[]),
            Some(node) => node.as_list().ok_or_else(|| wrong_kind(node, key, "a list")),
        }
    }

    /// A list of texts.
    pub(crate) fn texts(self, key: &str) -> Result<Option<Vec<String>>, NetError> {
        if self.get(key).is_none() {
            return Ok(None);
        }
        self.list(key)?.iter().map(|item| text(item, key)).collect::<Result<_, _>>().map(Some)
    }

    /// The scalars of a nested mapping; null ones are skipped, and deeper values are left to the report of unsupported
    /// keys.
    pub(crate) fn scalars(self, key: &str) -> Result<IndexMap<String, Scalar>, NetError> {
        let Some(table) = self.table(key)? else { return Ok(IndexMap::new()) };
        Ok(table.own_scalars())
    }

    /// The scalars of this mapping.
    pub(crate) fn own_scalars(self) -> IndexMap<String, Scalar> {
        self.entries().filter_map(|(key, node)| Some((key.to_string(), Scalar::from_node(node)?))).collect()
    }

    /// A list of texts, or one text.
    pub(crate) fn one_or_more(self, key: &str) -> Result<Vec<String>, NetError> {
        match self.get(key) {
            Some(node) if node.as_list().is_none() => Ok(vec![text(node, key)?]),
            _ => Ok(self.texts(key)?.unwrap_or_default()),
        }
    }

    /// A nested mapping.
    pub(crate) fn table(self, key: &str) -> Result<Option<Table<'a>>, NetError> {
        self.get(key).map(|node| Table::new(node, key)).transpose()
    }

    /// An error about a missing key.
    pub(crate) fn missing(self, what: &str, key: &'static str) -> NetError {
        NetError::Missing { origin: self.node.origin.clone(), what: what.to_owned(), key }
    }
}

pub(crate) fn wrong_kind(node: &Node, key: &str, expected: &'static str) -> NetError {
    NetError::Kind { origin: node.origin.clone(), key: key.to_owned(), expected, found: node.value.kind() }
}

pub(crate) fn invalid(node: &Node, key: &str, reason: impl Into<String>) -> NetError {
    NetError::Invalid {
        origin: node.origin.clone(),
        key: key.to_owned(),
        value: node.scalar_text().unwrap_or_else(|| node.value.kind().to_owned()),
        reason: reason.into(),
    }
}

pub(crate) fn text(node: &Node, key: &str) -> Result<String, NetError> {
    node.scalar_text().filter(|_| !node.is_null()).ok_or_else(|| wrong_kind(node, key, "text"))
}

pub(crate) fn mac(node: &Node, key: &str) -> Result<String, NetError> {
    match node.as_int() {
        Some(number) => Err(NetError::MacNumber { origin: node.origin.clone(), key: key.to_owned(), number }),
        None => node.as_str().map(str::to_lowercase).ok_or_else(|| wrong_kind(node, key, "a MAC address")),
    }
}

/// An address and its prefix length in a subnet or a route. `keys` are the possible keys of the address.
fn network(table: Table<'_>, keys: &[&'static str], what: &str) -> Result<(String, u8), NetError> {
    let Some((key, node)) = keys.iter().find_map(|key| Some((*key, table.truthy(key)?))) else {
        return Err(table.missing(what, keys[0]));
    };
    let mut address = text(node, key)?;
    if address == "default" {
        let gateway = table.text("gateway")?.or(table.text("via")?).unwrap_or_default();
        // Without a gateway the route is on-link, and IPv4 by default.
        address = if gateway.is_empty() || address::is_v4(&gateway) {
            "0.0.0.0/0".to_owned()
        } else if address::is_v6(&gateway) {
            "::/0".to_owned()
        } else {
            return Err(invalid(
                node,
                key,
                format!("the gateway of a default route must be an address, not '{gateway}'"),
            ));
        };
    }
    let v6 = address::is_v6_network(&address);
    if !v6 && !address::is_v4_network(&address) {
        return Err(invalid(node, key, "not a valid IP address or network"));
    }
    let parse = |mask: &str| if v6 { address::v6_prefix(mask) } else { address::v4_prefix(mask) };
    let bad_mask = || invalid(node, key, "not a valid prefix or netmask");
    if let Some((bare, mask)) = address.split_once('/') {
        return Ok((bare.to_owned(), parse(mask).ok_or_else(bad_mask)?));
    }
    for key in ["prefix", "netmask"] {
        let counts = |node: &&Node| node.is_truthy() || (key == "prefix" && node.as_int() == Some(0));
        if let Some(node) = table.get(key).filter(counts) {
            let mask = text(node, key)?;
            let what = if v6 { "IPv6" } else { "IPv4" };
            let prefix = parse(mask.trim());
            return Ok((
                address,
                prefix
                    .ok_or_else(|| invalid(node, key, format!("not a valid prefix or netmask for {what}")))?,
            ));
        }
    }
    Ok((address, if v6 { 64 } else { 24 }))
}

/// A route of config v1; v2 uses the keys `to` and `via`.
pub(crate) fn route(node: &Node) -> Result<Route, NetError> {
    let table = Table::new(node, "routes")?;
    let (network, prefix) = network(table, &["destination", "network", "to"], "a route")?;
    let present = |key: &str| table.get(key).filter(|node| node.as_str() != Some(""));
    let metric = match present("metric") {
        None => None,
        Some(node) => {
            let number = match node.as_bool() {
                Some(value) => Some(i128::from(value)),
                None => text(node, "metric")?.trim().parse().ok(),
            };
            Some(number.ok_or_else(|| invalid(node, "metric", "the metric of a route must be an integer"))?)
        }
    };
    let gateway = ["gateway", "via"].into_iter().find_map(|key| Some((key, present(key)?)));
    let scalar = |key: &str| -> Result<Option<Scalar>, NetError> {
        if present(key).is_some() { table.scalar(key) } else { Ok(None) }
    };
    Ok(Route {
        network,
        prefix,
        gateway: gateway.map(|(key, node)| text(node, key)).transpose()?,
        metric,
        mtu: scalar("mtu")?,
        table: scalar("table")?,
        on_link: table.flag("on-link")?,
        origin: node.origin.clone(),
    })
}

/// The items of a list, or the words of a text.
fn words(table: Table<'_>, key: &str) -> Result<Option<Vec<String>>, NetError> {
    match table.truthy(key) {
        None => Ok(None),
        Some(node) if node.as_list().is_some() => table.texts(key),
        Some(node) => Ok(Some(text(node, key)?.split_whitespace().map(str::to_owned).collect())),
    }
}

/// A subnet of config v1.
pub(crate) fn subnet(node: &Node) -> Result<Subnet, NetError> {
    let table = Table::new(node, "subnets")?;
    let kind = table.text("type")?.ok_or_else(|| table.missing("a subnet", "type"))?;
    let mut subnet = Subnet::new(SubnetKind::from_name(&kind), node.origin.clone());
    if subnet.kind.is_static() {
        let (address, prefix) = network(table, &["address", "ip_address"], "a static subnet")?;
        (subnet.address, subnet.prefix) = (Some(address), Some(prefix));
    } else {
        // Dynamic addresses are not normalized: the written value is kept.
        subnet.address = table.truthy_text("address")?;
        let prefix = table.truthy("prefix").and_then(Node::as_int);
        subnet.prefix = prefix.and_then(|prefix| u8::try_from(prefix).ok());
    }
    subnet.gateway = table.truthy_text("gateway")?;
    subnet.broadcast = table.truthy_text("broadcast")?;
    subnet.pointopoint = table.truthy_text("pointopoint")?;
    subnet.scope = table.truthy_text("scope")?;
    subnet.metric = table.scalar("metric")?.filter(Scalar::is_truthy);
    subnet.mtu = table.scalar("mtu")?.filter(Scalar::is_truthy);
    subnet.control = table.truthy_text("control")?;
    subnet.dns_nameservers = words(table, "dns_nameservers")?;
    subnet.dns_search = words(table, "dns_search")?;
    subnet.routes = table.list("routes")?.iter().map(route).collect::<Result<_, _>>()?;
    subnet.marked_ipv4 = table.truthy("ipv4").is_some();
    subnet.marked_ipv6 = table.truthy("ipv6").is_some();
    Ok(subnet)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> Node {
        Node::from_yaml("t", text.as_bytes()).expect("valid").expect("there")
    }

    /// What upstream's renderers make of a value: null is missing, and a list may be one value where lists are read.
    #[test]
    fn values_of_a_table() {
        let tree = node(
            "{t: x, n: 7, f: 1.5, b: yes, c: 'off', e: '', l: [a, 1], el: [], z: null, m: {k: 1, l: [1], n: null}, \
             mac: 'AA:BB', words: ' a  b '}",
        );
        let table = Table::new(&tree, "t").expect("a mapping");
        let text = |key: &str| table.text(key).ok().flatten();
        for (key, wanted) in
            [("t", Some("x")), ("n", Some("7")), ("e", Some("")), ("z", None), ("gone", None), ("l", None)]
        {
            assert_eq!(text(key).as_deref(), wanted, "{key}");
        }
        assert!(table.text("l").is_err() && table.text("m").is_err());
        let truthy = |key: &str| table.truthy_text(key).ok().flatten();
        assert_eq!((truthy("t").as_deref(), truthy("e"), truthy("z")), (Some("x"), None, None));
        assert!(table.has("z") && !table.has("gone") && table.get("z").is_none());
        let flag = |key: &str| table.flag(key).expect("text");
        assert_eq!(
            (flag("b"), flag("c"), flag("t"), flag("gone")),
            (Some(true), Some(false), Some(false), None)
        );
        assert_eq!(table.mac("mac").expect("text").as_deref(), Some("aa:bb"));
        assert!(table.mac("n").is_err() && table.mac("l").is_err());
        let words = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        assert_eq!(table.texts("l").expect("a list"), Some(words(&["a", "1"])));
        assert_eq!(table.texts("el").expect("a list"), Some(vec![]));
        assert_eq!(table.texts("gone").expect("missing"), None);
        assert!(table.texts("t").is_err());
        assert_eq!(table.one_or_more("t").expect("one"), words(&["x"]));
        assert_eq!(table.one_or_more("l").expect("more"), words(&["a", "1"]));
        assert_eq!(table.one_or_more("gone").expect("none"), words(&[]));
        assert!(table.one_or_more("m").is_err());
        assert_eq!(super::words(table, "words").expect("text"), Some(words(&["a", "b"])));
        assert_eq!(super::words(table, "l").expect("a list"), Some(words(&["a", "1"])));
        assert_eq!(super::words(table, "e").expect("empty"), None);
        let scalars = table.scalars("m").expect("a mapping");
        assert_eq!(scalars.keys().map(String::as_str).collect::<Vec<_>>(), ["k"]);
        assert!(table.scalars("gone").expect("missing").is_empty());
        assert!(table.table("t").is_err() && table.table("gone").expect("missing").is_none());
        assert!(table.scalar("f").expect("a scalar").is_some() && table.scalar("l").is_err());
    }

    /// Upstream's `_normalize_net_keys` and `_normalize_route` (cloudinit/net/network_state.py).
    #[test]
    fn networks_of_routes() {
        let found = |text: &str| match route(&node(text)) {
            Ok(route) => format!(
                "{}/{} {} {}",
                route.network,
                route.prefix,
                route.gateway.unwrap_or_else(|| "-".to_owned()),
                route.metric.map_or_else(|| "-".to_owned(), |metric| metric.to_string())
            ),
            Err(error) => error.to_string().split(": ").last().unwrap_or_default().to_owned(),
        };
        for (text, wanted) in [
            ("{destination: 10.0.0.0/8, gateway: 10.0.0.1}", "10.0.0.0/8 10.0.0.1 -"),
            (
                "{network: 10.0.0.0, netmask: 255.0.0.0, gateway: 10.0.0.1, metric: 5}",
                "10.0.0.0/8 10.0.0.1 5",
            ),
            ("{network: 10.0.0.0, prefix: 12}", "10.0.0.0/12 - -"),
            ("{network: 10.0.0.0, prefix: 0}", "10.0.0.0/0 - -"),
            ("{network: 10.0.0.0, prefix: 12, netmask: 255.0.0.0}", "10.0.0.0/12 - -"),
            ("{network: 10.0.0.0}", "10.0.0.0/24 - -"),
            ("{network: '2001:db8::'}", "2001:db8::/64 - -"),
            ("{network: '2001:db8::', netmask: 'ffff:ffff::'}", "2001:db8::/32 - -"),
            ("{network: '2001:db8::', prefix: 48, metric: ' 7 '}", "2001:db8::/48 - 7"),
            ("{to: default, via: 10.0.0.1}", "0.0.0.0/0 10.0.0.1 -"),
            ("{to: default, via: 'fe80::1', metric: true}", "::/0 fe80::1 1"),
            ("{to: default}", "0.0.0.0/0 - -"),
            ("{to: 10.0.0.0/8, via: '', gateway: ''}", "10.0.0.0/8 - -"),
            ("{destination: '', network: 10.0.0.0/9}", "10.0.0.0/9 - -"),
        ] {
            assert_eq!(found(text), wanted, "{text}");
        }
        for text in [
            "{to: default, via: text}",
            "{to: text}",
            "{to: 10.0.0.0/33}",
            "{network: 10.0.0.0, netmask: 255.0.255.0}",
            "{network: '2001:db8::', netmask: 255.0.0.0}",
            "{to: 10.0.0.0/8, metric: text}",
            "{gateway: 10.0.0.1}",
            "[]",
        ] {
            assert!(route(&node(text)).is_err(), "{text}");
        }
    }
}
