//! Oracle Cloud Infrastructure: its metadata service (version 2, or 1), queried in the local stage with a temporary
//! address, or with the network up.
//!
//! Source: "Getting Instance Metadata" and "iSCSI boot", Oracle Cloud Infrastructure documentation.

mod imds;
mod network;

use metadata::hold::{self, How};
use metadata::{Patience, encoding, standard, user_keys};
use model::datasource::{Evidence, Medium, SourceError, SourceStage};
use model::instance::Bytes;
use model::{About, Crawl, DataSource, Identified, Instance, Node, Platform};
use serde_json::{Map, Value};

use imds::Contents;

const NAME: &str = "Oracle";
const ASSET_TAG: &str = "OracleCloud.com";

const ABOUT: About = About {
    local: Some("DataSourceOracle"),
    network: Some("DataSourceOracleNet"),
    network_order: Some(&["cmdline", "system_cfg", "ds", "initramfs"]),
    evidence: Evidence {
        dmi: &[("chassis_asset_tag", ASSET_TAG), ("product_uuid", "0c1f00d0-0000-4000-8000-000000000000")],
        medium: Medium::Service,
        tree: &["opc"],
    },
    page: include_str!("../pages/oracle.yaml"),
    ..About::named(NAME)
};

/// In the instance's own data: the firmware's UUID.
const UUID: &str = "system_uuid";

/// The data source.
pub(crate) struct Oracle;

fn is_oracle(platform: &Platform<'_>) -> bool {
    platform.dmi("chassis_asset_tag").as_deref() == Some(ASSET_TAG)
}

impl DataSource for Oracle {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        Identified::when(is_oracle(platform))
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        if !is_oracle(crawl.platform) && !crawl.platform.is_named(NAME) {
            return Ok(None);
        }
        let config = crawl.config(NAME);
        let secondary = config.get("configure_secondary_nics").is_some_and(Node::is_truthy);
        let ramdisk = network::of_ramdisk(crawl)?;
        // The ramdisk's configuration replaces that of the primary device.
        let with_vnics = ramdisk.is_none() || secondary;
        let patience = Patience::read(&config, 30, 5, 5);
        let ask = |max_wait| imds::crawl(crawl.system(), Patience { max_wait, ..patience }, with_vnics);
        let contents = match crawl.stage {
            SourceStage::Local if network::is_up(crawl) => match ask(0) {
                // A root on iSCSI: the ramdisk has set up the network.
                Ok(contents) => contents,
                Err(error) => {
                    tracing::debug!("the network is up but does not reach the service: {error}");
                    held(crawl, || ask(patience.max_wait))?
                }
            },
            SourceStage::Local => held(crawl, || ask(patience.max_wait))?,
            SourceStage::Network => ask(patience.max_wait)?,
        };
        instance(crawl, contents, ramdisk, secondary).map(Some)
    }

    /// The firmware's UUID differs from the instance's ID, but lives as long.
    fn still_same(&self, platform: &Platform<'_>, cached: &Instance) -> bool {
        let known = cached.own.get(UUID).and_then(Value::as_str);
        known.is_some_and(|known| platform.dmi("product_uuid").is_some_and(|uuid| uuid.eq_ignore_ascii_case(known)))
    }
}

fn held(
    crawl: &Crawl<'_>,
    ask: impl FnOnce() -> Result<Contents, SourceError>,
) -> Result<Contents, SourceError> {
    hold::asking(crawl, hold::usual_link(crawl)?, How::BothFamilies, |_| ask())
}

fn instance(
    crawl: &Crawl<'_>,
    contents: Contents,
    ramdisk: Option<Vec<Value>>,
    secondary: bool,
) -> Result<Instance, SourceError> {
    let Contents { document, vnics, address } = contents;
    let place = format!("{address}instance/");
    let needed = |key: &str| {
        document.get(key).cloned().ok_or_else(|| SourceError::Broken {
            place: place.clone(),
            reason: format!("no {key}"),
        })
    };
    let mut metadata = Map::new();
    metadata.insert("availability-zone".to_owned(), needed("ociAdName")?);
    metadata.insert("instance-id".to_owned(), needed("id")?);
    metadata.insert("launch-index".to_owned(), 0.into());
    metadata.insert("local-hostname".to_owned(), needed("hostname")?);
    metadata.insert("name".to_owned(), needed("displayName")?);
    let mut user_data = None;
    if let Some(own) = document.get("metadata").filter(|own| !own.is_null()) {
        let text = own.get("user_data").and_then(Value::as_str).filter(|text| !text.is_empty());
        user_data = text.map(encoding::base64_lenient).transpose().map_err(|error| SourceError::Broken {
            place: place.clone(),
            reason: format!("metadata.user_data: invalid base64: {error}"),
        })?;
        let keys = own.get("ssh_authorized_keys").cloned().unwrap_or_default();
        metadata.insert("public_keys".to_owned(), keys);
    }
    let network = network::config(crawl, ramdisk, vnics, secondary)?;
    let uuid = crawl.platform.dmi("product_uuid");
    Ok(Instance {
        subplatform: format!("metadata ({address})"),
        public_keys: user_keys::normalise(metadata.get("public_keys")),
        user_data: user_data.map(Bytes),
        network,
        own: uuid.map(|uuid| (UUID.to_owned(), uuid.to_lowercase().into())).into_iter().collect(),
        extra: document,
        extra_only: true,
        ..standard::instance(&ABOUT, crawl.stage, metadata)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn cases() {
        crate::testing::run_cases("oracle", &super::Oracle);
    }
}
