//! `runcmd`: commands that scripts_user runs late in the first boot.

use model::effects::Attributes;
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Spanned, Stage};
use schema::forms::OneOfThree;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;
use crate::shell;

/// Writes the script without running it.
pub struct Runcmd;

/// Commands that run once, late in the first boot, after packages and users have been set up.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Commands in order: a string is passed to the shell, a list is one command with its arguments.
    #[schemars(with = "Option<Vec<OneOfThree<Vec<Text>, Text, ()>>>", extend("minItems" = 1))]
    pub runcmd: Spanned<Vec<Node>>,
}

impl Described for Runcmd {
    const NAME: &'static str = "runcmd";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &["runcmd"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Commands";
    const SUMMARY: &'static str = "Writes commands to a script that runs late in the first boot.";
    const DETAILS: &'static str = "`scripts_user` runs it in the final stage, after users and packages have been set up.";
    type Config = Config;
}

impl Module for Runcmd {
    fn run(&self, context: &Context<'_>, config: Config, _report: &mut Report) -> Result<(), ModuleError> {
        let script = shell::script(&config.runcmd)?;
        let path = context.paths.instance("scripts/runcmd");
        context.system.files.write(&path, script.as_bytes(), &Attributes::mode(0o700))?;
        Ok(())
    }
}
