//! `apk_repos`: the file /etc/apk/repositories of Alpine Linux.

use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct ApkConfigure;

/// Package repositories of Alpine Linux.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The apk repositories.
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
    /// Keep the image's file unchanged, regardless of the other keys. Default: false.
    #[schemars(extend("default" = false))]
    pub preserve_repositories: Option<Flag>,
    /// Alpine's official repositories.
    #[schemars(extend("type" = ["null", "object"]))]
    pub alpine_repo: Option<Alpine>,
    /// URL of a local repository, appended to the file.
    pub local_repo_base_url: Option<Text>,
}

/// `apk_repos.alpine_repo`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("minProperties" = 1))]
pub struct Alpine {
    /// The mirror's base URL. Default: `https://dl-cdn.alpinelinux.org/alpine`.
    #[schemars(extend("default" = "https://dl-cdn.alpinelinux.org/alpine"))]
    pub base_url: Option<Text>,
    /// Add the community repository. Default: false.
    #[schemars(extend("default" = false))]
    pub community_enabled: Option<Flag>,
    /// Add the testing repository, which is only available for version `edge`. Default: false.
    #[schemars(extend("default" = false))]
    pub testing_enabled: Option<Flag>,
    /// The Alpine version, such as `v3.20` or `edge`.
    pub version: Text,
}
