//! HTTP: the only crate that knows an HTTP library.
//!
//! Metadata services are queried without proxies and redirects, over persistent connections; each attempt has a
//! deadline, responses have a maximum size, and retries back off. Names are resolved in Rust with resolv.conf and
//! hosts: a static binary has no name service switch. Where a route forbids requests to a metadata service, systemd's
//! service is asked instead.
#![allow(clippy::disallowed_methods, reason = "this crate is where requests happen")]

mod from_port;
mod imdsd;
mod resolve;
#[cfg(feature = "tls")]
mod trust;
mod zone;

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::effects::{Body, Http, HttpError, Method, Request, Response, Url, Via, without_url_secrets};
use reqwest::blocking::{Client, ClientBuilder};
use reqwest::redirect::Policy;

use zone::Target;

/// Looks up an environment variable.
type Environment = dyn Fn(&str) -> Option<std::ffi::OsString> + Send + Sync;

/// Requests over the network.
pub struct Fetch {
    /// A client for each set of options: connections are not shared between them.
    clients: Mutex<HashMap<Kind, Client>>,
    /// The environment with `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    environment: Arc<Environment>,
    /// The socket of systemd's service for metadata.
    imdsd: PathBuf,
}

impl Default for Fetch {
    fn default() -> Self {
        Self::with_environment(|name| std::env::var_os(name))
    }
}

/// The options of a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Kind {
    metadata_service: bool,
    tls: bool,
    zone: Option<zone::Zone>,
    socket: Option<PathBuf>,
}

/// The maximum delay between attempts, as a multiple of the first one.
const MAX_BACKOFF: u32 = 10;

impl Fetch {
    /// A client without connections.
    pub fn new() -> Self {
        Self::default()
    }

    fn with_environment(
        environment: impl Fn(&str) -> Option<std::ffi::OsString> + Send + Sync + 'static,
    ) -> Self {
        Self { clients: Mutex::default(), environment: Arc::new(environment), imdsd: imdsd::SOCKET.into() }
    }

    fn client(&self, kind: &Kind) -> Result<Client, String> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(kind) {
            return Ok(client.clone());
        }
        let mut builder = ClientBuilder::new()
            .user_agent(concat!("Cloud-Init/", env!("CARGO_PKG_VERSION")))
            .tcp_keepalive(None)
            .dns_resolver(Arc::new(resolve::Resolver::default()));
        if kind.metadata_service {
            builder = builder.no_proxy().redirect(Policy::none());
        }
        if let Some(zone) = &kind.zone {
            builder = builder.resolve_to_addrs(zone::NAME, &[zone.address()?]);
        }
        if let Some(socket) = &kind.socket {
            builder = builder.unix_socket(socket.clone());
        }
        builder = with_tls(builder, kind.tls, &self.environment)?;
        let client = builder.build().map_err(|error| chain(&error))?;
        clients.insert(kind.clone(), client.clone());
        Ok(client)
    }

    fn once(&self, request: &Request, target: &Target, shown: &Url) -> Result<Response, HttpError> {
        if let Via::SourcePort(first, last) = request.via {
            return judged(request, from_port::send(request, (first, last))?);
        }
        // A redirect's URL in it may be presigned.
        let connection = |reason: String| HttpError::Connection {
            url: shown.clone(),
            reason: without_url_secrets(&reason).into_owned(),
        };
        let kind = Kind {
            metadata_service: request.metadata_service,
            tls: target.url.starts_with("https:"),
            zone: target.zone.clone(),
            socket: match &request.via {
                Via::UnixSocket(path) => Some(path.clone()),
                Via::Network | Via::SourcePort(..) => None,
            },
        };
        let client =
            self.client(&kind).map_err(|reason| HttpError::Refused { url: shown.clone(), reason })?;
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Put => reqwest::Method::PUT,
            Method::Post => reqwest::Method::POST,
            Method::Head => reqwest::Method::HEAD,
        };
        let mut builder = client.request(method, &target.url).timeout(request.timeout);
        if let Some(zone) = &target.zone {
            builder = builder.header("Host", zone.host());
        }
        for (name, value) in &request.headers {
            builder = builder.header(name, value.expose());
        }
        match &request.body {
            Body::Empty if request.method != Method::Get && request.method != Method::Head => {
                builder = builder.body(Vec::new());
            }
            Body::Empty => {}
            Body::Bytes(bytes, content_type) => {
                builder = builder.header("Content-Type", *content_type).body(bytes.clone());
            }
        }
        let timed_out = || HttpError::TimedOut { url: shown.clone(), limit: request.timeout };
        let answer = match builder.send() {
            Ok(answer) => answer,
            Err(error) if error.is_timeout() => return Err(timed_out()),
            Err(error) => {
                let asked = request.metadata_service && request.via == Via::Network;
                if asked
                    && imdsd::is_forbidden(&error)
                    && let Some(answer) = imdsd::send(request, &self.imdsd)
                {
                    return judged(request, answer?);
                }
                return Err(connection(chain(&error.without_url())));
            }
        };
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let mut body = Vec::new();
        answer.take(request.max_bytes.saturating_add(1)).read_to_end(&mut body).map_err(|error| {
            let late = error.kind() == std::io::ErrorKind::TimedOut
                || error
                    .get_ref()
                    .and_then(|inner| inner.downcast_ref::<reqwest::Error>())
                    .is_some_and(reqwest::Error::is_timeout);
            if late { timed_out() } else { connection(error.to_string()) }
        })?;
        if body.len() as u64 > request.max_bytes {
            return Err(HttpError::TooLong { url: shown.clone(), limit: request.max_bytes });
        }
        judged(request, Response { status, headers, body })
    }
}

/// Returns a response, unless its status is not accepted by the request.
fn judged(request: &Request, response: Response) -> Result<Response, HttpError> {
    if response.ok() || request.accept.contains(&response.status) {
        Ok(response)
    } else {
        Err(HttpError::status(request.shown(), &response))
    }
}

/// An error with its causes, which contain the useful information.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(feature = "tls")]
fn with_tls(
    builder: ClientBuilder,
    needed: bool,
    environment: &Arc<Environment>,
) -> Result<ClientBuilder, String> {
    // The library requires a TLS configuration even for plain HTTP, which may be redirected.
    Ok(builder.tls_backend_preconfigured(trust::configuration(environment.clone(), needed)?))
}

#[cfg(not(feature = "tls"))]
fn with_tls(
    builder: ClientBuilder,
    needed: bool,
    _environment: &Arc<Environment>,
) -> Result<ClientBuilder, String> {
    if needed {
        return Err("not supported, this program was built without TLS (feature `tls`)".into());
    }
    Ok(builder)
}

/// Whether another attempt may succeed.
fn is_worth_a_retry(error: &HttpError) -> bool {
    match error {
        HttpError::Connection { .. } | HttpError::TimedOut { .. } => true,
        HttpError::Status { status, .. } => *status >= 500 || matches!(status, 404 | 408 | 429),
        HttpError::TooLong { .. } | HttpError::Refused { .. } | HttpError::NotAsked { .. } => false,
    }
}

/// A random number that differs between machines that start at the same moment.
fn draw() -> u32 {
    let random = RandomState::new().hash_one(());
    u32::try_from(random >> 32).unwrap_or_default()
}

impl Http for Fetch {
    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        let shown = request.shown();
        let target =
            Target::read(&request.url).map_err(|reason| HttpError::Refused { url: shown.clone(), reason })?;
        let (mut tries, mut overloaded) = (0, 0);
        let begun = Instant::now();
        let factor = |tries| 2_u32.saturating_pow(tries).min(MAX_BACKOFF);
        loop {
            let outcome = self.once(request, &target, &shown);
            let method = request.method.name();
            match &outcome {
                Ok(response) => {
                    tracing::debug!(target: "url_helper.py", "[{tries}/{}] {method} {shown}: {}", request.retries + 1, response.status);
                }
                Err(error) => {
                    tracing::debug!(target: "url_helper.py", "[{tries}/{}] {method} {shown}: {error}", request.retries + 1);
                }
            }
            let left = request.overload.saturating_sub(begun.elapsed());
            match outcome {
                // Even a steady pause grows here: all machines together ask too often.
                Err(error) if error.is_overload() && !left.is_zero() => {
                    let usual = request.backoff.saturating_mul(factor(overloaded));
                    std::thread::sleep(error.pause(usual, draw()).min(left));
                    overloaded += 1;
                }
                Err(error) if tries < request.retries && is_worth_a_retry(&error) => {
                    let factor = if request.steady { 1 } else { factor(tries) };
                    let usual = request.backoff.saturating_mul(factor).min(Duration::from_secs(60));
                    std::thread::sleep(error.pause(usual, draw()));
                    tries += 1;
                }
                outcome => return outcome,
            }
        }
    }
}

#[cfg(test)]
mod tests;
