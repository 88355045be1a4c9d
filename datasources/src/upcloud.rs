//! UpCloud: its metadata service, queried in the local stage with a temporary address, or with the network up.
//!
//! Source: "Metadata service", UpCloud documentation.

use metadata::hold::{self, How, Way};
use metadata::single::{self, Single};
use metadata::{detection, links, standard, vendor_data};
use model::datasource::{Evidence, Medium, SourceError, SourceStage};
use model::{About, Crawl, DataSource, Identified, Instance, NetworkConfig, Platform};
use serde_json::{Map, Value, json};

const NAME: &str = "UpCloud";
const VENDOR: &str = "UpCloud";
const URL: &str = "http://169.254.169.254/metadata/v1.json";

const ABOUT: About = About {
    local: Some("DataSourceUpCloudLocal"),
    network: Some("DataSourceUpCloud"),
    evidence: Evidence {
        dmi: &[("sys_vendor", VENDOR), ("product_uuid", "00c00000-0000-4000-8000-000000000000")],
        medium: Medium::Service,
        tree: &["metadata"],
    },
    page: include_str!("../pages/upcloud.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct UpCloud;

fn is_upcloud(platform: &Platform<'_>) -> bool {
    detection::is_vendor(platform, VENDOR)
}

impl DataSource for UpCloud {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        Identified::when(is_upcloud(platform))
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        if !is_upcloud(crawl.platform) {
            return Ok(None);
        }
        let uuid = detection::required(crawl.platform, "product_uuid", VENDOR, "UUID")?;
        let service = Single::read(&crawl.config(NAME), "metadata_url", URL, 2, 30, 2);
        let document = match crawl.stage {
            SourceStage::Local => {
                let link = hold::usual_link(crawl)?;
                hold::asking(crawl, link, How::FirstOf(&[Way::Dhcp]), |_| service.fetch(crawl.system()))?
            }
            SourceStage::Network => service.fetch(crawl.system())?,
        };
        instance(crawl, document, &uuid, &service.url).map(Some)
    }

    fn still_same(&self, platform: &Platform<'_>, cached: &Instance) -> bool {
        detection::is_system_uuid(platform, &cached.instance_id)
    }
}

fn instance(
    crawl: &Crawl<'_>,
    document: Map<String, Value>,
    uuid: &str,
    url: &str,
) -> Result<Instance, SourceError> {
    let mut metadata = Map::new();
    metadata.insert("instance-id".to_owned(), single::take_or(&document, "instance_id", uuid));
    metadata.insert("local-hostname".to_owned(), single::take(&document, "hostname"));
    metadata.insert("network".to_owned(), single::take(&document, "network"));
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

/// Network config v1: each interface with its addresses, and the name servers.
fn network(
    crawl: &Crawl<'_>,
    document: &Map<String, Value>,
    url: &str,
) -> Result<NetworkConfig, SourceError> {
    let broken = |reason: String| SourceError::Broken { place: url.to_owned(), reason };
    let network = document.get("network").and_then(Value::as_object).filter(|network| !network.is_empty());
    let network = network.ok_or_else(|| broken("no network".to_owned()))?;
    let named = links::by_mac(crawl.system(), url)?;
    let dns = network.get("dns").filter(|dns| dns.as_array().is_some_and(|servers| !servers.is_empty()));
    let mut config = Vec::new();
    for interface in network.get("interfaces").and_then(Value::as_array).into_iter().flatten() {
        let mac = interface.get("mac").and_then(Value::as_str).unwrap_or_default();
        let name = links::name(&named, mac, url)?;
        let addresses = interface.get("ip_addresses").and_then(Value::as_array);
        let subnets: Vec<Value> =
            addresses.into_iter().flatten().map(|address| subnet(address, network.get("dns"))).collect();
        config.push(json!({"type": "physical", "name": name, "mac_address": mac, "subnets": subnets}));
    }
    if let Some(servers) = dns {
        config.push(json!({"type": "nameserver", "address": servers}));
    }
    Ok(NetworkConfig::from_json(json!({"version": 1, "config": config}), "UpCloud metadata network"))
}

fn subnet(address: &Value, dns: Option<&Value>) -> Value {
    let v6 = address.get("family").and_then(Value::as_str) == Some("IPv6");
    if address.get("dhcp").and_then(Value::as_bool) == Some(true) {
        // IPv6 addresses come from router advertisements.
        return json!({"type": if v6 { "ipv6_dhcpv6-stateless" } else { "dhcp" }});
    }
    let kind = if v6 { "static6" } else { "static" };
    let mut subnet = json!({"type": kind, "control": "auto", "address": address.get("address")});
    if let Some(gateway) = address.get("gateway").filter(|gateway| gateway.as_str().is_some_and(|text| !text.is_empty())) {
        subnet["gateway"] = gateway.clone();
    }
    let network = address.get("network").and_then(Value::as_str).unwrap_or_default();
    if let Some((_, prefix)) = network.split_once('/') {
        subnet["netmask"] = prefix.into();
    }
    let own = address.get("dns").filter(|own| own.as_array().is_some_and(|servers| !servers.is_empty()));
    if let Some(own) = own.filter(|own| Some(*own) != dns) {
        subnet["dns_nameservers"] = own.clone();
    }
    subnet
}

#[cfg(test)]
mod tests {
    #[test]
    fn cases() {
        crate::testing::run_cases("upcloud", &super::UpCloud);
    }
}
