//! `write_files` with `defer: true`.

use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Stage};

use crate::write_files::{Config, write_all};

/// Writes the files that are deferred, in the final stage.
pub struct WriteFilesDeferred;

impl Described for WriteFilesDeferred {
    const NAME: &'static str = "write_files_deferred";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &["write_files"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Write files deferred";
    const SUMMARY: &'static str = "Writes the files of `write_files` that have `defer: true`.";
    const DETAILS: &'static str = "Users and packages have been set up by then.";
    type Config = Config;
}

impl Module for WriteFilesDeferred {
    const TELLS_UNKNOWN: bool = false;

    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        write_all(context, &config, true, report)
    }
}
