//! Nodes, keys and origins.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use indexmap::{Equivalent, IndexMap};

/// Where a value was written: a file or a part of user-data, and the position in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The path of a file, or the name of another source (`user-data part-001`, `kernel command line`).
    pub source: Arc<str>,
    /// The line, starting at 1; 0 if the source has no lines.
    pub line: u32,
    /// The column, starting at 1; 0 if the source has no lines.
    pub column: u32,
}

impl Origin {
    /// A place without a position: all of `source`.
    pub fn whole(source: &str) -> Self {
        Self { source: source.into(), line: 0, column: 0 }
    }

    /// A value built into the program.
    pub fn built_in() -> Self {
        Self::whole("built-in")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            f.write_str(&self.source)
        } else {
            write!(f, "{}:{}:{}", self.source, self.line, self.column)
        }
    }
}

/// A key of a mapping. Usually a string; YAML allows any scalar.
#[derive(Clone, Debug)]
pub enum Key {
    /// A string.
    Str(String),
    /// An integer, such as a bare `0644` (420) or a port number.
    Int(i128),
    /// A boolean, such as a bare `on`.
    Bool(bool),
    /// A float.
    Float(f64),
    /// `~` or empty.
    Null,
}

impl Key {
    /// The string, if the key is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for Key {
    /// As Python's `json.dumps` writes a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Str(text) => f.write_str(text),
            Self::Int(number) => write!(f, "{number}"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Float(number) => write!(f, "{number:?}"),
            Self::Null => f.write_str("null"),
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Null, Self::Null) => true,
            _ => false,
        }
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            // Must hash like `str`, so that a map can be searched by `&str`.
            Self::Str(text) => text.hash(state),
            Self::Int(number) => number.hash(state),
            Self::Bool(value) => value.hash(state),
            Self::Float(number) => number.to_bits().hash(state),
            Self::Null => 0_u8.hash(state),
        }
    }
}

impl Equivalent<Key> for str {
    fn equivalent(&self, key: &Key) -> bool {
        key.as_str() == Some(self)
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::Str(text.to_owned())
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self::Str(text)
    }
}

/// A mapping, in document order.
pub type Map = IndexMap<Key, Node>;

/// The content of a node.
#[derive(Clone, PartialEq, Default)]
pub enum Value {
    /// `~`, `null` or empty.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i128),
    /// A float.
    Float(f64),
    /// A string.
    Str(String),
    /// `!!binary`.
    Binary(Vec<u8>),
    /// A date or a time, in ISO 8601 as Python's `str()` writes it.
    Timestamp(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping.
    Map(Map),
}

/// Shows the type only: a value may be a password, and debug output ends up in logs.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(items) => write!(f, "list of {}", items.len()),
            Self::Map(map) => write!(f, "mapping of {}", map.len()),
            other => f.write_str(other.kind()),
        }
    }
}

impl Value {
    /// The type of the value, in YAML's terms.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) => "integer",
            Self::Float(_) => "float",
            Self::Str(_) => "string",
            Self::Binary(_) => "binary",
            Self::Timestamp(_) => "date",
            Self::List(_) => "list",
            Self::Map(_) => "mapping",
        }
    }

    /// The type with its article, for messages: `an integer`, `a list`, `null`.
    pub fn a_kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Str(_) => "a string",
            Self::Binary(_) => "binary data",
            Self::Timestamp(_) => "a date",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

/// A value with its origin.
#[derive(Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it was written.
    pub origin: Origin,
    /// Line and column of its key, in the same source; `None` for list items and sources without lines.
    pub key: Option<(u32, u32)>,
}

/// Shows the place and the type, without the content.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {}", self.value, self.origin)
    }
}

/// Nodes are equal if their values are, regardless of their origin.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Default for Node {
    fn default() -> Self {
        Self::new(Value::Null, Origin::built_in())
    }
}

impl Node {
    /// A value with an origin.
    pub fn new(value: Value, origin: Origin) -> Self {
        Self { value, origin, key: None }
    }

    /// Where its key was written, else where the value was written.
    pub fn key_origin(&self) -> Origin {
        match self.key {
            Some((line, column)) => Origin { source: Arc::clone(&self.origin.source), line, column },
            None => self.origin.clone(),
        }
    }

    /// An empty mapping with an origin.
    pub fn empty_map(origin: Origin) -> Self {
        Self::new(Value::Map(Map::new()), origin)
    }

    /// The mapping, if this is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The mapping, mutable, if this is one.
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match &mut self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The items, if this is a list.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The boolean, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The integer, if this is one.
    pub fn as_int(&self) -> Option<i128> {
        match self.value {
            Value::Int(value) => Some(value),
            _ => None,
        }
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The value of a string key, if this is a mapping with that key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key)
    }

    /// The value at a path of string keys.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// A scalar as text in the format of Python's `str()`; `None` for lists and mappings.
    pub fn scalar_text(&self) -> Option<String> {
        Some(match &self.value {
            Value::Null => "None".to_owned(),
            Value::Bool(true) => "True".to_owned(),
            Value::Bool(false) => "False".to_owned(),
            Value::Int(number) => number.to_string(),
            Value::Float(number) => format!("{number:?}"),
            Value::Str(text) | Value::Timestamp(text) => text.clone(),
            Value::Binary(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Value::List(_) | Value::Map(_) => return None,
        })
    }

    /// The truth value as in Python: null, false, zero, and the empty string, list and mapping are false.
    pub fn is_truthy(&self) -> bool {
        match &self.value {
            Value::Null => false,
            Value::Bool(value) => *value,
            Value::Int(number) => *number != 0,
            Value::Float(number) => *number != 0.0,
            Value::Str(text) | Value::Timestamp(text) => !text.is_empty(),
            Value::Binary(bytes) => !bytes.is_empty(),
            Value::List(items) => !items.is_empty(),
            Value::Map(map) => !map.is_empty(),
        }
    }

    /// The boolean that upstream's `translate_bool` returns for any value: booleans, numbers, and the words
    /// true/1/on/yes in any case; everything else, including null, is false.
    pub fn lenient_bool(&self) -> bool {
        match &self.value {
            Value::Bool(value) => *value,
            // As text, `1` is a word for true; no other number is.
            Value::Int(number) => *number == 1,
            Value::Str(text) => boolean::lenient(text),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Upstream's `translate_bool` (cloudinit/util.py): a number is compared as text with the words for true.
    #[test]
    fn of_numbers_only_one_is_true() {
        for (text, expected) in [
            ("1", true),
            ("'1'", true),
            ("2", false),
            ("-1", false),
            ("1.0", false),
            ("1.5", false),
            ("0", false),
        ] {
            let node = Node::from_yaml("t", text.as_bytes()).expect("valid").expect("there");
            assert_eq!(node.lenient_bool(), expected, "{text}");
        }
    }
}
