//! SmartOS: the metadata service of its host, over a serial port or, in a zone, over a Unix socket.
//!
//! Source: "Metadata Protocol" and "Metadata Data Dictionary" in the documentation of SmartOS.

mod network;
mod protocol;
mod scripts;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use metadata::standard;
use model::datasource::{Evidence, Medium, SourceError, SourceStage};
use model::instance::{Bytes, VendorData};
use model::update::Event;
use model::{About, Crawl, DataSource, Identified, Instance, InstanceId, Node, Platform};
use serde_json::{Map, Value, json};

use protocol::Client;

const NAME: &str = "SmartOS";
/// The name of the cloud, and another name of the source's configuration.
const CLOUD: &str = "Joyent";
const SOCKET: &str = "/native/.zonecontrol/metadata.sock";
const PORT: &str = "/dev/ttyS1";
const TIMEOUT: i64 = 60;
/// The kernel's version in a zone.
const ZONE: &str = "BrandZ virtual linux";

/// Metadata and the host's keys for them; `true` removes surrounding white space.
const TEXTS: &[(&str, &str, bool)] = &[
    ("instance-id", "sdc:uuid", true),
    ("local-hostname", "hostname", true),
    ("public-keys", "root_authorized_keys", true),
    ("user-script", "user-script", false),
    ("legacy-user-data", "user-data", false),
    ("user-data", "cloud-init:user-data", false),
    ("iptables_disable", "iptables_disable", true),
    ("motd_sys_info", "motd_sys_info", true),
    ("availability_zone", "sdc:datacenter_name", true),
    ("vendor-data", "sdc:vendor-data", false),
    ("operator-script", "sdc:operator-script", false),
    ("hostname", "sdc:hostname", true),
    ("dns_domain", "sdc:dns_domain", true),
];
/// The same for JSON documents.
const DOCUMENTS: &[(&str, &str)] =
    &[("network-data", "sdc:nics"), ("dns_servers", "sdc:resolvers"), ("routes", "sdc:routes")];
/// The user's own content, which may have passwords.
const SENSITIVE: &[&str] = &["legacy-user-data", "user-script", "operator-script"];

const ABOUT: About = About {
    local: Some("DataSourceSmartOS"),
    events: &[Event::BootNewInstance, Event::Boot, Event::BootLegacy],
    evidence: Evidence {
        dmi: &[("product_name", "SmartDC HVM")],
        medium: Medium::Configuration,
        tree: &[],
    },
    page: include_str!("../pages/smartos.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct SmartOs;

/// How the host is reached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Machine,
    Zone,
}

fn kind(platform: &Platform<'_>) -> Option<Kind> {
    if platform.system.environment.uname().version == ZONE {
        return Some(Kind::Zone);
    }
    let product = platform.dmi("product_name").unwrap_or_default();
    product.starts_with("SmartDC").then_some(Kind::Machine)
}

/// The configuration of the source, which has two names.
struct Settings {
    own: Node,
    other: Node,
}

impl Settings {
    fn get(&self, key: &str) -> Option<&Node> {
        self.own.get(key).or_else(|| self.other.get(key))
    }

    fn path(&self, key: &str, usual: &str) -> PathBuf {
        self.get(key).and_then(Node::as_str).unwrap_or(usual).into()
    }

    fn names(&self, key: &str) -> Vec<String> {
        let list = self.get(key).and_then(Node::as_list).unwrap_or_default();
        list.iter().filter_map(Node::scalar_text).collect()
    }

    fn timeout(&self) -> i64 {
        let Some(node) = self.get("serial_timeout") else { return TIMEOUT };
        let read = node.as_int().and_then(|number| i64::try_from(number).ok()).filter(|number| *number > 0);
        read.unwrap_or_else(|| {
            tracing::warn!("{}: serial_timeout is not a number of seconds, using the default", node.origin);
            TIMEOUT
        })
    }

    /// The devices for names in `mounts`.
    fn devices(&self) -> Map<String, Value> {
        match self.get("disk_aliases").and_then(Node::as_map) {
            Some(map) => map
                .iter()
                .filter_map(|(name, device)| Some((name.as_str()?.to_owned(), device.scalar_text()?.into())))
                .collect(),
            None => std::iter::once(("ephemeral0".to_owned(), "/dev/vdb".into())).collect(),
        }
    }
}

impl DataSource for SmartOs {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        let found = match kind(platform) {
            Some(Kind::Machine) => true,
            // Not in another container inside the zone.
            Some(Kind::Zone) => platform.files().exists(Path::new(SOCKET)),
            None => false,
        };
        Identified::when(found)
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        let Some(kind) = kind(crawl.platform) else { return Ok(None) };
        let settings = Settings { own: crawl.config(CLOUD), other: crawl.config(NAME) };
        let seconds = settings.timeout();
        let (path, client) = match kind {
            Kind::Machine => {
                let path = settings.path("serial_device", PORT);
                let shown = path.display();
                let client =
                    format!("JoyentMetadataLegacySerialClient(device={shown}, timeout={seconds})");
                (path, client)
            }
            Kind::Zone => {
                let path = settings.path("metadata_sockfile", SOCKET);
                let client = format!("JoyentMetadataSocketClient(socketpath={})", path.display());
                (path, client)
            }
        };
        if !crawl.platform.files().exists(&path) {
            tracing::debug!("No metadata device '{client}' found for SmartOS datasource");
            return Ok(None);
        }
        let timeout = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        let mut client_of_host = match kind {
            Kind::Machine => Client::serial(crawl.system(), &path, timeout, &settings)?,
            Kind::Zone => Client::socket(crawl.system(), &path, timeout)?,
        };
        let found = read(&mut client_of_host)?;
        drop(client_of_host);
        let mut instance = instance(crawl, found, kind)?;
        instance.detail = format!(" [client={client}]");
        instance.disk_aliases = settings.devices();
        set_provisioned(crawl);
        Ok(Some(instance))
    }

    /// Only the host has the ID.
    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        false
    }
}

/// Everything under upstream's names; null for what the host does not have.
fn read(client: &mut Client<'_>) -> Result<Map<String, Value>, SourceError> {
    let mut found = Map::new();
    for (name, key, strip) in TEXTS {
        let value = client.get(key)?.map(|bytes| match String::from_utf8(bytes) {
            Ok(text) if *strip => text.trim().to_owned(),
            Ok(text) => text,
            Err(error) => metadata::encoding::marked(error.as_bytes()),
        });
        found.insert((*name).to_owned(), value.into());
    }
    for (name, key) in DOCUMENTS {
        let value = match client.get(key)? {
            None => Value::Null,
            Some(bytes) => model::config::bounded_json(&bytes).map_err(|error| SourceError::Broken {
                place: (*key).to_owned(),
                reason: model::config::json_reason(&error),
            })?,
        };
        found.insert((*name).to_owned(), value);
    }
    Ok(found)
}

/// A text that is neither null nor empty.
fn text<'m>(metadata: &'m Map<String, Value>, key: &str) -> Option<&'m str> {
    metadata.get(key)?.as_str().filter(|text| !text.is_empty())
}

fn instance(
    crawl: &Crawl<'_>,
    mut metadata: Map<String, Value>,
    kind: Kind,
) -> Result<Instance, SourceError> {
    let id = text(&metadata, "instance-id").map(InstanceId::new).ok_or_else(|| SourceError::Broken {
        place: "sdc:uuid".to_owned(),
        reason: "the host has no ID for this instance".to_owned(),
    })?;
    let scripts = scripts::Scripts::of(crawl.paths(), &id);
    scripts.write(crawl.system(), |key| text(&metadata, key));
    if text(&metadata, "local-hostname").is_none() {
        let name = text(&metadata, "hostname").unwrap_or(id.as_str()).to_owned();
        metadata.insert("local-hostname".to_owned(), name.into());
    }
    let bytes = |text: &str| match text.strip_prefix("ci-b64:") {
        Some(encoded) => metadata::encoding::base64_lenient(encoded).unwrap_or_default(),
        None => text.as_bytes().to_vec(),
    };
    let user_data = text(&metadata, "user-data").map(bytes);
    let vendor_data = text(&metadata, "vendor-data").map_or_else(
        || scripts.vendor_data(crawl.paths()).into_bytes(),
        bytes,
    );
    metadata.insert("vendor-data".to_owned(), String::from_utf8_lossy(&vendor_data).into());
    let network = network::convert(&metadata)?;
    let config = match kind {
        Kind::Machine => json!({
            "disk_setup": {"ephemeral0": {"table_type": "mbr", "layout": false, "overwrite": false}},
            "fs_setup": [{"label": "ephemeral0", "filesystem": "ext4", "device": "ephemeral0"}],
        }),
        Kind::Zone => json!({}),
    };
    Ok(Instance {
        cloud_name: CLOUD.to_lowercase(),
        platform: CLOUD.to_lowercase(),
        subplatform: format!("serial ({PORT})"),
        user_data: user_data.map(Bytes),
        vendor_data: Some(VendorData::One(Bytes(vendor_data))),
        network,
        config: Some(config),
        sensitive: SENSITIVE.iter().copied().map(str::to_owned).collect(),
        ..standard::instance(&ABOUT, SourceStage::Local, metadata)
    })
}

/// Tells the host of a zone that its provisioning was successful; otherwise the host would stop the zone.
fn set_provisioned(crawl: &Crawl<'_>) {
    let files = &crawl.system().files;
    let running = Path::new("/var/svc/provisioning");
    if !files.exists(running) {
        return;
    }
    match files.rename(running, Path::new("/var/svc/provision_success")) {
        Ok(()) => tracing::debug!("Instance provisioning state set as successful"),
        Err(error) => tracing::warn!("{error}"),
    }
}
