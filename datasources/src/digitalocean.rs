//! DigitalOcean: its metadata service, over a link-local address that the source sets itself.
//!
//! Source: "Droplet Metadata API", DigitalOcean documentation.

use std::net::Ipv4Addr;

use metadata::hold::{self, How, Way};
use metadata::single::{self, Single};
use metadata::{detection, links, standard, vendor_data};
use model::datasource::{Evidence, Medium, SourceError};
use model::effects::{Address, Link};
use model::{About, Crawl, DataSource, Identified, Instance, NetworkConfig, Node, Platform};
use serde_json::{Map, Value, json};

const NAME: &str = "DigitalOcean";
const VENDOR: &str = "DigitalOcean";
const URL: &str = "http://169.254.169.254/metadata/v1.json";

const ABOUT: About = About {
    local: Some("DataSourceDigitalOcean"),
    evidence: Evidence {
        dmi: &[("sys_vendor", VENDOR), ("product_serial", "1")],
        medium: Medium::Service,
        tree: &["metadata"],
    },
    page: include_str!("../pages/digitalocean.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct DigitalOcean;

fn is_droplet(platform: &Platform<'_>) -> bool {
    detection::is_vendor(platform, VENDOR)
}

impl DataSource for DigitalOcean {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        Identified::when(is_droplet(platform))
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        tracing::warn!(
            target: "deprecated",
            "DataSourceDigitalOcean is deprecated in 23.2 and scheduled to be removed in 28.2. Deprecated in favour of \
             DataSourceConfigDrive."
        );
        if !is_droplet(crawl.platform) {
            return Ok(None);
        }
        let droplet = detection::required(crawl.platform, "product_serial", VENDOR, "droplet ID")?;
        let config = crawl.config(NAME);
        let document = Single::read(&config, "metadata_url", URL, 2, 30, 2);
        let metadata = if config.get("use_ip4LL").is_none_or(Node::lenient_bool) {
            let link = first_link(crawl)?;
            let address = Address::new(link_local(crawl).into(), 16);
            hold::asking(crawl, &link, How::FirstOf(&[Way::Static(&address, &[])]), |_| {
                document.fetch(crawl.system())
            })?
        } else {
            document.fetch(crawl.system())?
        };
        instance(crawl, metadata, &droplet, &document.url).map(Some)
    }

    fn still_same(&self, platform: &Platform<'_>, cached: &Instance) -> bool {
        detection::is_serial_number(platform, &cached.instance_id)
    }
}

/// The physical device that the kernel found first.
fn first_link(crawl: &Crawl<'_>) -> Result<String, SourceError> {
    let links = crawl.system().links.links()?;
    let physical = |link: &&Link| link.physical;
    let first = links.iter().filter(physical).min_by_key(|link| link.index);
    match first {
        Some(link) => Ok(link.name.clone()),
        None => hold::usual_link(crawl).map(str::to_owned),
    }
}

/// A random address: the network of link-local addresses is each droplet's own.
fn link_local(crawl: &Crawl<'_>) -> Ipv4Addr {
    let mut random = [0; 2];
    crawl.system().environment.random(&mut random);
    Ipv4Addr::new(169, 254, random[0] % 168 + 1, random[1])
}

fn instance(
    crawl: &Crawl<'_>,
    document: Map<String, Value>,
    droplet: &str,
    url: &str,
) -> Result<Instance, SourceError> {
    let mut metadata = Map::new();
    metadata.insert("instance-id".to_owned(), single::take_or(&document, "droplet_id", droplet));
    metadata.insert("local-hostname".to_owned(), single::take_or(&document, "hostname", droplet));
    metadata.insert("interfaces".to_owned(), single::take(&document, "interfaces"));
    metadata.insert("public-keys".to_owned(), single::take(&document, "public_keys"));
    metadata.insert("availability_zone".to_owned(), single::take_or(&document, "region", "default"));
    Ok(Instance {
        subplatform: format!("metadata ({url})"),
        user_data: single::text(&document, "user_data"),
        vendor_data: vendor_data::read("vendor-data", document.get("vendor_data")),
        network: Some(network(crawl, &document, url)?),
        ..standard::instance(&ABOUT, crawl.stage, metadata)
    })
}

/// Network config v1: static addresses of the first public and the first private device.
fn network(
    crawl: &Crawl<'_>,
    document: &Map<String, Value>,
    url: &str,
) -> Result<NetworkConfig, SourceError> {
    let broken = |reason: String| SourceError::Broken { place: url.to_owned(), reason };
    let interfaces = document.get("interfaces").and_then(Value::as_object).filter(|found| !found.is_empty());
    let interfaces = interfaces.ok_or_else(|| broken("no interfaces".to_owned()))?;
    let named = links::by_mac(crawl.system(), url)?;
    let mut config = Vec::new();
    for nic in interfaces.values().filter_map(|nics| nics.get(0)) {
        let mac = nic.get("mac").and_then(Value::as_str).unwrap_or_default();
        let name = links::name(&named, mac, url)?;
        let kind = nic.get("type").and_then(Value::as_str).unwrap_or("unknown");
        let name = match kind {
            "public" => "eth0",
            "private" => "eth1",
            _ => name,
        };
        let families = ["ipv4", "ipv6", "anchor_ipv4", "anchor_ipv6"];
        let subnets: Vec<Value> = families
            .iter()
            .filter_map(|family| {
                let given = nic.get(family).filter(|given| given.as_object().is_some_and(|map| !map.is_empty()))?;
                Some(subnet(given, kind == "public" && !family.starts_with("anchor")))
            })
            .collect();
        config.push(json!({"type": "physical", "mac_address": mac, "name": name, "subnets": subnets}));
    }
    let servers = document.get("dns").and_then(|dns| dns.get("nameservers"));
    let servers = servers.ok_or_else(|| broken("no dns.nameservers".to_owned()))?;
    if servers.as_array().is_some_and(|servers| !servers.is_empty()) {
        config.push(json!({"type": "nameserver", "address": servers}));
    }
    Ok(NetworkConfig::from_json(json!({"version": 1, "config": config}), "DigitalOcean metadata"))
}

fn subnet(given: &Value, gateway: bool) -> Value {
    let address = given.get("ip_address").and_then(Value::as_str).unwrap_or_default();
    let mut subnet = json!({"type": "static", "control": "auto", "address": address});
    if gateway {
        subnet["gateway"] = given.get("gateway").cloned().unwrap_or_default();
    }
    if address.contains(':') {
        let prefix = given.get("cidr").and_then(standard::text).unwrap_or_else(|| "None".to_owned());
        subnet["address"] = format!("{address}/{prefix}").into();
    } else {
        subnet["netmask"] = given.get("netmask").cloned().unwrap_or_default();
    }
    subnet
}

#[cfg(test)]
mod tests {
    /// The original's `assign_ipv4_link_local`: `randint(1, 168)` and `randint(0, 255)`.
    #[test]
    fn random_addresses_are_in_range() {
        let http = std::sync::Arc::new(system::TreeHttp::new(std::sync::Arc::new(system::Scratch::new()), None));
        let mut machine = crate::testing::Machine::with_http(system::Scratch::new(), http);
        for (bytes, address) in [
            ([0, 0], "169.254.1.0"),
            ([167, 255], "169.254.168.255"),
            ([168, 7], "169.254.1.7"),
            ([255, 8], "169.254.88.8"),
        ] {
            machine.random(bytes.to_vec());
            let found = machine.with_crawl(model::datasource::SourceStage::Local, None, super::link_local);
            assert_eq!(found.to_string(), address);
        }
    }

    #[test]
    fn cases() {
        crate::testing::run_cases("digitalocean", &super::DigitalOcean);
    }
}
