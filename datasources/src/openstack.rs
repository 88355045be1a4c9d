//! OpenStack: its metadata service, queried in the local stage with a temporary address, or with the network up.

#[cfg(test)]
mod tests;

use metadata::hold::{self, How, Way};
use metadata::openstack_layout::{self, Documents, Place, Reads};
use metadata::{
    Patience, Service, detection, ec2_tree, network_forms, service, side_by_side, standard, user_keys,
    vendor_data,
};
use model::datasource::{Evidence, Medium, SourceError, SourceStage};
use model::effects::{Request, Url};
use model::instance::{Bytes, DsMode};
use model::{About, Crawl, DataSource, Identified, Instance, Node, Platform, System};
use serde_json::{Map, Value};

const NAME: &str = "OpenStack";
/// Product names of Nova's machines, which some clouds use as the asset tag.
const PRODUCTS: &[&str] = &["OpenStack Nova", "OpenStack Compute"];
/// Asset tags of OpenStack clouds with other product names.
const ASSET_TAGS: &[&str] = &["HUAWEICLOUD", "OpenTelekomCloud", "Samsung Cloud Platform", "SAP CCloud VM"];

const ABOUT: About = About {
    local: Some("DataSourceOpenStackLocal"),
    network: Some("DataSourceOpenStack"),
    evidence: Evidence {
        dmi: &[("product_name", PRODUCTS[0])],
        medium: Medium::Service,
        tree: &["openstack"],
    },
    page: include_str!("../pages/openstack.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct OpenStack;

/// The service, and its versions.
struct Nova<'a> {
    service: Service<'a>,
    versions: Vec<String>,
}

impl Place for Nova<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
        self.service.bytes(path)
    }

    fn read_all(&self, paths: &[String]) -> Reads {
        side_by_side::map(self.service.workers, paths.iter().collect(), |path: &String| self.read(path))
    }

    fn read_beside_ec2(&self, paths: &[String]) -> (Reads, Option<Result<Value, SourceError>>) {
        if self.service.workers == 1 {
            return (self.read_all(paths), None);
        }
        // Where it was not read, it is afterwards.
        side_by_side::beside(|| self.ec2(), || self.read_all(paths))
    }

    fn versions(&self) -> Vec<String> {
        self.versions.clone()
    }

    /// Nova also provides EC2's metadata; it is optional.
    fn ec2(&self) -> Result<Value, SourceError> {
        let root = self.service.url("latest/meta-data/");
        let tree =
            ec2_tree::crawl(&|url| self.service.get(url), &root, self.service.workers, |_| None).unwrap_or_else(|error| {
                tracing::warn!("Failed fetching meta-data/ from url {root}: {error}");
                None
            });
        Ok(Value::Object(tree.unwrap_or_default()))
    }

    fn show(&self, path: &str) -> String {
        self.service.url(path)
    }
}

/// Whether the machine identifies itself as OpenStack's.
fn is_openstack(platform: &Platform<'_>) -> bool {
    let product = platform.dmi("product_name").unwrap_or_default();
    let tag = platform.dmi("chassis_asset_tag").unwrap_or_default();
    PRODUCTS.contains(&product.as_str())
        || PRODUCTS.contains(&tag.as_str())
        || ASSET_TAGS.contains(&tag.as_str())
        || first_process_says(platform, "product_name").as_deref() == Some(PRODUCTS[0])
}

/// A variable of process 1: in a container, set by the host.
fn first_process_says(platform: &Platform<'_>, name: &str) -> Option<String> {
    let environment = platform.files().read(std::path::Path::new("/proc/1/environ")).ok()?;
    environment.split(|byte| *byte == 0).find_map(|entry| {
        let text = String::from_utf8_lossy(entry);
        text.strip_prefix(name)?.strip_prefix('=').map(str::to_owned)
    })
}

impl DataSource for OpenStack {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        if detection::has_config_drive(platform) {
            // If the same documents are available without a network, that source is used.
            Identified::No
        } else if is_openstack(platform) {
            Identified::Found
        } else if detection::is_x86(platform) {
            Identified::No
        } else {
            Identified::Maybe
        }
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        let config = crawl.config(NAME);
        let urls = service::configured_urls(&config);
        // A link-local address is not queried on a mere possibility: whoever responds would control the machine.
        if urls.is_empty() && !is_openstack(crawl.platform) && !crawl.platform.is_named(NAME) {
            tracing::debug!(
                "OpenStack: not identified by firmware or configuration, not querying the metadata service"
            );
            return Ok(None);
        }
        let urls = if urls.is_empty() { default_urls(crawl.fallback_link.as_deref()) } else { urls };
        match crawl.stage {
            SourceStage::Local => {
                // IPv4 or, without an IPv4 address, link-local IPv6.
                let ways = How::FirstOf(&[Way::Dhcp, Way::LinkLocal]);
                hold::asking(crawl, hold::usual_link(crawl)?, ways, |_| read(crawl, &config, &urls))
            }
            SourceStage::Network => read(crawl, &config, &urls),
        }
    }

    fn still_same(&self, platform: &Platform<'_>, cached: &Instance) -> bool {
        detection::is_system_uuid(platform, &cached.instance_id)
    }
}

/// All data of the service.
fn read(crawl: &Crawl<'_>, config: &Node, urls: &[String]) -> Result<Option<Instance>, SourceError> {
    let nova = find_service(crawl.system(), config, urls)?;
    let documents = openstack_layout::read_v2(&nova)?.ok_or_else(|| SourceError::Broken {
        place: nova.show("openstack"),
        reason: "no meta_data.json".to_owned(),
    })?;
    let mode = standard::dsmode([documents.dsmode.as_ref()]);
    if mode == DsMode::Disabled {
        return Ok(None);
    }
    Ok(Some(instance(crawl, config, documents, nova.service.base(), mode)))
}

fn default_urls(link: Option<&str>) -> Vec<String> {
    let v6 = link.map(|link| format!("http://[fe80::a9fe:a9fe%25{link}]"));
    v6.into_iter().chain(["http://169.254.169.254".to_owned()]).collect()
}

/// The first address that responds with its versions.
fn find_service<'a>(system: &'a System, config: &Node, urls: &[String]) -> Result<Nova<'a>, SourceError> {
    let patience = Patience::read(config, -1, 10, 5);
    let request = |url: &String| Request::get(service::join(url, "openstack")).timeout(patience.timeout);
    let requests = urls.iter().map(request).collect();
    let (found, took) = side_by_side::timed(system, || {
        service::find(system, urls, requests, patience, |_| false)
    });
    let (number, response) = found?;
    let base = &urls[number];
    tracing::debug!("Using metadata source: '{}'", Url::new(base));
    let service = Service::at(system, base, patience.timeout, patience.retries, took).patient(patience);
    Ok(Nova { service, versions: service::names(&response.body) })
}

fn instance(
    crawl: &Crawl<'_>,
    config: &Node,
    documents: Documents,
    base: &str,
    mode: DsMode,
) -> Instance {
    let Documents { version, metadata, network_data, ec2, .. } = documents;
    let wanted = config.get("apply_network_config").is_none_or(|node| !is_false(node));
    let network = network_data
        .as_ref()
        .filter(|document| wanted && !document.is_null())
        .and_then(|document| network_forms::from_network_data(crawl.system(), document));
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
        sensitive: openstack_layout::SENSITIVE.iter().copied().map(str::to_owned).collect(),
        ..standard::instance(&ABOUT, crawl.stage, metadata)
    }
}

/// Upstream's words for false.
fn is_false(node: &Node) -> bool {
    match node.as_bool() {
        Some(value) => !value,
        None => node.scalar_text().is_some_and(|text| {
            matches!(text.trim().to_ascii_lowercase().as_str(), "off" | "0" | "no" | "false")
        }),
    }
}
