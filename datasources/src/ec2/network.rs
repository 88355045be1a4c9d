//! The network configuration from the metadata: a device for each MAC, the primary one first.

use std::path::Path;
use std::time::Duration;

use metadata::{links, standard};
use model::Order as _;
use model::datasource::SourceError;
use model::{Crawl, NetworkConfig, Node};
use serde_json::{Map, Value, json};

/// How long to wait for a lease that is only needed for the gateway of an additional device.
const LEASE: Duration = Duration::from_secs(30);
/// The default order of renderers up to netplan.
const RENDERERS: &[&str] = &["eni", "sysconfig", "netplan"];

/// A device of this machine that the metadata lists.
struct Nic<'a> {
    mac: &'a str,
    name: &'a str,
    metadata: &'a Map<String, Value>,
}

impl Nic<'_> {
    /// An optional number; missing ones sort last.
    fn number(&self, key: &str) -> i64 {
        self.metadata.get(key).and_then(standard::integer).unwrap_or(i64::MAX)
    }

    fn has(&self, key: &str) -> bool {
        match self.metadata.get(key) {
            None | Some(Value::Null) => false,
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Array(items)) => !items.is_empty(),
            Some(_) => true,
        }
    }

    /// A text, or each item of a list.
    fn texts(&self, key: &str) -> Vec<&str> {
        match self.metadata.get(key) {
            Some(Value::String(text)) if !text.is_empty() => vec![text],
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// The addresses after the first of a list, with the prefix length of their network. Before version 2018-09-24
    /// there was a single address instead of a list.
    fn further_addresses(&self, addresses: &str, network: &str, usual: &str) -> Vec<String> {
        let Some(Value::Array(items)) = self.metadata.get(addresses) else { return Vec::new() };
        if items.len() < 2 {
            return Vec::new();
        }
        let given = self.metadata.get(network).and_then(Value::as_str);
        let prefix = match given.and_then(|network| network.split_once('/')) {
            Some((_, prefix)) if !prefix.contains('/') => prefix,
            _ => {
                tracing::warn!(
                    "Could not parse {network} {given:?} for mac {}. The prefix defaults to /{usual}",
                    self.mac
                );
                usual
            }
        };
        items.iter().skip(1).filter_map(Value::as_str).map(|address| format!("{address}/{prefix}")).collect()
    }

    fn secondary_addresses(&self) -> Vec<String> {
        let mut found = self.further_addresses("local-ipv4s", "subnet-ipv4-cidr-block", "24");
        found.append(&mut self.further_addresses("ipv6s", "subnet-ipv6-cidr-block", "128"));
        found.order();
        found
    }
}

/// Whether netplan will render: only there source routing rules are supported.
fn is_netplan(crawl: &Crawl<'_>) -> bool {
    let files = crawl.platform.files();
    let program = |name: &str| {
        ["/sbin", "/usr/sbin"].iter().any(|directory| files.is_file(&Path::new(directory).join(name)))
    };
    let file = |path: &str| files.is_file(Path::new(path));
    let configured =
        crawl.platform.config.at(&["system_info", "network", "renderers"]).and_then(Node::as_list);
    let order: Vec<&str> = match configured {
        Some(list) => list.iter().filter_map(Node::as_str).collect(),
        None => RENDERERS.to_vec(),
    };
    let first = order.into_iter().find(|renderer| match *renderer {
        "netplan" => program("netplan"),
        "eni" => ["ifquery", "ifup", "ifdown"].into_iter().all(program) && file("/etc/network/interfaces"),
        "sysconfig" => {
            let known = ["/etc/sysconfig/network-scripts/network-functions", "/etc/sysconfig/config"];
            program("ifup") && program("ifdown") && known.into_iter().any(file)
        }
        "network-manager" => program("NetworkManager"),
        "networkd" => file("/usr/lib/systemd/systemd-networkd") || file("/lib/systemd/systemd-networkd"),
        _ => false,
    });
    first == Some("netplan")
}

/// Network config v2 from `network` in the metadata; `link` is the device used for the query.
pub(super) fn convert(
    crawl: &Crawl<'_>,
    config: &Node,
    network: &Value,
    link: Option<&str>,
) -> Result<Option<NetworkConfig>, SourceError> {
    let Some(macs) = network.pointer("/interfaces/macs").and_then(Value::as_object) else {
        tracing::warn!("Metadata 'network' has no interfaces");
        return Ok(None);
    };
    let named = links::by_mac(crawl.system(), "/sys/class/net")?;
    let full = config.get("apply_full_imds_network_config").is_none_or(Node::lenient_bool);
    let mut nics: Vec<Nic<'_>> = named
        .iter()
        .filter_map(|(mac, name)| {
            let metadata = macs.get(mac).or_else(|| macs.get(&mac.to_lowercase()))?.as_object()?;
            Some(Nic { mac, name, metadata })
        })
        .collect();
    let ethernets = if full {
        nics.order_by(|a, b| {
            let key = |nic: &Nic<'_>| (nic.number("network-card"), nic.number("device-number"));
            key(a).cmp(&key(b)).then_with(|| a.mac.cmp(b.mac))
        });
        every_link(crawl, &nics)
    } else {
        primary_link(&named, &nics, link)
    };
    let config = json!({"version": 2, "ethernets": ethernets});
    Ok(Some(NetworkConfig::from_json(config, "EC2 metadata network")))
}

/// DHCP on the device used for the query, and nothing else.
fn primary_link(
    named: &indexmap::IndexMap<String, String>,
    nics: &[Nic<'_>],
    link: Option<&str>,
) -> Map<String, Value> {
    let mut ethernets = Map::new();
    if let Some((mac, name)) =
        named.iter().find(|(_, name)| Some(name.as_str()) == link).or_else(|| named.last())
    {
        let v6 = nics.iter().any(|nic| nic.mac == mac && nic.has("ipv6s"));
        let matched = json!({"macaddress": mac.to_lowercase()});
        ethernets
            .insert(name.clone(), json!({"dhcp4": true, "dhcp6": v6, "match": matched, "set-name": name}));
    }
    ethernets
}

/// DHCP on all devices, with metrics in their order, and all additional addresses.
fn every_link(crawl: &Crawl<'_>, nics: &[Nic<'_>]) -> Map<String, Value> {
    let netplan = nics.len() > 1 && is_netplan(crawl);
    let mut ethernets: Vec<(&Nic<'_>, Value)> = nics
        .iter()
        .enumerate()
        .map(|(index, nic)| {
            let by_source = netplan && index > 0 && nic.has("device-number");
            (nic, ethernet(crawl, nic, index, nics.len() == 1, by_source))
        })
        .collect();
    ethernets.order_by_key(|(nic, _)| nic.mac);
    ethernets.into_iter().map(|(nic, config)| (nic.name.to_owned(), config)).collect()
}

fn ethernet(crawl: &Crawl<'_>, nic: &Nic<'_>, index: usize, alone: bool, by_source: bool) -> Value {
    let mut overrides = json!({"route-metric": (index + 1) * 100});
    if by_source {
        overrides["use-routes"] = true.into();
    }
    let v6 = nic.has("ipv6s");
    let mut config = json!({
        "dhcp4": true,
        "dhcp6": v6,
        "match": {"macaddress": nic.mac.to_lowercase()},
        "set-name": nic.name,
    });
    if !alone {
        config["dhcp4-overrides"] = overrides.clone();
        if v6 {
            config["dhcp6-overrides"] = overrides;
        }
    }
    if by_source {
        let mut rules = Rules { table: 100 + index, routes: Vec::new(), policy: Vec::new() };
        rules.add(nic, "subnet-ipv4-cidr-block", "local-ipv4s", || gateway(crawl, nic));
        if v6 {
            rules.add(nic, "subnet-ipv6-cidr-blocks", "ipv6s", || None);
        }
        if !rules.policy.is_empty() {
            config["routes"] = rules.routes.into();
            config["routing-policy"] = rules.policy.into();
        }
    }
    let addresses = nic.secondary_addresses();
    if !addresses.is_empty() {
        config["addresses"] = addresses.into();
    }
    config
}

/// Source routing: replies to traffic on an additional device must leave through it.
struct Rules {
    table: usize,
    routes: Vec<Value>,
    policy: Vec<Value>,
}

impl Rules {
    fn add(
        &mut self,
        nic: &Nic<'_>,
        networks: &str,
        addresses: &str,
        gateway: impl FnOnce() -> Option<String>,
    ) {
        let (networks, addresses) = (nic.texts(networks), nic.texts(addresses));
        if networks.is_empty() || addresses.is_empty() {
            tracing::debug!("Not enough IMDS information to configure policy routing on {}", nic.name);
            return;
        }
        if let Some(gateway) = gateway() {
            self.routes.push(json!({"to": "0.0.0.0/0", "via": gateway, "table": self.table}));
        }
        self.routes.extend(networks.into_iter().map(|network| json!({"to": network, "table": self.table})));
        self.policy
            .extend(addresses.into_iter().map(|address| json!({"from": address, "table": self.table})));
    }
}

/// The metadata has no gateway; DHCP does.
fn gateway(crawl: &Crawl<'_>, nic: &Nic<'_>) -> Option<String> {
    match crawl.system().ephemeral.dhcp4(nic.name, &crawl.dhcp_clients, LEASE) {
        Ok((lease, _held)) => lease.router.map(|router| router.to_string()),
        Err(error) => {
            tracing::warn!(
                "Could not perform dhcp discovery on {} to find its gateway. \
                 Not adding default route via the gateway. Error: {error}",
                nic.name
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::datasource::SourceStage;
    use system::Scratch;

    use super::*;
    use crate::testing::{Machine, Scripted};

    /// The original's renderers in their order; the first that is available renders.
    #[test]
    fn whether_netplan_renders() {
        let netplan = || Scratch::new().program("/usr/sbin/netplan");
        let eni = |scratch: Scratch| {
            scratch.programs(&["/sbin/ifquery", "/usr/sbin/ifup", "/sbin/ifdown"]).file("/etc/network/interfaces", "")
        };
        let sysconfig = |scratch: Scratch, file: &str| {
            scratch.programs(&["/sbin/ifup", "/usr/sbin/ifdown"]).file(file, "")
        };
        let functions = "/etc/sysconfig/network-scripts/network-functions";
        let order = |names: &str| format!("system_info: {{network: {{renderers: [{names}]}}}}");
        for (what, scratch, config, expected) in [
            ("netplan alone", netplan(), String::new(), true),
            ("nothing", Scratch::new(), String::new(), false),
            ("netplan elsewhere", Scratch::new().program("/usr/bin/netplan"), String::new(), false),
            ("eni first", eni(netplan()), String::new(), false),
            ("eni without its file", netplan().programs(&["/sbin/ifquery", "/sbin/ifup", "/sbin/ifdown"]), String::new(), true),
            ("eni without a program", netplan().programs(&["/sbin/ifup", "/sbin/ifdown"]).file("/etc/network/interfaces", ""), String::new(), true),
            ("sysconfig first", sysconfig(netplan(), functions), String::new(), false),
            ("sysconfig of SUSE", sysconfig(netplan(), "/etc/sysconfig/config"), String::new(), false),
            ("sysconfig without its file", sysconfig(netplan(), "/etc/sysconfig/other"), String::new(), true),
            ("sysconfig without ifdown", netplan().program("/sbin/ifup").file(functions, ""), String::new(), true),
            ("netplan by order", eni(netplan()), order("netplan, eni"), true),
            ("NetworkManager by order", netplan().program("/usr/sbin/NetworkManager"), order("network-manager, netplan"), false),
            ("NetworkManager is missing", netplan(), order("network-manager, netplan"), true),
            ("networkd by order", netplan().file("/usr/lib/systemd/systemd-networkd", ""), order("networkd, netplan"), false),
            ("networkd, not merged", netplan().file("/lib/systemd/systemd-networkd", ""), order("networkd, netplan"), false),
            ("networkd is missing", netplan(), order("networkd, netplan"), true),
            ("not in the order", netplan(), order("eni"), false),
            ("an unknown one", netplan(), order("carrier-pigeon, netplan"), true),
        ] {
            let machine = Machine::with_http(scratch, Arc::new(Scripted::new(&[]))).config(&format!("{config}\n"));
            assert_eq!(machine.with_crawl(SourceStage::Local, None, is_netplan), expected, "{what}");
        }
    }

    /// EC2 documentation, "Instance metadata categories": a single value is text, several are a list.
    #[test]
    fn a_value_is_a_text_or_a_list() {
        let metadata = json!({"one": "a", "none": "", "many": ["a", "b"], "empty": [], "null": null, "number": 7, "digits": "8"});
        let metadata = metadata.as_object().expect("a mapping");
        let nic = Nic { mac: "06:00:00:00:00:01", name: "eth0", metadata };
        let has = ["one", "none", "many", "empty", "null", "number", "absent"].map(|key| nic.has(key));
        assert_eq!(has, [true, false, true, false, false, true, false]);
        assert_eq!(nic.texts("one"), ["a"]);
        assert_eq!(nic.texts("many"), ["a", "b"]);
        assert!(["none", "empty", "null", "number", "absent"].iter().all(|key| nic.texts(key).is_empty()));
        assert_eq!((nic.number("number"), nic.number("digits"), nic.number("absent")), (7, 8, i64::MAX));
    }
}
