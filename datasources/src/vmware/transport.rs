//! Metadata, user-data and vendor-data in variables of the hypervisor (`guestinfo.metadata`) or of the environment
//! (`VMX_GUESTINFO_METADATA`), each with an optional encoding.

use metadata::encoding::base64_lenient;
use metadata::guestinfo::Tool;
use model::System;
use model::datasource::SourceError;
use model::gzip::gunzip;
use serde_json::{Map, Value};

use super::document;

/// A redacted variable.
pub(super) const EMPTY: &str = "---";
const NAMES: [&str; 3] = ["metadata", "userdata", "vendordata"];
/// Set if the environment has variables.
const MARK: &str = "VMX_GUESTINFO";
/// The maximum size of a decompressed value.
const MAX_UNPACKED: u64 = 64 << 20;

/// How the data reached the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Environment,
    GuestInfo,
    Imc,
}

impl Transport {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Environment => "envvar",
            Self::GuestInfo => "guestinfo",
            Self::Imc => "imc",
        }
    }

    pub(super) fn place(self) -> &'static str {
        match self {
            Self::Environment => "VMX_GUESTINFO_METADATA",
            Self::GuestInfo => "guestinfo.metadata",
            Self::Imc => "vmware-tools",
        }
    }
}

/// The data of a transport.
#[derive(Debug)]
pub(super) struct Found {
    pub transport: Transport,
    pub metadata: Map<String, Value>,
    pub user_data: Option<Vec<u8>>,
    pub vendor_data: Option<Vec<u8>>,
    /// Configuration in a customization specification.
    pub config: Map<String, Value>,
}

/// A value without white space at its end; `None` if it is empty or redacted.
fn said(value: &str) -> Option<&str> {
    Some(value.trim_end()).filter(|value| !value.is_empty() && *value != EMPTY)
}

pub(super) fn decode(place: &str, encoding: Option<&str>, value: &str) -> Result<Vec<u8>, SourceError> {
    let broken =
        |reason: String| SourceError::Broken { place: place.to_owned(), reason };
    let plain = |value: &str| {
        base64_lenient(value).map_err(|_| broken("not valid base64, which its encoding says it is".to_owned()))
    };
    match encoding {
        Some("gzip+base64" | "gz+b64") => gunzip(&plain(value)?, MAX_UNPACKED)
            .map_err(|error| broken(format!("cannot be decompressed: {error}"))),
        Some("base64" | "b64") => plain(value),
        _ => Ok(value.as_bytes().to_vec()),
    }
}

/// Reads the three documents; `get` reads a variable, `place` names it in messages.
fn read(
    transport: Transport,
    place: impl Fn(&str) -> String,
    mut get: impl FnMut(&str) -> Result<Option<String>, SourceError>,
) -> Result<Option<Found>, SourceError> {
    let mut documents = Vec::new();
    for name in NAMES {
        let value = get(name)?;
        let Some(value) = value.as_deref().and_then(said) else {
            documents.push(None);
            continue;
        };
        let encoding = get(&format!("{name}.encoding"))?;
        documents.push(Some(decode(&place(name), encoding.as_deref().and_then(said), value)?));
    }
    if documents.iter().all(Option::is_none) {
        return Ok(None);
    }
    let mut documents = documents.into_iter();
    let mut next = || documents.next().flatten();
    let metadata = next().map(|bytes| document::read(&place("metadata"), &bytes)).unwrap_or_default();
    Ok(Some(Found { transport, metadata, user_data: next(), vendor_data: next(), config: Map::new() }))
}

fn variable(name: &str) -> String {
    format!("{MARK}_{}", name.to_uppercase().replace('.', "_"))
}

/// Whether the environment has data.
pub(super) fn is_in_environment(system: &System) -> bool {
    let has = |name: &str| system.environment.var(name).is_some_and(|value| !value.is_empty());
    has(MARK) && NAMES.iter().any(|name| has(&variable(name)))
}

/// The data in the environment, if it has any.
pub(super) fn environment(system: &System) -> Result<Option<Found>, SourceError> {
    if system.environment.var(MARK).is_none_or(|value| value.is_empty()) {
        return Ok(None);
    }
    read(Transport::Environment, variable, |name| Ok(system.environment.var(&variable(name))))
}

/// Whether the hypervisor has data, as detection sees it: any letter or digit counts.
pub(super) fn is_in_guestinfo(system: &System) -> bool {
    let tools = Tool::installed(system);
    let has = |name: &&str| {
        tools.iter().any(|tool| {
            let value = tool.get(system, name).ok().flatten().unwrap_or_default();
            value.contains(|letter: char| letter.is_ascii_alphanumeric())
        })
    };
    NAMES.iter().any(has)
}

/// The data of the hypervisor, if it has any. The second program is asked if the first one fails.
pub(super) fn guestinfo(system: &System) -> Result<Option<Found>, SourceError> {
    let place = |name: &str| format!("guestinfo.{name}");
    for tool in Tool::installed(system) {
        let mut failure = None;
        let found = read(Transport::GuestInfo, place, |name| match tool.get(system, name) {
            Ok(value) => Ok(value),
            Err(error) => {
                let reason = error.to_string();
                failure = Some(reason.clone());
                Err(SourceError::Broken { place: place(name), reason })
            }
        });
        match failure {
            // A damaged value is the same for both.
            None => return found,
            Some(reason) => tracing::warn!("Failed to query guestinfo: {reason}"),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_each_encoding() {
        let packed = "H4sIAAAAAAACA8vMKy5JzEvVzUyxUsgEMnSBLEMuAOiFOZkXAAAA";
        assert_eq!(decode("p", None, "a: b").expect("plain"), b"a: b");
        assert_eq!(decode("p", Some("base64"), "YTog\nYg==").expect("base64"), b"a: b");
        let error = decode("p", Some("b64"), "Y").expect_err("not base64").to_string();
        assert_eq!(error, "p: not valid base64, which its encoding says it is");
        assert!(decode("p", Some("gz+b64"), "YTogYg==").is_err());
        assert!(decode("p", Some("gzip+base64"), packed).is_err(), "its checksum is wrong");
        assert_eq!(said("x \n"), Some("x"));
        assert_eq!((said("---\n"), said(" ")), (None, None));
    }
}
