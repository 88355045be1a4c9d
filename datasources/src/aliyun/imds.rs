//! The metadata service: a session token, then user-data, vendor-data and all metadata in one document, or as a tree where
//! the service does not have that document.

use std::time::Duration;

use metadata::service::{self, Tokens, join};
use metadata::{Patience, Service, ec2_tree, race, side_by_side};
use model::config::json_reason;
use model::datasource::SourceError;
use model::effects::{HttpError, Method, Request, Url};
use model::{Node, System};
use serde_json::{Map, Value};

/// IPv4 only.
const URL: &str = "http://100.100.100.200";
const VERSION: &str = "2016-01-01";
const TOKEN_PATH: &str = "latest/api/token";
const TOKEN: &str = "X-aliyun-ecs-metadata-token";
const TTL: &str = "X-aliyun-ecs-metadata-token-ttl-seconds";
/// Six hours, the maximum lifetime of a token, in seconds.
const LONGEST: &str = "21600";
/// For each document.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
const READ_RETRIES: u32 = 5;

/// All data of the service.
pub(super) struct Contents {
    pub metadata: Map<String, Value>,
    pub user_data: Vec<u8>,
    pub vendor_data: Vec<u8>,
    pub address: String,
}

/// The service of a machine.
pub(super) struct Imds<'a> {
    system: &'a System,
    urls: Vec<String>,
    patience: Patience,
}

fn token_request(base: &str, timeout: Duration) -> Request {
    Request::get(join(base, TOKEN_PATH)).method(Method::Put).header(TTL, LONGEST).timeout(timeout)
}

/// The service rejects the request, or its HTTP endpoint is disabled (403).
fn is_refusal(error: &HttpError) -> bool {
    matches!(error, HttpError::Status { status: 400.., .. }) && !error.is_overload()
}

impl<'a> Imds<'a> {
    /// The service at the configured addresses, or the default one.
    pub(super) fn new(system: &'a System, config: &Node) -> Self {
        let mut urls = service::configured_urls(config);
        if urls.is_empty() {
            urls = vec![URL.to_owned()];
        }
        Self { system, urls, patience: Patience::read(config, 240, 50, 5) }
    }

    /// The service at the address that gives a token; there is no other way, even if tokens are optional.
    fn service(&self) -> Result<Service<'a>, SourceError> {
        let requests = self.urls.iter().map(|url| token_request(url, self.patience.timeout)).collect();
        let (outcome, took) = side_by_side::timed(self.system, || {
            race::wait_for(self.system, requests, self.patience.max_wait, is_refusal)
        });
        let (number, response) = outcome.map_err(|error| {
            tracing::warn!("IMDS's HTTP endpoint is probably disabled");
            service::nobody(&self.urls, error)
        })?;
        let base = &self.urls[number];
        let again = token_request(base, READ_TIMEOUT).retries(READ_RETRIES);
        let tokens = Tokens::new(TOKEN, again, &response);
        Ok(Service::at(self.system, base, READ_TIMEOUT, READ_RETRIES, took).patient(self.patience).tokens(Some(tokens)))
    }

    /// Reads everything.
    pub(super) fn crawl(&self) -> Result<Contents, SourceError> {
        let service = self.service()?;
        let names = ["user-data", "vendor-data", "meta-data/all"];
        let mut read = side_by_side::map(service.workers, names.to_vec(), |name| {
            service.get(&service.url(&format!("{VERSION}/{name}")))
        })
        .into_iter();
        let mut next = || read.next().unwrap_or(Ok(None));
        let data = |name: &str, outcome: Result<Option<Vec<u8>>, HttpError>| {
            outcome.unwrap_or_else(|error| {
                tracing::warn!("Failed fetching {name}: {error}");
                None
            })
        };
        let user_data = data(names[0], next()).unwrap_or_default();
        let vendor_data = data(names[1], next()).unwrap_or_default();
        let all = next();
        let metadata = match document(&service, all) {
            Some(metadata) => metadata,
            None => tree(&service)?,
        };
        Ok(Contents { metadata, user_data, vendor_data, address: service.base().to_owned() })
    }
}

/// The document of all metadata; `None` if the tree must be read instead.
fn document(
    service: &Service<'_>,
    outcome: Result<Option<Vec<u8>>, HttpError>,
) -> Option<Map<String, Value>> {
    let place = Url::new(service.url(&format!("{VERSION}/meta-data/all")));
    let reason = match outcome {
        Ok(Some(bytes)) => match model::config::bounded_json(&bytes) {
            Ok(Value::Object(map)) => {
                return Some(map.into_iter().map(|(key, value)| (key, decoded(value))).collect());
            }
            Ok(_) => "expected a JSON object".to_owned(),
            Err(error) => json_reason(&error),
        },
        Ok(None) => "not found".to_owned(),
        Err(error) => error.to_string(),
    };
    tracing::warn!("Failed read json meta-data from {place}: {reason}; fall back directory tree style");
    None
}

fn tree(service: &Service<'_>) -> Result<Map<String, Value>, SourceError> {
    let root = service.url(&format!("{VERSION}/meta-data/"));
    let get = |url: &str| service.get(url);
    ec2_tree::crawl(&get, &root, service.workers, |_| None)?
        .ok_or_else(|| SourceError::Broken { place: root, reason: "not found".to_owned() })
}

/// Texts in the form that they have as leaves of the tree: several lines become a list.
fn decoded(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, value)| (key, decoded(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(decoded).collect()),
        Value::String(text) => ec2_tree::decode("", text.as_bytes()),
        Value::Null => "".into(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A service that rejects the request is not asked again; one that is overloaded is.
    #[test]
    fn refusals() {
        let url = || Url::new("http://100.100.100.200/");
        let status = |status, pause: Option<u64>| HttpError::Status { url: url(), status, retry_after: pause.map(Duration::from_secs) };
        assert!(is_refusal(&status(400, None)) && is_refusal(&status(403, None)) && is_refusal(&status(404, None)));
        assert!(is_refusal(&status(500, None)));
        assert!(!is_refusal(&status(429, None)) && !is_refusal(&status(503, Some(1))) && !is_refusal(&status(301, None)));
        assert!(!is_refusal(&HttpError::Connection { url: url(), reason: String::new() }));
    }
}
