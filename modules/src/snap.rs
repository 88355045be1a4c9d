//! `snap`: snapd assertions and commands.

use model::Order as _;
use model::effects::{Attributes, Command as Run};
use model::module::{Described, Listed, Marked, Report};
use model::{Context, Frequency, Key, Module, ModuleError, Node, Stage, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// Acknowledges the assertions, and runs the commands.
pub struct Snap;

/// Snaps: assertions to acknowledge, and commands to run once snapd is installed.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Assertions and commands.
    pub snap: Option<Settings>,
}

impl Described for Snap {
    const NAME: &'static str = "snap";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["ubuntu"];
    const KEYS: &'static [&'static str] = &["snap"];
    const LISTED: Listed = Listed::On(&["debian", "ubuntu", "unknown"]);
    const TITLE: &'static str = "Snaps";
    const SUMMARY: &'static str = "Acknowledges snap assertions and runs snap commands.";
    const DETAILS: &'static str = "snapd is installed if it is missing.";
    type Config = Config;
}

/// The instance's file for all assertions.
const ASSERTIONS: &str = "snapd.assertions";

impl Module for Snap {
    const MARKED: Marked = Marked::Before;

    fn run(&self, context: &Context<'_>, _: Config, report: &mut Report) -> Result<(), ModuleError> {
        let set = |path: &[&str]| context.config.at(path).filter(|node| node.is_truthy());
        if set(&["snap"]).is_none() {
            report.skip("snap is not set");
            return Ok(());
        }
        crate::snaps::wait(context)?;
        if let Some(assertions) = set(&["snap", "assertions"]) {
            acknowledge(context, assertions)?;
        }
        match set(&["snap", "commands"]) {
            Some(commands) => run_commands(context, commands, report),
            None => Ok(()),
        }
    }
}

fn invalid(node: &Node, message: String) -> ModuleError {
    ModuleError::Invalid { origin: node.origin.clone(), message }
}

/// The items of a list, or the values of a mapping, in the order of its names if they are to be sorted.
fn items<'a>(node: &'a Node, sorted: bool, key: &str) -> Result<Vec<&'a Node>, ModuleError> {
    match &node.value {
        Value::List(items) => Ok(items.iter().collect()),
        Value::Map(map) => {
            let mut named: Vec<(&Key, &Node)> = map.iter().collect();
            if sorted {
                named.order_by(|(one, _), (other, _)| match (one, other) {
                    (Key::Int(one), Key::Int(other)) => one.cmp(other),
                    _ => one.to_string().cmp(&other.to_string()),
                });
            }
            Ok(named.into_iter().map(|(_, node)| node).collect())
        }
        other => {
            let message = format!("snap.{key}: expected a list or a mapping, found {}", other.a_kind());
            Err(invalid(node, message))
        }
    }
}

fn acknowledge(context: &Context<'_>, assertions: &Node) -> Result<(), ModuleError> {
    let text = |node: &Node| {
        let found = || format!("an assertion must be text, found {}", node.value.a_kind());
        node.as_str().map(str::to_owned).ok_or_else(|| invalid(node, found()))
    };
    let texts = items(assertions, false, "assertions")?.into_iter().map(text).collect::<Result<Vec<_>, _>>()?;
    tracing::debug!("Importing user-provided snap assertions");
    let path = context.paths.instance(ASSERTIONS);
    context.system.files.write(&path, texts.join("\n").as_bytes(), &Attributes::mode(0o644))?;
    context.system.commands.run(&Run::line(["snap", "ack", &path.to_string_lossy()]))?;
    Ok(())
}

/// Runs all commands; those that failed are one error.
fn run_commands(context: &Context<'_>, commands: &Node, report: &mut Report) -> Result<(), ModuleError> {
    let commands = items(commands, true, "commands")?;
    let prepared =
        commands.iter().map(|node| prepared(node, report)).collect::<Result<Vec<_>, ModuleError>>()?;
    tracing::debug!("Running user-provided snap commands");
    let mut failed = Vec::new();
    for (node, command) in commands.iter().zip(prepared) {
        if let Err(error) = context.system.commands.run(&command) {
            failed.push(format!("{}: {error}", node.origin));
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(ModuleError::Failed(format!("Failures running snap commands: {}", failed.join("; "))))
}

/// A line for the shell, or words. Words are for snap, unless the first one is null.
fn prepared(node: &Node, report: &mut Report) -> Result<Run, ModuleError> {
    let words = match &node.value {
        Value::Str(line) => {
            if !line.starts_with("snap ") {
                report.warn(Some(&node.origin), format!("Non-snap commands in snap config: {line}"));
            }
            return Ok(Run::shell(line).of_user());
        }
        Value::List(words) => words,
        other => {
            let message = format!(
                "Invalid snap config. These commands are not a string or list: expected a command, found {}",
                other.a_kind()
            );
            return Err(invalid(node, message));
        }
    };
    let other = words.first().is_some_and(Node::is_null);
    let texts = words
        .iter()
        .skip(usize::from(other))
        .map(|word| {
            let found = || format!("an argument of a command must be text, found {}", word.value.a_kind());
            word.scalar_text().ok_or_else(|| invalid(word, found()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    if texts.is_empty() {
        return Err(invalid(node, "a command must not be empty".to_owned()));
    }
    let snap = (!other && texts[0] != "snap").then(|| "snap".to_owned());
    Ok(Run::line(snap.into_iter().chain(texts)).of_user())
}

/// `snap`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("minProperties" = 1))]
pub struct Settings {
    /// Signed assertions, as a list or under names of your choice; acknowledged before the commands run.
    #[schemars(extend("additionalItems" = false, "minItems" = 1, "minProperties" = 1, "uniqueItems" = true))]
    #[schemars(with = "Option<ListOrNamed<Text>>")]
    pub assertions: Option<Node>,
    /// Commands, as a list or under names of your choice, in the order of the names. A string is passed to the shell, a
    /// list is one command with its arguments; a list that does not start with `snap` is prefixed with it.
    #[schemars(extend("additionalItems" = false, "minItems" = 1, "minProperties" = 1))]
    #[schemars(with = "Option<ListOrNamed<Command>>")]
    pub commands: Option<Node>,
}

/// A list, or a mapping.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum ListOrNamed<T> {
    /// In order.
    List(Vec<T>),
    /// By name.
    Named(indexmap::IndexMap<String, T>),
}

impl<T: JsonSchema> JsonSchema for ListOrNamed<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ListOrNamed".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let item = generator.subschema_for::<T>();
        schemars::json_schema!({"type": ["object", "array"], "items": item, "additionalProperties": item})
    }
}

/// A command.
pub type Command = schema::forms::Either<Text, Vec<Text>>;
