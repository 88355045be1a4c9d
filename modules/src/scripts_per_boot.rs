//! Scripts of the image that run at every boot.

use model::module::Report;
use model::{Context, Frequency, Module, ModuleError};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::run_parts;

/// Runs them in the order of their names.
pub struct ScriptsPerBoot;

/// It has no keys.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Config {}

impl Module for ScriptsPerBoot {
    const NAME: &'static str = "scripts_per_boot";
    const FREQUENCY: Frequency = Frequency::Always;
    const KEYS: &'static [&'static str] = &[];
    type Config = Config;

    fn run(&self, context: &Context<'_>, _config: Config) -> Result<Report, ModuleError> {
        run_parts::run(context, &context.paths.scripts("per-boot"), &[])
    }
}
