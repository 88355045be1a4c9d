//! What can be wrong with a network description.

use model::config::Origin;

/// A network description that makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// Neither version 1 nor version 2.
    #[error("{origin}: this is no network config: its 'version' must be 1 or 2{}", config_hint(*.version))]
    Version {
        /// Where the config is.
        origin: Origin,
        /// The version it says.
        version: Option<i128>,
    },
    /// A key that must be there is not.
    #[error("{origin}: {what} needs the key '{key}'")]
    Missing {
        /// The mapping that lacks it.
        origin: Origin,
        /// What the mapping describes.
        what: String,
        /// The key.
        key: &'static str,
    },
    /// A value of the wrong kind.
    #[error("{origin}: '{key}' must be {expected}, not {found}")]
    Kind {
        /// Where the value is.
        origin: Origin,
        /// Its key.
        key: String,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// YAML 1.1 reads a MAC address whose groups are all below 60 as a number to the base of 60.
    #[error("{origin}: '{key}' was read as the number {number}: YAML takes an unquoted {} for digits to the base of 60; \
             put the MAC address in quotes", spelled(*.number))]
    MacNumber {
        /// Where the value is.
        origin: Origin,
        /// Its key.
        key: String,
        /// What it was read as.
        number: i128,
    },
    /// A value that means nothing.
    #[error("{origin}: '{key}: {value}': {reason}")]
    Invalid {
        /// Where the value is.
        origin: Origin,
        /// Its key.
        key: String,
        /// The value.
        value: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// Two links have one hardware address.
    #[error(
        "the links '{first}' and '{second}' have the same MAC address {mac}, so that it names none of them"
    )]
    DuplicateMac {
        /// One link.
        first: String,
        /// The other.
        second: String,
        /// Their address.
        mac: String,
    },
    /// A vendor's document that lacks something, or holds what means nothing.
    #[error("{document}: {place}: {reason}")]
    Document {
        /// Which document.
        document: &'static str,
        /// Where in it.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// A described link that this machine does not have.
    #[error("no network link of this machine has the MAC address '{mac}' of the described link '{id}'")]
    NoSuchLink {
        /// The description's name for it.
        id: String,
        /// Its address; empty where none is said.
        mac: String,
    },
}

fn config_hint(version: Option<i128>) -> String {
    version.map_or_else(String::new, |version| format!(", not {version}"))
}

/// The six groups that a number was written as.
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
    /// Where it was written, where that is known.
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
