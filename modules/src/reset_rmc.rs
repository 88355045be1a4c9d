//! Resets the RMC daemons of IBM PowerVM, which must not share an ID with other clones of the image.

use model::module::{Described, Listed, Report};
use std::path::Path;

use model::effects::Command;
use model::{Context, Frequency, Module, ModuleError, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

/// Makes a new node ID.
pub struct ResetRmc;

/// It has no keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {}

impl Described for ResetRmc {
    const NAME: &'static str = "reset_rmc";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    const LISTED: Listed = Listed::Except(&["alpine"]);
    const TITLE: &'static str = "Reset RMC";
    const SUMMARY: &'static str = "Gives the RMC daemons of IBM PowerVM a unique node ID.";
    const DETAILS: &'static str = "It does nothing if /opt/rsct/bin does not exist.";
    type Config = Config;
}

/// The directory of RSCT's installation programs.
const DIRECTORY: &str = "/opt/rsct/install/bin";
/// Its first line is the node's ID.
const ID: &str = "/etc/ct_node_id";

impl Module for ResetRmc {
    fn run(&self, context: &Context<'_>, _: Config, report: &mut Report) -> Result<(), ModuleError> {
        let system = context.system;
        if context.instance.platform == "none" {
            report.skip("no platform has assigned this machine");
            return Ok(());
        }
        if !system.files.is_dir(Path::new(DIRECTORY)) {
            report.skip(format!("{DIRECTORY} does not exist"));
            return Ok(());
        }
        let id = || -> Result<String, ModuleError> {
            let bytes = system.files.read(Path::new(ID))?;
            Ok(String::from_utf8_lossy(&bytes).lines().next().unwrap_or_default().to_owned())
        };
        let before = id()?;
        let path = match system.environment.var("PATH") {
            Some(path) => format!("{DIRECTORY}:{path}"),
            None => DIRECTORY.to_owned(),
        };
        // The daemons are stopped while the ID changes.
        for words in [&["rmcctrl", "-z"][..], &["recfgct"]] {
            system.commands.run(&Command::line(words.iter().copied()).env("PATH", path.clone()))?;
        }
        if id()? == before {
            return Err(ModuleError::Failed("New node ID did not get generated.".to_owned()));
        }
        Ok(())
    }
}
