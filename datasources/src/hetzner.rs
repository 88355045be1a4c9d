//! Hetzner Cloud: its metadata service, over IPv6 and IPv4 link-local addresses.
//!
//! Source: "Server metadata", Hetzner Cloud documentation (docs.hetzner.cloud).

use metadata::hold::{self, How};
use metadata::{Patience, detection, encoding, links, service, standard, vendor_data};
use model::datasource::{Evidence, Medium, SourceError};
use model::effects::{HttpError, Request};
use model::instance::Bytes;
use model::update::{Event, Hotplug};
use model::{About, Crawl, DataSource, Identified, Instance, NetworkConfig, Node, Platform};
use serde_json::{Map, Value, json};

const NAME: &str = "Hetzner";
const VENDOR: &str = "Hetzner";
/// In seconds.
const MAX_WAIT: i64 = 120;
const TIMEOUT: u64 = 2;

/// Only devices of private networks are configured on hotplug; their addresses start with 0x86.
const HOTPLUG_RULES: &str = r#"
SUBSYSTEM=="net", ATTR{address}=="86:*", GOTO="cloudinit_hook"
GOTO="cloudinit_end"
"#;

const ABOUT: About = About {
    local: Some("DataSourceHetzner"),
    events: &[Event::BootNewInstance, Event::Boot, Event::Hotplug],
    evidence: Evidence {
        dmi: &[("sys_vendor", VENDOR), ("product_serial", "1")],
        medium: Medium::Service,
        tree: &["hetzner"],
    },
    page: include_str!("../pages/hetzner.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct Hetzner;

fn is_hetzner(platform: &Platform<'_>) -> bool {
    detection::is_vendor(platform, VENDOR)
}

impl DataSource for Hetzner {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        Identified::when(is_hetzner(platform))
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        if !is_hetzner(crawl.platform) {
            return Ok(None);
        }
        let serial = detection::required(crawl.platform, "product_serial", VENDOR, "serial number")?;
        let config = crawl.config(NAME);
        let link = hold::usual_link(crawl)?;
        let documents = hold::asking(crawl, link, How::BothFamilies, |_| read(crawl, &config, link))?;
        instance(crawl, documents, &serial).map(Some)
    }

    fn still_same(&self, platform: &Platform<'_>, cached: &Instance) -> bool {
        detection::is_serial_number(platform, &cached.instance_id)
    }
}

/// The documents of the service.
struct Documents {
    metadata: Map<String, Value>,
    private_networks: Value,
    user_data: Vec<u8>,
    place: String,
}

/// No content: user-data need not exist.
fn is_empty(error: &HttpError) -> bool {
    matches!(error, HttpError::Status { status: 204, .. })
}

fn read(crawl: &Crawl<'_>, config: &Node, link: &str) -> Result<Documents, SourceError> {
    let bases = [format!("http://[fe80::a9fe:a9fe%25{link}]/hetzner/v1"), "http://169.254.169.254/hetzner/v1".to_owned()];
    let patience = Patience::read(config, MAX_WAIT, TIMEOUT, 0);
    let path = |key: &str, usual: &str| config.get(key).and_then(Node::as_str).unwrap_or(usual).to_owned();
    let get = |path: &str| -> Result<(String, Vec<u8>), SourceError> {
        let urls: Vec<String> = bases.iter().map(|base| service::join(base, path)).collect();
        let requests = urls.iter().map(|url| Request::get(url).timeout(patience.timeout)).collect();
        match service::find(crawl.system(), &urls, requests, patience, is_empty) {
            Ok((number, response)) => Ok((urls[number].clone(), response.body)),
            Err(SourceError::Http(error)) if is_empty(&error) => Ok((urls[0].clone(), Vec::new())),
            Err(error) => Err(error),
        }
    };
    let yaml = |path: &str| -> Result<(String, Value), SourceError> {
        let (place, bytes) = get(path)?;
        let node = Node::from_yaml(&place, &bytes)
            .map_err(|error| SourceError::Broken { place: place.clone(), reason: error.to_string() })?;
        Ok((place, node.unwrap_or_default().to_json()))
    };
    let (place, metadata) = yaml(&path("metadata_path", "metadata"))?;
    let Value::Object(metadata) = metadata else {
        return Err(SourceError::Broken { place, reason: "expected a mapping".to_owned() });
    };
    let (_, private_networks) = yaml(&path("metadata_private_networks_path", "metadata/private-networks"))?;
    let (_, user_data) = get(&path("userdata_path", "userdata"))?;
    Ok(Documents { metadata, private_networks, user_data, place })
}

fn instance(crawl: &Crawl<'_>, documents: Documents, serial: &str) -> Result<Instance, SourceError> {
    let Documents { metadata: full, private_networks, user_data, place } = documents;
    let broken = |reason: String| SourceError::Broken { place: place.clone(), reason };
    let needed = |key: &str| full.get(key).cloned().ok_or_else(|| broken(format!("no {key}")));
    let mut metadata = Map::new();
    metadata.insert("instance-id".to_owned(), needed("instance-id")?);
    metadata.insert("local-hostname".to_owned(), needed("hostname")?);
    metadata.insert("network-config".to_owned(), full.get("network-config").cloned().unwrap_or_default());
    metadata.insert("public-keys".to_owned(), full.get("public-keys").cloned().unwrap_or_default());
    metadata.insert("private-networks".to_owned(), private_networks.clone());
    let network = network(crawl, &metadata, &private_networks)?;
    let found = Instance {
        user_data: Some(Bytes(encoding::base64_at_most(user_data))),
        vendor_data: vendor_data::read("vendor-data", full.get("vendor_data")),
        network,
        hotplug: Hotplug { udev_rules: Some(HOTPLUG_RULES.to_owned()), ..Hotplug::default() },
        ..standard::instance(&ABOUT, crawl.stage, metadata)
    };
    if found.instance_id.as_str() != serial {
        return Err(broken(format!(
            "the instance-id {} is not the firmware's serial number {serial}",
            found.instance_id
        )));
    }
    Ok(found)
}

/// The service's network configuration, and DHCP on each device of a private network.
fn network(
    crawl: &Crawl<'_>,
    metadata: &Map<String, Value>,
    private_networks: &Value,
) -> Result<Option<NetworkConfig>, SourceError> {
    let named = links::by_mac(crawl.system(), "/sys/class/net")?;
    let Some(config) = metadata.get("network-config").filter(|config| config.is_object()) else {
        tracing::warn!("the metadata has no network configuration");
        return Ok(None);
    };
    let mut config = config.clone();
    if let Some(entries) = config.get_mut("config").and_then(Value::as_array_mut) {
        for private in private_networks.as_array().into_iter().flatten() {
            let mac = private.get("mac_address").and_then(Value::as_str).unwrap_or_default();
            let Some(name) = named.get(&mac.to_lowercase()) else {
                tracing::warn!("no network device of this machine has the MAC address {mac} of a private network");
                continue;
            };
            let subnets = json!([{"ipv4": true, "type": "dhcp"}]);
            entries.push(json!({"type": "physical", "mac_address": mac, "name": name, "subnets": subnets}));
        }
    }
    Ok(Some(NetworkConfig::from_json(config, "Hetzner metadata network-config")))
}

#[cfg(test)]
mod tests {
    /// RFC 9110: 204 is No Content.
    #[test]
    fn no_content_is_empty() {
        let error = |status| super::HttpError::Status { url: model::effects::Url::new("http://x/"), status, retry_after: None };
        assert!(super::is_empty(&error(204)));
        assert!(!super::is_empty(&error(404)) && !super::is_empty(&error(500)));
    }

    #[test]
    fn cases() {
        crate::testing::run_cases("hetzner", &super::Hetzner);
    }
}
