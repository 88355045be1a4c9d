//! Scripts of the user-data, `runcmd` among them.

use model::module::Report;
use model::{Context, Frequency, Module, ModuleError};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::run_parts;

/// Runs them in the order of their names.
pub struct ScriptsUser;

/// It has no keys.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Config {}

impl Module for ScriptsUser {
    const NAME: &'static str = "scripts_user";
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    type Config = Config;

    fn run(&self, context: &Context<'_>, _config: Config) -> Result<Report, ModuleError> {
        run_parts::run(context, &context.paths.instance("scripts"), &[])
    }
}
