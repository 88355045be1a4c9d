//! `ssh_import_id`: public keys from Launchpad or GitHub.

use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct SshImportId;

/// Launchpad and GitHub accounts whose public keys can log in as the default user.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// IDs whose public keys are added for the default user: `gh:NAME`, `lp:NAME`.
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
    const TITLE: &'static str = "SSH import ID";
    const SUMMARY: &'static str = "Imports public keys from Launchpad or GitHub with ssh-import-id(1).";
    const DETAILS: &'static str = "For other users, set the key of the same name in `users`.";
    type Config = Config;
}

/// An ID for ssh-import-id(1).
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(transparent)]
pub struct Id(pub Text);
