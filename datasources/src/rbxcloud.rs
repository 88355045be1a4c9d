//! RbxCloud (HyperOne, Rootbox): a document on a device labelled CLOUDMD.

use std::net::Ipv4Addr;
use std::path::Path;

use metadata::standard;
use model::Order as _;
use model::config::json_reason;
use model::datasource::{Evidence, Medium, Settled, SourceError};
use model::effects::{BlockDevice, Command, Tree};
use model::instance::Bytes;
use model::update::Event;
use model::{About, Crawl, DataSource, Identified, Instance, NetworkConfig, Node, Platform};
use serde_json::{Map, Value, json};

const NAME: &str = "RbxCloud";
const LABELS: &[&str] = &["CLOUDMD", "cloudmd"];
const DOCUMENT: &str = "cloud.json";
const USER_DATA: &str = "user.data";
/// In the instance's own data: pairs of addresses to announce.
const ANNOUNCED: &str = "gratuitous_arp";
/// Distributions whose arping names its source with `-s` (iputils).
const IPUTILS: &[&str] = &["fedora", "centos", "rhel"];

const ABOUT: About = About {
    local: Some("DataSourceRbxCloud"),
    events: &[Event::BootNewInstance, Event::Boot, Event::BootLegacy],
    evidence: Evidence {
        dmi: &[],
        medium: Medium::Device { label: LABELS[0], filesystem: "vfat" },
        tree: &[DOCUMENT],
    },
    page: include_str!("../pages/rbxcloud.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct RbxCloud;

fn devices<'p>(platform: &'p Platform<'_>) -> Vec<&'p BlockDevice> {
    let is_ours = |device: &&BlockDevice| device.label.as_deref().is_some_and(|label| LABELS.contains(&label));
    let mut devices: Vec<&BlockDevice> = platform.devices.iter().filter(is_ours).collect();
    devices.order_by(|a, b| a.path.cmp(&b.path));
    devices
}

impl DataSource for RbxCloud {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        if devices(platform).is_empty() { Identified::No } else { Identified::Found }
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        for device in devices(crawl.platform) {
            let place = device.path.display().to_string();
            match crawl.system().devices.open(&device.path) {
                Ok(tree) => {
                    if let Some(found) = read(crawl, tree.as_ref(), &place)? {
                        return Ok(Some(found));
                    }
                }
                Err(error) => {
                    tracing::warn!("Failed to mount {place} when looking for user data: {error}");
                }
            }
        }
        Ok(None)
    }

    /// Only the document has the ID.
    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        false
    }

    /// Announces the machine's addresses to the gateways, which remember who had them before.
    fn activate(&self, settled: &Settled<'_>) -> Result<(), SourceError> {
        let distro = settled.platform.config.at(&["system_info", "distro"]).and_then(Node::as_str);
        let option = if distro.is_some_and(|distro| IPUTILS.contains(&distro)) { "-s" } else { "-S" };
        let pairs = settled.instance.own.get(ANNOUNCED).and_then(Value::as_array);
        for pair in pairs.into_iter().flatten() {
            let (Some(source), Some(target)) = (pair[0].as_str(), pair[1].as_str()) else { continue };
            let command = Command::line(["arping", "-c", "2", option, source, target]);
            if let Err(error) = settled.platform.system.commands.run(&command) {
                tracing::warn!("Failed to arping from \"{source}\" to \"{target}\": {error}");
            }
        }
        Ok(())
    }
}

/// The instance on a device; `None` if it has another document.
fn read(crawl: &Crawl<'_>, tree: &dyn Tree, place: &str) -> Result<Option<Instance>, SourceError> {
    let place = format!("{place}/{DOCUMENT}");
    let broken = |reason: String| SourceError::Broken { place: place.clone(), reason };
    let Some(bytes) = tree.read(DOCUMENT)? else { return Ok(None) };
    let document: Value =
        model::config::bounded_json(&bytes).map_err(|error| broken(json_reason(&error)))?;
    let (Some(vm), Some(adapters)) = (document.get("vm"), document.get("netadp")) else {
        tracing::warn!("{place}: Failed to load metadata. Invalid format.");
        return Ok(None);
    };
    let adapters = adapters.as_array().ok_or_else(|| broken("netadp: expected a list".to_owned()))?;
    let adapters: Vec<Adapter<'_>> = adapters
        .iter()
        .map(|adapter| Adapter::read(adapter).map_err(|key| broken(format!("no {key} in netadp"))))
        .collect::<Result<_, _>>()?;
    let needed = |key: &str| vm.get(key).cloned().ok_or_else(|| broken(format!("no vm.{key}")));
    let mut metadata = Map::new();
    metadata.insert("instance-id".to_owned(), needed("_id")?);
    metadata.insert("local-hostname".to_owned(), needed("name")?);
    metadata.insert("public-keys".to_owned(), json!([]));
    let network = network(&adapters);
    let mut own = Map::new();
    own.insert(ANNOUNCED.to_owned(), announced(&adapters).map_err(broken)?.into());
    Ok(Some(Instance {
        detail: " [seed=None]".to_owned(),
        user_data: Some(Bytes(tree.read(USER_DATA)?.unwrap_or_default())),
        config: Some(config(crawl, &document, &network)),
        network: Some(NetworkConfig::from_json(network, "RbxCloud cloud.json netadp")),
        own,
        ..standard::instance(&ABOUT, crawl.stage, metadata)
    }))
}

/// The default user with its keys and hashed password, which may be used over SSH.
fn config(crawl: &Crawl<'_>, document: &Value, network: &Value) -> Value {
    let more = document.get("additionalMetadata");
    let given = |key: &str| more.and_then(|more| more.get(key)).cloned();
    let user = given("username").unwrap_or_default();
    let password = given("password").and_then(|password| password.get("sha512").cloned());
    let hosts = crawl.system().files.read_optional(Path::new("/etc/hosts"));
    let has_hosts = hosts.ok().flatten().is_some_and(|text| !text.is_empty());
    json!({
        "ssh_pwauth": true,
        "disable_root": true,
        "system_info": {
            "default_user": {
                "name": user,
                "gecos": user,
                "sudo": ["ALL=(ALL) NOPASSWD:ALL"],
                "passwd": password,
                "lock_passwd": false,
                "ssh_authorized_keys": given("sshKeys").unwrap_or_else(|| json!([])),
            },
        },
        "network_config": network,
        "manage_etc_hosts": !has_hosts,
    })
}

/// A network adapter of the document.
struct Adapter<'d> {
    mac: String,
    addresses: Vec<&'d str>,
    netmask: &'d Value,
    gateway: &'d str,
    nameservers: &'d Value,
}

impl<'d> Adapter<'d> {
    /// Reads an adapter; the error is the missing key.
    fn read(adapter: &'d Value) -> Result<Self, &'static str> {
        let network = adapter.get("network").ok_or("network")?;
        let addresses = adapter.get("ip").and_then(Value::as_array).ok_or("ip")?;
        Ok(Self {
            mac: adapter.get("macaddress").and_then(Value::as_str).ok_or("macaddress")?.to_lowercase(),
            addresses: addresses
                .iter()
                .map(|ip| ip.get("address").and_then(Value::as_str).ok_or("ip.address"))
                .collect::<Result<_, _>>()?,
            netmask: network.get("netmask").ok_or("network.netmask")?,
            gateway: network.get("gateway").and_then(Value::as_str).ok_or("network.gateway")?,
            nameservers: network.pointer("/dns/nameservers").ok_or("network.dns.nameservers")?,
        })
    }
}

/// Network config v1: static addresses.
fn network(adapters: &[Adapter<'_>]) -> Value {
    let device = |(number, adapter): (usize, &Adapter<'_>)| {
        let subnet = |address: &&str| {
            json!({
                "type": "static",
                "address": address,
                "netmask": adapter.netmask,
                "control": "auto",
                "gateway": adapter.gateway,
                "dns_nameservers": adapter.nameservers,
            })
        };
        json!({
            "type": "physical",
            "name": format!("eth{number}"),
            "mac_address": adapter.mac,
            "subnets": adapter.addresses.iter().map(subnet).collect::<Vec<_>>(),
        })
    };
    json!({"version": 1, "config": adapters.iter().enumerate().map(device).collect::<Vec<_>>()})
}

/// Each address with the gateway, which is three machines with addresses of their own.
fn announced(adapters: &[Adapter<'_>]) -> Result<Vec<Value>, String> {
    let mut pairs = Vec::new();
    for adapter in adapters {
        let gateway: Ipv4Addr =
            adapter.gateway.parse().map_err(|_| format!("gateway '{}' is not an IPv4 address", adapter.gateway))?;
        for address in &adapter.addresses {
            for step in [0, 2, 3] {
                let target = Ipv4Addr::from_bits(gateway.to_bits().wrapping_add(step));
                pairs.push(json!([address, target.to_string()]));
            }
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    #[test]
    fn cases() {
        crate::testing::run_cases("rbxcloud", &super::RbxCloud);
    }
}
