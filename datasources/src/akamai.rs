//! Akamai Connected Cloud (Linode): its metadata service with session tokens, over IPv6 and IPv4.
//!
//! Source: "Overview of the Metadata service", Akamai documentation.

mod settings;

use std::time::Duration;

use metadata::hold::{self, How, Way};
use metadata::{encoding, links, race, standard};
use model::config::json_reason;
use model::datasource::{Evidence, Medium, SourceError, SourceStage};
use model::effects::{HttpError, Method, Request, Response};
use model::instance::Bytes;
use model::{About, Crawl, DataSource, Identified, Instance, Platform, Secret, System};
use serde_json::{Map, Value};

use settings::Settings;

const NAME: &str = "Akamai";
const VENDORS: &[&str] = &["Linode", "Akamai"];
/// The time limit of each request.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Retries for a token and for each document, and the delay between them.
const TOKEN_RETRIES: u32 = 4;
const RETRIES: u32 = 2;
const PAUSE: Duration = Duration::from_secs(2);
/// The life of a token in seconds.
const EXPIRY: &str = "300";

const ABOUT: About = About {
    local: Some("DataSourceAkamaiLocal"),
    network: Some("DataSourceAkamai"),
    evidence: Evidence {
        dmi: &[("sys_vendor", VENDORS[1]), ("product_serial", "123456")],
        medium: Medium::Service,
        tree: &["v1/instance"],
    },
    page: include_str!("../pages/akamai.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct Akamai;

fn is_akamai(platform: &Platform<'_>) -> bool {
    platform.dmi("sys_vendor").is_some_and(|vendor| VENDORS.contains(&vendor.as_str()))
}

impl DataSource for Akamai {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        Identified::when(is_akamai(platform))
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        if !is_akamai(crawl.platform) {
            return Ok(None);
        }
        let settings = Settings::read(crawl.platform, &crawl.config(NAME));
        if settings.forbids_everything() {
            tracing::info!("Metadata is not available, returning local data only.");
            return local_data(crawl).map(Some);
        }
        if !settings.allows(crawl.stage) {
            tracing::info!("Configured not to fetch data at this stage; waiting for a later stage.");
            return Ok(None);
        }
        match query(crawl, &settings) {
            Ok(documents) => instance(crawl, documents).map(Some),
            Err(error @ SourceError::Broken { .. }) => Err(error),
            Err(error) => {
                tracing::warn!(
                    "Failed to contact metadata service, falling back to local metadata only: {error}"
                );
                local_data(crawl).map(Some)
            }
        }
    }

    fn still_same(&self, platform: &Platform<'_>, cached: &Instance) -> bool {
        metadata::detection::is_serial_number(platform, &cached.instance_id)
    }
}

/// What the machine knows without the service.
fn local_data(crawl: &Crawl<'_>) -> Result<Instance, SourceError> {
    instance(crawl, Documents { metadata: Map::new(), user_data: None })
}

/// The documents of the service.
struct Documents {
    metadata: Map<String, Value>,
    user_data: Option<Vec<u8>>,
}

/// Queries all permitted addresses, in the local stage over temporary ones.
fn query(crawl: &Crawl<'_>, settings: &Settings) -> Result<Documents, SourceError> {
    let local = crawl.stage == SourceStage::Local;
    let bases: Vec<&str> = [
        (settings.ipv6, settings.ipv6_base.as_str()),
        (settings.ipv4 && (settings.dhcp || !local), settings.ipv4_base.as_str()),
    ]
    .into_iter()
    .filter_map(|(allowed, base)| allowed.then_some(base))
    .collect();
    if !local {
        return read(crawl, settings, bases);
    }
    let how = match bases.as_slice() {
        [_, _] => How::BothFamilies,
        // The service is not in the network of link-local addresses: a router says how it is reached.
        _ if settings.ipv6 => How::FirstOf(&[Way::Routed, Way::LinkLocal]),
        _ => How::FirstOf(&[Way::Dhcp]),
    };
    let link = link(crawl, settings)?;
    hold::asking(crawl, &link, how, |_| read(crawl, settings, bases))
}

/// The first device with a preferred MAC address.
fn link(crawl: &Crawl<'_>, settings: &Settings) -> Result<String, SourceError> {
    let named = links::by_mac(crawl.system(), "/sys/class/net")?;
    let preferred = |mac: &&String| settings.mac_prefixes.iter().any(|prefix| mac.starts_with(prefix.as_str()));
    match named.keys().find(preferred) {
        Some(mac) => Ok(named[mac].clone()),
        None => {
            tracing::warn!("Failed to find default interface, attempting DHCP on fallback interface");
            hold::usual_link(crawl).map(str::to_owned)
        }
    }
}

/// Reads from the first address that gives a token; if its documents cannot be read, from the next.
fn read(crawl: &Crawl<'_>, settings: &Settings, mut bases: Vec<&str>) -> Result<Documents, SourceError> {
    loop {
        let (number, answer) = token(crawl.system(), settings, &bases)?;
        let base = bases.remove(number);
        match documents(crawl, settings, base, &Secret::new(answer.text())) {
            Err(error @ SourceError::Http(_)) if !bases.is_empty() => {
                tracing::warn!("Failed to retrieve metadata from {base}: {error}");
            }
            outcome => return outcome,
        }
    }
}

/// The first token of these addresses.
fn token(system: &System, settings: &Settings, bases: &[&str]) -> Result<(usize, Response), SourceError> {
    let request = |base: &&str| {
        Request::get(format!("{base}{}", settings.token_path))
            .method(Method::Put)
            .timeout(TIMEOUT)
            .header("Metadata-Token-Expiry-Seconds", EXPIRY)
    };
    let requests: Vec<Request> = bases.iter().map(request).collect();
    let mut attempt = 0;
    loop {
        let error = match race::first_answer(system, &requests) {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if attempt == TOKEN_RETRIES || matches!(error, Some(HttpError::NotAsked { .. } | HttpError::Refused { .. })) {
            let urls: Vec<String> = bases.iter().map(|base| (*base).to_owned()).collect();
            return Err(metadata::service::nobody(&urls, error));
        }
        attempt += 1;
        system.clock.sleep(race::pause(system, PAUSE, error.as_ref()));
    }
}

fn documents(
    crawl: &Crawl<'_>,
    settings: &Settings,
    base: &str,
    token: &Secret<String>,
) -> Result<Documents, SourceError> {
    let request = |path: &str| {
        let mut request = Request::get(format!("{base}{path}")).timeout(TIMEOUT).retries(RETRIES);
        request.backoff = PAUSE;
        request.header("Metadata-Token", token.expose().trim())
    };
    let http = &crawl.system().http;
    let answer = http.send(&request(&settings.metadata_path).header("Accept", "application/json"))?;
    let broken = |reason: String| SourceError::Broken {
        place: format!("{base}{}", settings.metadata_path),
        reason,
    };
    let metadata = match model::config::bounded_json(&answer.body) {
        Ok(Value::Object(metadata)) => metadata,
        Ok(_) => return Err(broken("expected a JSON object".to_owned())),
        Err(error) => return Err(broken(json_reason(&error))),
    };
    let raw = http.send(&request(&settings.user_data_path))?;
    let user_data = encoding::base64_lenient(&raw.text()).unwrap_or_else(|error| {
        tracing::warn!("Failed to base64 decode userdata due to {error}");
        raw.body.clone()
    });
    Ok(Documents { metadata, user_data: Some(user_data) })
}

fn instance(crawl: &Crawl<'_>, documents: Documents) -> Result<Instance, SourceError> {
    let Documents { mut metadata, user_data } = documents;
    let id = match metadata.get("id") {
        Some(id) => id.clone(),
        None => {
            metadata::detection::required(crawl.platform, "product_serial", NAME, "serial number")?.into()
        }
    };
    metadata.insert("instance-id".to_owned(), id);
    Ok(Instance { user_data: user_data.map(Bytes), ..standard::instance(&ABOUT, crawl.stage, metadata) })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use system::Scratch;

    use super::*;
    use crate::testing::{Machine, Scripted};

    #[test]
    fn cases() {
        crate::testing::run_cases("akamai", &Akamai);
    }

    fn crawl(answers: &[(&str, u16, &str)]) -> (Instance, Vec<String>) {
        let scratch = Scratch::new()
            .file("/sys/class/dmi/id/sys_vendor", "Akamai\n")
            .file("/sys/class/dmi/id/product_serial", "7\n");
        let service = Arc::new(Scripted::new(answers));
        let machine = Machine::with_http(scratch, service.clone());
        let found = machine.crawl(&Akamai, SourceStage::Network).expect("never fails").expect("always found");
        (found, service.asked())
    }

    #[test]
    fn the_other_family_is_used_if_documents_cannot_be_read() {
        let (found, asked) = crawl(&[
            ("http://[fd00:a9fe:a9fe::1]/v1/token", 200, "t6"),
            ("http://[fd00:a9fe:a9fe::1]/v1/instance", 500, ""),
            ("http://169.254.169.254/v1/token", 200, "t4"),
            ("http://169.254.169.254/v1/instance", 200, r#"{"id": 8, "region": "us-iad"}"#),
            ("http://169.254.169.254/v1/user-data", 200, "not base64!"),
        ]);
        assert_eq!((found.instance_id.as_str(), found.region.as_deref()), ("8", Some("us-iad")));
        assert_eq!(found.user_data.expect("what was sent").0, b"not base64!");
        assert!(asked.last().is_some_and(|url| url == "http://169.254.169.254/v1/user-data"), "{asked:?}");
    }

    #[test]
    fn without_the_service_the_firmware_tells_the_id() {
        let (found, asked) = crawl(&[("http://169.254.169.254/v1/token", 503, "")]);
        assert_eq!((found.instance_id.as_str(), found.user_data), ("7", None));
        // Upstream: five attempts for each family.
        assert_eq!(asked.len(), 10, "{asked:?}");
    }
}
