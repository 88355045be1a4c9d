//! OpenStack's documents, as laid out by both config drives and the metadata service: version 2 in dated directories
//! below `openstack/`, and version 1 of the first config drives.
//!
//! Source: OpenStack Nova, "Metadata" (user guide), and `nova/api/metadata/base.py` for the versions.

use model::datasource::SourceError;
use model::effects::Reading;
use serde_json::{Map, Value};

use crate::encoding;
use crate::seed::bounded;

/// The known versions, newest first.
const VERSIONS: &[&str] = &[
    "2018-08-27",
    "2017-02-22",
    "2016-10-06",
    "2016-06-30",
    "2015-10-15",
    "2013-10-17",
    "2013-04-04",
    "2012-08-10",
];
/// The version to read if no known one is offered.
const LATEST: &str = "latest";
/// The maximum number of files.
const MAX_FILES: usize = 10_000;

/// Names in the metadata that are hidden from ordinary users.
pub const SENSITIVE: &[&str] = &["admin_pass", "random_seed"];

/// Documents as they were read.
pub type Reads = Vec<Result<Option<Vec<u8>>, SourceError>>;

/// Where to read the documents.
pub trait Place {
    /// A document by path (`openstack/latest/meta_data.json`); `None` if it does not exist.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SourceError>;

    /// Several documents; slow places read them in parallel.
    fn read_all(&self, paths: &[String]) -> Reads {
        paths.iter().map(|path| self.read(path)).collect()
    }

    /// Several documents, and EC2's metadata if the place reads both at the same time.
    fn read_beside_ec2(&self, paths: &[String]) -> (Reads, Option<Result<Value, SourceError>>) {
        (self.read_all(paths), None)
    }

    /// The names below `openstack/`.
    fn versions(&self) -> Vec<String>;

    /// EC2's metadata of the same instance; an empty mapping if there is none.
    fn ec2(&self) -> Result<Value, SourceError>;

    /// A path as shown in messages.
    fn show(&self, path: &str) -> String;
}

/// The documents.
#[derive(Debug, Default)]
pub struct Documents {
    /// 2, or 1 for the first config drives.
    pub version: u8,
    /// meta_data.json with our names in addition to OpenStack's.
    pub metadata: Map<String, Value>,
    /// User-data.
    pub user_data: Vec<u8>,
    /// vendor_data.json.
    pub vendor_data: Option<Value>,
    /// vendor_data2.json.
    pub vendor_data2: Option<Value>,
    /// network_data.json.
    pub network_data: Option<Value>,
    /// An interfaces(5) file.
    pub interfaces: Option<Vec<u8>>,
    /// Files to write at first boot.
    pub files: Vec<(String, Vec<u8>)>,
    /// The user's `dsmode`.
    pub dsmode: Option<Value>,
    /// EC2's metadata; `None` in version 1.
    pub ec2: Option<Value>,
}

fn broken(place: &dyn Place, path: &str, reason: impl ToString) -> SourceError {
    SourceError::Broken { place: place.show(path), reason: reason.to_string() }
}

fn json(place: &dyn Place, path: &str, bytes: &[u8]) -> Result<Value, SourceError> {
    model::config::bounded_json(bytes).map_err(|error| broken(place, path, error))
}

fn object(place: &dyn Place, path: &str, bytes: &[u8]) -> Result<Map<String, Value>, SourceError> {
    match json(place, path, bytes)? {
        Value::Object(map) => Ok(map),
        _ => Err(broken(place, path, "expected a mapping")),
    }
}

/// An optional document; an unreadable one counts as missing.
fn optional(name: &str, outcome: Option<Result<Option<Vec<u8>>, SourceError>>) -> Option<Vec<u8>> {
    match outcome? {
        Ok(found) => found,
        // A document that exists and cannot be used, such as a too large one.
        Err(error @ (SourceError::Device(_) | SourceError::File(_))) => {
            tracing::warn!("Failed reading optional {name}: {error}");
            None
        }
        Err(error) => {
            tracing::debug!("Failed reading optional {name}: {error}");
            None
        }
    }
}

/// Reads version 2; `None` if meta_data.json does not exist.
pub fn read_v2(place: &dyn Place) -> Result<Option<Documents>, SourceError> {
    let offered = place.versions();
    let version = VERSIONS
        .iter()
        .copied()
        .find(|version| offered.iter().any(|found| found == version))
        .unwrap_or(LATEST);
    tracing::debug!("Selected version '{version}' from {offered:?}");
    let path = |name: &str| format!("openstack/{version}/{name}");
    let names = ["meta_data.json", "user_data", "vendor_data.json", "vendor_data2.json", "network_data.json"];
    let paths: Vec<String> = names.iter().map(|name| path(name)).collect();
    let (read, ec2) = place.read_beside_ec2(&paths);
    let size = |read: &Result<Option<Vec<u8>>, SourceError>| match read {
        Ok(Some(bytes)) => bytes.len(),
        _ => 0,
    };
    let mut sizes: Vec<(String, usize)> = paths.iter().cloned().zip(read.iter().map(size)).collect();
    bounded(sizes.iter().map(|(name, size)| (name.as_str(), *size)))?;
    let mut read = read.into_iter();
    let Some(meta_data) = read.next().transpose()?.flatten() else { return Ok(None) };
    let mut metadata = object(place, &paths[0], &meta_data)?;
    let user_data = optional(names[1], read.next()).unwrap_or_default();
    let mut document = |number: usize| -> Result<Option<Value>, SourceError> {
        let Some(bytes) = optional(names[number], read.next()) else { return Ok(None) };
        json(place, &paths[number], &bytes).map(Some)
    };
    let (vendor_data, vendor_data2, network_data) = (document(2)?, document(3)?, document(4)?);
    decode_seed(place, &paths[0], &mut metadata)?;
    let mut total: u64 = sizes.iter().map(|(_, size)| *size as u64).sum();
    let mut documents =
        Documents { version: 2, user_data, vendor_data, vendor_data2, network_data, ..Documents::default() };
    for item in metadata.get("files").and_then(Value::as_array).into_iter().flatten().take(MAX_FILES) {
        if let Some(target) = item.get("path").and_then(Value::as_str) {
            let content = content(place, item)?;
            sizes.push((target.to_owned(), content.len()));
            total += content.len() as u64;
            if total > Reading::DOCUMENTS {
                bounded(sizes.iter().map(|(name, size)| (name.as_str(), *size)))?;
            }
            documents.files.push((target.to_owned(), content));
        }
    }
    if let Some(item) =
        metadata.get("network_config").filter(|item| item.as_object().is_some_and(|map| !map.is_empty()))
    {
        documents.interfaces = Some(content(place, item)?);
    }
    documents.dsmode = metadata.get("meta").and_then(|meta| meta.get("dsmode")).cloned();
    documents.ec2 = Some(ec2.unwrap_or_else(|| place.ec2())?);
    let uuid = metadata
        .get("uuid")
        .cloned()
        .ok_or_else(|| broken(place, &paths[0], "No 'uuid' entry in metadata"))?;
    if let Some(hostname) = metadata.get("hostname").cloned() {
        metadata.insert("local-hostname".to_owned(), hostname);
    }
    metadata.insert("instance-id".to_owned(), uuid);
    documents.metadata = metadata;
    Ok(Some(documents))
}

/// The seed is base64; it keeps the prefix, which instance data and its readers understand.
fn decode_seed(place: &dyn Place, path: &str, metadata: &mut Map<String, Value>) -> Result<(), SourceError> {
    let Some(seed) = metadata.get_mut("random_seed") else { return Ok(()) };
    let wrong =
        |reason: String| broken(place, path, format!("Badly formatted metadata random_seed entry: {reason}"));
    let text = seed.as_str().ok_or_else(|| wrong("not text".to_owned()))?;
    let bytes = encoding::base64_lenient(text).map_err(|error| wrong(error.to_string()))?;
    *seed = encoding::marked(&bytes).into();
    Ok(())
}

/// The content that an item's `content_path` refers to.
fn content(place: &dyn Place, item: &Value) -> Result<Vec<u8>, SourceError> {
    let given = item.get("content_path").and_then(Value::as_str).unwrap_or_default();
    let pieces: Vec<&str> = given.split('/').filter(|piece| !piece.is_empty()).collect();
    if pieces.is_empty() || pieces.contains(&"..") {
        return Err(broken(place, given, format!("Item {item} has no valid content path")));
    }
    let path = format!("openstack/{}", pieces.join("/"));
    place.read(&path)?.ok_or_else(|| broken(place, &path, "referenced by meta_data.json, but does not exist"))
}

/// Reads version 1; `None` if none of its files exists.
pub fn read_v1(place: &dyn Place) -> Result<Option<Documents>, SourceError> {
    let [interfaces_path, meta_path, keys_path] =
        ["etc/network/interfaces", "meta.js", "root/.ssh/authorized_keys"];
    let (interfaces, meta, keys) =
        (place.read(interfaces_path)?, place.read(meta_path)?, place.read(keys_path)?);
    if interfaces.is_none() && meta.is_none() && keys.is_none() {
        return Ok(None);
    }
    let meta = meta.map(|bytes| object(place, meta_path, &bytes)).transpose()?.unwrap_or_default();
    let text = |bytes: Option<&Vec<u8>>| {
        bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
    };
    let (interfaces_text, keys_text) = (text(interfaces.as_ref()), text(keys.as_ref()));
    let chosen = meta.get("public-keys").and_then(Value::as_str).unwrap_or(&keys_text);
    let lines: Vec<&str> = chosen.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let mut metadata = Map::new();
    metadata.insert("network_config".to_owned(), interfaces_text.into());
    metadata.insert("meta_js".to_owned(), Value::Object(meta.clone()));
    metadata.insert("authorized_keys".to_owned(), keys_text.clone().into());
    if !lines.is_empty() {
        metadata.insert("public-keys".to_owned(), lines.into());
    }
    if let Some(id) = meta.get("instance-id") {
        metadata.insert("instance-id".to_owned(), id.clone());
    }
    Ok(Some(Documents {
        version: 1,
        metadata,
        user_data: meta.get("user-data").and_then(Value::as_str).unwrap_or_default().as_bytes().to_vec(),
        dsmode: meta.get("dsmode").cloned(),
        ..Documents::default()
    }))
}
