//! `timezone`: the system's time zone.

use model::module::Report;
use model::{Context, Frequency, Module, ModuleError, Node};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// Sets the time zone.
pub struct Timezone;

/// The keys.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// A name below /usr/share/zoneinfo, such as `Europe/Berlin`.
    #[schemars(with = "Text")]
    pub timezone: Option<Node>,
}

impl Module for Timezone {
    const NAME: &'static str = "timezone";
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &["timezone"];
    type Config = Config;

    fn run(&self, context: &Context<'_>, config: Config) -> Result<Report, ModuleError> {
        let written = config.timezone.filter(Node::is_truthy).and_then(|node| node.scalar_text());
        match context.args.first().cloned().or(written) {
            Some(name) => context.distro.time().set_timezone(&name)?,
            None => return Ok(Report::skipped("timezone is empty")),
        }
        Ok(Report::default())
    }
}
