//! `timezone`: the system's time zone.

use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// Sets the time zone.
pub struct Timezone;

/// The system's time zone, the target of /etc/localtime. Without the key, the image's is kept.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// A name below /usr/share/zoneinfo, such as `Europe/Berlin`.
    #[schemars(with = "Text")]
    pub timezone: Option<Node>,
}

impl Described for Timezone {
    const NAME: &'static str = "timezone";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &["timezone"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Time zone";
    const SUMMARY: &'static str = "Sets the system's time zone.";
    type Config = Config;
}

impl Module for Timezone {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let written = config.timezone.filter(Node::is_truthy).and_then(|node| node.scalar_text());
        match context.args.first().cloned().or(written) {
            Some(name) => context.distro.time().set_timezone(&name)?,
            None => { report.skip("timezone is empty"); return Ok(()); }
        }
        Ok(())
    }
}
