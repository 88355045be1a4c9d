//! NWCS: its metadata service, queried in the local stage with a temporary address.

use metadata::hold::{self, How, Way};
use metadata::single::{self, Single};
use metadata::{detection, links, standard, vendor_data};
use model::datasource::{Evidence, Medium, SourceError};
use model::{About, Crawl, DataSource, Identified, Instance, NetworkConfig, Platform};
use serde_json::{Map, Value};

const NAME: &str = "NWCS";
const VENDOR: &str = "NWCS";
const URL: &str = "http://169.254.169.254/api/v1/metadata";

const ABOUT: About = About {
    local: Some("DataSourceNWCS"),
    evidence: Evidence { dmi: &[("sys_vendor", VENDOR)], medium: Medium::Service, tree: &["api"] },
    page: include_str!("../pages/nwcs.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct Nwcs;

fn is_nwcs(platform: &Platform<'_>) -> bool {
    detection::is_vendor(platform, VENDOR)
}

impl DataSource for Nwcs {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        Identified::when(is_nwcs(platform))
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        if !is_nwcs(crawl.platform) {
            return Ok(None);
        }
        let service = Single::read(&crawl.config(NAME), "metadata_url", URL, 5, 30, 5);
        let link = hold::usual_link(crawl)?;
        let document =
            hold::asking(crawl, link, How::FirstOf(&[Way::Dhcp]), |_| service.fetch(crawl.system()))?;
        instance(crawl, document, &service.url).map(Some)
    }

    /// Only the service has the ID.
    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        false
    }
}

fn instance(crawl: &Crawl<'_>, document: Map<String, Value>, url: &str) -> Result<Instance, SourceError> {
    let broken = |reason: String| SourceError::Broken { place: url.to_owned(), reason };
    let needed = |key: &str| document.get(key).cloned().ok_or_else(|| broken(format!("no {key}")));
    let mut metadata = Map::new();
    for (name, key) in [
        ("instance-id", "instance-id"),
        ("public-keys", "public-keys"),
        ("network", "network"),
        ("local-hostname", "hostname"),
    ] {
        metadata.insert(name.to_owned(), needed(key)?);
    }
    let named = links::by_mac(crawl.system(), url)?;
    let mut network = metadata["network"].clone();
    let entries = network.get_mut("config");
    let entries = entries.and_then(Value::as_array_mut).filter(|entries| !entries.is_empty());
    // The names of the service are not those of this machine.
    for entry in entries.ok_or_else(|| broken("no network.config".to_owned()))? {
        let mac = entry.get("mac_address").and_then(Value::as_str).unwrap_or_default();
        if let Some(name) = named.get(mac) {
            entry["name"] = name.clone().into();
        }
    }
    let network = NetworkConfig::from_json(network, "NWCS metadata network");
    Ok(Instance {
        subplatform: format!("metadata ({url})"),
        user_data: single::text(&document, "userdata"),
        vendor_data: vendor_data::read("vendor-data", document.get("vendordata")),
        network: Some(network),
        ..standard::instance(&ABOUT, crawl.stage, metadata)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn cases() {
        crate::testing::run_cases("nwcs", &super::Nwcs);
    }
}
