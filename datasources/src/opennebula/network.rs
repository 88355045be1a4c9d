//! Network config v2 from the variables `ETHx_*`.

use model::Order as _;
use model::datasource::SourceError;
use model::effects::Link;
use model::{NetworkConfig, System};
use serde_json::{Map, Value, json};

use super::Context;

/// The configuration of all physical devices; `None` if the context has no address.
pub(super) fn config(
    system: &System,
    context: &Context,
    place: &str,
) -> Result<Option<NetworkConfig>, SourceError> {
    if !context.variables().any(|(name, _)| is_address(name)) {
        return Ok(None);
    }
    let links = system.links.links()?;
    let named = metadata::links::by_mac(system, "/sys/class/net")?;
    let is_physical = |name: &str| links.iter().any(|link: &Link| link.name == name && link.physical);
    let mut devices: Vec<(&String, &String)> = named.iter().filter(|(_, name)| is_physical(name)).collect();
    devices.order_by_key(|(_, name)| natural(name));
    let mut ethernets = Map::new();
    for (mac, name) in devices {
        let mac = mac.to_lowercase();
        let prefix = context
            .variables()
            .filter(|(_, value)| value.eq_ignore_ascii_case(&mac))
            .filter_map(|(name, _)| name.strip_suffix("_MAC"))
            .last()
            .unwrap_or(name);
        let device = Device { context, prefix: prefix.to_uppercase() };
        let device = device.config(&mac).map_err(|reason| SourceError::Broken {
            place: format!("{place}/context.sh"),
            reason,
        })?;
        ethernets.insert(name.clone(), device);
    }
    let config = json!({"version": 2, "ethernets": ethernets});
    Ok(Some(NetworkConfig::from_json(config, "OpenNebula context")))
}

/// `ETH0_IP`, `ETH1_IP6`, …
fn is_address(name: &str) -> bool {
    let digits = |rest: &str| rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    name.strip_prefix("ETH")
        .map(|rest| rest.split_at(digits(rest)))
        .is_some_and(|(number, rest)| !number.is_empty() && rest.starts_with("_IP"))
}

/// The key by which eth2 precedes eth10.
fn natural(name: &str) -> Vec<(u64, String)> {
    let mut key = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let words = rest.find(|letter: char| letter.is_ascii_digit()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(words);
        let digits = after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len());
        let (number, after) = after.split_at(digits);
        key.push((0, word.to_lowercase()));
        key.push((number.parse().unwrap_or(0), String::new()));
        rest = after;
    }
    key
}

/// The variables of a device.
struct Device<'c> {
    context: &'c Context,
    /// `ETH0`.
    prefix: String,
}

impl Device<'_> {
    /// A variable; an empty one is like a missing one.
    fn get(&self, name: &str) -> Option<&str> {
        self.context.get(&format!("{}_{name}", self.prefix)).filter(|value| !value.is_empty())
    }

    fn config(&self, mac: &str) -> Result<Value, String> {
        let mut config = Map::new();
        config.insert("match".to_owned(), json!({"macaddress": mac}));
        config.insert("addresses".to_owned(), self.addresses(mac)?.into());
        let gateways = [
            ("gateway4", self.get("GATEWAY")),
            ("gateway6", self.get("IP6_GATEWAY").or_else(|| self.get("GATEWAY6"))),
        ];
        for (key, gateway) in gateways {
            if let Some(gateway) = gateway {
                config.insert(key.to_owned(), gateway.into());
            }
        }
        let mut servers = Map::new();
        for (key, name) in [("addresses", "DNS"), ("search", "SEARCH_DOMAIN")] {
            let words = self.words(name);
            if !words.is_empty() {
                servers.insert(key.to_owned(), words.into());
            }
        }
        if !servers.is_empty() {
            config.insert("nameservers".to_owned(), servers.into());
        }
        if let Some(mtu) = self.get("MTU") {
            let number: i64 = mtu
                .trim()
                .parse()
                .map_err(|_| format!("{}_MTU: expected a number, found '{mtu}'", self.prefix))?;
            config.insert("mtu".to_owned(), number.into());
        }
        let routes = self.routes();
        if !routes.is_empty() {
            config.insert("routes".to_owned(), routes.into());
        }
        Ok(config.into())
    }

    fn addresses(&self, mac: &str) -> Result<Vec<String>, String> {
        let mask = self.get("MASK").unwrap_or("255.255.255.0");
        let prefix = netconfig::address::v4_prefix(mask)
            .ok_or_else(|| format!("{}_MASK: '{mask}' is not a network mask", self.prefix))?;
        let address = self.get("IP").map_or_else(|| of_mac(mac), str::to_owned);
        let mut addresses = vec![format!("{address}/{prefix}")];
        let prefix = self.get("IP6_PREFIX_LENGTH").unwrap_or("64");
        let more = ["IP6", "IP6_ULA"].into_iter().filter_map(|name| self.get(name));
        addresses.extend(more.map(|address| format!("{address}/{prefix}")));
        Ok(addresses)
    }

    /// The words of a device's variable and of the machine's, each once.
    fn words(&self, name: &str) -> Vec<&str> {
        let own = self.get(name).unwrap_or_default().split_whitespace();
        let all = self.context.get(name).unwrap_or_default().split_whitespace();
        let mut words: Vec<&str> = Vec::new();
        for word in own.chain(all) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        words
    }

    /// `NETWORK via GATEWAY, NETWORK via GATEWAY`.
    fn routes(&self) -> Vec<Value> {
        let entries = self.get("ROUTES").unwrap_or_default().split(',').map(str::trim);
        entries
            .filter(|entry| !entry.is_empty())
            .filter_map(|entry| match entry.split_whitespace().collect::<Vec<_>>().as_slice() {
                [to, "via", via] => Some(json!({"to": to, "via": via})),
                _ => {
                    tracing::warn!("Unparseable {}_ROUTES entry: '{entry}'", self.prefix);
                    None
                }
            })
            .collect()
    }
}

/// The address in the last bytes of a MAC address that OpenNebula assigned.
fn of_mac(mac: &str) -> String {
    let bytes = mac.split(':').skip(2).map(|byte| u8::from_str_radix(byte, 16).unwrap_or(0).to_string());
    bytes.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses() {
        assert!(is_address("ETH0_IP") && is_address("ETH10_IP6_ULA"));
        assert!(!is_address("ETH_IP") && !is_address("ETH0_MAC") && !is_address("XETH0_IP"));
        let mut names = ["eth10", "eth2", "ens3", "eth1"];
        names.sort_by_key(|name| natural(name));
        assert_eq!(names, ["ens3", "eth1", "eth2", "eth10"]);
        // OpenNebula documentation, "Virtual network": 02:00 and the address.
        assert_eq!(of_mac("02:00:0a:12:01:01"), "10.18.1.1");
    }

    /// Only devices with hardware behind them are configured.
    #[test]
    fn virtual_devices_are_left_alone() {
        let mut scratch = system::Scratch::new();
        for (name, mac) in [("eth0", "02:00:0a:12:01:01"), ("eth1", "02:00:0a:12:01:02"), ("br0", "02:00:0a:12:01:03")] {
            let directory = format!("/sys/class/net/{name}");
            scratch = scratch.file(&format!("{directory}/address"), format!("{mac}\n")).file(&format!("{directory}/type"), "1\n");
            if name != "br0" {
                scratch = scratch.file(&format!("{directory}/device/vendor"), "");
            }
        }
        let (system, _) = scratch.system();
        let read = |text: &str| Context::read(&system, "/dev/sr0", text.as_bytes(), None).expect("a context");
        let found = config(&system, &read("ETH0_IP=10.18.1.1\n"), "/dev/sr0").expect("no error").expect("addresses");
        let names = found.node().to_json();
        let names: Vec<&String> = names["ethernets"].as_object().expect("a mapping").keys().collect();
        assert_eq!(names, ["eth0", "eth1"]);
        assert!(config(&system, &read("ETH0_MAC=02:00:0a:12:01:01\n"), "/dev/sr0").expect("no error").is_none());
    }
}
