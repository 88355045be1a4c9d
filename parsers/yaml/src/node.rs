//! The tree a document becomes.

use crate::bigint::BigInt;
use crate::time::{Date, Timestamp};

/// A place in a source text. An unplaced node (one a program built) has all three at zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// Line, counted from 1. Lines end where YAML 1.1 ends them: CR, LF, CRLF, NEL, LS or PS.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// Bytes from the start of the text, once that text is UTF-8.
    pub offset: usize,
}

/// From the first character of a node to just after its last.
///
/// As in PyYAML a block collection reaches to the token that ends it, which is the first token of
/// whatever follows, and an alias has the span of the node its anchor names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// Where the node begins.
    pub start: Position,
    /// Where the node has ended.
    pub end: Position,
}

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it says.
    pub value: Value,
    /// Where it says it; [`Span::default`] when a program built it.
    pub span: Span,
}

/// What PyYAML's safe loader makes of a node, with Python's types spelled in Rust.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing at all.
    Null,
    /// `yes`, `no`, `on`, `off`, `true`, `false` in three casings each.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A whole number that [`i128`] cannot hold; never one that it can.
    BigInt(BigInt),
    /// A number with a point, an infinity or not-a-number.
    Float(f64),
    /// Text.
    Str(String),
    /// `!!binary`, decoded.
    Binary(Vec<u8>),
    /// A day.
    Date(Date),
    /// A day and a time of it.
    Timestamp(Timestamp),
    /// A sequence. `!!omap` and `!!pairs` come as a sequence of two-element sequences.
    Seq(Vec<Node>),
    /// A mapping in the order of a Python dict: a repeated key stays at its first place and takes
    /// the last value. Keys are never sequences, mappings or sets, but need not be strings.
    Map(Vec<(Node, Node)>),
    /// `!!set`, in order of first appearance.
    Set(Vec<Node>),
}

impl Node {
    /// The value under a string key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.value.get(key)
    }
}

impl From<Value> for Node {
    /// A node that no source text holds.
    fn from(value: Value) -> Self {
        Node { value, span: Span::default() }
    }
}

impl Value {
    /// The value under a string key, if this is a mapping that has it.
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

    /// A word for the type of this value, for messages about a wrong one.
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

    /// Whether two values are one, wherever they were written. A NaN is the same as itself.
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
