//! `snap`: snapd assertions and commands.

use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The module; what it is for is in its [`Described::SUMMARY`].
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
    const LISTED: Listed = Listed::On(&["debian", "ubuntu"]);
    const TITLE: &'static str = "Snaps";
    const SUMMARY: &'static str = "Acknowledges snap assertions and runs snap commands.";
    const DETAILS: &'static str = "snapd is installed if it is missing.";
    type Config = Config;
}

/// `snap`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("minProperties" = 1))]
pub struct Settings {
    /// Signed assertions, as a list or under names of your choice; acknowledged before the commands run.
    #[schemars(extend("additionalItems" = false, "minItems" = 1, "minProperties" = 1, "uniqueItems" = true))]
    pub assertions: Option<ListOrNamed<Text>>,
    /// Commands, as a list or under names of your choice, in the order of the names. A string is passed to the shell, a
    /// list is one command with its arguments; a list that does not start with `snap` is prefixed with it.
    #[schemars(extend("additionalItems" = false, "minItems" = 1, "minProperties" = 1))]
    pub commands: Option<ListOrNamed<Command>>,
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
