//! `runcmd`: commands that scripts_user runs late in the first boot.

use model::effects::Attributes;
use model::module::Report;
use model::{Context, Frequency, Module, ModuleError, Node, Spanned};
use schema::forms::OneOfThree;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;
use crate::shell;

/// Writes the script; it does not run it.
pub struct Runcmd;

/// The keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Commands in order: a string is given to the shell as it stands, a list is one command with its arguments.
    #[schemars(with = "Option<Vec<OneOfThree<Vec<Text>, Text, ()>>>", extend("minItems" = 1))]
    pub runcmd: Spanned<Vec<Node>>,
}

impl Module for Runcmd {
    const NAME: &'static str = "runcmd";
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &["runcmd"];
    type Config = Config;

    fn run(&self, context: &Context<'_>, config: Config) -> Result<Report, ModuleError> {
        let script = shell::script(&config.runcmd)?;
        let path = context.paths.instance("scripts/runcmd");
        context.system.files.write(&path, script.as_bytes(), &Attributes::mode(0o700))?;
        Ok(Report::default())
    }
}
