//! The instance metadata service: session tokens, versions, and all of its documents.
//!
//! Source: "Use the Instance Metadata Service to access instance metadata", Amazon EC2 User Guide.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use model::datasource::SourceError;
use model::effects::{HttpError, Method, Request, Response};
use model::{Node, Secret, System};
use serde_json::{Map, Value};

use super::platform::Cloud;
use crate::url_params::UrlParams;
use crate::{ec2_tree, race, side_by_side};

/// Addresses of the service.
const URLS: [&str; 2] = ["http://169.254.169.254", "http://[fd00:ec2::254]"];
/// The oldest version that has all that is needed.
const OLDEST: &str = "2009-04-04";
/// Versions with more in them, best first: tags of 2021, IPv6 of 2016.
const EXTENDED: [&str; 3] = ["2021-03-23", "2018-09-24", "2016-09-02"];
const TOKEN_PATH: &str = "latest/api/token";
const TOKEN: &str = "X-aws-ec2-metadata-token";
const TTL: &str = "X-aws-ec2-metadata-token-ttl-seconds";
/// Six hours, the longest life of a token, in seconds.
const LONGEST: &str = "21600";
/// For each document.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
const READ_RETRIES: u32 = 5;

/// Everything that the service gave.
pub(super) struct Contents {
    pub metadata: Map<String, Value>,
    pub user_data: Vec<u8>,
    /// `dynamic/instance-identity`.
    pub identity: Map<String, Value>,
    pub version: String,
    pub address: String,
}

/// A token and how many were before it, so that a worker sees that another has already got a new one.
#[derive(Clone)]
struct Token {
    value: Secret<String>,
    number: u64,
}

/// The service of a machine.
pub(super) struct Imds<'a> {
    system: &'a System,
    cloud: Cloud,
    urls: Vec<String>,
    params: UrlParams,
    token: Mutex<Option<Token>>,
}

fn join(base: &str, path: &str) -> String {
    format!("{}/{path}", base.trim_end_matches('/'))
}

fn token_request(base: &str, timeout: Duration) -> Request {
    Request::get(join(base, TOKEN_PATH)).method(Method::Put).header(TTL, LONGEST).timeout(timeout)
}

/// What the service will say again, however often it is asked.
fn is_refusal(error: &HttpError) -> bool {
    matches!(error, HttpError::Status { status: 400..=499, .. })
}

impl<'a> Imds<'a> {
    /// The service at the configured addresses, or the usual ones.
    pub(super) fn new(system: &'a System, cloud: Cloud, config: &Node) -> Self {
        let configured = config.get("metadata_urls").and_then(Node::as_list).unwrap_or_default();
        let mut urls: Vec<String> = configured.iter().filter_map(Node::as_str).map(str::to_owned).collect();
        if urls.is_empty() {
            urls = URLS.map(str::to_owned).to_vec();
        }
        let params = UrlParams::read(config, 240, 50, 5);
        Self { system, cloud, urls, params, token: Mutex::new(None) }
    }

    fn not_here(&self, error: Option<HttpError>) -> SourceError {
        match error {
            Some(error) => SourceError::Http(error),
            None => SourceError::Broken {
                place: self.urls.join(", "),
                reason: "no metadata service was asked".into(),
            },
        }
    }

    fn set_token(&self, response: &Response, number: u64) -> Token {
        let token = Token { value: Secret::new(response.text().trim().to_owned()), number };
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        token
    }

    /// The address that answers: by a token where the cloud has them, and by the instance-id otherwise.
    fn find(&self) -> Result<String, SourceError> {
        if self.params.max_wait <= 0 {
            return Err(SourceError::Broken {
                place: "datasource.Ec2.max_wait".into(),
                reason: "it allows no time to wait for the service".into(),
            });
        }
        if self.cloud.has_tokens() {
            let requests = self.urls.iter().map(|url| token_request(url, self.params.timeout)).collect();
            match race::wait_for(self.system, requests, self.params.max_wait, is_refusal) {
                Ok((number, response)) => {
                    self.set_token(&response, 0);
                    return Ok(self.urls[number].clone());
                }
                // A service from before tokens knows no such address; 403 means that it is switched off.
                Err(Some(HttpError::Status { status: 404 | 405, .. })) => {
                    tracing::debug!("the service has no session tokens, using IMDSv1");
                }
                Err(error) => {
                    tracing::warn!("IMDS's HTTP endpoint is probably disabled");
                    return Err(self.not_here(error));
                }
            }
        }
        let path = format!("{OLDEST}/meta-data/instance-id");
        let requests =
            self.urls.iter().map(|url| Request::get(join(url, &path)).timeout(self.params.timeout)).collect();
        let found = race::wait_for(self.system, requests, self.params.max_wait, |_| false);
        found.map(|(number, _)| self.urls[number].clone()).map_err(|error| self.not_here(error))
    }

    fn token(&self) -> Option<Token> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A new token in place of one that is refused, unless another worker has one already.
    fn renewed(&self, base: &str, refused: &Token) -> Result<Token, HttpError> {
        let mut slot = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = slot.as_ref().filter(|token| token.number > refused.number) {
            return Ok(token.clone());
        }
        tracing::debug!("Refreshing Ec2 metadata API token");
        let response = self.system.http.send(&token_request(base, READ_TIMEOUT).retries(READ_RETRIES))?;
        let token =
            Token { value: Secret::new(response.text().trim().to_owned()), number: refused.number + 1 };
        *slot = Some(token.clone());
        Ok(token)
    }

    /// A document; `None` where there is none. A token that has run out is replaced once.
    fn get(&self, base: &str, url: &str, retries: u32) -> Result<Option<Vec<u8>>, HttpError> {
        let request = |token: Option<&Token>| {
            let request = Request::get(url).timeout(READ_TIMEOUT).retries(retries).accept(&[404, 401]);
            match token {
                Some(token) => request.header(TOKEN, token.value.expose().clone()),
                None => request,
            }
        };
        let token = self.token();
        let mut response = self.system.http.send(&request(token.as_ref()))?;
        if let (401, Some(token)) = (response.status, &token) {
            let token = self.renewed(base, token)?;
            response = self.system.http.send(&request(Some(&token)))?;
        }
        match response.status {
            404 => Ok(None),
            status if response.ok() || status == 404 => Ok(Some(response.body)),
            status => Err(HttpError::Status { url: url.to_owned(), status }),
        }
    }

    /// The newest version that is offered, and how long the service took to say so.
    fn version(&self, base: &str) -> (&'static str, Duration) {
        let (found, took) = side_by_side::timed(self.system, || {
            EXTENDED.into_iter().find(|version| {
                let url = join(base, &format!("{version}/meta-data/instance-id"));
                matches!(self.get(base, &url, 0), Ok(Some(_)))
            })
        });
        (found.unwrap_or(OLDEST), took)
    }

    /// Reads everything.
    pub(super) fn crawl(&self) -> Result<Contents, SourceError> {
        let address = self.find()?;
        let (version, took) = self.version(&address);
        let workers = side_by_side::workers(took);
        let path = |path: &str| join(&address, &format!("{version}/{path}"));
        let get = |url: &str| self.get(&address, url, READ_RETRIES);
        let user_data = self.get(&address, &path("user-data"), READ_RETRIES).unwrap_or_else(|error| {
            tracing::warn!("Failed fetching userdata: {error}");
            None
        });
        let root = path("meta-data/");
        let metadata = ec2_tree::crawl(&get, &root, workers, |url| {
            // An Outscale listing names tags that it does not have.
            url.contains("meta-data/tags/").then_some("(skipped)")
        })?;
        let metadata = metadata
            .ok_or_else(|| SourceError::Broken { place: root, reason: "it is not there".to_owned() })?;
        let identity = if self.cloud == Cloud::Aws {
            let root = path("dynamic/instance-identity");
            ec2_tree::crawl(&get, &root, workers, |_| None).unwrap_or_else(|error| {
                tracing::warn!("Failed fetching dynamic/instance-identity: {error}");
                None
            })
        } else {
            None
        };
        Ok(Contents {
            metadata,
            user_data: user_data.unwrap_or_default(),
            identity: identity.unwrap_or_default(),
            version: version.to_owned(),
            address,
        })
    }
}
