//! Scripts of the image that run once.

use model::module::{Described, Listed, Marked, Report};
use model::{Context, Frequency, Module, ModuleError, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::run_parts;

/// Runs them in the order of their names.
pub struct ScriptsPerOnce;

/// It has no keys.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Config {}

impl Described for ScriptsPerOnce {
    const NAME: &'static str = "scripts_per_once";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Once;
    const KEYS: &'static [&'static str] = &[];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Scripts per once";
    const SUMMARY: &'static str = "Runs the scripts in /var/lib/cloud/scripts/per-once once, regardless of the instance.";
    type Config = Config;
}

impl Module for ScriptsPerOnce {
    const MARKED: Marked = Marked::Before;

    fn run(&self, context: &Context<'_>, _config: Config, report: &mut Report) -> Result<(), ModuleError> {
        run_parts::run(context, &context.paths.scripts("per-once"), &[], report)
    }
}
