//! LXD and Incus: the API of the host at a Unix socket in the instance.
//!
//! Source: "Communication between instance and host" in the documentation of LXD and of Incus.

use std::path::Path;
use std::time::Duration;

use metadata::documents::{mapping, object};
use metadata::standard;
use model::Order as _;
use model::datasource::{Evidence, Medium, SourceError, SourceStage};
use model::effects::{FileKind, Request, Response, Via};
use model::instance::{Bytes, VendorData};
use model::update::Hotplug;
use model::{About, Crawl, DataSource, Identified, Instance, NetworkConfig, Node, Platform, System};
use serde_json::{Map, Value, json};

const NAME: &str = "LXD";
/// The sockets in the order of preference. Incus has the same API, but not LXD's path.
const SOCKETS: [&str; 2] = ["/dev/lxd/sock", "/dev/incus/sock"];
const VERSION: &str = "1.0";
/// A virtual machine gets the socket from an agent that starts after detection, which its port announces.
const PORTS: &[&str] = &["com.canonical.lxd", "org.linuxcontainers.lxd", "org.linuxcontainers.incus"];
/// Keys of the configuration that are documents. `cloud-init.*` takes precedence over `user.*` of older releases.
const DOCUMENTS: &[&str] = &["user-data", "network-config", "vendor-data"];
const SENSITIVE: &[&str] = &[
    "user.meta-data",
    "user.vendor-data",
    "user.user-data",
    "cloud-init.user-data",
    "cloud-init.vendor-data",
];
/// How often, and at which interval, a document is requested again while the host answers 500.
const TRIES: u32 = 30;
const PAUSE: Duration = Duration::from_millis(100);

const ABOUT: About = About {
    local: Some("DataSourceLXD"),
    evidence: Evidence { dmi: &[], medium: Medium::Service, tree: &["1.0/meta-data", "1.0/config"] },
    page: include_str!("../pages/lxd.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct Lxd;

/// The first socket that exists; LXD's if none does.
fn socket(platform: &Platform<'_>) -> Option<&'static str> {
    let is_socket = |path: &&str| {
        matches!(platform.files().stat(Path::new(path)), Ok(Some(found)) if found.kind == FileKind::Special)
    };
    SOCKETS.into_iter().find(is_socket)
}

fn has_port(platform: &Platform<'_>) -> bool {
    let ports = Path::new("/sys/class/virtio-ports");
    let names = platform.files().list(ports).unwrap_or_default();
    names.iter().any(|port| {
        let name = platform.files().text(&ports.join(port).join("name")).unwrap_or_default();
        PORTS.contains(&name.trim())
    })
}

/// The host's API.
struct Api<'a> {
    system: &'a System,
    socket: &'static str,
}

impl Api<'_> {
    fn url(path: &str) -> String {
        format!("http://lxd/{}", path.trim_start_matches('/'))
    }

    /// Requests a document; all statuses but 500 are answers.
    fn ask(&self, path: &str) -> Result<Response, SourceError> {
        let url = Self::url(path);
        let statuses: Vec<u16> = (300..600).collect();
        let request = Request::get(&url)
            .via(Via::UnixSocket(self.socket.into()))
            .timeout(Duration::from_secs(60))
            .accept(&statuses);
        let mut response = self.system.http.send(&request)?;
        for left in (1..TRIES).rev() {
            if response.status != 500 {
                break;
            }
            tracing::warn!("[GET] [HTTP:500] {url}, retrying {left} more time(s)");
            self.system.clock.sleep(PAUSE);
            response = self.system.http.send(&request)?;
        }
        tracing::debug!("[GET] [HTTP:{}] {url}", response.status);
        Ok(response)
    }

    /// A document that must exist.
    fn needed(&self, path: &str) -> Result<String, SourceError> {
        let response = self.ask(path)?;
        if !response.ok() {
            let reason = format!("the host answered {}", response.status);
            return Err(SourceError::Broken { place: Self::url(path), reason });
        }
        text(path, response)
    }

    /// A document that may be missing.
    fn optional(&self, path: &str) -> Result<Option<String>, SourceError> {
        let response = self.ask(path)?;
        if !response.ok() {
            tracing::debug!("Skipping {} on [HTTP:{}]", Self::url(path), response.status);
            return Ok(None);
        }
        text(path, response).map(Some)
    }
}

/// The host's documents are text.
fn text(path: &str, response: Response) -> Result<String, SourceError> {
    String::from_utf8(response.body).map_err(|_| broken(&Api::url(path), "not valid UTF-8"))
}

fn broken(place: &str, reason: &str) -> SourceError {
    SourceError::Broken { place: place.to_owned(), reason: reason.to_owned() }
}

fn json_of(path: &str, text: &str) -> Result<Value, SourceError> {
    model::config::bounded_json(text.as_bytes()).map_err(|error| broken(&Api::url(path), &model::config::json_reason(&error)))
}

/// Everything the host has, under upstream's names.
fn read(api: &Api<'_>) -> Result<Map<String, Value>, SourceError> {
    let mut found = Map::new();
    found.insert("_metadata_api_version".to_owned(), VERSION.into());
    found.insert("meta-data".to_owned(), api.needed("1.0/meta-data")?.into());
    let path = "1.0/config";
    let listing = json_of(path, &api.needed(path)?)?;
    let routes = listing.as_array().ok_or_else(|| broken(&Api::url(path), "expected a list of paths"))?;
    let mut routes: Vec<&str> = routes.iter().filter_map(Value::as_str).collect();
    // `cloud-init.*` comes before `user.*`.
    routes.order();
    let mut config = Map::new();
    for route in routes {
        let Some(text) = api.optional(route)? else { continue };
        let key = route.rsplit('/').next().unwrap_or(route);
        if let Some(document) = document(key) {
            if found.contains_key(document) {
                tracing::warn!("Ignoring LXD config {key} in favor of cloud-init.{document} value.");
            } else {
                found.insert(document.to_owned(), text.clone().into());
            }
        }
        config.insert(key.to_owned(), text.into());
    }
    found.insert("config".to_owned(), config.into());
    if let Some(text) = api.optional("1.0/devices")? {
        let devices = json_of("1.0/devices", &text)?;
        if devices.as_object().is_some_and(|devices| !devices.is_empty()) {
            found.insert("devices".to_owned(), devices);
        }
    }
    Ok(found)
}

/// The document that a key of the configuration has.
fn document(key: &str) -> Option<&'static str> {
    let name = key.strip_prefix("cloud-init.").or_else(|| key.strip_prefix("user."))?;
    DOCUMENTS.iter().copied().find(|document| *document == name)
}

/// The device that LXD gives to an instance.
fn usual_device(virtualization: &str, machine: &str) -> &'static str {
    match (virtualization, machine) {
        ("kvm" | "qemu", "ppc64le") => "enp0s5",
        ("kvm" | "qemu", "s390x") => "enc9",
        ("kvm" | "qemu", _) => "enp5s0",
        _ => "eth0",
    }
}

/// DHCP on the first device, or on the one that LXD gives to an instance.
fn fallback(crawl: &Crawl<'_>) -> NetworkConfig {
    let name = crawl.fallback_link.clone().unwrap_or_else(|| {
        let machine = crawl.system().environment.uname().machine;
        usual_device(crawl.platform.virtualization(), &machine).to_owned()
    });
    tracing::debug!("LXD datasource generating network for {name}");
    let subnet = json!({"type": "dhcp", "control": "auto"});
    let device = json!({"type": "physical", "name": name, "subnets": [subnet]});
    NetworkConfig::from_json(json!({"version": 1, "config": [device]}), "LXD's default network")
}

fn network(crawl: &Crawl<'_>, found: &Map<String, Value>) -> Result<NetworkConfig, SourceError> {
    match found.get("network-config").and_then(Value::as_str) {
        Some(text) => Ok(NetworkConfig::new(mapping("network-config", text.as_bytes())?)),
        None => Ok(fallback(crawl)),
    }
}

fn instance(
    crawl: &Crawl<'_>,
    mut found: Map<String, Value>,
    socket: &str,
) -> Result<Instance, SourceError> {
    let given = found.get("meta-data").and_then(Value::as_str).unwrap_or_default();
    let mut metadata = object(&mapping("meta-data", given.as_bytes())?);
    let own = found.get("config").and_then(|config| config.get("user.meta-data")).and_then(Value::as_str);
    if let Some(text) = own.filter(|text| !text.is_empty()) {
        metadata.extend(object(&mapping("user.meta-data", text.as_bytes())?));
    }
    let network = network(crawl, &found)?;
    let mut take = |key: &str| match found.shift_remove(key) {
        Some(Value::String(text)) => Some(Bytes(text.into_bytes())),
        _ => None,
    };
    let (user_data, vendor_data) = (take("user-data"), take("vendor-data"));
    Ok(Instance {
        subplatform: format!("LXD socket API v. {VERSION} ({socket})"),
        user_data,
        vendor_data: vendor_data.map(VendorData::One),
        network: Some(network),
        sensitive: SENSITIVE.iter().copied().map(str::to_owned).collect(),
        extra: found,
        // The host does not name the devices as the instance does.
        hotplug: Hotplug { detects: false, ..Hotplug::default() },
        ..standard::instance(&ABOUT, SourceStage::Local, metadata)
    })
}

impl DataSource for Lxd {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        let is_machine = matches!(platform.virtualization(), "kvm" | "qemu");
        let found = socket(platform).is_some() || (is_machine && has_port(platform));
        Identified::when(found)
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        let found = socket(crawl.platform);
        if found.is_none() && !crawl.platform.is_named(NAME) {
            // `security.devlxd: false`, or an agent that has not started.
            tracing::warn!("{} does not exist.", SOCKETS[0]);
            return Ok(None);
        }
        let api = Api { system: crawl.system(), socket: found.unwrap_or(SOCKETS[0]) };
        instance(crawl, read(&api)?, api.socket).map(Some)
    }

    fn still_same(&self, platform: &Platform<'_>, cached: &Instance) -> bool {
        let Some(socket) = socket(platform) else { return false };
        let id = Api { system: platform.system, socket }.needed("1.0/meta-data").and_then(|text| {
            let metadata = mapping("meta-data", text.as_bytes())?;
            Ok(metadata.get("instance-id").and_then(Node::scalar_text))
        });
        match id {
            Ok(id) => id.as_deref() == Some(cached.instance_id.as_str()),
            Err(error) => {
                tracing::warn!("{error}");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        crate::testing::run_cases("lxd", &Lxd);
    }

    #[test]
    fn devices_of_containers_and_machines() {
        assert_eq!(usual_device("lxc", "x86_64"), "eth0");
        assert_eq!(usual_device("kvm", "x86_64"), "enp5s0");
        assert_eq!(usual_device("qemu", "s390x"), "enc9");
        assert_eq!(usual_device("kvm", "ppc64le"), "enp0s5");
        assert_eq!(usual_device("qemu", "aarch64"), "enp5s0");
        assert_eq!(usual_device("lxc", "s390x"), "eth0");
    }

    #[test]
    fn documents_of_both_generations_of_keys() {
        assert_eq!(document("cloud-init.user-data"), Some("user-data"));
        assert_eq!(document("user.network-config"), Some("network-config"));
        assert_eq!(document("user.meta-data"), None, "it is merged, not replaced");
        assert_eq!(document("limits.cpu"), None);
    }
}
