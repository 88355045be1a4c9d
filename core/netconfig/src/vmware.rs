//! Converts VMware's guest customization file (`cust.cfg`) to network config v2.
//!
//! See open-vm-tools' imgcust-common, which reads the same file.

use indexmap::IndexMap;
use model::NetworkConfig;
use model::config::Origin;
use serde_json::{Map, Value, json};

use crate::{NetError, address};

/// Maps `SECTION|KEY` to the value and its line.
type Keys = IndexMap<String, (String, usize)>;

fn place(name: &str, line: usize) -> Origin {
    Origin { source: name.into(), line: u32::try_from(line).unwrap_or(u32::MAX), column: 1 }
}

struct File<'a> {
    name: &'a str,
    keys: Keys,
}

/// The sections and keys as parsed by Python's configparser: `key = value` or `key: value`, `#` and `;` comments on
/// separate lines, and indented continuation lines.
fn parse(name: &str, text: &str) -> Result<Keys, NetError> {
    let mut keys = Keys::new();
    let (mut section, mut last) = (None::<String>, None::<String>);
    let wrong = |line: usize, text: &str, reason: &str| NetError::Invalid {
        origin: place(name, line),
        key: "line".to_owned(),
        value: text.to_owned(),
        reason: reason.to_owned(),
    };
    for (index, raw) in text.lines().enumerate() {
        let (number, line) = (index + 1, raw.trim());
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if raw.starts_with(char::is_whitespace)
            && let Some((value, _)) = last.as_ref().and_then(|key| keys.get_mut(key))
        {
            value.push('\n');
            value.push_str(line);
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            let header = header
                .split_once(']')
                .ok_or_else(|| wrong(number, line, "expected ']' at the end of a section"))?;
            (section, last) = (Some(header.0.to_owned()), None);
            continue;
        }
        let section = section.as_ref().ok_or_else(|| wrong(number, line, "expected a [SECTION] first"))?;
        let (key, value) = line
            .split_once(['=', ':'])
            .ok_or_else(|| wrong(number, line, "expected KEY = VALUE or [SECTION]"))?;
        let key = format!("{section}|{}", key.trim());
        if keys.contains_key(&key) {
            return Err(wrong(number, line, "duplicate key in its section"));
        }
        keys.insert(key.clone(), (value.trim().to_owned(), number));
        last = Some(key);
    }
    Ok(keys)
}

/// All `SECTION|KEY`s of a customization file with their values; `name` is its path, for messages.
///
/// # Errors
///
/// A malformed line, with file and line.
pub fn keys(name: &str, text: &str) -> Result<IndexMap<String, String>, NetError> {
    Ok(parse(name, text)?.into_iter().map(|(key, (value, _))| (key, value)).collect())
}

impl File<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.keys.get(key).map(|(value, _)| value.as_str()).filter(|value| !value.is_empty())
    }

    fn needed(&self, key: &str) -> Result<&str, NetError> {
        self.get(key).ok_or_else(|| NetError::Document {
            document: "vmware-imc",
            place: self.name.to_owned(),
            reason: format!("the key {key} is missing"),
        })
    }

    fn invalid(&self, key: &str, reason: &str) -> NetError {
        let (value, line) = self.keys.get(key).cloned().unwrap_or_default();
        let origin = place(self.name, line.max(1));
        NetError::Invalid { origin, key: key.to_owned(), value, reason: reason.to_owned() }
    }

    fn yes(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| matches!(value.to_lowercase().as_str(), "yes" | "true"))
    }

    /// The values of `PREFIX1`, `PREFIX2`, …
    fn numbered(&self, prefix: &str) -> Result<Vec<String>, NetError> {
        let count = self.keys.keys().filter(|key| key.starts_with(prefix)).count();
        (1..=count).map(|number| self.needed(&format!("{prefix}{number}")).map(str::to_owned)).collect()
    }

    /// The prefix length of a netmask; 32 without one.
    fn prefix4(&self, nic: &str) -> Result<u8, NetError> {
        let key = format!("{nic}|NETMASK");
        let Some(mask) = self.get(&key) else { return Ok(32) };
        address::v4_prefix(mask).ok_or_else(|| self.invalid(&key, "not a valid IPv4 netmask"))
    }

    fn prefix6(&self, nic: &str, number: usize) -> Result<u8, NetError> {
        let key = format!("{nic}|IPv6NETMASK|{number}");
        address::v6_prefix(self.needed(&key)?).ok_or_else(|| self.invalid(&key, "not a valid IPv6 prefix"))
    }

    /// The network that contains a gateway.
    fn network(&self, key: &str, gateway: &str, prefix: u8) -> Result<String, NetError> {
        address::network_of(gateway, prefix)
            .map(|network| format!("{network}/{prefix}"))
            .ok_or_else(|| self.invalid(key, "not a valid gateway address"))
    }
}

/// Which device has the default route.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Primary {
    /// This device.
    This,
    /// Another device.
    Other,
    /// None is selected.
    Nobody,
}

/// Converts a customization file; `name` is its path, for messages.
///
/// # Errors
///
/// A malformed line, a missing key, or an invalid value, with file and line.
pub fn convert(name: &str, text: &str) -> Result<NetworkConfig, NetError> {
    let file = File { name, keys: parse(name, text)? };
    let servers = file.numbered("DNS|NAMESERVER|")?;
    let domains = file.numbered("DNS|SUFFIX|")?;
    let nics: Vec<&str> = file.needed("NIC-CONFIG|NICS")?.split(',').map(str::trim).collect();
    let primary: Vec<&str> = nics.iter().copied().filter(|nic| file.yes(&format!("{nic}|PRIMARY"))).collect();
    if primary.len() > 1 {
        let key = format!("{}|PRIMARY", primary[1]);
        return Err(file.invalid(&key, "only one device can be the primary one"));
    }
    let mut ethernets = Map::new();
    for nic in nics {
        let whose = match primary.first() {
            Some(name) if *name == nic => Primary::This,
            Some(_) => Primary::Other,
            None => Primary::Nobody,
        };
        let mut entry = link(&file, nic, whose)?;
        if entry.get("dhcp4") == Some(&json!(true)) && !(servers.is_empty() && domains.is_empty()) {
            entry.insert("dhcp4-overrides".to_owned(), json!({"use-dns": false}));
        }
        let mut dns = Map::new();
        for (key, list) in [("search", &domains), ("addresses", &servers)] {
            if !list.is_empty() {
                dns.insert(key.to_owned(), json!(list));
            }
        }
        if !dns.is_empty() {
            entry.insert("nameservers".to_owned(), Value::Object(dns));
        }
        ethernets.insert(nic.to_owned(), Value::Object(entry));
    }
    Ok(NetworkConfig::from_json(json!({"version": 2, "ethernets": ethernets}), name))
}

fn link(file: &File<'_>, nic: &str, primary: Primary) -> Result<Map<String, Value>, NetError> {
    let key = |name: &str| format!("{nic}|{name}");
    let lower = |name: &str| file.get(&key(name)).unwrap_or_default().to_lowercase();
    let mac = file.needed(&key("MACADDR"))?.to_lowercase();
    // With BOOTPROTO=static the address is used, even if IPv4 is then disabled.
    let is_static = lower("BOOTPROTO") == "static";
    let mut entry = Map::new();
    entry.insert("match".to_owned(), json!({"macaddress": mac}));
    entry.insert("set-name".to_owned(), json!(nic));
    entry.insert("wakeonlan".to_owned(), json!(file.yes(&key("ONBOOT"))));
    entry.insert("dhcp4".to_owned(), json!(!is_static || lower("IPv4_MODE") == "disabled"));
    let (mut addresses, mut routes) = (Vec::new(), Vec::new());
    if is_static {
        let prefix = file.prefix4(nic)?;
        if let Some(ip) = file.get(&key("IPADDR")) {
            addresses.push(format!("{ip}/{prefix}"));
        }
        let gateways: Vec<&str> = file
            .get(&key("GATEWAY"))
            .map(|list| list.split(',').map(str::trim).collect())
            .unwrap_or_default();
        match (primary, gateways.first()) {
            (Primary::This, Some(first)) => routes.push(json!({"to": "0.0.0.0/0", "via": first})),
            (Primary::Nobody, _) => {
                for gateway in gateways {
                    let to = file.network(&key("GATEWAY"), gateway, prefix)?;
                    routes.push(json!({"to": to, "via": gateway}));
                }
            }
            _ => {}
        }
    }
    let count = file.keys.keys().filter(|known| known.starts_with(&key("IPv6ADDR|"))).count();
    if count > 0 {
        entry.insert("dhcp6".to_owned(), json!(false));
    }
    for number in 1..=count {
        let prefix = file.prefix6(nic, number)?;
        addresses.push(format!("{}/{prefix}", file.needed(&key(&format!("IPv6ADDR|{number}")))?));
        let gateway_key = key(&format!("IPv6GATEWAY|{number}"));
        let Some(gateway) = file.get(&gateway_key) else { continue };
        match primary {
            Primary::This => routes.push(json!({"to": "::/0", "via": gateway})),
            Primary::Nobody => {
                routes.push(json!({"to": file.network(&gateway_key, gateway, prefix)?, "via": gateway}));
            }
            Primary::Other => {}
        }
    }
    if !addresses.is_empty() {
        entry.insert("addresses".to_owned(), json!(addresses));
    }
    if !routes.is_empty() {
        entry.insert("routes".to_owned(), Value::Array(routes));
    }
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[NETWORK]\nNETWORKING = yes\nBOOTPROTO = dhcp\nHOSTNAME = myhost1\n\n[NIC-CONFIG]\nNICS = NIC1\n\n\
        [NIC1]\nMACADDR = 00:50:56:A6:8C:08\nONBOOT = yes\nIPv4_MODE = BACKWARDS_COMPATIBLE\nBOOTPROTO = static\n\
        IPADDR = 10.20.87.154\nNETMASK = 255.255.252.0\nGATEWAY = 10.20.87.253, 10.20.87.105\n\
        IPv6ADDR|1 = fc00:10:20:87::154\nIPv6NETMASK|1 = 64\nIPv6GATEWAY|1 = fc00:10:20:87::253\n\n\
        [DNS]\nDNSFROMDHCP=no\nSUFFIX|1 = sub.domain.local\nNAMESERVER|1 = 10.20.145.1\n";

    #[test]
    fn static_addresses_without_a_primary_link_get_the_routes_of_their_networks() {
        let config = convert("cust.cfg", FILE).expect("valid").node().to_json();
        let expected = json!({"version": 2, "ethernets": {"NIC1": {
            "match": {"macaddress": "00:50:56:a6:8c:08"}, "set-name": "NIC1", "wakeonlan": true,
            "dhcp4": false, "dhcp6": false,
            "addresses": ["10.20.87.154/22", "fc00:10:20:87::154/64"],
            "routes": [{"to": "10.20.84.0/22", "via": "10.20.87.253"}, {"to": "10.20.84.0/22", "via": "10.20.87.105"},
                       {"to": "fc00:10:20:87::/64", "via": "fc00:10:20:87::253"}],
            "nameservers": {"search": ["sub.domain.local"], "addresses": ["10.20.145.1"]},
        }}});
        assert_eq!(config, expected);
    }

    #[test]
    fn the_primary_link_has_the_default_routes() {
        let text = FILE.replace("ONBOOT = yes", "ONBOOT = yes\nPRIMARY = true");
        let config = convert("cust.cfg", &text).expect("valid").node().to_json();
        let expected =
            json!([{"to": "0.0.0.0/0", "via": "10.20.87.253"}, {"to": "::/0", "via": "fc00:10:20:87::253"}]);
        assert_eq!(config["ethernets"]["NIC1"]["routes"], expected);
    }

    #[test]
    fn dhcp_leaves_described_name_servers_alone() {
        let text = FILE.replace("BOOTPROTO = static", "BOOTPROTO = dhcp");
        let config = convert("cust.cfg", &text).expect("valid").node().to_json();
        assert_eq!(config["ethernets"]["NIC1"]["dhcp4-overrides"], json!({"use-dns": false}));
    }

    #[test]
    fn mistakes_are_told_with_their_lines() {
        let error = convert("cust.cfg", &FILE.replace("255.255.252.0", "255.0.255.0")).expect_err("wrong");
        assert!(error.to_string().starts_with("cust.cfg:15:1: "), "{error}");
        let error = convert("cust.cfg", "[NIC-CONFIG]\nNICS = NIC1\n").expect_err("wrong");
        assert_eq!(error.to_string(), "vmware-imc: cust.cfg: the key NIC1|MACADDR is missing");
        assert!(convert("cust.cfg", "KEY = 1\n").is_err());
    }
}
