//! HTTP.

use std::path::PathBuf;
use std::time::Duration;

use super::Url;
use crate::Secret;

/// The methods that metadata services use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Method {
    /// GET.
    #[default]
    Get,
    /// PUT, for session tokens.
    Put,
    /// POST, for phone_home and reports.
    Post,
    /// HEAD.
    Head,
}

impl Method {
    /// As it stands in the request.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Head => "HEAD",
        }
    }
}

/// By which way a request leaves the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Via {
    /// The network, from any port.
    #[default]
    Network,
    /// A Unix socket (LXD's `/dev/lxd/sock`); the address's host is only a name.
    UnixSocket(PathBuf),
    /// The network, from a source port between these, both included: by one below 1024 a service knows that root asks
    /// (Scaleway).
    SourcePort(u16, u16),
}

/// What a request carries.
#[derive(Clone, Debug, Default)]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// These bytes, with their content type.
    Bytes(Vec<u8>, &'static str),
}

/// A request with its whole policy.
#[derive(Clone, Debug)]
pub struct Request {
    /// GET unless said otherwise.
    pub method: Method,
    /// `http://` or `https://`; an IPv6 zone may be given as `%25IFACE`.
    pub url: String,
    /// By which way it leaves.
    pub via: Via,
    /// Headers; values are secret since they hold tokens.
    pub headers: Vec<(String, Secret<String>)>,
    /// The body.
    pub body: Body,
    /// For each try, from the connection to the last byte.
    pub timeout: Duration,
    /// Tries after the first.
    pub retries: u32,
    /// Wait before the first retry; it doubles with each, up to ten times the first.
    pub backoff: Duration,
    /// A longer answer is an error.
    pub max_bytes: u64,
    /// To a metadata service: no proxy, no redirect.
    pub metadata_service: bool,
    /// Statuses that are an answer beside 2xx, such as 404 for a leaf that may be missing.
    pub accept: Vec<u16>,
}

impl Request {
    /// A GET with the usual policy: 10 s, no retry, 64 MiB, no proxy and no redirect.
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: Method::Get,
            url: url.into(),
            via: Via::Network,
            headers: Vec::new(),
            body: Body::Empty,
            timeout: Duration::from_secs(10),
            retries: 0,
            backoff: Duration::from_secs(1),
            max_bytes: 64 << 20,
            metadata_service: true,
            accept: Vec::new(),
        }
    }

    /// The same with another method.
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), Secret::new(value.into())));
        self
    }

    /// Sends it by another way.
    pub fn via(mut self, via: Via) -> Self {
        self.via = via;
        self
    }

    /// Bounds each try.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Tries again after a failure.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Takes these statuses for an answer too.
    pub fn accept(mut self, statuses: &[u16]) -> Self {
        self.accept = statuses.to_vec();
        self
    }

    /// The address as messages name it.
    pub fn shown(&self) -> Url {
        Url::new(&self.url)
    }

    /// The user's own address, not a metadata service's: proxies and redirects as usual.
    pub fn public(mut self) -> Self {
        self.metadata_service = false;
        self
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl Response {
    /// Whether the status is 2xx.
    pub fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A request without an answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HttpError {
    /// The service answered with a status that is none of the accepted.
    #[error("{url} answered {status}")]
    Status {
        /// The address.
        url: Url,
        /// The status.
        status: u16,
    },
    /// No connection, or it broke.
    #[error("cannot reach {url}: {reason}")]
    Connection {
        /// The address.
        url: Url,
        /// Why not.
        reason: String,
    },
    /// Nothing within the time.
    #[error("{url} did not answer within {} s", limit.as_secs_f32())]
    TimedOut {
        /// The address.
        url: Url,
        /// The limit of one try.
        limit: Duration,
    },
    /// A longer answer than is allowed.
    #[error("{url} answered more than {limit} bytes")]
    TooLong {
        /// The address.
        url: Url,
        /// The limit.
        limit: u64,
    },
    /// The request cannot be made at all.
    #[error("{url}: {reason}")]
    Refused {
        /// The address.
        url: Url,
        /// Why not: a scheme that is not known, a build without HTTP or TLS.
        reason: String,
    },
    /// A plan asks no network.
    #[error("{url}: a plan asks no network: --url-tree DIR or --metadata-tree DIR answers, --fetch asks")]
    NotAsked {
        /// The address.
        url: Url,
    },
}

/// HTTP requests. Connections are kept alive between requests to one service.
pub trait Http: Send + Sync {
    /// Sends, retries as the request says, and reads the whole answer.
    fn send(&self, request: &Request) -> Result<Response, HttpError>;
}
