//! CloudStack: the metadata and the password server of the network's virtual router, which is the DHCP server.
//!
//! Source: "User-data and meta-data" and "Adding password management to your templates", CloudStack documentation.

use std::path::Path;
use std::time::Duration;

use metadata::hold::{self, How, Way};
use metadata::password_server::PasswordServer;
use metadata::{Patience, Service, detection, ec2_tree, leases, service, side_by_side, standard};
use model::datasource::{Evidence, Medium, SourceError, SourceStage};
use model::effects::{Command, Lease, Request};
use model::instance::Bytes;
use model::{About, Crawl, DataSource, Identified, Instance, Node, Platform, System};
use serde_json::{Map, Value};

const NAME: &str = "CloudStack";
const PRODUCT: &str = "CloudStack";
/// The virtual router, in the network's own DNS.
const ROUTER: &str = "data-server";
const SEED: &str = "cs";
/// The time limit of a document, and how often it is tried again.
const TIMEOUT: Duration = Duration::from_secs(5);
const RETRIES: u32 = 5;
/// The same for the password server.
const PASSWORD_TIMEOUT: Duration = Duration::from_secs(20);
const PASSWORD_RETRIES: u32 = 3;

const ABOUT: About = About {
    local: Some("DataSourceCloudStackLocal"),
    network: Some("DataSourceCloudStack"),
    evidence: Evidence {
        dmi: &[("product_name", "CloudStack KVM Hypervisor")],
        medium: Medium::Service,
        tree: &["latest"],
    },
    page: include_str!("../pages/cloudstack.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct CloudStack;

fn is_cloudstack(platform: &Platform<'_>) -> bool {
    platform.dmi("product_name").is_some_and(|name| name.starts_with(PRODUCT))
}

impl DataSource for CloudStack {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        Identified::when(is_cloudstack(platform))
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        if !is_cloudstack(crawl.platform) && !crawl.platform.is_named(NAME) {
            return Ok(None);
        }
        let seed = crawl.paths().seed(SEED);
        if detection::has_files(crawl.platform, &seed, &["meta-data", "user-data"]) {
            return from_seed(crawl, &seed).map(Some);
        }
        match crawl.stage {
            SourceStage::Local => {
                let link = hold::usual_link(crawl)?;
                hold::asking(crawl, link, How::FirstOf(&[Way::Dhcp]), |held| read(crawl, held.lease.as_ref()))
            }
            SourceStage::Network => read(crawl, None),
        }
    }

    /// Only the router has the ID.
    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        false
    }
}

fn from_seed(crawl: &Crawl<'_>, seed: &Path) -> Result<Instance, SourceError> {
    let files = &crawl.system().files;
    let path = seed.join("meta-data");
    let place = path.display().to_string();
    let broken = |reason: String| SourceError::Broken { place: place.clone(), reason };
    let node = Node::from_yaml(&place, &files.read(&path)?).map_err(|error| broken(error.to_string()))?;
    let Value::Object(metadata) = node.unwrap_or_default().to_json() else {
        return Err(broken("expected a mapping".to_owned()));
    };
    tracing::debug!("Using seeded cloudstack data from: {}", seed.display());
    let user_data = files.read(&seed.join("user-data"))?;
    instance(crawl, metadata, user_data, None, &place)
}

/// The router's address: by its name, as the DHCP server, or as the default gateway.
fn router(crawl: &Crawl<'_>, held: Option<&Lease>) -> Result<String, SourceError> {
    if let Some(address) = named(crawl.system()) {
        tracing::debug!("Found metadata server '{address}' via {ROUTER} DNS entry");
        return Ok(address);
    }
    if let Some(address) = leases::option(crawl, held, leases::SERVER) {
        tracing::debug!("Found metadata server '{address}' in a DHCP lease");
        return Ok(address);
    }
    let is_default = |route: &&model::effects::Route| route.prefix == 0 && route.destination.is_ipv4();
    let routes = crawl.system().links.routes()?;
    let gateway = routes.iter().filter(is_default).find_map(|route| route.gateway);
    gateway.map(|address| address.to_string()).ok_or_else(|| SourceError::Broken {
        place: "the network".to_owned(),
        reason: format!("no virtual router: neither {ROUTER}, a DHCP lease nor a default gateway"),
    })
}

/// The first address of the router's name. The machine's own resolver is asked, which knows its name services.
fn named(system: &System) -> Option<String> {
    system.commands.which("getent")?;
    let output = system.commands.run(&Command::line(["getent", "ahosts", ROUTER])).ok()?;
    output.text().split_ascii_whitespace().next().map(str::to_owned)
}

fn read(crawl: &Crawl<'_>, held: Option<&Lease>) -> Result<Option<Instance>, SourceError> {
    let system = crawl.system();
    let patience = Patience::read(&crawl.config(NAME), 120, 50, 0);
    if patience.max_wait <= 0 {
        tracing::debug!("{NAME}: max_wait is {}, not querying the virtual router", patience.max_wait);
        return Ok(None);
    }
    let router = router(crawl, held)?;
    let host = if router.contains(':') { format!("[{router}]") } else { router };
    let base = format!("http://{host}/");
    let urls = [service::join(&base, "latest/meta-data/instance-id")];
    let requests = vec![Request::get(&urls[0]).timeout(patience.timeout)];
    let (found, took) =
        side_by_side::timed(system, || service::find(system, &urls, requests, patience, |_| false));
    found?;
    let service = Service::at(system, &base, TIMEOUT, RETRIES, took);
    let user_data = service.bytes("latest/user-data").unwrap_or_else(|error| {
        tracing::warn!("Failed fetching userdata: {error}");
        None
    });
    let root = service.url("latest/meta-data/");
    let metadata = ec2_tree::crawl(&|url| service.get(url), &root, service.workers, |_| None)?;
    let server = PasswordServer {
        url: format!("http://{host}:8080"),
        timeout: PASSWORD_TIMEOUT,
        retries: PASSWORD_RETRIES,
    };
    let config = server.config(system);
    let found = instance(crawl, metadata.unwrap_or_default(), user_data.unwrap_or_default(), held, &root)?;
    Ok(Some(Instance { subplatform: format!("metadata ({base})"), config, ..found }))
}

fn instance(
    crawl: &Crawl<'_>,
    metadata: Map<String, Value>,
    user_data: Vec<u8>,
    held: Option<&Lease>,
    place: &str,
) -> Result<Instance, SourceError> {
    if !metadata.contains_key("instance-id") {
        return Err(SourceError::Broken { place: place.to_owned(), reason: "no instance-id".to_owned() });
    }
    let mut found = Instance {
        user_data: Some(Bytes(user_data)),
        ..standard::instance(&ABOUT, crawl.stage, metadata)
    };
    // The router knows a name only; the domain is that of the network.
    if let Some(name) = found.hostname.as_ref().filter(|name| !name.contains('.') || is_address(name))
        && let Some(domain) = leases::option(crawl, held, leases::DOMAIN)
    {
        let name = model::hostname::of_address(name).unwrap_or_else(|| name.clone());
        found.hostname = Some(format!("{name}.{domain}"));
    }
    Ok(found)
}

fn is_address(name: &str) -> bool {
    name.parse::<std::net::Ipv4Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn cases() {
        crate::testing::run_cases("cloudstack", &super::CloudStack);
    }
}
