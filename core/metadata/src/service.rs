//! A metadata service: found by querying its addresses in parallel, then read document by document.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use model::config::json_reason;
use model::datasource::SourceError;
use model::effects::{HttpError, Reading, Request, Response, Url};
use model::{Node, Secret, System};
use serde::de::DeserializeOwned;

use crate::patience::Patience;
use crate::race::{self, IsFinal, OVERLOAD};
use crate::side_by_side;

/// A base URL and a path below it.
pub fn join(base: &str, path: &str) -> String {
    format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/'))
}

/// The URLs in a source's configuration (`metadata_urls`); empty if not set.
pub fn configured_urls(config: &Node) -> Vec<String> {
    let list = config.get("metadata_urls").and_then(Node::as_list).unwrap_or_default();
    list.iter().filter_map(Node::as_str).map(str::to_owned).collect()
}

/// Queries all URLs until one responds or `max_wait` is over; returns the URL's index and its response.
pub fn find(
    system: &System,
    urls: &[String],
    requests: Vec<Request>,
    patience: Patience,
    is_final: IsFinal,
) -> Result<(usize, Response), SourceError> {
    race::wait_for(system, requests, patience.max_wait, is_final).map_err(|error| nobody(urls, error))
}

/// Why no address of a service responded.
pub fn nobody(urls: &[String], error: Option<HttpError>) -> SourceError {
    match error {
        Some(error) => SourceError::Http(error),
        None => SourceError::Broken {
            place: urls.join(", "),
            reason: "no metadata service was queried".to_owned(),
        },
    }
}

/// A token with its generation, so that a worker sees when another one has renewed it.
#[derive(Clone)]
struct Token {
    value: Secret<String>,
    number: u64,
}

/// A session token sent with each request, renewed when the service rejects it (401): EC2's IMDSv2.
pub struct Tokens {
    header: &'static str,
    ask: Request,
    kept: Mutex<Token>,
}

impl Tokens {
    /// `first` is the response to `ask`; the token is sent in `header`.
    pub fn new(header: &'static str, ask: Request, first: &Response) -> Self {
        let token = Token { value: Secret::new(first.text().trim().to_owned()), number: 0 };
        Self { header, ask, kept: Mutex::new(token) }
    }

    fn current(&self) -> Token {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Renews a rejected token, unless another worker already has; `overload` is as for a [`Request`].
    fn renewed(&self, system: &System, refused: &Token, overload: Duration) -> Result<Token, HttpError> {
        let mut slot = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.number > refused.number {
            return Ok(slot.clone());
        }
        tracing::debug!("Refreshing the metadata service's token");
        let mut request = self.ask.clone();
        request.overload = overload;
        let response = system.http.send(&request)?;
        *slot = Token { value: Secret::new(response.text().trim().to_owned()), number: refused.number + 1 };
        Ok(slot.clone())
    }
}

/// The maximum size of a document in bytes.
const MAX_DOCUMENT: u64 = Reading::DOCUMENT;

/// A service at a URL that has responded.
pub struct Service<'a> {
    system: &'a System,
    base: String,
    timeout: Duration,
    retries: u32,
    pause: Option<Duration>,
    headers: Vec<(String, Secret<String>)>,
    tokens: Option<Tokens>,
    /// Until when overload is waited for, by the monotonic clock.
    until: Duration,
    /// The number of documents to read in parallel.
    pub workers: usize,
}

impl<'a> Service<'a> {
    /// A service at a URL; `took` is its response time, which determines whether documents are read in parallel or
    /// sequentially.
    pub fn at(system: &'a System, base: &str, timeout: Duration, retries: u32, took: Duration) -> Self {
        Self {
            system,
            base: base.to_owned(),
            timeout,
            retries,
            pause: None,
            headers: Vec::new(),
            tokens: None,
            until: system.clock.monotonic() + OVERLOAD,
            workers: side_by_side::workers(took),
        }
    }

    /// Adds a header to each request.
    pub fn header(mut self, name: &str, value: Secret<String>) -> Self {
        self.headers.push((name.to_owned(), value));
        self
    }

    /// Sets the delay before each retry; by default it grows.
    pub fn pause(mut self, delay: Duration) -> Self {
        self.pause = Some(delay);
        self
    }

    /// Sets how long an overloaded service is waited for, over all documents, where `max_wait` is configured.
    pub fn patient(mut self, patience: Patience) -> Self {
        if let Ok(seconds @ 1..) = u64::try_from(patience.max_wait) {
            self.until = self.system.clock.monotonic() + Duration::from_secs(seconds);
        }
        self
    }

    /// Adds a session token to each request.
    pub fn tokens(mut self, tokens: Option<Tokens>) -> Self {
        self.tokens = tokens;
        self
    }

    /// The address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The address of a document.
    pub fn url(&self, path: &str) -> String {
        join(&self.base, path)
    }

    /// The document at a URL; `None` if it does not exist (404). An expired token is renewed once.
    pub fn get(&self, url: &str) -> Result<Option<Vec<u8>>, HttpError> {
        self.tried(url, self.retries)
    }

    /// The same without a second attempt.
    pub fn get_once(&self, url: &str) -> Result<Option<Vec<u8>>, HttpError> {
        self.tried(url, 0)
    }

    fn tried(&self, url: &str, retries: u32) -> Result<Option<Vec<u8>>, HttpError> {
        let overload = self.until.saturating_sub(self.system.clock.monotonic());
        let send = |token: Option<(&Tokens, &Token)>| {
            let mut request = Request::get(url).timeout(self.timeout).retries(retries).accept(&[404]);
            (request.max_bytes, request.overload) = (MAX_DOCUMENT, overload);
            if let Some(delay) = self.pause {
                request = request.pause(delay);
            }
            request.headers.extend(self.headers.iter().cloned());
            if let Some((tokens, token)) = token {
                request = request.header(tokens.header, token.value.expose().clone()).accept(&[404, 401]);
            }
            self.system.http.send(&request)
        };
        let Some(tokens) = &self.tokens else { return document(url, send(None)?) };
        let token = tokens.current();
        let response = send(Some((tokens, &token)))?;
        if response.status != 401 {
            return document(url, response);
        }
        let token = tokens.renewed(self.system, &token, overload)?;
        document(url, send(Some((tokens, &token)))?)
    }

    /// A document's bytes; `None` if it does not exist.
    pub fn bytes(&self, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(self.get(&self.url(path))?)
    }

    /// A JSON document of a type.
    pub fn json<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, SourceError> {
        let Some(bytes) = self.bytes(path)? else { return Ok(None) };
        model::config::bounded_json(&bytes).map(Some).map_err(|error| self.broken(path, json_reason(&error)))
    }

    /// A YAML document; an empty one is null.
    pub fn yaml(&self, path: &str) -> Result<Option<Node>, SourceError> {
        let Some(bytes) = self.bytes(path)? else { return Ok(None) };
        let place = Url::new(self.url(path)).to_string();
        let node = Node::from_yaml(&place, &bytes).map_err(|error| self.broken(path, error.to_string()))?;
        Ok(Some(node.unwrap_or_default()))
    }

    /// The names in a listing, one per line, without the `/` of directories.
    pub fn listing(&self, path: &str) -> Result<Option<Vec<String>>, SourceError> {
        Ok(self.bytes(path)?.map(|bytes| names(&bytes)))
    }

    fn broken(&self, path: &str, reason: String) -> SourceError {
        SourceError::Broken { place: Url::new(self.url(path)).to_string(), reason }
    }
}

/// The names in a listing.
pub fn names(listing: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(listing);
    let lines = text.lines().map(|line| line.trim().trim_end_matches('/'));
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn document(url: &str, response: Response) -> Result<Option<Vec<u8>>, HttpError> {
    match response.status {
        404 => Ok(None),
        _ if response.ok() => Ok(Some(response.body)),
        _ => Err(HttpError::status(Url::new(url), &response)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use system::{Scratch, TreeHttp};

    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Meta {
        id: String,
    }

    #[test]
    fn documents_of_each_kind() {
        let tree = Scratch::new()
            .file("/v1.json", r#"{"id": "i-1"}"#)
            .file("/user.yaml", "a: [1]\n")
            .file("/list", "one\ntwo/\n\n")
            .file("/broken", "{");
        let http = TreeHttp::new(Arc::new(tree), Some("/".into()));
        let (system, _) = Scratch::new().system_with(Arc::new(http));
        let service =
            Service::at(&system, "http://user:secret@h/", Duration::from_secs(1), 0, Duration::ZERO);
        assert_eq!(service.workers, 1);
        assert_eq!(service.json("v1.json").expect("read"), Some(Meta { id: "i-1".into() }));
        let node = service.yaml("user.yaml").expect("read").expect("there");
        assert_eq!(node.to_json(), serde_json::json!({"a": [1]}));
        assert_eq!(service.listing("list").expect("read"), Some(vec!["one".into(), "two".into()]));
        assert_eq!(service.bytes("gone").expect("an answer"), None);
        let error = service.json::<Meta>("broken").expect_err("no JSON").to_string();
        assert!(error.contains("http://h/broken") && !error.contains("secret"), "{error}");
    }
}
