//! The host name according to configuration and metadata.

use std::path::Path;

use crate::{Instance, Node, System};

/// A host name, with and without its domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostName {
    /// The short name, unless configured otherwise.
    pub hostname: String,
    /// The FQDN, if a domain is known.
    pub fqdn: String,
    /// Whether it is `localhost` by default.
    pub default: bool,
}

/// The name for metadata that gives an IPv4 address: `ip-10-0-0-7`.
pub fn of_address(name: &str) -> Option<String> {
    name.parse::<std::net::Ipv4Addr>().is_ok().then(|| format!("ip-{}", name.replace('.', "-")))
}

/// The instance's metadata or, without it, the current name from the kernel and /etc/hosts.
fn from_instance(system: &System, instance: &Instance, with_domain: bool) -> (String, bool) {
    const DEFAULT_DOMAIN: &str = "localdomain";
    if let Some(name) = instance.hostname.as_ref().filter(|_| instance.hostname_is_complete) {
        return (name.clone(), false);
    }
    let mut default = false;
    let words: Vec<String> = match instance.hostname.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => match of_address(name) {
            Some(name) => vec![name],
            None => name.split('.').map(str::to_owned).collect(),
        },
        None => {
            let name = system.environment.uname().node;
            default = name == "localhost";
            let hosts = fqdn_from_hosts(system, &name).filter(|fqdn| fqdn.find('.').is_some_and(|at| at > 0));
            match hosts {
                Some(fqdn) => fqdn.split('.').map(str::to_owned).collect(),
                None if name.find('.').is_some_and(|at| at > 0) => {
                    name.split('.').map(str::to_owned).collect()
                }
                None if name.is_empty() => vec!["localhost".into(), DEFAULT_DOMAIN.into()],
                None => vec![name, DEFAULT_DOMAIN.into()],
            }
        }
    };
    let domain = words[1..].join(".");
    let name = words[0].clone();
    if with_domain && !domain.is_empty() && domain != DEFAULT_DOMAIN {
        (format!("{name}.{domain}"), default)
    } else {
        (name, default)
    }
}

/// The first name on the line of /etc/hosts that has this name as an alias.
fn fqdn_from_hosts(system: &System, name: &str) -> Option<String> {
    let text = system.files.text(Path::new("/etc/hosts"))?;
    text.lines().find_map(|line| {
        let line = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        (words.len() >= 3 && words[2..].contains(&name)).then(|| words[1].to_owned())
    })
}

/// The host name of an instance with a configuration: `fqdn`, `hostname`, then the metadata.
pub fn host_name(system: &System, config: &Node, instance: &Instance) -> HostName {
    let text = |key: &str| config.get(key).filter(|node| !node.is_null()).and_then(Node::scalar_text);
    if let Some(fqdn) = text("fqdn") {
        let short = fqdn.split('.').next().unwrap_or_default().to_owned();
        return HostName { hostname: text("hostname").unwrap_or(short), fqdn, default: false };
    }
    match text("hostname") {
        Some(name) if name.find('.').is_some_and(|at| at > 0) => {
            let short = name.split('.').next().unwrap_or_default().to_owned();
            HostName { hostname: short, fqdn: name, default: false }
        }
        Some(hostname) => {
            HostName { hostname, fqdn: from_instance(system, instance, true).0, default: false }
        }
        None => {
            let (hostname, default) = from_instance(system, instance, false);
            HostName { hostname, fqdn: from_instance(system, instance, true).0, default }
        }
    }
}

/// Whether configuration or metadata set the host name.
pub fn is_named(config: &Node, instance: &Instance) -> bool {
    config.get("fqdn").is_some()
        || config.get("hostname").is_some()
        || instance.hostname.as_deref().is_some_and(|name| !name.is_empty())
}
