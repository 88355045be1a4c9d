//! The values to validate: a parsed document, or the configuration with the origins of its values.

use std::borrow::Cow;
use std::fmt;

use model::config::Key;

/// A value of either tree.
#[derive(Clone, Copy)]
pub enum Instance<'d> {
    /// In a document.
    Yaml(&'d yaml::Node),
    /// In the configuration.
    Model(&'d model::Node),
}

impl<'d> From<&'d yaml::Node> for Instance<'d> {
    fn from(node: &'d yaml::Node) -> Self {
        Self::Yaml(node)
    }
}

impl<'d> From<&'d model::Node> for Instance<'d> {
    fn from(node: &'d model::Node) -> Self {
        Self::Model(node)
    }
}

/// The content of a value.
pub(crate) enum View<'d> {
    Null,
    Bool(bool),
    Int(i128),
    /// An integer beyond the range of all other kinds.
    Huge {
        negative: bool,
    },
    Float(f64),
    Str(&'d str),
    Bytes(&'d [u8]),
    Date,
    Set,
    List(List<'d>),
    Map(Map<'d>),
}

#[derive(Clone, Copy)]
pub(crate) enum List<'d> {
    Yaml(&'d [yaml::Node]),
    Model(&'d [model::Node]),
}

#[derive(Clone, Copy)]
pub(crate) enum Map<'d> {
    Yaml(&'d [(yaml::Node, yaml::Node)]),
    Model(&'d model::config::Map),
}

/// A key of a mapping.
pub(crate) enum Name<'d> {
    /// Text, which a schema may know.
    Text(&'d str),
    /// Any other type, as Python's `str()` writes it.
    Other(String),
}

impl<'d> From<Name<'d>> for Cow<'d, str> {
    fn from(name: Name<'d>) -> Self {
        match name {
            Name::Text(text) => Cow::Borrowed(text),
            Name::Other(text) => Cow::Owned(text),
        }
    }
}

impl<'d> Instance<'d> {
    pub(crate) fn view(self) -> View<'d> {
        match self {
            Self::Yaml(node) => match &node.value {
                yaml::Value::Null => View::Null,
                yaml::Value::Bool(value) => View::Bool(*value),
                yaml::Value::Int(number) => View::Int(*number),
                yaml::Value::BigInt(number) => View::Huge { negative: number.as_str().starts_with('-') },
                yaml::Value::Float(number) => View::Float(*number),
                yaml::Value::Str(text) => View::Str(text),
                yaml::Value::Binary(bytes) => View::Bytes(bytes),
                yaml::Value::Date(_) | yaml::Value::Timestamp(_) => View::Date,
                yaml::Value::Set(_) => View::Set,
                yaml::Value::Seq(items) => View::List(List::Yaml(items)),
                yaml::Value::Map(entries) => View::Map(Map::Yaml(entries)),
            },
            Self::Model(node) => match &node.value {
                model::Value::Null => View::Null,
                model::Value::Bool(value) => View::Bool(*value),
                model::Value::Int(number) => View::Int(*number),
                model::Value::Float(number) => View::Float(*number),
                model::Value::Str(text) => View::Str(text),
                model::Value::Binary(bytes) => View::Bytes(bytes),
                model::Value::Timestamp(_) => View::Date,
                model::Value::List(items) => View::List(List::Model(items)),
                model::Value::Map(map) => View::Map(Map::Model(map)),
            },
        }
    }

    pub(crate) fn as_map(self) -> Option<Map<'d>> {
        match self.view() {
            View::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(crate) fn as_list(self) -> Option<List<'d>> {
        match self.view() {
            View::List(list) => Some(list),
            _ => None,
        }
    }

    /// Whether the value has a JSON schema type, as defined by upstream's validator: binary is a string, a boolean is
    /// not an integer, and neither is 1.0.
    pub(crate) fn is(self, name: &str) -> bool {
        match self.view() {
            View::Null => name == "null",
            View::Bool(_) => name == "boolean",
            View::Int(_) | View::Huge { .. } => name == "integer" || name == "number",
            View::Float(_) => name == "number",
            View::Str(_) | View::Bytes(_) => name == "string",
            View::Date | View::Set => false,
            View::List(_) => name == "array",
            View::Map(_) => name == "object",
        }
    }

    /// The type of the value in words.
    pub(crate) fn kind(self) -> &'static str {
        match self.view() {
            View::Null => "nothing",
            View::Bool(_) => "a boolean",
            View::Int(_) | View::Huge { .. } => "an integer",
            View::Float(_) => "a number",
            View::Str(_) => "text",
            View::Bytes(_) => "binary data",
            View::Date => "a date",
            View::Set => "a set",
            View::List(_) => "a list",
            View::Map(_) => "a mapping",
        }
    }

    /// Where the value was written, in the configuration.
    pub(crate) fn origin(self) -> Option<&'d model::config::Origin> {
        match self {
            Self::Yaml(_) => None,
            Self::Model(node) => Some(&node.origin),
        }
    }

    /// Where its key was written, else the value, in the configuration.
    pub(crate) fn key_origin(self) -> Option<model::config::Origin> {
        match self {
            Self::Yaml(_) => None,
            Self::Model(node) => Some(node.key_origin()),
        }
    }
}

impl<'d> List<'d> {
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Yaml(items) => items.len(),
            Self::Model(items) => items.len(),
        }
    }

    pub(crate) fn get(self, index: usize) -> Option<Instance<'d>> {
        match self {
            Self::Yaml(items) => items.get(index).map(Instance::Yaml),
            Self::Model(items) => items.get(index).map(Instance::Model),
        }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Instance<'d>> {
        (0..self.len()).filter_map(move |index| self.get(index))
    }
}

impl<'d> Map<'d> {
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Yaml(entries) => entries.len(),
            Self::Model(map) => map.len(),
        }
    }

    pub(crate) fn entry(self, index: usize) -> Option<(Name<'d>, Instance<'d>)> {
        match self {
            Self::Yaml(entries) => {
                entries.get(index).map(|(key, value)| (yaml_name(key), Instance::Yaml(value)))
            }
            Self::Model(map) => {
                map.get_index(index).map(|(key, value)| (model_name(key), Instance::Model(value)))
            }
        }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = (Name<'d>, Instance<'d>)> {
        (0..self.len()).filter_map(move |index| self.entry(index))
    }

    pub(crate) fn get(self, name: &str) -> Option<Instance<'d>> {
        match self {
            Self::Yaml(entries) => entries
                .iter()
                .find(|(key, _)| key.value.as_str() == Some(name))
                .map(|(_, value)| Instance::Yaml(value)),
            Self::Model(map) => map.get(name).map(Instance::Model),
        }
    }
}

fn python_bool(value: bool) -> String {
    if value { "True" } else { "False" }.to_owned()
}

fn yaml_name(key: &yaml::Node) -> Name<'_> {
    match &key.value {
        yaml::Value::Str(text) => Name::Text(text),
        yaml::Value::Bool(value) => Name::Other(python_bool(*value)),
        yaml::Value::Int(number) => Name::Other(number.to_string()),
        yaml::Value::BigInt(number) => Name::Other(number.as_str().to_owned()),
        yaml::Value::Float(number) => Name::Other(format!("{number:?}")),
        yaml::Value::Null => Name::Other("None".to_owned()),
        yaml::Value::Date(date) => Name::Other(date.to_string()),
        yaml::Value::Timestamp(time) => Name::Other(time.to_string()),
        other => Name::Other(other.type_name().to_owned()),
    }
}

fn model_name(key: &Key) -> Name<'_> {
    match key {
        Key::Str(text) => Name::Text(text),
        Key::Bool(value) => Name::Other(python_bool(*value)),
        Key::Null => Name::Other("None".to_owned()),
        other => Name::Other(other.to_string()),
    }
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step<'d> {
    /// An item of a list.
    Item(usize),
    /// A value of a mapping.
    Key {
        /// The key's text.
        name: Cow<'d, str>,
        /// Its index in the mapping.
        entry: usize,
    },
}

impl Step<'_> {
    /// The step without a reference to the document.
    pub fn into_owned(self) -> Step<'static> {
        match self {
            Self::Item(index) => Step::Item(index),
            Self::Key { name, entry } => Step::Key { name: Cow::Owned(name.into_owned()), entry },
        }
    }
}

impl fmt::Display for Step<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(index) => write!(out, "{index}"),
            Self::Key { name, .. } => out.write_str(name),
        }
    }
}

/// The path in upstream's notation: `users.0.name`.
pub fn dotted(path: &[Step<'_>]) -> String {
    path.iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
}
