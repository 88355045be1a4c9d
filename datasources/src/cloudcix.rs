//! CloudCIX: its metadata service, with the network up.

use std::time::Duration;

use metadata::{Patience, encoding, service, standard};
use model::config::json_reason;
use model::datasource::{Evidence, Medium, SourceError};
use model::effects::Request;
use model::instance::Bytes;
use model::{About, Crawl, DataSource, Identified, Instance, NetworkConfig, Node, Platform};
use serde_json::Value;

const NAME: &str = "CloudCIX";
const PRODUCT: &str = "CloudCIX";
const URL: &str = "http://169.254.169.254/v1";
/// In seconds.
const MAX_WAIT: i64 = -1;
const TIMEOUT: u64 = 10;
const RETRIES: u32 = 3;
const PAUSE: u64 = 5;

const ABOUT: About = About {
    network: Some("DataSourceCloudCIX"),
    evidence: Evidence { dmi: &[("product_name", PRODUCT)], medium: Medium::Service, tree: &["v1/metadata"] },
    page: include_str!("../pages/cloudcix.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct CloudCix;

fn is_cloudcix(platform: &Platform<'_>) -> bool {
    platform.dmi("product_name").as_deref() == Some(PRODUCT)
}

impl DataSource for CloudCix {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        Identified::when(is_cloudcix(platform))
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        if !is_cloudcix(crawl.platform) && !crawl.platform.is_named(NAME) {
            return Ok(None);
        }
        let system = crawl.system();
        let config = crawl.config(NAME);
        let patience = Patience::read(&config, MAX_WAIT, TIMEOUT, RETRIES);
        let pause = config.get("sec_between_retries").and_then(Node::as_int);
        let pause = pause.and_then(|pause| u64::try_from(pause).ok()).unwrap_or(PAUSE);
        let request = |path: &str| {
            let mut request = Request::get(service::join(URL, path)).timeout(patience.timeout);
            request.backoff = Duration::from_secs(pause);
            request
        };
        let urls = [service::join(URL, "metadata")];
        let answer = if patience.max_wait > 0 {
            service::find(system, &urls, vec![request("metadata")], patience, |_| false)?.1
        } else {
            system.http.send(&request("metadata").retries(patience.retries))?
        };
        let broken = |reason: String| SourceError::Broken { place: urls[0].clone(), reason };
        let metadata = match model::config::bounded_json(&answer.body) {
            Ok(Value::Object(metadata)) => metadata,
            Ok(_) => return Err(broken("expected a JSON object".to_owned())),
            Err(error) => return Err(broken(json_reason(&error))),
        };
        let user_data = system.http.send(&request("userdata").retries(patience.retries))?.body;
        let network = metadata.get("network").cloned().ok_or_else(|| broken("no network".to_owned()))?;
        Ok(Some(Instance {
            user_data: Some(Bytes(encoding::base64_at_most(user_data))),
            network: Some(NetworkConfig::from_json(network, "CloudCIX metadata network")),
            ..standard::instance(&ABOUT, crawl.stage, metadata)
        }))
    }

    /// Only the service has the ID.
    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn cases() {
        crate::testing::run_cases("cloudcix", &super::CloudCix);
    }
}
