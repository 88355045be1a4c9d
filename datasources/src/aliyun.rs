//! Alibaba Cloud: its metadata service, with a session token, queried in the local stage with a temporary address, or with
//! the network up.
//!
//! Source: "View instance metadata", Elastic Compute Service documentation.

mod imds;
mod network;

use metadata::hold::{self, How, Way};
use metadata::{detection, standard};
use model::datasource::{Evidence, Medium, SourceError, SourceStage};
use model::instance::{Bytes, VendorData};
use model::update::Event;
use model::{About, Crawl, DataSource, Identified, Instance, Node, Platform};
use serde_json::{Map, Value};

use imds::{Contents, Imds};

const NAME: &str = "AliYun";
const PRODUCT: &str = "Alibaba Cloud ECS";

const ABOUT: About = About {
    local: Some("DataSourceAliYunLocal"),
    network: Some("DataSourceAliYun"),
    events: &[Event::BootNewInstance, Event::Boot],
    evidence: Evidence {
        dmi: &[("product_name", PRODUCT)],
        medium: Medium::Service,
        tree: &["2016-01-01/meta-data"],
    },
    page: include_str!("../pages/aliyun.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct AliYun;

fn is_aliyun(platform: &Platform<'_>) -> bool {
    platform.dmi("product_name").as_deref() == Some(PRODUCT)
}

impl DataSource for AliYun {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        // Like upstream, a seed is accepted as evidence, but never read.
        let seeded = detection::has_files(platform, &platform.paths.seed(NAME), &["meta-data", "user-data"]);
        Identified::when(seeded || is_aliyun(platform))
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        if !is_aliyun(crawl.platform) {
            return Ok(None);
        }
        let config = crawl.config(NAME);
        let imds = Imds::new(crawl.system(), &config);
        let contents = match crawl.stage {
            SourceStage::Local => {
                let link = hold::usual_link(crawl)?;
                hold::asking(crawl, link, How::FirstOf(&[Way::Dhcp]), |_| imds.crawl())?
            }
            SourceStage::Network => imds.crawl()?,
        };
        instance(crawl, &config, contents).map(Some)
    }

    /// The ID is only in the metadata.
    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        false
    }
}

fn instance(crawl: &Crawl<'_>, config: &Node, contents: Contents) -> Result<Instance, SourceError> {
    let Contents { metadata, user_data, vendor_data, address } = contents;
    let network = match metadata.get("network") {
        Some(network @ Value::Object(_)) => network::convert(crawl, config, network, &address)?,
        other => {
            tracing::warn!("Metadata 'network' key not valid: {other:?}.");
            None
        }
    };
    let hostname = metadata.get("hostname").and_then(standard::text).filter(|name| !name.is_empty());
    let mut extra = Map::new();
    extra.insert("meta-data".to_owned(), Value::Object(metadata.clone()));
    Ok(Instance {
        cloud_name: NAME.to_lowercase(),
        subplatform: format!("metadata ({address})"),
        public_keys: public_keys(metadata.get("public-keys")),
        user_data: Some(Bytes(user_data)),
        vendor_data: (!vendor_data.is_empty()).then_some(VendorData::One(Bytes(vendor_data))),
        network,
        extra,
        hostname,
        hostname_is_complete: true,
        ..standard::instance(&ABOUT, crawl.stage, metadata)
    })
}

/// The keys by name: a text, a list, or a mapping with one of these in `openssh-key`.
fn public_keys(named: Option<&Value>) -> Vec<String> {
    let of = |value: &Value| match value {
        Value::String(key) => vec![key.trim().to_owned()],
        Value::Array(keys) => keys.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let entries = named.and_then(Value::as_object).into_iter().flat_map(Map::values);
    entries.flat_map(|entry| of(entry.get("openssh-key").unwrap_or(entry))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cases() {
        crate::testing::run_cases("aliyun", &AliYun);
    }

    #[test]
    fn keys_of_each_form() {
        let keys = json!({"a": " k1\n", "b": ["k2", "k3"], "c": {"openssh-key": "k4 "}, "d": {"openssh-key": ["k5"]},
                          "e": {"other": "k6"}, "f": 7});
        assert_eq!(public_keys(Some(&keys)), ["k1", "k2", "k3", "k4", "k5"]);
        assert!(public_keys(Some(&json!("text"))).is_empty() && public_keys(None).is_empty());
    }
}
