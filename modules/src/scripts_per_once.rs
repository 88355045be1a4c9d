//! Scripts of the image that run once in its life.

use model::module::Report;
use model::{Context, Frequency, Module, ModuleError};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::run_parts;

/// Runs them in the order of their names.
pub struct ScriptsPerOnce;

/// It has no keys.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Config {}

impl Module for ScriptsPerOnce {
    const NAME: &'static str = "scripts_per_once";
    const FREQUENCY: Frequency = Frequency::Once;
    const KEYS: &'static [&'static str] = &[];
    type Config = Config;

    fn run(&self, context: &Context<'_>, _config: Config) -> Result<Report, ModuleError> {
        run_parts::run(context, &context.paths.scripts("per-once"), &[])
    }
}
