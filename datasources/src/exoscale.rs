//! Exoscale: its metadata service in EC2's layout, and its password server.
//!
//! Source: "Cloud-init" and "Password reset", Exoscale documentation.

use metadata::password_server::PasswordServer;
use metadata::{Patience, Service, ec2_tree, service, side_by_side, standard};
use model::datasource::{Evidence, Medium, Settled, SourceError};
use model::effects::Request;
use model::instance::Bytes;
use model::{About, Crawl, DataSource, Identified, Instance, Node, Platform};

const NAME: &str = "Exoscale";
const PRODUCT: &str = "Exoscale";
const URL: &str = "http://169.254.169.254";
const VERSION: &str = "1.0";
const PASSWORD_PORT: i128 = 8080;
/// In seconds.
const MAX_WAIT: i64 = 120;
const TIMEOUT: u64 = 10;
const RETRIES: u32 = 6;
/// The semaphore of the module that sets passwords.
const SEMAPHORE: &str = "sem/config_set_passwords";

const ABOUT: About = About {
    network: Some("DataSourceExoscale"),
    evidence: Evidence {
        dmi: &[("product_name", "Exoscale Compute Platform")],
        medium: Medium::Service,
        tree: &["1.0"],
    },
    page: include_str!("../pages/exoscale.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct Exoscale;

fn is_exoscale(platform: &Platform<'_>) -> bool {
    platform.dmi("product_name").is_some_and(|name| name.starts_with(PRODUCT))
}

impl DataSource for Exoscale {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        Identified::when(is_exoscale(platform))
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        if !is_exoscale(crawl.platform) && !crawl.platform.is_named(NAME) {
            return Ok(None);
        }
        let system = crawl.system();
        let config = crawl.config(NAME);
        let text = |key: &str, usual: &str| {
            config.get(key).and_then(Node::scalar_text).unwrap_or_else(|| usual.to_owned())
        };
        let (url, version) = (text("metadata_url", URL), text("api_version", VERSION));
        let port = config.get("password_server_port").and_then(Node::as_int).unwrap_or(PASSWORD_PORT);
        let patience = Patience { max_wait: MAX_WAIT, ..Patience::read(&config, MAX_WAIT, TIMEOUT, RETRIES) };
        let urls = [format!("{url}/{version}/meta-data/instance-id")];
        let requests = vec![Request::get(&urls[0]).timeout(patience.timeout)];
        let (found, took) =
            side_by_side::timed(system, || service::find(system, &urls, requests, patience, |_| false));
        found?;
        let service =
            Service::at(system, &service::join(&url, &version), patience.timeout, patience.retries, took).patient(patience);
        let user_data = service.bytes("user-data").unwrap_or_else(|error| {
            tracing::warn!("Failed fetching userdata: {error}");
            None
        });
        let root = service.url("meta-data/");
        let metadata = ec2_tree::crawl(&|url| service.get(url), &root, service.workers, |_| None)?;
        let metadata = metadata.unwrap_or_default();
        if !metadata.contains_key("instance-id") {
            return Err(SourceError::Broken { place: root, reason: "no instance-id".to_owned() });
        }
        let server = PasswordServer {
            url: format!("{url}:{port}/{version}/"),
            timeout: patience.timeout,
            retries: patience.retries,
        };
        Ok(Some(Instance {
            user_data: Some(Bytes(user_data.unwrap_or_default())),
            config: server.config(system),
            ..standard::instance(&ABOUT, crawl.stage, metadata)
        }))
    }

    /// Only the service has the ID.
    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        false
    }

    /// Lets passwords be set again: a password that was reset in the console is available at the next boot.
    fn activate(&self, settled: &Settled<'_>) -> Result<(), SourceError> {
        let platform = settled.platform;
        let semaphore = platform.paths.instance(SEMAPHORE);
        if platform.files().exists(&semaphore) {
            tracing::debug!("Overriding module set_passwords with frequency always");
            platform.system.files.remove(&semaphore)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn cases() {
        crate::testing::run_cases("exoscale", &super::Exoscale);
    }
}
