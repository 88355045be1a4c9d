//! OpenStack: its metadata service, asked in the local stage over an address held for a moment, or with the network
//! up.

#[cfg(test)]
mod tests;

use std::any::Any;
use std::time::Duration;

use model::datasource::{SourceError, SourceStage};
use model::effects::{HttpError, Request};
use model::instance::{Bytes, DsMode};
use model::{Crawl, DataSource, Identified, Instance, InstanceId, Node, Platform, System};
use serde_json::{Map, Value};

use crate::openstack_layout::{self, Documents, Place};
use crate::url_params::UrlParams;
use crate::{detection, ec2_tree, network_forms, race, side_by_side, standard, user_keys, vendor_data};

const NAME: &str = "OpenStack";
/// Product names of Nova's machines, which some clouds write in the asset tag.
const PRODUCTS: [&str; 2] = ["OpenStack Nova", "OpenStack Compute"];
/// Asset tags of clouds that are OpenStack under another name.
const ASSET_TAGS: [&str; 4] = ["HUAWEICLOUD", "OpenTelekomCloud", "Samsung Cloud Platform", "SAP CCloud VM"];
/// How long a lease is waited for.
const LEASE: Duration = Duration::from_secs(60);

/// The data source.
pub(crate) struct OpenStack;

/// The service at an address that has answered.
struct Service<'a> {
    system: &'a System,
    base: String,
    params: UrlParams,
    versions: Vec<String>,
    workers: usize,
}

impl Service<'_> {
    fn get(&self, url: &str) -> Result<Option<Vec<u8>>, HttpError> {
        let request =
            Request::get(url).timeout(self.params.timeout).retries(self.params.retries).accept(&[404]);
        let response = self.system.http.send(&request)?;
        Ok(response.ok().then_some(response.body))
    }
}

fn join(base: &str, path: &str) -> String {
    format!("{}/{path}", base.trim_end_matches('/'))
}

impl Place for Service<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(self.get(&join(&self.base, path))?)
    }

    fn read_all(&self, paths: &[String]) -> Vec<Result<Option<Vec<u8>>, SourceError>> {
        side_by_side::map(self.workers, paths.iter().collect(), |path: &String| self.read(path))
    }

    fn versions(&self) -> Vec<String> {
        self.versions.clone()
    }

    /// Nova answers for EC2 beside its own tree; where it does not, nothing is missed.
    fn ec2(&self) -> Result<Value, SourceError> {
        let root = join(&self.base, "latest/meta-data/");
        let tree =
            ec2_tree::crawl(&|url| self.get(url), &root, self.workers, |_| None).unwrap_or_else(|error| {
                tracing::warn!("Failed fetching meta-data/ from url {root}: {error}");
                None
            });
        Ok(Value::Object(tree.unwrap_or_default()))
    }

    fn show(&self, path: &str) -> String {
        join(&self.base, path)
    }
}

/// Whether the machine itself says that it is OpenStack's.
fn is_openstack(platform: &Platform<'_>) -> bool {
    let product = platform.dmi("product_name").unwrap_or_default();
    let tag = platform.dmi("chassis_asset_tag").unwrap_or_default();
    PRODUCTS.contains(&product.as_str())
        || PRODUCTS.contains(&tag.as_str())
        || ASSET_TAGS.contains(&tag.as_str())
        || first_process_says(platform, "product_name").as_deref() == Some(PRODUCTS[0])
}

/// A variable of process 1: in a container, what the host told it.
fn first_process_says(platform: &Platform<'_>, name: &str) -> Option<String> {
    let environment = platform.files().read(std::path::Path::new("/proc/1/environ")).ok()?;
    environment.split(|byte| *byte == 0).find_map(|entry| {
        let text = String::from_utf8_lossy(entry);
        text.strip_prefix(name)?.strip_prefix('=').map(str::to_owned)
    })
}

/// Addresses that the administrator gives.
fn configured_urls(config: &Node) -> Option<Vec<String>> {
    let list = config.get("metadata_urls")?.as_list()?;
    let urls: Vec<String> = list.iter().filter_map(Node::as_str).map(str::to_owned).collect();
    (!urls.is_empty()).then_some(urls)
}

impl DataSource for OpenStack {
    fn name(&self) -> &'static str {
        NAME
    }

    fn stages(&self) -> &'static [SourceStage] {
        &[SourceStage::Local, SourceStage::Network]
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        if detection::has_config_drive(platform) {
            // The same documents without a network: that source is asked.
            Identified::No
        } else if is_openstack(platform) {
            Identified::Found
        } else if detection::is_x86(platform) {
            Identified::No
        } else {
            Identified::Maybe
        }
    }

    fn crawl(&self, crawl: &mut Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        let config = crawl.config(NAME);
        let urls = configured_urls(&config);
        // No link-local address is asked on a mere possibility: whoever answers there would own the machine.
        if urls.is_none() && !is_openstack(crawl.platform) && !detection::is_named(crawl.platform, NAME) {
            tracing::debug!(
                "OpenStack: neither firmware nor configuration names it, its service is not asked"
            );
            return Ok(None);
        }
        let _held = match crawl.stage {
            SourceStage::Local => Some(hold_address(crawl)?),
            SourceStage::Network => None,
        };
        let urls = urls.unwrap_or_else(|| default_urls(crawl.fallback_link.as_deref()));
        let service = find_service(crawl.system(), &config, &urls)?;
        let documents = openstack_layout::read_v2(&service)?.ok_or_else(|| SourceError::Broken {
            place: service.show("openstack"),
            reason: "it offers no meta_data.json".to_owned(),
        })?;
        let mode = standard::dsmode([documents.dsmode.as_ref()]);
        if mode == DsMode::Disabled {
            return Ok(None);
        }
        let class = match crawl.stage {
            SourceStage::Local => "DataSourceOpenStackLocal",
            SourceStage::Network => "DataSourceOpenStack",
        };
        Ok(Some(instance(crawl.system(), &config, class, documents, &service.base, mode)))
    }

    fn still_same(&self, platform: &Platform<'_>, cached: &InstanceId) -> bool {
        detection::is_system_uuid(platform, cached)
    }
}

/// An address of IPv4, or where nobody gives one, the link-local one of IPv6.
fn hold_address(crawl: &Crawl<'_>) -> Result<Box<dyn Any + Send>, SourceError> {
    let link = crawl.fallback_link.as_deref().ok_or_else(|| SourceError::Broken {
        place: "the network links".to_owned(),
        reason: "none can be used to ask the metadata service".to_owned(),
    })?;
    let ephemeral = &crawl.system().ephemeral;
    match ephemeral.dhcp4(link, &crawl.dhcp_clients, LEASE) {
        Ok((_, held)) => Ok(held),
        Err(error) => {
            tracing::warn!("{error}; trying IPv6 alone");
            ephemeral.ipv6(link, false, LEASE).map_err(|_| error.into())
        }
    }
}

fn default_urls(link: Option<&str>) -> Vec<String> {
    let v6 = link.map(|link| format!("http://[fe80::a9fe:a9fe%25{link}]"));
    v6.into_iter().chain(["http://169.254.169.254".to_owned()]).collect()
}

/// The first address that answers with its versions.
fn find_service<'a>(system: &'a System, config: &Node, urls: &[String]) -> Result<Service<'a>, SourceError> {
    let params = UrlParams::read(config, -1, 10, 5);
    let requests =
        urls.iter().map(|url| Request::get(join(url, "openstack")).timeout(params.timeout)).collect();
    let (outcome, took) =
        side_by_side::timed(system, || race::wait_for(system, requests, params.max_wait, |_| false));
    let (number, response) = outcome.map_err(|error| match error {
        Some(error) => SourceError::Http(error),
        None => {
            SourceError::Broken { place: urls.join(", "), reason: "no metadata service was asked".to_owned() }
        }
    })?;
    let base = urls[number].clone();
    tracing::debug!("Using metadata source: '{base}'");
    let versions = response.text().lines().map(|line| line.trim().trim_end_matches('/').to_owned()).collect();
    Ok(Service { system, base, params, versions, workers: side_by_side::workers(took) })
}

fn instance(
    system: &System,
    config: &Node,
    class: &str,
    documents: Documents,
    base: &str,
    mode: DsMode,
) -> Instance {
    let Documents { version, metadata, network_data, ec2, .. } = documents;
    let wanted = config.get("apply_network_config").is_none_or(|node| !is_false(node));
    let network = network_data
        .as_ref()
        .filter(|document| wanted && !document.is_null())
        .and_then(|document| network_forms::from_network_data(system, document));
    let mut extra = Map::new();
    extra.insert("network_json".to_owned(), network_data.unwrap_or_default());
    extra.insert("ec2_metadata".to_owned(), ec2.unwrap_or_default());
    Instance {
        detail: format!(" [{},ver={version}]", standard::mode_name(mode)),
        subplatform: format!("metadata ({base})"),
        user_data: Some(Bytes(documents.user_data)),
        vendor_data: vendor_data::read("vendor-data", documents.vendor_data.as_ref()),
        vendor_data2: vendor_data::read("vendor-data2", documents.vendor_data2.as_ref()),
        network,
        public_keys: user_keys::normalise(metadata.get("public_keys")),
        dsmode: mode,
        extra,
        sensitive: openstack_layout::SENSITIVE.map(str::to_owned).to_vec(),
        ..standard::instance(NAME, class, metadata)
    }
}

/// The original's words for false.
fn is_false(node: &Node) -> bool {
    match node.as_bool() {
        Some(value) => !value,
        None => node.scalar_text().is_some_and(|text| {
            matches!(text.trim().to_ascii_lowercase().as_str(), "off" | "0" | "no" | "false")
        }),
    }
}
