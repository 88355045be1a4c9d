//! Events as JSON to a web service: `type: webhook`.

use std::time::Duration;

use metadata::oauth::{Credentials, known_skew};
use model::effects::{Body, Method, Request};
use model::{Node, System};

use super::{Event, Sink};

/// The default timeout.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Invalid settings.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum WebhookError {
    /// The URL is missing.
    #[error("endpoint is missing: set it to the URL for events")]
    Endpoint,
    /// Signatures require all of them.
    #[error("{0}")]
    Keys(&'static str),
    /// Not a number, or negative.
    #[error("{0} must be a number of 0 or more")]
    Number(&'static str),
}

/// A service that receives events.
#[derive(Debug)]
pub(super) struct Webhook {
    endpoint: String,
    credentials: Option<Credentials>,
    timeout: Duration,
    retries: u32,
}

/// The document, with upstream's keys and order.
#[derive(serde::Serialize)]
struct Document<'e> {
    name: &'e str,
    description: &'e str,
    event_type: &'static str,
    origin: &'static str,
    /// Seconds since 1970.
    timestamp: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'static str>,
    /// Seconds, rounded to a tenth of a millisecond.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<f64>,
}

impl Webhook {
    /// Reads a handler's settings.
    pub(super) fn read(settings: &Node) -> Result<Self, WebhookError> {
        let text = |key: &str| {
            let value = settings.get(key).filter(|value| value.is_truthy());
            value.and_then(Node::scalar_text)
        };
        let number = |key: &'static str| {
            text(key).map(|text| text.parse::<f64>().map_err(|_| WebhookError::Number(key))).transpose()
        };
        let endpoint = text("endpoint").ok_or(WebhookError::Endpoint)?;
        let credentials = Credentials::read(settings).map_err(WebhookError::Keys)?;
        let timeout = match number("timeout")? {
            Some(seconds) => {
                Duration::try_from_secs_f64(seconds).map_err(|_| WebhookError::Number("timeout"))?
            }
            None => TIMEOUT,
        };
        let retries = match text("retries") {
            Some(text) => text.parse().map_err(|_| WebhookError::Number("retries"))?,
            None => 0,
        };
        Ok(Self { endpoint, credentials, timeout, retries })
    }
}

impl Sink for Webhook {
    fn publish(&self, system: &System, event: &Event<'_>) {
        let document = Document {
            name: &event.name,
            description: event.description,
            event_type: event.kind(),
            origin: "cloudinit",
            timestamp: system.clock.now().0.as_secs_f64(),
            result: event.end.map(|end| super::word(end.ok)),
            duration: event.end.map(|end| (end.after.as_secs_f64() * 1e4).round() / 1e4),
        };
        // Only strings and finite numbers, which always serialize.
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut request = Request::get(&self.endpoint).method(Method::Post).public();
        request.body = Body::Bytes(body, "application/json");
        request.timeout = self.timeout;
        request.retries = self.retries;
        if let Some(credentials) = &self.credentials {
            let skew = known_skew(system, &self.endpoint);
            request.headers.push(("Authorization".into(), credentials.authorization_now(system, skew)));
        }
        system.outbox.post(request);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use model::effects::{Http, HttpError, Response};
    use system::{EffectKind, Scratch};

    use super::super::Reporter;
    use super::*;

    /// Records requests; its status is the response.
    #[derive(Default)]
    struct Service {
        requests: Mutex<Vec<Request>>,
        away: bool,
    }

    impl Http for Service {
        fn send(&self, request: &Request) -> Result<Response, HttpError> {
            self.requests.lock().expect("not poisoned").push(request.clone());
            if self.away {
                return Err(HttpError::Status { url: request.shown(), status: 500, retry_after: None });
            }
            Ok(Response { status: 200, headers: Vec::new(), body: Vec::new() })
        }
    }

    fn config(receiver: &str) -> Node {
        let text = format!("reporting: {{log: false, hook: {{type: webhook, {receiver}}}}}");
        crate::config::document("reporting", text.as_bytes()).expect("YAML")
    }

    fn documents(service: &Service) -> Vec<serde_json::Value> {
        let requests = service.requests.lock().expect("not poisoned");
        let body = |request: &Request| match &request.body {
            Body::Bytes(bytes, "application/json") => serde_json::from_slice(bytes).expect("JSON"),
            other => panic!("{other:?}"),
        };
        requests.iter().map(body).collect()
    }

    #[test]
    fn each_event_is_posted_as_the_originals_document() {
        let service = Arc::new(Service::default());
        let (system, recording) = Scratch::new().system_with(service.clone());
        let mut reporter = Reporter::new(&system, "modules-config");
        reporter.configure(&config("endpoint: 'http://maas/hook?key=secret', timeout: 2, retries: 1"));
        reporter.stage_started("running modules for config");
        let step = reporter.start("config-locale", "running config-locale");
        system.clock.sleep(Duration::from_micros(1_234_560));
        step.finish(true, None);
        reporter.stage_finished("running modules for config", false);
        // cloudinit/reporting/events.py: as_dict of a start and of a finish event.
        let expected = serde_json::json!([
            {"name": "modules-config", "description": "running modules for config", "event_type": "start",
             "origin": "cloudinit", "timestamp": 1_700_000_000.0},
            {"name": "modules-config/config-locale", "description": "running config-locale",
             "event_type": "start", "origin": "cloudinit", "timestamp": 1_700_000_000.0},
            {"name": "modules-config/config-locale", "description": "running config-locale",
             "event_type": "finish", "origin": "cloudinit", "timestamp": 1_700_000_001.234_56,
             "result": "SUCCESS", "duration": 1.2346},
            {"name": "modules-config", "description": "running modules for config", "event_type": "finish",
             "origin": "cloudinit", "timestamp": 1_700_000_001.234_56, "result": "FAIL", "duration": 1.2346},
        ]);
        assert_eq!(serde_json::Value::from(documents(&service)), expected);
        let requests = service.requests.lock().expect("not poisoned");
        assert_eq!((requests[0].method, requests[0].retries), (Method::Post, 1));
        assert_eq!(requests[0].timeout, Duration::from_secs(2));
        assert!(requests[0].headers.is_empty() && !requests[0].metadata_service);
        let EffectKind::Request { method, url, status } = &recording.effects()[0].kind else {
            panic!("{:?}", recording.effects());
        };
        assert_eq!((*method, *status), ("POST", Some(200)));
        assert!(url.starts_with("http://maas/hook") && !url.contains("secret"), "{url}");
    }

    #[test]
    fn keys_sign_each_post() {
        let service = Arc::new(Service::default());
        let (system, _) = Scratch::new().system_with(service.clone());
        let mut reporter = Reporter::new(&system, "init-local");
        let keys = "consumer_key: ck, token_key: tk, token_secret: 'a b'";
        reporter.configure(&config(&format!("endpoint: 'http://maas/', {keys}")));
        reporter.stage_started("one");
        reporter.stage_started("two");
        let requests = service.requests.lock().expect("not poisoned");
        let header = |request: &Request| {
            let (name, value) = &request.headers[0];
            assert_eq!(name, "Authorization");
            value.expose().clone()
        };
        // RFC 5849, section 3.4.4: an empty secret, `&`, the encoded other, encoded again as a parameter.
        for part in ["oauth_consumer_key=\"ck\"", "oauth_token=\"tk\"", "oauth_signature=\"%26a%2520b\""] {
            assert!(header(&requests[0]).contains(part), "{part}");
        }
        assert_ne!(header(&requests[0]), header(&requests[1]), "a nonce is used once");
    }

    #[test]
    fn a_clock_that_is_known_to_differ_is_corrected() {
        let service = Arc::new(Service::default());
        let scratch = Scratch::new().file("/run/oauth_skew.json", r#"{"maas": -100, "other": 5}"#);
        let (system, _) = scratch.system_with(service.clone());
        let mut reporter = Reporter::new(&system, "init");
        let keys = "consumer_key: ck, token_key: tk, token_secret: ts";
        reporter.configure(&config(&format!("endpoint: 'http://maas/hook', {keys}")));
        reporter.stage_started("searching");
        let requests = service.requests.lock().expect("not poisoned");
        // The machine's clock is at 1,700,000,000 s.
        assert!(requests[0].headers[0].1.expose().contains("oauth_timestamp=\"1699999900\""));
    }

    #[test]
    fn a_service_that_fails_stops_nothing() {
        let service = Arc::new(Service { away: true, ..Service::default() });
        let (system, _) = Scratch::new().system_with(service.clone());
        let mut reporter = Reporter::new(&system, "init");
        reporter.configure(&config("endpoint: 'http://maas/'"));
        reporter.stage_started("searching");
        reporter.stage_finished("searching", true);
        assert_eq!(documents(&service).len(), 2);
    }

    #[test]
    fn settings_that_do_not_work_are_refused() {
        let read = |receiver: &str| {
            let config = config(receiver);
            let settings = config.at(&["reporting", "hook"]).expect("there");
            Webhook::read(settings).map(drop)
        };
        assert_eq!(read("endpoint: ''"), Err(WebhookError::Endpoint));
        assert_eq!(
            read("endpoint: 'http://x/', token_key: k"),
            Err(WebhookError::Keys("consumer_key, token_key and token_secret must be set together"))
        );
        assert_eq!(read("endpoint: 'http://x/', timeout: -1"), Err(WebhookError::Number("timeout")));
        assert_eq!(read("endpoint: 'http://x/', retries: many"), Err(WebhookError::Number("retries")));
        assert_eq!(read("endpoint: 'http://x/', consumer_secret: only"), Ok(()));
    }
}
