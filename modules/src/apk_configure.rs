//! `apk_repos`: the file /etc/apk/repositories of Alpine Linux.

use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct ApkConfigure;

/// Package repositories of Alpine Linux, or the whole text of their file.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Repositories that packages come from.
    pub apk_repos: Option<Repositories>,
}

impl Described for ApkConfigure {
    const NAME: &'static str = "apk_configure";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["alpine"];
    const KEYS: &'static [&'static str] = &["apk_repos"];
    const LISTED: Listed = Listed::Nowhere;
    const TITLE: &'static str = "apk";
    const SUMMARY: &'static str = "Writes /etc/apk/repositories.";
    type Config = Config;
}

/// `apk_repos`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("minProperties" = 1))]
pub struct Repositories {
    /// Leave the image's file alone, whatever else is said here. Default: false.
    #[schemars(extend("default" = false))]
    pub preserve_repositories: Option<Flag>,
    /// Alpine's own repositories.
    #[schemars(extend("type" = ["null", "object"]))]
    pub alpine_repo: Option<Alpine>,
    /// Address of a repository with packages of your own, added at the end.
    pub local_repo_base_url: Option<Text>,
}

/// `apk_repos.alpine_repo`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("minProperties" = 1))]
pub struct Alpine {
    /// The mirror. Default: `https://dl-cdn.alpinelinux.org/alpine`.
    #[schemars(extend("default" = "https://dl-cdn.alpinelinux.org/alpine"))]
    pub base_url: Option<Text>,
    /// Add the community repository. Default: false.
    #[schemars(extend("default" = false))]
    pub community_enabled: Option<Flag>,
    /// Add the testing repository, which only fits the version `edge`. Default: false.
    #[schemars(extend("default" = false))]
    pub testing_enabled: Option<Flag>,
    /// Alpine's version: `v3.20`, `edge`.
    pub version: Text,
}
