//! Scripts of the image that run once for each instance.

use model::module::Report;
use model::{Context, Frequency, Module, ModuleError};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::run_parts;

/// Runs them in the order of their names.
pub struct ScriptsPerInstance;

/// It has no keys.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Config {}

impl Module for ScriptsPerInstance {
    const NAME: &'static str = "scripts_per_instance";
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    type Config = Config;

    fn run(&self, context: &Context<'_>, _config: Config) -> Result<Report, ModuleError> {
        run_parts::run(context, &context.paths.scripts("per-instance"), &[])
    }
}
