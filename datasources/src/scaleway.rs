//! Scaleway: its metadata service over IPv4 or IPv6; user-data is only given to source ports below 1024.
//!
//! Source: "Metadata API" and "User data", Scaleway documentation.

use metadata::hold::{self, How, Way};
use metadata::{Patience, race, service, standard};
use model::config::json_reason;
use model::datasource::{Evidence, Medium, SourceError};
use model::effects::{HttpError, Lease, Request, Response, Via};
use model::instance::Bytes;
use model::update::Event;
use model::{About, Crawl, DataSource, Identified, Instance, InstanceId, NetworkConfig, Platform, System};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::time::Duration;

const NAME: &str = "Scaleway";
const VENDOR: &str = "Scaleway";
const URLS: &[&str] = &["http://169.254.42.42", "http://[fd00:42::42]"];
/// Created by Scaleway's initramfs.
const MARKER: &str = "/var/run/scaleway";
/// In seconds.
const MAX_WAIT: i64 = 2;
const TIMEOUT: u64 = 10;
const RETRIES: u32 = 3;
/// Only root may use these ports; another one is tried if one is in use.
const PORTS: Via = Via::SourcePort(1, 1023);
/// The delay before user-data is requested again.
const PAUSE: Duration = Duration::from_secs(5);
/// A tag with a key, in which `_` means a space.
const KEY_TAG: &str = "AUTHORIZED_KEY=";

const ABOUT: About = About {
    local: Some("DataSourceScaleway"),
    events: &[Event::BootNewInstance, Event::Boot, Event::BootLegacy],
    evidence: Evidence { dmi: &[("sys_vendor", VENDOR)], medium: Medium::Service, tree: &["conf"] },
    page: include_str!("../pages/scaleway.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct Scaleway;

fn is_scaleway(platform: &Platform<'_>) -> bool {
    platform.dmi("sys_vendor").as_deref() == Some(VENDOR)
        || platform.cmdline.split_ascii_whitespace().any(|word| word == "scaleway")
        || platform.files().exists(Path::new(MARKER))
}

impl DataSource for Scaleway {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        Identified::when(is_scaleway(platform))
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        if !is_scaleway(crawl.platform) && !crawl.platform.is_named(NAME) {
            return Ok(None);
        }
        let link = hold::usual_link(crawl)?;
        let over_ipv4 = hold::asking(crawl, link, How::FirstOf(&[Way::Dhcp]), |held| {
            Service::find(crawl).map(|service| service.read(held.lease.as_ref()))
        });
        let documents = match over_ipv4 {
            Ok(documents) => documents?,
            Err(error) => {
                tracing::warn!("no metadata over IPv4: {error}");
                hold::asking(crawl, link, How::FirstOf(&[Way::LinkLocal]), |_| Service::find(crawl)?.read(None))?
            }
        };
        instance(crawl, documents, link).map(Some)
    }

    /// Only the service has the ID.
    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        false
    }
}

/// The documents of the service.
struct Documents {
    metadata: Map<String, Value>,
    user_data: Option<Bytes>,
    vendor_data: Option<Bytes>,
    lease: Option<Lease>,
    place: String,
}

/// The address that has answered.
struct Service<'s> {
    system: &'s System,
    base: String,
    patience: Patience,
}

impl<'s> Service<'s> {
    fn find(crawl: &'s Crawl<'_>) -> Result<Self, SourceError> {
        let config = crawl.config(NAME);
        let patience = Patience::read(&config, MAX_WAIT, TIMEOUT, RETRIES);
        let mut urls: Vec<String> = URLS.iter().map(|url| (*url).to_owned()).collect();
        urls.extend(service::configured_urls(&config));
        let requests = urls.iter().map(|url| Request::get(url).timeout(patience.timeout)).collect();
        let (number, _) = service::find(crawl.system(), &urls, requests, patience, |_| false)?;
        tracing::debug!("{} is reachable", urls[number]);
        Ok(Self { system: crawl.system(), base: urls.swap_remove(number), patience })
    }

    fn read(&self, lease: Option<&Lease>) -> Result<Documents, SourceError> {
        let place = service::join(&self.base, "conf");
        let request = Request::get(format!("{place}?format=json"))
            .timeout(self.patience.timeout)
            .retries(self.patience.retries);
        let answer = self.system.http.send(&request)?;
        let broken = |reason: String| SourceError::Broken { place: place.clone(), reason };
        let mut metadata = match model::config::bounded_json(&answer.body) {
            Ok(Value::Object(metadata)) => metadata,
            Ok(_) => return Err(broken("expected a JSON object".to_owned())),
            Err(error) => return Err(broken(json_reason(&error))),
        };
        let family = if lease.is_some() { "ipv4" } else { "ipv6" };
        metadata.insert("net_in_use".to_owned(), family.into());
        let user_data = self.privileged("user_data/cloud-init")?;
        let vendor_data = self.privileged("vendor_data/cloud-init")?;
        Ok(Documents { metadata, user_data, vendor_data, lease: lease.cloned(), place })
    }

    /// A document for root; `None` if it does not exist. Requested again if the service has too many requests, or the
    /// connection fails.
    fn privileged(&self, path: &str) -> Result<Option<Bytes>, SourceError> {
        let url = service::join(&self.base, path);
        let request = Request::get(&url).timeout(self.patience.timeout).via(PORTS).accept(&[404]);
        let attempts = self.patience.retries.max(2) - 1;
        let mut attempt = 1;
        loop {
            match self.system.http.send(&request) {
                Ok(Response { status: 404, .. }) => return Ok(None),
                Ok(response) => return Ok(Some(Bytes(response.body))),
                Err(error @ (HttpError::NotAsked { .. } | HttpError::Refused { .. })) => return Err(error.into()),
                Err(error) => {
                    tracing::warn!("Error while trying to get {path}: {error}");
                    if attempt >= attempts {
                        return Err(error.into());
                    }
                    self.system.clock.sleep(race::pause(self.system, PAUSE, Some(&error)));
                    attempt += 1;
                }
            }
        }
    }
}

fn instance(crawl: &Crawl<'_>, documents: Documents, link: &str) -> Result<Instance, SourceError> {
    let Documents { metadata, user_data, vendor_data, lease, place } = documents;
    let needed = |key: &str| {
        let missing = || SourceError::Broken { place: place.clone(), reason: format!("no {key}") };
        metadata.get(key).and_then(standard::text).ok_or_else(missing)
    };
    let (id, hostname, zone) = (needed("id")?, needed("hostname")?, needed("zone")?);
    let region = zone.rsplit_once('-').map(|(region, _)| region.to_owned()).unwrap_or_default();
    let network = network(&metadata, lease.as_ref(), link, &place)?;
    Ok(Instance {
        instance_id: InstanceId::new(id),
        hostname: Some(hostname),
        availability_zone: Some(zone),
        region: Some(region),
        public_keys: keys(&metadata),
        user_data,
        vendor_data: vendor_data.map(model::instance::VendorData::One),
        network: Some(network),
        launch_index: None,
        ..standard::instance(&ABOUT, crawl.stage, metadata)
    })
}

/// The project's keys, and those in tags.
fn keys(metadata: &Map<String, Value>) -> Vec<String> {
    let list = |key: &str| metadata.get(key).and_then(Value::as_array).into_iter().flatten();
    let own = list("ssh_public_keys").filter_map(|key| key.get("key")?.as_str()).map(str::to_owned);
    let tags = list("tags").filter_map(Value::as_str).filter_map(|tag| tag.strip_prefix(KEY_TAG));
    own.chain(tags.map(|key| key.replace('_', " "))).collect()
}

/// Network config v2: DHCP for the leased address, with the route to the service; the other addresses are static.
fn network(
    metadata: &Map<String, Value>,
    lease: Option<&Lease>,
    link: &str,
    place: &str,
) -> Result<NetworkConfig, SourceError> {
    let leased = lease.map(|lease| lease.address.to_string());
    let (mut addresses, mut routes) = (Vec::new(), Vec::new());
    let mut device = Map::new();
    let addresses_of = metadata.get("public_ips").and_then(Value::as_array).ok_or_else(|| {
        SourceError::Broken { place: place.to_owned(), reason: "no list of public_ips".to_owned() }
    })?;
    for ip in addresses_of {
        let text = |key: &str| part(ip, key, place);
        let address = text("address")?;
        if Some(&address) == leased.as_ref() {
            device.insert("dhcp4".to_owned(), true.into());
            routes.push(json!({"on-link": true, "to": "169.254.42.42/32", "via": "62.210.0.1"}));
            continue;
        }
        addresses.push(Value::from(format!("{address}/{}", text("netmask")?)));
        if text("family")? == "inet6" {
            routes.push(json!({"via": text("gateway")?, "to": "::/0"}));
        }
    }
    if !addresses.is_empty() {
        device.insert("addresses".to_owned(), addresses.into());
    }
    if !routes.is_empty() {
        device.insert("routes".to_owned(), routes.into());
    }
    let config = json!({"version": 2, "ethernets": {link: device}});
    Ok(NetworkConfig::from_json(config, "Scaleway metadata public_ips"))
}

fn part(ip: &Value, key: &str, place: &str) -> Result<String, SourceError> {
    ip.get(key).and_then(standard::text).ok_or_else(|| SourceError::Broken {
        place: place.to_owned(),
        reason: format!("no {key} in an entry of public_ips"),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::datasource::SourceStage;
    use system::Scratch;

    use super::*;
    use crate::testing::{Machine, Scripted};

    #[test]
    fn cases() {
        crate::testing::run_cases("scaleway", &Scaleway);
    }

    const BASE: &str = "http://169.254.42.42";
    const CONF: &str = r#"{"id": "i", "hostname": "h", "zone": "z-1", "public_ips": []}"#;

    fn crawl(answers: &[(&str, u16, &str)]) -> (Result<Option<Instance>, SourceError>, Vec<String>) {
        let scratch = Scratch::new().file("/sys/class/dmi/id/sys_vendor", "Scaleway\n");
        let service = Arc::new(Scripted::new(answers));
        let machine = Machine::with_http(scratch, service.clone());
        (machine.crawl(&Scaleway, SourceStage::Local), service.asked())
    }

    #[test]
    fn user_data_is_requested_again_if_there_are_too_many_requests() {
        let (found, _) = crawl(&[
            (BASE, 200, "Scaleway"),
            ("http://169.254.42.42/conf?format=json", 200, CONF),
            ("http://169.254.42.42/user_data/cloud-init", 429, ""),
            ("http://169.254.42.42/user_data/cloud-init", 200, "#!/bin/sh"),
            ("http://169.254.42.42/vendor_data/cloud-init", 404, ""),
        ]);
        let found = found.expect("the second attempt").expect("found");
        assert_eq!(found.user_data.expect("user-data").0, b"#!/bin/sh");
        assert_eq!(found.vendor_data, None);
    }

    #[test]
    fn a_service_without_user_data_is_an_error_and_not_another_instance() {
        let (found, asked) = crawl(&[
            (BASE, 200, "Scaleway"),
            ("http://169.254.42.42/conf?format=json", 200, CONF),
            ("http://169.254.42.42/user_data/cloud-init", 503, ""),
        ]);
        assert!(found.expect_err("unavailable").to_string().contains("answered 503"));
        assert_eq!(asked.iter().filter(|url| url.ends_with("user_data/cloud-init")).count(), 2);
    }

    #[test]
    fn ipv6_is_used_where_ipv4_has_no_service() {
        let (found, asked) = crawl(&[
            ("http://[fd00:42::42]", 200, "Scaleway"),
            ("http://[fd00:42::42]/conf?format=json", 200, CONF),
            ("http://[fd00:42::42]/user_data/cloud-init", 404, ""),
            ("http://[fd00:42::42]/vendor_data/cloud-init", 404, ""),
        ]);
        let found = found.expect("an answer").expect("found");
        assert_eq!(found.metadata["net_in_use"], "ipv4", "the address was leased, the service answers over IPv6");
        assert!(asked.contains(&BASE.to_owned()));
    }

    #[test]
    fn a_broken_document_has_a_place() {
        let (found, _) = crawl(&[(BASE, 200, "x"), ("http://169.254.42.42/conf?format=json", 200, "{\"id\"")]);
        let error = found.expect_err("torn").to_string();
        assert!(error.starts_with("http://169.254.42.42/conf: "), "{error}");
    }
}
