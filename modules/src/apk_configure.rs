//! `apk_repos`: the file /etc/apk/repositories of Alpine Linux.

use model::module::{Described, Listed, Report};
use std::path::Path;

use model::effects::Attributes;
use model::{Context, Frequency, Module, ModuleError, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// Writes the file.
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
    const LISTED: Listed = Listed::On(&["alpine"]);
    const TITLE: &'static str = "apk";
    const SUMMARY: &'static str = "Writes /etc/apk/repositories.";
    type Config = Config;
}

const FILE: &str = "/etc/apk/repositories";
const MIRROR: &str = "https://dl-cdn.alpinelinux.org/alpine";

impl Module for ApkConfigure {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let Some(repos) = config.apk_repos else {
            report.skip("apk_repos is not set");
            return Ok(());
        };
        if repos.preserve_repositories.unwrap_or_default().0 {
            report.skip("apk_repos.preserve_repositories is true");
            return Ok(());
        }
        let Some(alpine) = repos.alpine_repo.filter(|alpine| !alpine.version.0.is_empty()) else {
            report.skip("apk_repos.alpine_repo is not set");
            return Ok(());
        };
        let base = alpine.base_url.map_or_else(|| MIRROR.to_owned(), |url| url.0);
        let version = &alpine.version.0;
        let mut text =
            format!("#\n# Created by cloud-init\n#\n# This file is written on first boot of an instance\n#\n\n{base}/{version}/main\n");
        if alpine.community_enabled.unwrap_or_default().0 {
            text += &format!("{base}/{version}/community\n");
        }
        if alpine.testing_enabled.unwrap_or_default().0 {
            if version != "edge" {
                text += "#\n# Testing - using with non-Edge installation may cause problems!\n#\n";
            }
            text += &format!("{base}/edge/testing\n");
        }
        if let Some(local) = repos.local_repo_base_url.filter(|local| !local.0.is_empty()) {
            text += &format!("\n#\n# Local repo\n#\n{}/{version}\n", local.0);
        }
        text.push('\n');
        context.system.files.write(Path::new(FILE), text.as_bytes(), &Attributes::mode(0o644))?;
        Ok(())
    }
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
