//! Clouds whose service has all metadata in one JSON document.

use std::time::Duration;

use model::Node;
use model::System;
use model::config::json_reason;
use model::datasource::SourceError;
use model::effects::{Request, Response, Url};
use model::instance::Bytes;
use serde_json::{Map, Value};

use crate::patience::Patience;
use crate::service;

/// Where the document is, and how long to query for it.
#[derive(Clone, Debug)]
pub struct Single {
    /// The URL of the document.
    pub url: String,
    /// The time limit of each attempt.
    pub timeout: Duration,
    /// How long to try.
    pub max_wait: i64,
    /// Headers of the request.
    pub headers: Vec<(&'static str, String)>,
}

impl Single {
    /// Reads a source's configuration: the URL in `key`, `timeout` and `retries`; `wait_retry` (or `wait`) is the delay
    /// between two attempts, in seconds.
    pub fn read(config: &Node, key: &str, url: &str, timeout: u64, retries: u32, pause: i64) -> Self {
        let patience = Patience::read(config, 0, timeout, retries);
        let configured = ["wait_retry", "wait"].iter().find_map(|key| config.get(key)?.as_int());
        let pause = configured.and_then(|pause| i64::try_from(pause).ok()).unwrap_or(pause);
        Self {
            url: config.get(key).and_then(Node::as_str).unwrap_or(url).to_owned(),
            timeout: patience.timeout,
            max_wait: i64::from(patience.retries).saturating_mul(pause.max(0)),
            headers: Vec::new(),
        }
    }

    /// The document.
    pub fn fetch(&self, system: &System) -> Result<Map<String, Value>, SourceError> {
        let mut request = Request::get(&self.url).timeout(self.timeout);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let patience = Patience { max_wait: self.max_wait, timeout: self.timeout, retries: 0 };
        let urls = [self.url.clone()];
        let (_, response) = service::find(system, &urls, vec![request], patience, |_| false)?;
        self.object(&response)
    }

    fn object(&self, response: &Response) -> Result<Map<String, Value>, SourceError> {
        let broken = |reason| SourceError::Broken { place: Url::new(&self.url).to_string(), reason };
        match model::config::bounded_json(&response.body) {
            Ok(Value::Object(document)) => Ok(document),
            Ok(_) => Err(broken("expected a JSON object".to_owned())),
            Err(error) => Err(broken(json_reason(&error))),
        }
    }
}

/// A text of the document, as bytes.
pub fn text(document: &Map<String, Value>, key: &str) -> Option<Bytes> {
    document.get(key)?.as_str().map(|text| Bytes(text.as_bytes().to_vec()))
}

/// A value of the document, or a text where it is missing.
pub fn take_or(document: &Map<String, Value>, key: &str, usual: &str) -> Value {
    document.get(key).cloned().unwrap_or_else(|| usual.into())
}

/// A value of the document; null where it is missing.
pub fn take(document: &Map<String, Value>, key: &str) -> Value {
    document.get(key).cloned().unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use system::{Scratch, TreeHttp};

    use super::*;

    #[test]
    fn a_document_is_an_object() {
        let tree = Scratch::new().file("/good", r#"{"a": 1}"#).file("/list", "[1]").file("/torn", r#"{"a""#);
        let http = TreeHttp::new(Arc::new(tree), Some("/".into()));
        let (system, _) = Scratch::new().system_with(Arc::new(http));
        let read = |path: &str| {
            let config = Node::from_yaml("t", format!("url: http://h/{path}\nretries: 0\n").as_bytes());
            let config = config.expect("valid").unwrap_or_default();
            Single::read(&config, "url", "http://h/none", 2, 30, 2).fetch(&system)
        };
        assert_eq!(take(&read("good").expect("an object"), "a"), serde_json::json!(1));
        assert!(
            read("list").expect_err("a list").to_string().contains("http://h/list: expected a JSON object")
        );
        assert!(read("torn").expect_err("torn").to_string().contains("http://h/torn"), "it is named");
        assert!(read("gone").is_err());
    }

    #[test]
    fn the_time_to_try_is_that_of_all_attempts() {
        let read = |yaml: &str| {
            let config = Node::from_yaml("t", yaml.as_bytes()).expect("valid").unwrap_or_default();
            Single::read(&config, "metadata_url", "http://h/", 2, 30, 2)
        };
        assert_eq!(read("{}").max_wait, 60);
        assert_eq!(read("{retries: 3, wait_retry: 5, timeout: 7}").max_wait, 15);
        assert_eq!(read("{timeout: 7}").timeout, Duration::from_secs(7));
    }
}
