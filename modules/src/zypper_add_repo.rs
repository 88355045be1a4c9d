//! `zypper`: repositories and settings for zypper.

use schema::forms::Object;
use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct ZypperAddRepo;

/// Package repositories and zypp.conf of openSUSE and SLES.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Repositories and settings.
    pub zypper: Option<Zypper>,
}

impl Described for ZypperAddRepo {
    const NAME: &'static str = "zypper_add_repo";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Always;
    const DISTROS: &'static [&'static str] = &["opensuse", "opensuse-microos", "opensuse-tumbleweed", "opensuse-leap", "sle_hpc", "sle-micro", "sles"];
    const KEYS: &'static [&'static str] = &["zypper"];
    const LISTED: Listed = Listed::Nowhere;
    const TITLE: &'static str = "zypper";
    const SUMMARY: &'static str = "Adds repositories for zypper and sets its options.";
    type Config = Config;
}

/// `zypper`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("minProperties" = 1))]
pub struct Zypper {
    /// Repositories; existing files are kept.
    #[schemars(extend("minItems" = 1))]
    pub repos: Option<Vec<Repository>>,
    /// Keys of /etc/zypp/zypp.conf.
    pub config: Option<Object>,
}

/// A repository; other keys are also written to its file.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Repository {
    /// Its ID, and the name of its file: /etc/zypp/repos.d/ID.repo.
    pub id: Text,
    /// Its URL.
    #[schemars(extend("format" = "uri"))]
    pub baseurl: Text,
}
