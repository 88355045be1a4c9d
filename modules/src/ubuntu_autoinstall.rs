//! `autoinstall`: read by Ubuntu's installer; this module only checks it.

pub mod answers;

use model::Order as _;
use model::module::{Described, Listed, Report};
use model::effects::Command;
use model::{Context, Frequency, Module, ModuleError, Stage};
use indexmap::IndexMap;
use schema::{Finding, Instance, advise_by};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Checks whether the installer is present.
pub struct UbuntuAutoinstall;

/// Answers for Ubuntu's installer, which reads them itself: this module only checks whether the installer is present.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Answers for Ubuntu's installer, which reads them itself.
    pub autoinstall: Option<Autoinstall>,
}

impl Described for UbuntuAutoinstall {
    const NAME: &'static str = "ubuntu_autoinstall";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Once;
    const DISTROS: &'static [&'static str] = &["ubuntu"];
    const KEYS: &'static [&'static str] = &["autoinstall"];
    const LISTED: Listed = Listed::On(&["ubuntu"]);
    const TITLE: &'static str = "Ubuntu autoinstall";
    const SUMMARY: &'static str = "Checks whether Ubuntu's installer is present to read `autoinstall`.";
    const DETAILS: &'static str = "The key has an effect only in the installer's live system, where the installer reads it. What the installer does not know or would not accept is logged there, and `schema` and `plan` report it as advice.";
    type Config = Config;
}

/// The installers' snaps.
const INSTALLERS: &[&str] = &["subiquity", "ubuntu-desktop-installer"];

impl Module for UbuntuAutoinstall {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        if config.autoinstall.is_none() {
            report.skip("autoinstall is not set");
            return Ok(());
        }
        crate::snaps::wait(context)?;
        let list = context.system.commands.run(&Command::line(["snap", "list"]))?.text();
        match INSTALLERS.iter().rev().find(|name| list.contains(*name)) {
            Some(name) => {
                tracing::debug!("Valid autoinstall schema. Config will be processed by {name}");
                let mut found = advise(context.config);
                found.order_by_key(|finding| finding.origin.as_ref().map(|at| (at.source.clone(), at.line, at.column)));
                // No warnings, which would make the status degraded: the installer may be newer than this program.
                for finding in found {
                    let place = finding.origin.as_ref().map(ToString::to_string).unwrap_or_default();
                    tracing::info!("{place}: {}", finding.public());
                }
            }
            None => report.warn(
                None,
                format!(
                    "Skipping autoinstall module. Expected one of the Ubuntu installer snap packages to be present: {}",
                    INSTALLERS.join(", ")
                ),
            ),
        }
        Ok(())
    }
}

/// What the installer would not accept, or ignore. It may be newer than this program and know more keys.
pub fn advise<'d>(document: impl Into<Instance<'d>>) -> Vec<Finding> {
    let found = advise_by(document, "autoinstall", crate::autoinstall_schema).into_iter();
    found.map(|finding| Finding { module: Some("cc_ubuntu_autoinstall".to_owned()), ..finding }).collect()
}

/// `autoinstall`. All other keys belong to the installer.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Autoinstall {
    /// The version of the format: 1.
    pub version: i64,
    /// What the installer reads.
    #[serde(flatten)]
    #[schemars(skip)]
    pub answers: IndexMap<String, IgnoredAny>,
}
