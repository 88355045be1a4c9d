//! `ssh_import_id`: public keys from Launchpad or GitHub.

use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct SshImportId;

/// Accounts at Launchpad and GitHub whose public keys may log in as the default user.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Ids whose public keys the default user gets: `gh:NAME`, `lp:NAME`.
    pub ssh_import_id: Option<Vec<Id>>,
}

impl Described for SshImportId {
    const NAME: &'static str = "ssh_import_id";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["alpine", "cos", "debian", "raspberry-pi-os", "ubuntu"];
    const KEYS: &'static [&'static str] = &[];
    const OWN_KEYS: &'static [&'static str] = &["ssh_import_id"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Keys from Launchpad and GitHub";
    const SUMMARY: &'static str = "Fetches public keys by the names of their owners, with ssh-import-id(1).";
    const DETAILS: &'static str = "`users` has a key of the same name for each user.";
    type Config = Config;
}

/// An id for ssh-import-id(1).
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(transparent)]
pub struct Id(pub Text);
