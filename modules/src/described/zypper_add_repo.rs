//! `zypper`: repositories and settings for zypper.

use schema::forms::Object;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Repositories and settings.
    pub zypper: Option<Zypper>,
}

/// `zypper`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("minProperties" = 1))]
pub struct Zypper {
    /// Repositories; a file that is there stays.
    #[schemars(extend("minItems" = 1))]
    pub repos: Option<Vec<Repository>>,
    /// Keys of /etc/zypp/zypp.conf.
    pub config: Option<Object>,
}

/// A repository; other keys are written to its file too.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Repository {
    /// Its id, and its file's name: /etc/zypp/repos.d/ID.repo.
    pub id: Text,
    /// Its address.
    #[schemars(extend("format" = "uri"))]
    pub baseurl: Text,
}
