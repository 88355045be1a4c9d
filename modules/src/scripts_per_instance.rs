//! Scripts of the image that run once per instance.

use model::module::{Described, Listed, Marked, Report};
use model::{Context, Frequency, Module, ModuleError, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::run_parts;

/// Runs them in the order of their names.
pub struct ScriptsPerInstance;

/// It has no keys.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Config {}

impl Described for ScriptsPerInstance {
    const NAME: &'static str = "scripts_per_instance";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Scripts per instance";
    const SUMMARY: &'static str = "Runs the scripts in /var/lib/cloud/scripts/per-instance once per instance.";
    type Config = Config;
}

impl Module for ScriptsPerInstance {
    const MARKED: Marked = Marked::Before;

    fn run(&self, context: &Context<'_>, _config: Config, report: &mut Report) -> Result<(), ModuleError> {
        run_parts::run(context, &context.paths.scripts("per-instance"), &[], report)
    }
}
