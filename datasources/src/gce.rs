//! Google Compute Engine: its metadata server, queried in the local stage over the first device that reaches it, or with
//! the network up.
//!
//! Source: "VM metadata" and "Guest attributes", Compute Engine documentation.

mod keys;

use std::time::Duration;

use metadata::hold::{self, How, Way};
use metadata::{Patience, Service, default_user, encoding, side_by_side, standard};
use model::Order as _;
use model::config::json_reason;
use model::datasource::{Evidence, HostKey, Medium, SourceError, SourceStage};
use model::effects::{Body, HttpError, Method, Request, Url};
use model::instance::Bytes;
use model::update::Event;
use model::{About, Crawl, DataSource, Identified, Instance, Node, Platform, Secret, Settled};
use serde_json::{Map, Value};

const NAME: &str = "GCE";
const URL: &str = "http://metadata.google.internal/computeMetadata/v1/";
/// Where the public host keys are published; the configuration does not change this address.
const HOST_KEYS: &str = "http://metadata.google.internal/computeMetadata/v1/instance/guest-attributes/hostkeys";
/// Proves that the request is not one that was redirected from elsewhere.
const FLAVOR: (&str, &str) = ("Metadata-Flavor", "Google");
/// The device that usually reaches the server.
const PRIMARY: &str = "ens4";
const PRODUCT: &str = "Google Compute Engine";
/// The product of early machines, which detection does not accept.
const EARLY_PRODUCT: &str = "Google";
const SERIAL: &str = "GoogleCloud-";

const ABOUT: About = About {
    local: Some("DataSourceGCELocal"),
    network: Some("DataSourceGCE"),
    events: &[Event::BootNewInstance, Event::Boot],
    evidence: Evidence {
        dmi: &[("product_name", PRODUCT), ("product_serial", "GoogleCloud-0123456789ABCDEF")],
        medium: Medium::Service,
        tree: &["computeMetadata/v1"],
    },
    page: include_str!("../pages/gce.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct Gce;

fn has_serial(platform: &Platform<'_>) -> bool {
    // The product name is not on all machines.
    platform.dmi("product_serial").is_some_and(|serial| serial.starts_with(SERIAL))
}

impl DataSource for Gce {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        let named = platform.dmi("product_name").as_deref() == Some(PRODUCT);
        Identified::when(named || has_serial(platform))
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        let product = crawl.platform.dmi("product_name");
        let is_google = matches!(product.as_deref(), Some(PRODUCT | EARLY_PRODUCT));
        if !is_google && !has_serial(crawl.platform) {
            tracing::debug!("Not running on google cloud. product-name={product:?}");
            return Ok(None);
        }
        let config = crawl.config(NAME);
        match crawl.stage {
            SourceStage::Local => local(crawl, &config).map(Some),
            SourceStage::Network => instance(crawl, &config).map(Some),
        }
    }

    /// The ID is only in the metadata.
    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        false
    }

    fn publish_host_keys(&self, settled: &Settled<'_>, keys: &[HostKey]) -> Result<(), SourceError> {
        for HostKey { kind, key } in keys {
            let mut request = Request::get(format!("{HOST_KEYS}/{kind}"))
                .method(Method::Put)
                .header(FLAVOR.0, FLAVOR.1)
                .accept(&[400, 401, 403, 404, 405, 409, 429, 500, 503]);
            request.body = Body::Bytes(key.as_bytes().to_vec(), "application/x-www-form-urlencoded");
            if settled.platform.system.http.send(&request)?.ok() {
                tracing::debug!("Wrote {kind} host key to guest attributes.");
            } else {
                // Guest attributes are disabled by default.
                tracing::debug!("Unable to write {kind} host key to guest attributes.");
            }
        }
        Ok(())
    }
}

/// Queries over each device, the usual one first.
fn local(crawl: &Crawl<'_>, config: &Node) -> Result<Instance, SourceError> {
    let links = crawl.system().links.links()?;
    let mut names: Vec<&str> =
        netconfig::fallback::candidates(&links).into_iter().map(|link| link.name.as_str()).collect();
    names.order_by_key(|name| *name != PRIMARY);
    tracing::debug!("Looking for the primary NIC in: {names:?}");
    let mut last = None;
    for link in names {
        match hold::asking(crawl, link, How::FirstOf(&[Way::Dhcp]), |_| instance(crawl, config)) {
            Ok(found) => {
                tracing::debug!("Primary NIC found: {link}.");
                return Ok(Instance { reached_over: Some(link.to_owned()), ..found });
            }
            Err(error) => {
                tracing::debug!("Error fetching IMD with candidate NIC {link}: {error}");
                last = Some(error);
            }
        }
    }
    Err(last.unwrap_or_else(|| SourceError::Broken {
        place: "the network devices".to_owned(),
        reason: "none is usable for querying the metadata service".to_owned(),
    }))
}

/// The server's documents.
struct Server<'a> {
    service: Service<'a>,
    base: String,
}

impl<'a> Server<'a> {
    fn new(crawl: &'a Crawl<'_>, config: &Node) -> Self {
        let patience = Patience::read(config, -1, 10, 5);
        let pause = config.get("sec_between_retries").and_then(Node::as_int).unwrap_or(1);
        let base = config.get("metadata_url").and_then(Node::as_str).unwrap_or(URL).to_owned();
        let service =
            Service::at(crawl.system(), &base, patience.timeout, patience.retries, Duration::ZERO)
                .patient(patience)
                .header(FLAVOR.0, Secret::new(FLAVOR.1.to_owned()))
                .pause(Duration::from_secs(u64::try_from(pause).unwrap_or(0)));
        Self { service, base }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A text that every machine has.
    fn text(&self, key: &str, path: &str, read: Result<Option<Vec<u8>>, HttpError>) -> Result<String, SourceError> {
        let bytes = read?.ok_or_else(|| SourceError::Broken {
            place: Url::new(self.url(path)).to_string(),
            reason: format!("required key {key} returned nothing. not GCE"),
        })?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The attributes of the instance or of its project, as they were read; none if they cannot be.
    fn attributes(&self, path: &str, read: Result<Option<Vec<u8>>, HttpError>) -> Result<Map<String, Value>, SourceError> {
        let url = self.url(path);
        let bytes = read.unwrap_or_else(|error| {
            tracing::warn!("ignoring {}: {error}", path.split("/?").next().unwrap_or(path));
            None
        });
        let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) else { return Ok(Map::new()) };
        let broken = |reason| SourceError::Broken { place: Url::new(&url).to_string(), reason };
        match model::config::bounded_json(&bytes) {
            Ok(Value::Object(map)) => Ok(map),
            Ok(_) => Err(broken("expected a JSON object".to_owned())),
            Err(error) => Err(broken(json_reason(&error))),
        }
    }
}

/// The metadata: five documents that do not depend on each other. The first one shows whether this is the server.
fn metadata(crawl: &Crawl<'_>, config: &Node) -> Result<Map<String, Value>, SourceError> {
    let server = Server::new(crawl, config);
    let paths = [
        ("instance-id", "instance/id"),
        ("availability-zone", "instance/zone"),
        ("local-hostname", "instance/hostname"),
        ("instance-data", "instance/attributes/?recursive=True"),
        ("project-data", "project/attributes/?recursive=True"),
    ];
    let workers = side_by_side::workers_at_first(crawl.system());
    let read = side_by_side::map(workers, paths.to_vec(), |(key, path)| {
        let url = server.url(path);
        // Only one of them waits for a server that does not answer.
        if key == "instance-id" { server.service.get(&url) } else { server.service.get_once(&url) }
    });
    let mut metadata = Map::new();
    for ((key, path), read) in paths.into_iter().zip(read) {
        let read = match read {
            Err(_) if key != "instance-id" => server.service.get(&server.url(path)),
            read => read,
        };
        let value = match key {
            "instance-data" | "project-data" => Value::Object(server.attributes(path, read)?),
            // projects/123/zones/us-central1-a
            "availability-zone" => server.text(key, path, read)?.rsplit('/').next().unwrap_or_default().into(),
            _ => server.text(key, path, read)?.into(),
        };
        metadata.insert(key.to_owned(), value);
    }
    Ok(metadata)
}

fn instance(crawl: &Crawl<'_>, config: &Node) -> Result<Instance, SourceError> {
    let mut metadata = metadata(crawl, config)?;
    let base = config.get("metadata_url").and_then(Node::as_str).unwrap_or(URL);
    let own = metadata.get("instance-data").and_then(Value::as_object);
    let lines = keys::lines(own, metadata.get("project-data").and_then(Value::as_object));
    let user = default_user::name(crawl.platform.config);
    let public_keys = keys::of_user(&lines, user.as_deref(), crawl.system().clock.now());
    let user_data = own.map(|own| user_data(own, base)).transpose()?.flatten();
    metadata.insert("public-keys-data".to_owned(), lines.into());
    let text = |key: &str| metadata.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let zone = text("availability-zone");
    // A region and a letter.
    let region = zone.rsplit_once('-').map_or(zone.as_str(), |(region, _)| region).to_owned();
    // Names are long here, and only the first part is used.
    let hostname = text("local-hostname").split('.').next().unwrap_or_default().to_owned();
    Ok(Instance {
        subplatform: format!("metadata ({base})"),
        hostname: Some(hostname),
        public_keys,
        user_data,
        region: Some(region),
        ..standard::instance(&ABOUT, crawl.stage, metadata)
    })
}

/// The attribute `user-data` in the encoding that `user-data-encoding` names.
fn user_data(attributes: &Map<String, Value>, base: &str) -> Result<Option<Bytes>, SourceError> {
    let Some(value) = attributes.get("user-data") else { return Ok(None) };
    let broken = |reason: String| SourceError::Broken {
        place: format!("{}instance/attributes: user-data", Url::new(base)),
        reason,
    };
    let text = value.as_str().ok_or_else(|| broken(format!("expected a text, found {value}")))?;
    match attributes.get("user-data-encoding").and_then(Value::as_str).unwrap_or_default() {
        "" => Ok(Some(Bytes(text.as_bytes().to_vec()))),
        "base64" => {
            let bytes = encoding::base64_lenient(text).map_err(|error| broken(format!("invalid base64: {error}")))?;
            Ok(Some(Bytes(bytes)))
        }
        other => {
            tracing::warn!("unknown user-data-encoding: {other}, ignoring");
            Ok(Some(Bytes(text.as_bytes().to_vec())))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use model::effects::{Http, HttpError, Response};
    use system::Scratch;

    use super::*;
    use crate::testing::Machine;

    #[test]
    fn cases() {
        crate::testing::run_cases("gce", &Gce);
    }

    /// The original's `read_md`, one after another: the documents beside the first are asked for once more, with its
    /// patience.
    #[test]
    fn one_document_that_fails_is_asked_for_again() {
        let url = |path: &str| format!("{URL}{path}");
        let (id, zone, name) = (url("instance/id"), url("instance/zone"), url("instance/hostname"));
        let attributes = url("instance/attributes/?recursive=True");
        let project = url("project/attributes/?recursive=True");
        let rest = [(name.as_str(), 200, "n.c.p.internal"), (&attributes, 200, "{}"), (&project, 200, "{}")];
        let found = |first: &[(&str, u16, &str)]| {
            let service = Arc::new(crate::testing::Scripted::new(&[first, &rest].concat()));
            let scratch = Scratch::new().file("/sys/class/dmi/id/product_name", "Google Compute Engine\n");
            let machine = Machine::with_http(scratch, service.clone());
            let found = machine.crawl(&Gce, SourceStage::Network);
            let asked = service.asked();
            let times = |url: &str| asked.iter().filter(|asked| *asked == url).count();
            (found.ok().flatten().and_then(|instance| instance.availability_zone), times(&id), times(&zone))
        };
        let zones = "projects/1/zones/us-central1-a";
        let there = Some("us-central1-a".to_owned());
        assert_eq!(found(&[(&id, 200, "1"), (&zone, 200, zones)]), (there.clone(), 1, 1));
        assert_eq!(found(&[(&id, 200, "1"), (&zone, 503, ""), (&zone, 200, zones)]), (there, 1, 2));
        // The first document has its retries from the client.
        assert_eq!(found(&[(&id, 503, ""), (&id, 200, "1"), (&zone, 200, zones)]), (None, 1, 1));
    }

    /// A server that accepts some keys.
    struct Server(Mutex<Vec<String>>);

    impl Http for Server {
        fn send(&self, request: &Request) -> Result<Response, HttpError> {
            let Body::Bytes(body, _) = &request.body else { panic!("no body") };
            let flavor = request.headers.iter().any(|(name, _)| name == "Metadata-Flavor");
            let line = format!("{} {} {flavor} {}", request.method.name(), request.url, body.len());
            let status = if line.contains("rsa") { 403 } else { 200 };
            self.0.lock().expect("not poisoned").push(line);
            assert!(request.accept.contains(&403), "a refusal is no failure");
            Ok(Response { status, headers: Vec::new(), body: Vec::new() })
        }
    }

    #[test]
    fn host_keys_are_put_even_if_one_is_refused() {
        let server = Arc::new(Server(Mutex::default()));
        let machine = Machine::with_http(Scratch::new(), server.clone());
        let (platform, instance) = (machine.platform(), Instance::default());
        let settled = Settled { platform: &platform, instance: &instance, new: true };
        let key = |kind: &str| HostKey { kind: kind.to_owned(), key: "AAAA".to_owned() };
        Gce.publish_host_keys(&settled, &[key("ssh-rsa"), key("ssh-ed25519")]).expect("no failure");
        let put = server.0.lock().expect("not poisoned").clone();
        assert_eq!(put, [format!("PUT {HOST_KEYS}/ssh-rsa true 4"), format!("PUT {HOST_KEYS}/ssh-ed25519 true 4")]);
    }
}
