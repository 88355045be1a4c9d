//! OAuth 1.0 with the signature method PLAINTEXT, which MAAS uses to identify machines (RFC 5849, section 3.4.4).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use model::effects::{Attributes, HttpError, Request, Response, Timestamp, Url};
use model::{Node, Secret, System};

/// The differences between clocks by host, in seconds, for this boot's later stages and for event reports.
const SKEWS: &str = "/run/oauth_skew.json";
/// A smaller difference is not stored.
const SKEW_LIMIT: u64 = 5;

/// The credentials of a machine.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// `consumer_key`.
    pub consumer_key: String,
    /// `consumer_secret`; empty for MAAS.
    pub consumer_secret: Secret<String>,
    /// `token_key`.
    pub token_key: String,
    /// `token_secret`.
    pub token_secret: Secret<String>,
}

impl Credentials {
    /// The credentials in a source's configuration; `None` if there are none, an error if some are missing.
    pub fn read(config: &Node) -> Result<Option<Self>, &'static str> {
        let text = |key: &str| config.get(key).filter(|value| value.is_truthy()).and_then(Node::scalar_text);
        match (text("consumer_key"), text("token_key"), text("token_secret")) {
            (None, None, None) => Ok(None),
            (Some(consumer_key), Some(token_key), Some(token_secret)) => Ok(Some(Self {
                consumer_key,
                consumer_secret: Secret::new(text("consumer_secret").unwrap_or_default()),
                token_key,
                token_secret: Secret::new(token_secret),
            })),
            _ => Err("consumer_key, token_key and token_secret must be set together"),
        }
    }

    /// The signature: both secrets, each encoded, with `&` between them.
    fn signature(&self) -> String {
        format!("{}&{}", encoded(self.consumer_secret.expose()), encoded(self.token_secret.expose()))
    }

    /// The value of the `Authorization` header at a time in seconds since the epoch; nonces are never reused.
    pub fn authorization(&self, seconds: u64, nonce: &str) -> Secret<String> {
        let parameters = [
            ("oauth_nonce", nonce),
            ("oauth_timestamp", &seconds.to_string()),
            ("oauth_version", "1.0"),
            ("oauth_signature_method", "PLAINTEXT"),
            ("oauth_consumer_key", &self.consumer_key),
            ("oauth_token", &self.token_key),
            ("oauth_signature", &self.signature()),
        ]
        .map(|(name, value)| format!("{name}=\"{}\"", encoded(value)));
        Secret::new(format!("OAuth {}", parameters.join(", ")))
    }

    /// The same for a machine: its time, corrected by `skew` seconds to the service's, and its randomness.
    pub fn authorization_now(&self, system: &System, skew: i64) -> Secret<String> {
        let mut nonce = [0; 16];
        system.environment.random(&mut nonce);
        let nonce = format!("{:032x}", u128::from_be_bytes(nonce));
        self.authorization(system.clock.now().0.as_secs().saturating_add_signed(skew), &nonce)
    }
}

/// Signs requests with a clock that may differ from the service's: if it rejects a signature, the time in its response
/// is used from then on.
pub struct Signer<'s> {
    system: &'s System,
    credentials: Option<Credentials>,
    skews: Mutex<BTreeMap<String, i64>>,
}

impl<'s> Signer<'s> {
    /// Without credentials, requests are not signed.
    pub fn new(system: &'s System, credentials: Option<Credentials>) -> Self {
        Self { system, credentials, skews: Mutex::new(stored_skews(system)) }
    }

    fn skew(&self, host: &str) -> i64 {
        self.skews.lock().unwrap_or_else(PoisonError::into_inner).get(host).copied().unwrap_or(0)
    }

    /// Sends a request; again, if the response shows that the clocks differ.
    pub fn send(&self, request: &Request) -> Result<Response, HttpError> {
        let Some(credentials) = &self.credentials else { return self.system.http.send(request) };
        let host = host(&request.url);
        let once = |skew: i64| {
            let mut signed = request.clone();
            signed.accept.extend([401, 403]);
            signed
                .headers
                .push(("Authorization".to_owned(), credentials.authorization_now(self.system, skew)));
            self.system.http.send(&signed)
        };
        let refused = |response: &Response| {
            matches!(response.status, 401 | 403) && !request.accept.contains(&response.status)
        };
        let skew = self.skew(host);
        let mut response = once(skew)?;
        if refused(&response)
            && let Some(found) = self.learn(host, &response)
            && found.abs_diff(skew) > SKEW_LIMIT
        {
            response = once(found)?;
        }
        if refused(&response) {
            return Err(HttpError::status(Url::new(&request.url), &response));
        }
        Ok(response)
    }

    /// The difference between the clocks, from the time of a response.
    fn learn(&self, host: &str, response: &Response) -> Option<i64> {
        let date = response.header("date");
        let Some(date) = date else {
            tracing::warn!("Missing header 'date' in {} response", response.status);
            return None;
        };
        let Some(theirs) = Timestamp::parse_rfc2822(date) else {
            tracing::warn!("Failed to convert datetime '{date}'");
            return None;
        };
        let seconds = |at: Timestamp| i64::try_from(at.0.as_secs()).unwrap_or(i64::MAX);
        let skew = seconds(theirs).saturating_sub(seconds(self.system.clock.now()));
        let mut skews = self.skews.lock().unwrap_or_else(PoisonError::into_inner);
        let before = skews.insert(host.to_owned(), skew).unwrap_or(0);
        if before.abs_diff(skew) > SKEW_LIMIT {
            tracing::warn!("Setting oauth clockskew for {host} to {skew}");
            let document = serde_json::to_vec(&*skews).unwrap_or_default();
            if let Err(error) = self.system.files.write(Path::new(SKEWS), &document, &Attributes::mode(0o644))
            {
                tracing::warn!("{error}");
            }
        }
        Some(skew)
    }
}

fn stored_skews(system: &System) -> BTreeMap<String, i64> {
    let stored = system.files.read_optional(Path::new(SKEWS)).ok().flatten();
    stored.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// The difference between this machine's clock and that of a URL's host, in seconds, if a [`Signer`] of this boot found one.
pub fn known_skew(system: &System, url: &str) -> i64 {
    stored_skews(system).get(host(url)).copied().unwrap_or(0)
}

/// The host of a URL with its port.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// Percent encoding of all but unreserved letters (section 3.6).
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc() {
        // RFC 5849, section 2.3.
        let credentials = Credentials {
            consumer_key: "jd83jd92dhsh93js".into(),
            consumer_secret: Secret::new("ja893SD9".into()),
            token_key: "hdk48Djdsa".into(),
            token_secret: Secret::new("xyz4992k83j47x0b".into()),
        };
        let header = credentials.authorization(137_131_200, "4572616e48616d6d");
        for part in [
            "OAuth ",
            "oauth_consumer_key=\"jd83jd92dhsh93js\"",
            "oauth_token=\"hdk48Djdsa\"",
            "oauth_signature_method=\"PLAINTEXT\"",
            "oauth_timestamp=\"137131200\"",
            "oauth_signature=\"ja893SD9%26xyz4992k83j47x0b\"",
        ] {
            assert!(header.expose().contains(part), "{part}");
        }
        assert_eq!(format!("{header:?}"), "REDACTED");
    }

    #[test]
    fn a_machine_without_a_consumer_secret() {
        // MAAS; section 3.4.4: the `&` stands also when a secret is empty, section 3.6: `~` is not encoded.
        let credentials = Credentials {
            consumer_key: "k".into(),
            consumer_secret: Secret::new(String::new()),
            token_key: "t".into(),
            token_secret: Secret::new("a~b c".into()),
        };
        assert_eq!(credentials.signature(), "&a~b%20c");
    }

    /// Rejects signatures whose time is not its own.
    struct Ahead(u64, Mutex<usize>);

    impl model::effects::Http for Ahead {
        fn send(&self, request: &Request) -> Result<Response, HttpError> {
            *self.1.lock().expect("no panic") += 1;
            let (name, value) = request.headers.last().expect("signed");
            assert_eq!(name, "Authorization");
            let timely = value.expose().contains(&format!("oauth_timestamp=\"{}\"", self.0));
            let date = Timestamp(std::time::Duration::from_secs(self.0)).rfc2822(0);
            let status = if timely { 200 } else { 401 };
            Ok(Response { status, headers: vec![("date".into(), date)], body: b"i-1".to_vec() })
        }
    }

    #[test]
    fn a_wrong_clock_is_noticed_once() {
        let (system, _) = system::Scratch::new().system();
        let now = system.clock.now().0.as_secs();
        let service = std::sync::Arc::new(Ahead(now + 7200, Mutex::default()));
        let (system, _) = system::Scratch::new().system_with(service.clone());
        let config = Node::from_yaml("t", b"{consumer_key: c, token_key: t, token_secret: s}");
        let credentials = Credentials::read(&config.expect("YAML").expect("a mapping")).expect("complete");
        let request = Request::get("http://u@maas:5240/MAAS/metadata/");
        let signer = Signer::new(&system, credentials.clone());
        assert_eq!(signer.send(&request).expect("the second attempt").body, b"i-1");
        assert_eq!(signer.send(&request).expect("the first attempt").body, b"i-1");
        assert_eq!(*service.1.lock().expect("no panic"), 3);
        assert_eq!(system.files.text(Path::new(SKEWS)).as_deref(), Some("{\"maas:5240\":7200}"));
        Signer::new(&system, credentials).send(&request).expect("a later stage knows it");
        assert_eq!(*service.1.lock().expect("no panic"), 4);
    }

    #[test]
    fn credentials_are_complete_or_missing() {
        let read = |text: &str| {
            let node = Node::from_yaml("t", text.as_bytes()).expect("YAML").unwrap_or_default();
            Credentials::read(&node).map(|found| found.is_some())
        };
        assert_eq!(read("metadata_url: http://h/"), Ok(false));
        assert_eq!(read("{consumer_key: a, token_key: b, token_secret: c}"), Ok(true));
        assert!(read("{consumer_key: a, token_secret: c}").is_err());
    }
}
