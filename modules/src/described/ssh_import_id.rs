//! `ssh_import_id`: public keys from Launchpad or GitHub.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Ids whose public keys the default user gets: `gh:NAME`, `lp:NAME`.
    pub ssh_import_id: Option<Vec<Id>>,
}

/// An id for ssh-import-id(1).
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(transparent)]
pub struct Id(pub Text);
