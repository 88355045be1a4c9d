//! HTTP.

use std::path::PathBuf;
use std::time::Duration;

use super::{Timestamp, Url};
use crate::Secret;

/// The methods used by metadata services.
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
    /// The name in the request.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Head => "HEAD",
        }
    }
}

/// The route of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Via {
    /// The network, from any port.
    #[default]
    Network,
    /// A Unix socket (LXD's `/dev/lxd/sock`); the URL's host is only a name.
    UnixSocket(PathBuf),
    /// The network, from a source port in this inclusive range: a port below 1024 proves to a service that root is
    /// asking (Scaleway).
    SourcePort(u16, u16),
}

/// The body of a request.
#[derive(Clone, Debug, Default)]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// These bytes, with their content type.
    Bytes(Vec<u8>, &'static str),
}

/// A request with its policy.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method; GET by default.
    pub method: Method,
    /// `http://` or `https://`; an IPv6 zone may be given as `%25IFACE`.
    pub url: String,
    /// The route.
    pub via: Via,
    /// Headers; values are secret because they contain tokens.
    pub headers: Vec<(String, Secret<String>)>,
    /// The body.
    pub body: Body,
    /// The time limit of each attempt, from the connection to the last byte.
    pub timeout: Duration,
    /// The number of retries.
    pub retries: u32,
    /// The delay before the first retry; it doubles with each, up to ten times the first.
    pub backoff: Duration,
    /// Whether the delay is the same before each retry instead.
    pub steady: bool,
    /// How long an overloaded service is asked again, from the first attempt on; these attempts are no retries.
    pub overload: Duration,
    /// The maximum size of the response.
    pub max_bytes: u64,
    /// Whether this is a metadata service: no proxy, no redirects.
    pub metadata_service: bool,
    /// Statuses accepted in addition to 2xx, such as 404 for an optional document.
    pub accept: Vec<u16>,
}

impl Request {
    /// A GET with the default policy: 10 s, no retries, 64 MiB, no proxy and no redirects.
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
            steady: false,
            overload: Duration::ZERO,
            max_bytes: 64 << 20,
            metadata_service: true,
            accept: Vec::new(),
        }
    }

    /// Sets the method.
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), Secret::new(value.into())));
        self
    }

    /// Sets the route.
    pub fn via(mut self, via: Via) -> Self {
        self.via = via;
        self
    }

    /// Sets the time limit of each attempt.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sets the number of retries.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets the delay before each retry.
    pub fn pause(mut self, delay: Duration) -> Self {
        self.backoff = delay;
        self.steady = true;
        self
    }

    /// Accepts these statuses.
    pub fn accept(mut self, statuses: &[u16]) -> Self {
        self.accept = statuses.to_vec();
        self
    }

    /// The URL for messages.
    pub fn shown(&self) -> Url {
        Url::new(&self.url)
    }

    /// Marks a user's URL, not a metadata service's: proxies and redirects are allowed.
    pub fn public(mut self) -> Self {
        self.metadata_service = false;
        self
    }
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The complete body.
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

    /// The first header of a name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// How long a service that has too much to do asks its client to wait: `Retry-After` of 429 and 503, in seconds or as
    /// a date, which counts from the response's own (RFC 9110, section 10.2.3).
    pub fn retry_after(&self) -> Option<Duration> {
        if !matches!(self.status, 429 | 503) {
            return None;
        }
        let value = self.header("retry-after")?.trim();
        if let Ok(seconds) = value.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let time = |text| Timestamp::parse_rfc2822(text).map(|time| time.0);
        Some(time(value)?.saturating_sub(time(self.header("date")?)?))
    }
}

/// No service makes a boot wait longer than this between two requests.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// A failed request.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HttpError {
    /// The service answered with an unaccepted status.
    #[error("{url} answered {status}")]
    Status {
        /// The address.
        url: Url,
        /// The status.
        status: u16,
        /// How long the service asks to wait before the next request.
        retry_after: Option<Duration>,
    },
    /// The connection failed.
    #[error("cannot reach {url}: {reason}")]
    Connection {
        /// The address.
        url: Url,
        /// The reason.
        reason: String,
    },
    /// No response within the time limit.
    #[error("{url} did not answer within {} s", limit.as_secs_f32())]
    TimedOut {
        /// The address.
        url: Url,
        /// The time limit of an attempt.
        limit: Duration,
    },
    /// The response exceeds the size limit.
    #[error("{url} answered more than {limit} bytes")]
    TooLong {
        /// The address.
        url: Url,
        /// The limit.
        limit: u64,
    },
    /// The request cannot be sent.
    #[error("{url}: {reason}")]
    Refused {
        /// The address.
        url: Url,
        /// The reason: an unknown scheme, a build without HTTP or TLS.
        reason: String,
    },
    /// A plan does not use the network.
    #[error(
        "{url}: a plan does not use the network; provide the document with --url-tree or --metadata-tree, or allow requests with --fetch"
    )]
    NotAsked {
        /// The address.
        url: Url,
    },
}

impl HttpError {
    /// The error of a response with an unaccepted status.
    pub fn status(url: Url, response: &Response) -> Self {
        Self::Status { url, status: response.status, retry_after: response.retry_after() }
    }

    /// Whether the service has too much to do and says so: it will answer later.
    pub fn is_overload(&self) -> bool {
        matches!(self, Self::Status { status: 429, .. } | Self::Status { retry_after: Some(_), .. })
    }

    /// The pause before the next attempt, where `usual` is that of a service that does not answer at all. A service that is
    /// overloaded is given the time that it asks for, and up to half of the pause more: otherwise, all machines that were
    /// started at once would ask again at once. `draw` is a random number.
    pub fn pause(&self, usual: Duration, draw: u32) -> Duration {
        let Self::Status { status: 429 | 500.., retry_after, .. } = self else { return usual };
        let pause = retry_after.unwrap_or_default().min(MAX_RETRY_AFTER).max(usual);
        pause + (pause / 2).mul_f64(f64::from(draw) / f64::from(u32::MAX))
    }
}

/// HTTP requests. Connections to a service are reused.
pub trait Http: Send + Sync {
    /// Sends a request, retries as configured, and reads the complete response.
    fn send(&self, request: &Request) -> Result<Response, HttpError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, headers: &[(&str, &str)]) -> Response {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Response { status, headers, body: Vec::new() }
    }

    #[test]
    fn an_overloaded_service_says_how_long_to_wait() {
        let asked =
            |status, headers: &[_]| response(status, headers).retry_after().map(|wait| wait.as_secs());
        assert_eq!(asked(429, &[("retry-after", "7")]), Some(7));
        assert_eq!(asked(503, &[("retry-after", " 120 ")]), Some(120));
        let (date, then) = ("Fri, 31 Dec 1999 23:59:59 GMT", "Sat, 01 Jan 2000 00:00:09 GMT");
        assert_eq!(asked(503, &[("date", date), ("retry-after", then)]), Some(10));
        assert_eq!(asked(503, &[("date", then), ("retry-after", date)]), Some(0), "it is over");
        assert_eq!(asked(503, &[("retry-after", then)]), None, "without a clock of the service");
        for nonsense in ["", "soon", "-1", "1.5", "99999999999999999999"] {
            assert_eq!(asked(429, &[("retry-after", nonsense)]), None, "{nonsense}");
        }
        assert_eq!(asked(404, &[("retry-after", "7")]), None, "it has not too much to do");
    }

    #[test]
    fn an_overloaded_service_is_not_a_broken_one() {
        let is_overload = |status, headers: &[_]| {
            HttpError::status(Url::new("http://192.0.2.1/"), &response(status, headers)).is_overload()
        };
        let later = ("retry-after", "1");
        assert!(is_overload(429, &[]) && is_overload(429, &[later]) && is_overload(503, &[later]));
        assert!(!is_overload(503, &[]) && !is_overload(500, &[later]) && !is_overload(404, &[later]));
    }

    #[test]
    fn machines_do_not_return_to_an_overloaded_service_at_once() {
        let second = Duration::from_secs(1);
        let url = || Url::new("http://192.0.2.1/");
        let after = |status, seconds: Option<&str>, draw| {
            let headers: Vec<_> = seconds.iter().map(|seconds| ("retry-after", *seconds)).collect();
            HttpError::status(url(), &response(status, &headers)).pause(second, draw).as_millis()
        };
        assert_eq!([after(429, None, 0), after(500, None, u32::MAX)], [1000, 1500]);
        assert_eq!([after(429, Some("10"), 0), after(503, Some("10"), u32::MAX)], [10_000, 15_000]);
        assert_eq!(after(429, Some("0"), 0), 1000, "never sooner than usual");
        assert_eq!(after(503, Some("86400"), u32::MAX), 90_000, "nobody holds the boot for a day");
        assert_eq!([after(404, Some("10"), u32::MAX), after(401, None, u32::MAX)], [1000, 1000]);
        let gone = HttpError::Connection { url: url(), reason: "no route to host".into() };
        assert_eq!(gone.pause(second, u32::MAX), second);
    }
}
