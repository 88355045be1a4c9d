//! The tree of a document.

use crate::bigint::BigInt;
use crate::time::{Date, Timestamp};

/// A position in a source text. All fields are zero for a node created by a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// Line, counted from 1. Lines end where YAML 1.1 ends them: CR, LF, CRLF, NEL, LS or PS.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// Byte offset from the start of the text in UTF-8.
    pub offset: usize,
}

/// From the first character of a node to just after its last.
///
/// As in PyYAML, a block collection extends to the token that ends it, which is the first token after it, and
/// an alias has the span of the node it refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// The start of the node.
    pub start: Position,
    /// The end of the node.
    pub end: Position,
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it says.
    pub value: Value,
    /// The place; [`Span::default`] if a program created it.
    pub span: Span,
}

/// The value that PyYAML's safe loader creates, with Rust types.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~` or empty.
    Null,
    /// `yes`, `no`, `on`, `off`, `true`, `false` in three casings each.
    Bool(bool),
    /// An integer.
    Int(i128),
    /// An integer beyond [`i128`].
    BigInt(BigInt),
    /// A float, including infinity and NaN.
    Float(f64),
    /// Text.
    Str(String),
    /// `!!binary`, decoded.
    Binary(Vec<u8>),
    /// A date.
    Date(Date),
    /// A date with a time.
    Timestamp(Timestamp),
    /// A sequence. `!!omap` and `!!pairs` are sequences of two-element sequences.
    Seq(Vec<Node>),
    /// A mapping in the order of a Python dict: a duplicate key keeps its first position and its last value.
    /// Keys are never sequences, mappings or sets, but need not be strings.
    Map(Vec<(Node, Node)>),
    /// `!!set`, in order of first appearance.
    Set(Vec<Node>),
}

impl Node {
    /// The value of a string key, if this is a mapping with that key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.value.get(key)
    }
}

impl From<Value> for Node {
    /// A node without a place.
    fn from(value: Value) -> Self {
        Node { value, span: Span::default() }
    }
}

impl Value {
    /// The value of a string key, if this is a mapping with that key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.iter().find(|(k, _)| k.value.as_str() == Some(key)).map(|(_, v)| v)
    }

    /// The text, if this is text.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::Str(text) = self { Some(text) } else { None }
    }

    /// The items, if this is a sequence.
    pub fn as_seq(&self) -> Option<&[Node]> {
        if let Value::Seq(items) = self { Some(items) } else { None }
    }

    /// The entries, if this is a mapping.
    pub fn as_map(&self) -> Option<&[(Node, Node)]> {
        if let Value::Map(entries) = self { Some(entries) } else { None }
    }

    /// The name of the value's type, for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Int(_) | Value::BigInt(_) => "integer",
            Value::Float(_) => "number",
            Value::Str(_) => "string",
            Value::Binary(_) => "binary",
            Value::Date(_) => "date",
            Value::Timestamp(_) => "timestamp",
            Value::Seq(_) => "sequence",
            Value::Map(_) => "mapping",
            Value::Set(_) => "set",
        }
    }

    /// Whether two values are equal, regardless of their places. A NaN equals itself.
    pub fn same(&self, other: &Value) -> bool {
        let pairs = |a: &[(Node, Node)], b: &[(Node, Node)]| {
            a.len() == b.len()
                && a.iter().zip(b).all(|(x, y)| x.0.value.same(&y.0.value) && x.1.value.same(&y.1.value))
        };
        match (self, other) {
            (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
            (Value::Seq(a), Value::Seq(b)) | (Value::Set(a), Value::Set(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.value.same(&y.value))
            }
            (Value::Map(a), Value::Map(b)) => pairs(a, b),
            _ => self == other,
        }
    }
}
