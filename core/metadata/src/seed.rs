//! A seed of NoCloud, also used by OVF: meta-data, user-data, vendor-data and network-config, from a directory, a device
//! or a URL.

use std::path::Path;

use model::datasource::SourceError;
use model::effects::{Reading, Request, Tree, Url};
use model::{NetworkConfig, Node, Platform};
use serde_json::{Map, Value};

use crate::{dmi, side_by_side};

/// The documents found so far.
#[derive(Default)]
pub struct Seed {
    /// Metadata; earlier values take precedence.
    pub metadata: Map<String, Value>,
    /// User-data; the last one is used.
    pub user_data: Vec<u8>,
    /// Vendor-data; the last one is used.
    pub vendor_data: Vec<u8>,
    /// Network configuration v1 or v2; the last one is used.
    pub network: Option<NetworkConfig>,
}

/// The documents of one place; `None` if missing.
#[derive(Default)]
pub struct Documents {
    meta_data: Option<Vec<u8>>,
    user_data: Option<Vec<u8>>,
    vendor_data: Option<Vec<u8>>,
    network_config: Option<Vec<u8>>,
}

/// Whether a seed's URL requires the network.
pub fn is_remote(address: &str) -> bool {
    ["http://", "https://", "ftp://", "ftps://"].iter().any(|scheme| address.starts_with(scheme))
}

/// Whether a seed's URL is a local path.
pub fn is_local(address: &str) -> bool {
    address.starts_with('/') || address.starts_with("file://")
}

/// A YAML document with a mapping as its root; anything else is reported and ignored.
fn mapping(place: &str, bytes: &[u8]) -> Option<Node> {
    match Node::from_yaml(place, bytes) {
        Ok(None) => None,
        Ok(Some(node)) if node.as_map().is_some() => Some(node),
        Ok(Some(node)) => {
            tracing::warn!(
                "Failed loading yaml blob. {place}: expected a mapping, found {}",
                node.value.a_kind()
            );
            None
        }
        Err(error) => {
            tracing::warn!("Failed loading yaml blob. {error}");
            None
        }
    }
}

/// Adds missing keys: existing values are kept, mappings are completed recursively.
pub fn complete(above: &mut Map<String, Value>, below: Map<String, Value>) {
    for (key, value) in below {
        match (above.get_mut(&key), value) {
            (Some(Value::Object(inner)), Value::Object(more)) => complete(inner, more),
            (Some(_), _) => {}
            (None, value) => {
                above.insert(key, value);
            }
        }
    }
}

fn object(node: Option<Node>) -> Map<String, Value> {
    match node.map(|node| node.to_json()) {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

impl Documents {
    /// The documents in a directory; `None` if a required one is missing.
    pub fn of_directory(platform: &Platform<'_>, directory: &Path) -> Result<Option<Self>, SourceError> {
        let read = |name: &str| read_file(platform, &directory.join(name));
        let (user_data, meta_data) = (read("user-data")?, read("meta-data")?);
        if user_data.is_none() || meta_data.is_none() {
            if user_data.is_some() {
                tracing::warn!(
                    "{}: ignoring this seed: it has user-data but no meta-data; add a meta-data file, which may be empty",
                    directory.display()
                );
            }
            return Ok(None);
        }
        let (vendor_data, network_config) = (read("vendor-data")?, read("network-config")?);
        Self { meta_data, user_data, vendor_data, network_config }.bounded().map(Some)
    }

    /// The documents on a device; `None` if a required one is missing.
    pub fn of_device(tree: &dyn Tree) -> Result<Option<Self>, SourceError> {
        let (user_data, meta_data) = (tree.read("user-data")?, tree.read("meta-data")?);
        if user_data.is_none() || meta_data.is_none() {
            return Ok(None);
        }
        let (vendor_data, network_config) = (tree.read("vendor-data")?, tree.read("network-config")?);
        Self { meta_data, user_data, vendor_data, network_config }.bounded().map(Some)
    }

    /// The documents that a function reads by name; `None` if there is neither user-data nor meta-data.
    pub fn of_any(
        mut read: impl FnMut(&str) -> Result<Option<Vec<u8>>, SourceError>,
    ) -> Result<Option<Self>, SourceError> {
        let (user_data, meta_data) = (read("user-data")?, read("meta-data")?);
        if user_data.is_none() && meta_data.is_none() {
            return Ok(None);
        }
        let (vendor_data, network_config) = (read("vendor-data")?, read("network-config")?);
        Self { meta_data, user_data, vendor_data, network_config }.bounded().map(Some)
    }

    /// An error if they have too many bytes in total; it names the largest.
    fn bounded(self) -> Result<Self, SourceError> {
        let named = [
            ("meta-data", &self.meta_data),
            ("user-data", &self.user_data),
            ("vendor-data", &self.vendor_data),
            ("network-config", &self.network_config),
        ];
        bounded(named.into_iter().map(|(name, bytes)| (name, bytes.as_ref().map_or(0, Vec::len))))?;
        Ok(self)
    }
}

/// An error if these documents have too many bytes in total; it names the largest.
pub(crate) fn bounded<'n>(sizes: impl IntoIterator<Item = (&'n str, usize)>) -> Result<(), SourceError> {
    let sizes: Vec<(&str, usize)> = sizes.into_iter().collect();
    let total: u64 = sizes.iter().map(|(_, size)| *size as u64).sum();
    if total <= Reading::DOCUMENTS {
        return Ok(());
    }
    let largest = sizes.into_iter().max_by_key(|(_, size)| *size).unwrap_or_default();
    let reason = format!(
        "all documents of the data source have more than {} MiB in total, of which this one is the largest",
        Reading::DOCUMENTS >> 20
    );
    Err(SourceError::Broken { place: largest.0.to_owned(), reason })
}

impl Seed {
    /// Adds the documents of a place.
    pub fn add(&mut self, place: &str, documents: Documents) {
        let named = |name: &str| format!("{}/{name}", place.trim_end_matches('/'));
        if let Some(bytes) = documents.meta_data {
            complete(&mut self.metadata, object(mapping(&named("meta-data"), &bytes)));
        }
        if let Some(bytes) = documents.network_config.filter(|bytes| !bytes.is_empty()) {
            self.network = mapping(&named("network-config"), &bytes).map(NetworkConfig::new);
        }
        if let Some(bytes) = documents.user_data {
            self.user_data = bytes;
        }
        if let Some(bytes) = documents.vendor_data {
            self.vendor_data = bytes;
        }
    }

    /// Adds the documents in the source's configuration: texts or, for metadata and network, also mappings.
    pub fn add_config(&mut self, config: &Node) {
        let tree = |key: &str| {
            let node = config.get(key).filter(|node| node.is_truthy())?;
            match node.as_str() {
                Some(text) => mapping(&format!("datasource.NoCloud.{key}"), text.as_bytes()),
                None => Some(node.clone()),
            }
        };
        complete(&mut self.metadata, object(tree("meta-data")));
        if let Some(network) = tree("network-config") {
            self.network = Some(NetworkConfig::new(network));
        }
        let text = |key: &str| config.get(key).and_then(Node::scalar_text).map(String::into_bytes);
        if let Some(bytes) = text("user-data") {
            self.user_data = bytes;
        }
        if let Some(bytes) = text("vendor-data") {
            self.vendor_data = bytes;
        }
    }

    /// Adds the documents of a URL. User-data, vendor-data and network then come only from the URL.
    pub fn add_from(&mut self, platform: &Platform<'_>, address: &str) -> Result<(), SourceError> {
        // Like upstream, a directory URL need not end with a slash.
        let query = address.split_once('?').is_some_and(|(_, query)| !query.is_empty());
        let slash = if address.ends_with('/') || query { "" } else { "/" };
        let place = |name: &str| {
            if address.contains("%s") {
                address.replace("%s", name)
            } else {
                format!("{address}{slash}{name}")
            }
        };
        let shown = |name: &str| Url::new(place(name)).to_string();
        let needed = |name: &str, bytes: Option<Vec<u8>>| {
            let missing = || SourceError::Broken {
                place: shown(name),
                reason: "not found, but required for a seed".into(),
            };
            bytes.ok_or_else(missing)
        };
        let names = ["network-config", "meta-data", "user-data", "vendor-data"];
        // The first response determines how many queries run in parallel.
        let (first, took) = side_by_side::timed(platform.system, || read_place(platform, &place(names[0])));
        let workers = if is_remote(address) { side_by_side::workers(took) } else { 1 };
        let rest = side_by_side::map(workers, names[1..].to_vec(), |name| read_place(platform, &place(name)));
        let mut read = std::iter::once(first).chain(rest);
        let mut next = || read.next().unwrap_or(Ok(None));
        let optional = |name: &str, outcome: Result<Option<Vec<u8>>, SourceError>| match outcome {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::debug!("no {name}: {error}");
                None
            }
        };
        let network = optional("network-config", next());
        let meta_data = needed("meta-data", next()?)?;
        let user_data = needed("user-data", next()?)?;
        let vendor_data = optional("vendor-data", next());
        complete(&mut self.metadata, object(mapping(&shown("meta-data"), &meta_data)));
        self.user_data = user_data;
        self.vendor_data = vendor_data.unwrap_or_default();
        self.network =
            network.and_then(|bytes| mapping(&shown("network-config"), &bytes)).map(NetworkConfig::new);
        Ok(())
    }
}

/// Reads a file if it exists.
pub fn read_file(platform: &Platform<'_>, path: &Path) -> Result<Option<Vec<u8>>, SourceError> {
    match platform.files().read_with(path, &Reading::up_to(Reading::DOCUMENT)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn read_place(platform: &Platform<'_>, place: &str) -> Result<Option<Vec<u8>>, SourceError> {
    if is_local(place) {
        let path = place.strip_prefix("file://").unwrap_or(place);
        return read_file(platform, Path::new(path));
    }
    // The user's own server, which may need a proxy or redirect.
    let request = Request::get(place).retries(10).accept(&[404]).public();
    let response = platform.system.http.send(&request)?;
    Ok(response.ok().then_some(response.body))
}

/// Replaces `__dmi.NAME__` by this machine's values; empty if it has none.
pub fn with_dmi(platform: &Platform<'_>, address: &str) -> String {
    let mut result = address.to_owned();
    for (number, rest) in address.split("__dmi.").enumerate() {
        let Some((name, _)) = rest.split_once("__").filter(|(name, _)| number > 0 && !name.contains('_'))
        else {
            continue;
        };
        let Some(file) = dmi::file(name) else {
            tracing::warn!("Ignoring invalid __dmi.{name}__ in {}", Url::new(address));
            continue;
        };
        result = result.replace(&format!("__dmi.{name}__"), &platform.dmi(file).unwrap_or_default());
    }
    result
}

#[cfg(test)]
mod tests;
