//! `bootcmd`: commands run early in every boot.

use model::effects::{Attributes, Command};
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Spanned, Stage};
use schema::forms::Either;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;
use crate::random::temporary_name;
use crate::shell;

/// Runs the commands as one script.
pub struct Bootcmd;

/// Commands that run early in every boot, before most of the system is configured.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Commands in order: a string is passed to the shell, a list is one command with its arguments. `INSTANCE_ID` is
    /// set in their environment.
    #[schemars(with = "Option<Vec<Either<Vec<Text>, Text>>>", extend("minItems" = 1, "additionalItems" = false))]
    pub bootcmd: Spanned<Vec<Node>>,
}

impl Described for Bootcmd {
    const NAME: &'static str = "bootcmd";
    const STAGE: Stage = Stage::Network;
    const FREQUENCY: Frequency = Frequency::Always;
    const KEYS: &'static [&'static str] = &["bootcmd"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Early commands";
    const SUMMARY: &'static str = "Runs commands early in every boot, as one shell script.";
    const DETAILS: &'static str = "Use it only for commands that must run before anything else; `runcmd` runs after users and packages have been set up. `INSTANCE_ID` is set in the environment of the commands.";
    type Config = Config;
}

impl Module for Bootcmd {
    fn run(&self, context: &Context<'_>, config: Config, _report: &mut Report) -> Result<(), ModuleError> {
        let script = shell::script(&config.bootcmd)?;
        let name = temporary_name(context.system.environment.as_ref(), ".sh");
        let path = context.paths.run("tmp").join(name);
        let files = &context.system.files;
        files.write(&path, script.as_bytes(), &Attributes::mode(0o600))?;
        let mut command =
            Command::line(["/bin/sh".into(), path.to_string_lossy().into_owned()]).inherit_output().of_user();
        if !context.instance.instance_id.as_str().is_empty() {
            command = command.env("INSTANCE_ID", context.instance.instance_id.as_str());
        }
        let outcome = context.system.commands.run(&command);
        files.remove(&path)?;
        outcome?;
        Ok(())
    }
}
