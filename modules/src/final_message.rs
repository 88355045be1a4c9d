//! The end of a boot: a message for users, and the marker file for programs.

use std::path::Path;

use model::effects::Attributes;
use model::module::{Described, Listed, Report};
use model::platform::LAST_RESORT;
use model::{Context, Frequency, Module, ModuleError, Node, Spanned, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;
use crate::timestamp::rfc2822;

/// Reports that the boot has finished.
pub struct FinalMessage;

/// The message that is printed and logged when the final stage is done.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// The message, a template: jinja if its first line is `## template: jinja`, else with `$version`. Variables:
    /// version, timestamp, datasource, uptime; also in capitals. Default: a sentence with all four.
    pub final_message: Option<Spanned<Text>>,
    /// The configured sources; with `[None]`, using the fallback is expected.
    #[schemars(skip)]
    pub datasource_list: Option<Node>,
}

const DEFAULT: &str = "## template: jinja\n\
    Cloud-init v. {{version}} finished at {{timestamp}}. Datasource {{datasource}}.  Up {{uptime}} seconds";

impl Described for FinalMessage {
    const NAME: &'static str = "final_message";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Always;
    const KEYS: &'static [&'static str] = &[];
    const OWN_KEYS: &'static [&'static str] = &["final_message"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Final message";
    const SUMMARY: &'static str = "Prints a message to the console when the boot has finished, and writes instance/boot-finished.";
    type Config = Config;
}

impl Module for FinalMessage {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let origin = config.final_message.as_ref().map(|message| &message.origin);
        let written = config.final_message.as_ref().map(|message| message.value.0.as_str());
        let message = context.args.first().map(String::as_str).or(written).unwrap_or_default().trim();
        let message = if message.is_empty() { DEFAULT } else { message };
        let uptime = uptime(context);
        let timestamp = rfc2822(context.system.clock.now());
        let datasource = format!("{}{}", context.instance.class, context.instance.detail);
        let mut variables = serde_json::Map::new();
        for (name, value) in [
            ("uptime", &uptime),
            ("timestamp", &timestamp),
            ("version", &context.version.to_owned()),
            ("datasource", &datasource),
        ] {
            variables.insert(name.to_owned(), value.as_str().into());
            variables.insert(name.to_uppercase(), value.as_str().into());
        }
        match context.templates.render("final_message", message, &variables.into()) {
            Ok(text) => {
                context.system.environment.tell(&format!("{text}\n"));
                tracing::debug!("{text}");
            }
            Err(error) => report.warn(origin, format!("cannot render final_message: {error}")),
        }
        let finished = format!("{uptime} - {timestamp} - v. {}\n", context.version);
        let path = context.paths.instance("boot-finished");
        if let Err(error) = context.system.files.write(&path, finished.as_bytes(), &Attributes::mode(0o644)) {
            report.warn(None, error.to_string());
        }
        if context.instance.source == LAST_RESORT && !only_none(config.datasource_list.as_ref()) {
            report.warn(None, "Used fallback datasource");
        }
        Ok(())
    }
}

fn only_none(list: Option<&Node>) -> bool {
    list.and_then(Node::as_list)
        .is_some_and(|list| matches!(list, [one] if one.as_str() == Some(LAST_RESORT)))
}

/// Seconds since boot, as the kernel prints them.
fn uptime(context: &Context<'_>) -> String {
    let text = context.system.files.text(Path::new("/proc/uptime")).unwrap_or_default();
    match (text.split_whitespace().next(), context.system.clock.uptime()) {
        (Some(word), _) => word.to_owned(),
        (None, Some(uptime)) => format!("{:.2}", uptime.as_secs_f64()),
        (None, None) => "??".to_owned(),
    }
}
