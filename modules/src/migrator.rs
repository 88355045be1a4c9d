//! State of old releases: semaphores whose names have since changed.

use model::module::Report;
use model::{Context, Frequency, Module, ModuleError};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Flag;

/// Renames semaphores, so that what ran under an old release does not run again.
pub struct Migrator;

/// The keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Rename at all. Default: true.
    #[serde(default = "Flag::yes")]
    pub migrate: Flag,
}

/// A module that was split: what ran as the first counts for the others.
const SPLIT: (&str, [&str; 2]) = ("apt_update_upgrade", ["apt_configure", "package_update_upgrade_install"]);

impl Module for Migrator {
    const NAME: &'static str = "migrator";
    const FREQUENCY: Frequency = Frequency::Always;
    const KEYS: &'static [&'static str] = &[];
    type Config = Config;

    fn run(&self, context: &Context<'_>, config: Config) -> Result<Report, ModuleError> {
        if !config.migrate.0 {
            return Ok(Report::skipped("migrate is false"));
        }
        let files = &context.system.files;
        for directory in [context.paths.instance("sem"), context.paths.cloud_dir.join("sem")] {
            for name in files.list(&directory).unwrap_or_default() {
                let path = directory.join(&name);
                if !files.is_file(&path) {
                    continue;
                }
                let (stem, end) = name.split_at(name.rfind('.').unwrap_or(name.len()));
                let new = stem.replace('-', "_");
                if new.strip_prefix("config_").unwrap_or(&new) == SPLIT.0 {
                    let content = files.read(&path)?;
                    for module in SPLIT.1 {
                        let target = directory.join(format!("config_{module}{end}"));
                        if !files.exists(&target) {
                            files.write(&target, &content, &model::effects::Attributes::mode(0o644))?;
                        }
                    }
                    files.remove(&path)?;
                } else if new != stem {
                    files.rename(&path, &directory.join(format!("{new}{end}")))?;
                }
            }
        }
        Ok(Report::default())
    }
}
