//! Scripts of the user-data, including `runcmd`.

use model::module::{Described, Listed, Marked, Report};
use model::{Context, Frequency, Module, ModuleError, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::run_parts;

/// Runs them in the order of their names.
pub struct ScriptsUser;

/// It has no keys.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Config {}

impl Described for ScriptsUser {
    const NAME: &'static str = "scripts_user";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Scripts user";
    const SUMMARY: &'static str = "Runs the scripts of the user-data, including the script of `runcmd`.";
    const DETAILS: &'static str = "They are stored in instance/scripts and run in the order of their names.";
    type Config = Config;
}

impl Module for ScriptsUser {
    const MARKED: Marked = Marked::Before;

    fn run(&self, context: &Context<'_>, _config: Config, report: &mut Report) -> Result<(), ModuleError> {
        run_parts::run(context, &context.paths.instance("scripts"), &[], report)
    }
}
