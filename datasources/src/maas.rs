//! MAAS: its metadata service, which identifies a machine by OAuth credentials in the configuration.
//!
//! Source: "Metadata API", MAAS documentation.

use metadata::oauth::{Credentials, Signer};
use metadata::{Patience, race, service, standard, vendor_data};
use model::datasource::{Evidence, Medium, SourceError, SourceStage};
use model::effects::{HttpError, Request, Url};
use model::instance::{Bytes, VendorData};
use model::{About, Crawl, DataSource, Identified, Instance, Node, Platform};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

const NAME: &str = "MAAS";
const SEED: &str = "maas";
/// The version of the metadata API.
const VERSION: &str = "2012-03-01";
/// In seconds.
const MAX_WAIT: i64 = 120;
const TIMEOUT: u64 = 50;
/// For documents after the first.
const RETRIES: u32 = 1;
const ID: &str = "meta-data/instance-id";
/// In the instance's own data: a hash of the credentials, which identify the machine.
const HASH: &str = "id_hash";
/// A machine that booted over the network keeps the initramfs's network only as a last resort.
const LOCAL_ORDER: &[&str] = &["cmdline", "system_cfg", "ds", "initramfs"];

const ABOUT: About = About {
    local: Some("DataSourceMAASLocal"),
    network: Some("DataSourceMAAS"),
    evidence: Evidence { dmi: &[], medium: Medium::Seed(SEED), tree: &["meta-data/instance-id"] },
    page: include_str!("../pages/maas.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct Maas;

fn has_seed(platform: &Platform<'_>) -> bool {
    platform.files().list(&platform.paths.seed(SEED)).is_ok_and(|names| !names.is_empty())
}

/// The configured URL.
fn url(platform: &Platform<'_>) -> Option<String> {
    platform.source_config(NAME)?.get("metadata_url").filter(|url| url.is_truthy())?.scalar_text()
}

/// A hash of the credentials; MAAS creates them for each deployment.
fn hash(config: Option<&Node>) -> String {
    let text = |key: &str| config.and_then(|config| config.get(key)?.scalar_text()).unwrap_or_default();
    let credentials = ["consumer_key", "token_key", "token_secret"].map(text).join("\0");
    let digest = Sha256::digest(credentials.as_bytes());
    digest.iter().fold("v1:".to_owned(), |hash, byte| format!("{hash}{byte:02x}"))
}

impl DataSource for Maas {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    /// MAAS selects its source in `datasource_list` or on the kernel command line.
    fn identify(&self, _platform: &Platform<'_>) -> Identified {
        Identified::No
    }

    fn is_configured(&self, platform: &Platform<'_>) -> bool {
        has_seed(platform) || url(platform).is_some()
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        let platform = crawl.platform;
        if crawl.stage == SourceStage::Local && !booted_over_network(platform) {
            tracing::debug!("No initramfs applicable config");
            return Ok(None);
        }
        if has_seed(platform) {
            let directory = crawl.paths().seed(SEED);
            let place = directory.display().to_string();
            let read = |path: &str| Ok(platform.files().read_optional(&directory.join(path))?);
            return Documents::read(&place, read).and_then(|found| instance(crawl, found, &place)).map(Some);
        }
        let Some(url) = url(platform) else { return Ok(None) };
        let config = crawl.config(NAME);
        let credentials = Credentials::read(&config).map_err(|reason| SourceError::Broken {
            place: format!("datasource.{NAME}"),
            reason: reason.to_owned(),
        })?;
        let patience = Patience::read(&config, MAX_WAIT, TIMEOUT, RETRIES);
        if patience.max_wait == 0 {
            return Ok(None);
        }
        let signer = Signer::new(crawl.system(), credentials);
        let base = service::join(&url, VERSION);
        let id = wait(crawl, &signer, &service::join(&base, ID), patience)?;
        let read = |path: &str| {
            if path == ID {
                return Ok(Some(id.clone()));
            }
            let request = Request::get(service::join(&base, path)).timeout(patience.timeout).retries(RETRIES);
            let answer = signer.send(&request.accept(&[404]).public())?;
            Ok((answer.status != 404).then_some(answer.body))
        };
        let found = Documents::read(&Url::new(&base).to_string(), read)?;
        instance(crawl, found, &Url::new(url).to_string()).map(Some)
    }

    /// Whether the credentials are those of the last boot.
    fn still_same(&self, platform: &Platform<'_>, cached: &Instance) -> bool {
        cached.own.get(HASH).and_then(Value::as_str) == Some(&hash(platform.source_config(NAME)))
    }

    fn network_order(&self, instance: &Instance) -> Option<&'static [&'static str]> {
        (Some(instance.class.as_str()) == ABOUT.local).then_some(LOCAL_ORDER)
    }
}

/// Whether the initramfs has configured the network, so that the service can be queried in the local stage.
fn booted_over_network(platform: &Platform<'_>) -> bool {
    match netconfig::initramfs::config(platform.files(), &platform.cmdline) {
        Ok(found) => found.is_some(),
        Err(error) => {
            tracing::warn!("{error}");
            false
        }
    }
}

/// Waits for the service; returns the first document.
fn wait(
    crawl: &Crawl<'_>,
    signer: &Signer<'_>,
    url: &str,
    patience: Patience,
) -> Result<Vec<u8>, SourceError> {
    let ask = |left: Option<std::time::Duration>| {
        let timeout = left.map_or(patience.timeout, |left| patience.timeout.min(left));
        let answer = signer.send(&Request::get(url).timeout(timeout).public()).map_err(Some)?;
        if answer.body.is_empty() {
            let reason = format!("empty response [{}]", answer.status);
            return Err(Some(HttpError::Connection { url: Url::new(url), reason }));
        }
        Ok(answer.body)
    };
    race::repeat(crawl.system(), patience.max_wait, |_| false, ask)
        .map_err(|error| service::nobody(&[url.to_owned()], error))
}

/// The documents of the service or a seed.
struct Documents {
    metadata: Map<String, Value>,
    user_data: Option<Vec<u8>>,
    vendor_data: Option<VendorData>,
}

impl Documents {
    fn read(
        place: &str,
        read: impl Fn(&str) -> Result<Option<Vec<u8>>, SourceError>,
    ) -> Result<Self, SourceError> {
        let mut metadata = Map::new();
        for (name, required) in [("instance-id", true), ("local-hostname", true), ("public-keys", false)] {
            match read(&format!("meta-data/{name}"))? {
                Some(bytes) => {
                    metadata.insert(name.to_owned(), String::from_utf8_lossy(&bytes).into_owned().into());
                }
                None if required => {
                    let reason = format!("no meta-data/{name}");
                    return Err(SourceError::Broken { place: place.to_owned(), reason });
                }
                None => {}
            }
        }
        let vendor_data = read("meta-data/vendor-data")?.filter(|bytes| !bytes.is_empty());
        let vendor_data = vendor_data.map(|bytes| vendor(place, &bytes)).transpose()?.flatten();
        Ok(Self { metadata, user_data: read("user-data")?, vendor_data })
    }
}

/// Vendor-data is YAML with text, a list or a mapping.
fn vendor(place: &str, bytes: &[u8]) -> Result<Option<VendorData>, SourceError> {
    let place = format!("{place}/meta-data/vendor-data");
    let node = Node::from_yaml(&place, bytes)
        .map_err(|error| SourceError::Broken { place: place.clone(), reason: error.to_string() })?;
    Ok(node.and_then(|node| vendor_data::read("vendor-data", Some(&node.to_json()))))
}

fn instance(crawl: &Crawl<'_>, documents: Documents, place: &str) -> Result<Instance, SourceError> {
    let Documents { metadata, user_data, vendor_data } = documents;
    let mut own = Map::new();
    own.insert(HASH.to_owned(), hash(crawl.platform.source_config(NAME)).into());
    Ok(Instance {
        detail: format!(" [{place}]"),
        subplatform: format!("seed-dir ({place})"),
        user_data: user_data.map(Bytes),
        vendor_data,
        own,
        ..standard::instance(&ABOUT, crawl.stage, metadata)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        crate::testing::run_cases("maas", &Maas);
    }

    #[test]
    fn only_the_local_stage_prefers_the_configuration_to_the_initramfs() {
        let found = |class: &str| Instance { class: class.to_owned(), ..Instance::default() };
        assert_eq!(Maas.network_order(&found("DataSourceMAASLocal")), Some(LOCAL_ORDER));
        assert_eq!(Maas.network_order(&found("DataSourceMAAS")), None);
    }

    /// The original's `read_maas_seed_url`: the other documents are optional.
    #[test]
    fn a_machine_has_an_id_and_a_name() {
        for (missing, found) in [
            ("meta-data/instance-id", false),
            ("meta-data/local-hostname", false),
            ("meta-data/public-keys", true),
            ("meta-data/vendor-data", true),
            ("user-data", true),
        ] {
            let read = |name: &str| Ok((name != missing).then(|| b"x".to_vec()));
            let error = Documents::read("http://maas/", read).err().map(|error| error.to_string());
            assert_eq!(error, (!found).then(|| format!("http://maas/: no {missing}")), "{missing}");
        }
    }

    #[test]
    fn the_hash_is_upstreams() {
        let config = Node::from_yaml("t", b"{consumer_key: ck, token_key: tk, token_secret: ts, consumer_secret: x}");
        // printf 'ck\0tk\0ts' | sha256sum; and without credentials: printf '\0\0' | sha256sum
        let hash = hash(Some(&config.expect("YAML").expect("a mapping")));
        assert_eq!(hash, "v1:d2e2c5e781d7d073e5a7910ad88554e86bfa35c0dc35c74a08a8bfb87d3de026");
        assert_eq!(super::hash(None), "v1:96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7");
    }
}
