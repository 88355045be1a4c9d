//! The instance metadata service: session tokens, versions, and its documents.
//!
//! Source: "Use the Instance Metadata Service to access instance metadata", Amazon EC2 User Guide.

use std::time::Duration;

use metadata::service::{self, Tokens, join};
use metadata::{Patience, Service, ec2_tree, race, side_by_side};
use model::datasource::SourceError;
use model::effects::{HttpError, Method, Request, Url};
use model::{Node, System};
use serde_json::{Map, Value};

use super::platform::Cloud;

/// Addresses of the service.
const URLS: &[&str] = &["http://169.254.169.254", "http://[fd00:ec2::254]"];
/// The oldest version with all necessary data.
const OLDEST: &str = "2009-04-04";
/// Versions with more data, best first: tags from 2021, IPv6 from 2016.
const EXTENDED: &[&str] = &["2021-03-23", "2018-09-24", "2016-09-02"];
const TOKEN_PATH: &str = "latest/api/token";
const TOKEN: &str = "X-aws-ec2-metadata-token";
const TTL: &str = "X-aws-ec2-metadata-token-ttl-seconds";
/// Six hours, the maximum lifetime of a token, in seconds.
const LONGEST: &str = "21600";
/// For each document.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
const READ_RETRIES: u32 = 5;

/// For all documents.
const CRAWL_TIMEOUT: Duration = Duration::from_secs(300);

/// All data of the service.
pub(super) struct Contents {
    pub metadata: Map<String, Value>,
    pub user_data: Vec<u8>,
    /// `dynamic/instance-identity`.
    pub identity: Map<String, Value>,
    pub version: String,
    pub address: String,
}

/// The service of a machine.
pub(super) struct Imds<'a> {
    system: &'a System,
    cloud: Cloud,
    urls: Vec<String>,
    patience: Patience,
}

fn token_request(base: &str, timeout: Duration) -> Request {
    Request::get(join(base, TOKEN_PATH)).method(Method::Put).header(TTL, LONGEST).timeout(timeout)
}

/// Answers that do not change between queries.
fn is_refusal(error: &HttpError) -> bool {
    matches!(error, HttpError::Status { status: 400..=499, .. }) && !error.is_overload()
}

impl<'a> Imds<'a> {
    /// The service at the configured addresses, or the default ones.
    pub(super) fn new(system: &'a System, cloud: Cloud, config: &Node) -> Self {
        let mut urls = service::configured_urls(config);
        if urls.is_empty() {
            urls = URLS.iter().copied().map(str::to_owned).collect();
        }
        Self { system, cloud, urls, patience: Patience::read(config, 240, 50, 5) }
    }

    /// The address that responds: to a token request if the cloud supports them, else to a query for the instance ID.
    fn find(&self) -> Result<(&str, Option<Tokens>), SourceError> {
        if self.patience.max_wait <= 0 {
            return Err(SourceError::Broken {
                place: "datasource.Ec2.max_wait".into(),
                reason: "it allows no time to wait for the service".into(),
            });
        }
        if self.cloud.has_tokens() {
            let requests = self.urls.iter().map(|url| token_request(url, self.patience.timeout)).collect();
            match race::wait_for(self.system, requests, self.patience.max_wait, is_refusal) {
                Ok((number, response)) => {
                    let base = &self.urls[number];
                    let again = token_request(base, READ_TIMEOUT).retries(READ_RETRIES);
                    return Ok((base, Some(Tokens::new(TOKEN, again, &response))));
                }
                // A service without tokens does not have this URL; 403 means that it is disabled.
                Err(Some(HttpError::Status { status: 404 | 405, .. })) => {
                    tracing::debug!("the service has no session tokens, using IMDSv1");
                }
                Err(error) => {
                    tracing::warn!("IMDS's HTTP endpoint is probably disabled");
                    return Err(service::nobody(&self.urls, error));
                }
            }
        }
        let path = format!("{OLDEST}/meta-data/instance-id");
        let request = |url: &String| Request::get(join(url, &path)).timeout(self.patience.timeout);
        let requests = self.urls.iter().map(request).collect();
        let (number, _) = service::find(self.system, &self.urls, requests, self.patience, |_| false)?;
        Ok((&self.urls[number], None))
    }

    /// The service at the address that responds.
    fn service(&self) -> Result<Service<'a>, SourceError> {
        let (base, tokens) = self.find()?;
        Ok(Service::at(self.system, base, READ_TIMEOUT, READ_RETRIES, Duration::ZERO)
            .patient(self.patience)
            .tokens(tokens))
    }

    /// The newest available version, and the service's response time.
    fn version(&self, service: &Service<'_>) -> (&'static str, Duration) {
        let (found, took) = side_by_side::timed(self.system, || {
            EXTENDED.iter().copied().find(|version| {
                let url = service.url(&format!("{version}/meta-data/instance-id"));
                matches!(service.get_once(&url), Ok(Some(_)))
            })
        });
        (found.unwrap_or(OLDEST), took)
    }

    /// Reads everything.
    pub(super) fn crawl(&self) -> Result<Contents, SourceError> {
        let service = self.service()?;
        let (version, took) = self.version(&service);
        let workers = side_by_side::workers(took);
        let path = |path: &str| service.url(&format!("{version}/{path}"));
        let begun = self.system.clock.monotonic();
        let get = |url: &str| {
            if self.system.clock.monotonic().saturating_sub(begun) > CRAWL_TIMEOUT {
                let reason = format!("reading the metadata takes more than {} s", CRAWL_TIMEOUT.as_secs());
                return Err(HttpError::Refused { url: Url::new(url), reason });
            }
            service.get(url)
        };
        let user_data = || {
            get(&path("user-data")).unwrap_or_else(|error| {
                tracing::warn!("Failed fetching userdata: {error}");
                None
            })
        };
        let root = path("meta-data/");
        let metadata = || {
            ec2_tree::crawl(&get, &root, workers, |url| {
                // An Outscale listing names tags that do not exist.
                url.contains("meta-data/tags/").then_some("(skipped)")
            })
        };
        let identity = || {
            if self.cloud != Cloud::Aws {
                return None;
            }
            let root = path("dynamic/instance-identity");
            ec2_tree::crawl(&get, &root, workers, |_| None).unwrap_or_else(|error| {
                tracing::warn!("Failed fetching dynamic/instance-identity: {error}");
                None
            })
        };
        let (user_data, metadata, identity) = if workers > 1 {
            let rest = || (user_data(), identity());
            let (metadata, other) = side_by_side::beside(rest, metadata);
            let (user_data, identity) = other.unwrap_or_else(rest);
            (user_data, metadata?, identity)
        } else {
            (user_data(), metadata()?, identity())
        };
        let metadata = metadata
            .ok_or_else(|| SourceError::Broken { place: root, reason: "not found".to_owned() })?;
        Ok(Contents {
            metadata,
            user_data: user_data.unwrap_or_default(),
            identity: identity.unwrap_or_default(),
            version: version.to_owned(),
            address: service.base().to_owned(),
        })
    }
}
