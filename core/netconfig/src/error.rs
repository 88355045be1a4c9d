//! Errors in network configurations.

use model::config::Origin;

/// An invalid network configuration.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// Neither version 1 nor version 2.
    #[error("{origin}: not a valid network config: 'version' must be 1 or 2{}", config_hint(*.version))]
    Version {
        /// The origin of the config.
        origin: Origin,
        /// Its version.
        version: Option<i128>,
    },
    /// A required key is missing.
    #[error("{origin}: {what} requires the key '{key}'")]
    Missing {
        /// The origin of the mapping.
        origin: Origin,
        /// What the mapping describes.
        what: String,
        /// The key.
        key: &'static str,
    },
    /// A value has the wrong type.
    #[error("{origin}: '{key}' must be {expected}, not {found}")]
    Kind {
        /// The origin of the value.
        origin: Origin,
        /// Its key.
        key: String,
        /// The expected type.
        expected: &'static str,
        /// The type found.
        found: &'static str,
    },
    /// In YAML 1.1, a MAC address whose groups are all below 60 is a sexagesimal number.
    #[error("{origin}: '{key}' was read as the number {number}: in YAML an unquoted {} is a sexagesimal number; \
             put the MAC address in quotes", spelled(*.number))]
    MacNumber {
        /// The origin of the value.
        origin: Origin,
        /// Its key.
        key: String,
        /// The number.
        number: i128,
    },
    /// A value is invalid.
    #[error("{origin}: '{key}: {value}': {reason}")]
    Invalid {
        /// The origin of the value.
        origin: Origin,
        /// Its key.
        key: String,
        /// The value.
        value: String,
        /// The reason, and how to fix it.
        reason: String,
    },
    /// Two devices have the same MAC address.
    #[error(
        "network devices '{first}' and '{second}' have the same MAC address {mac}, which therefore identifies neither"
    )]
    DuplicateMac {
        /// One device.
        first: String,
        /// The other.
        second: String,
        /// Their MAC address.
        mac: String,
    },
    /// A vendor's document is incomplete or invalid.
    #[error("{document}: {place}: {reason}")]
    Document {
        /// The name of the document.
        document: &'static str,
        /// The place in it.
        place: String,
        /// The reason.
        reason: String,
    },
    /// A configured device that this machine does not have.
    #[error("this machine has no network device with the MAC address '{mac}', configured for '{id}'")]
    NoSuchLink {
        /// Its name in the configuration.
        id: String,
        /// Its MAC address; empty if not set.
        mac: String,
    },
}

fn config_hint(version: Option<i128>) -> String {
    version.map_or_else(String::new, |version| format!(", not {version}"))
}

/// The six groups of a sexagesimal number.
fn spelled(number: i128) -> String {
    let mut rest = number;
    let mut groups = Vec::new();
    for _ in 0..6 {
        groups.push(format!("{:02}", rest.rem_euclid(60)));
        rest = rest.div_euclid(60);
    }
    groups.reverse();
    groups.join(":")
}

impl NetError {
    /// The origin, if known.
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Version { origin, .. }
            | Self::Missing { origin, .. }
            | Self::Kind { origin, .. }
            | Self::MacNumber { origin, .. }
            | Self::Invalid { origin, .. } => Some(origin),
            Self::DuplicateMac { .. } | Self::NoSuchLink { .. } | Self::Document { .. } => None,
        }
    }
}
