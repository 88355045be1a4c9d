//! Values that are passed on as written: an MTU as a number or text, parameters of bonds and bridges.

use std::fmt;

use indexmap::IndexMap;
use model::{Node, Value};

/// A scalar. Its type is kept, because it is written to YAML.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i128),
    /// A float.
    Float(f64),
    /// Text.
    Text(String),
}

impl Scalar {
    /// The scalar of a node; `None` for null, lists and mappings.
    pub fn from_node(node: &Node) -> Option<Self> {
        match &node.value {
            Value::Bool(value) => Some(Self::Bool(*value)),
            Value::Int(number) => Some(Self::Int(*number)),
            Value::Float(number) => Some(Self::Float(*number)),
            Value::Null | Value::List(_) | Value::Map(_) => None,
            _ => node.scalar_text().map(Self::Text),
        }
    }

    /// The truth value as in Python: false, zero and empty text are false.
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Bool(value) => *value,
            Self::Int(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
        }
    }

    /// Whether it is one of netplan's words for true, in any case.
    pub fn is_true(&self) -> bool {
        boolean::netplan(&self.to_string()) == Some(true)
    }

    /// Converts it for the YAML writer.
    pub fn to_yaml(&self) -> yaml::Value {
        match self {
            Self::Bool(value) => yaml::Value::Bool(*value),
            Self::Int(number) => yaml::Value::Int(*number),
            Self::Float(number) => yaml::Value::Float(*number),
            Self::Text(text) => yaml::Value::Str(text.clone()),
        }
    }

    /// As Python shows it in a list.
    fn represented(&self) -> String {
        match self {
            Self::Text(text) if text.contains('\'') && !text.contains('"') => format!("\"{text}\""),
            Self::Text(text) => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Scalar {
    /// In the format of Python's `str()`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(true) => f.write_str("True"),
            Self::Bool(false) => f.write_str("False"),
            Self::Int(number) => write!(f, "{number}"),
            Self::Float(number) => write!(f, "{number:?}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<&str> for Scalar {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A parameter of a device, with its name in interfaces(5).
#[derive(Clone, Debug, PartialEq)]
pub enum Param {
    /// A scalar.
    One(Scalar),
    /// Several.
    Many(Vec<Scalar>),
    /// A value for each of several devices (v2's `path-cost`).
    Table(IndexMap<String, Scalar>),
}

impl Param {
    /// The parameter of a node; `None` for null and deeper nesting.
    pub fn from_node(node: &Node) -> Option<Self> {
        match &node.value {
            Value::List(items) => {
                Some(Self::Many(items.iter().map(Scalar::from_node).collect::<Option<Vec<_>>>()?))
            }
            Value::Map(map) => {
                let entries = map.iter().map(|(key, item)| Some((key.to_string(), Scalar::from_node(item)?)));
                Some(Self::Table(entries.collect::<Option<_>>()?))
            }
            _ => Scalar::from_node(node).map(Self::One),
        }
    }

    /// Creates a text parameter.
    pub fn text(text: &str) -> Self {
        Self::One(Scalar::from(text))
    }

    /// The scalar, if it is one.
    pub fn one(&self) -> Option<&Scalar> {
        if let Self::One(scalar) = self { Some(scalar) } else { None }
    }

    /// The truth value as in Python.
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::One(scalar) => scalar.is_truthy(),
            Self::Many(items) => !items.is_empty(),
            Self::Table(entries) => !entries.is_empty(),
        }
    }

    /// The texts: one, several, or the names in the mapping.
    pub fn texts(&self) -> Vec<String> {
        match self {
            Self::One(scalar) => vec![scalar.to_string()],
            Self::Many(items) => items.iter().map(ToString::to_string).collect(),
            Self::Table(entries) => entries.keys().cloned().collect(),
        }
    }

    /// Converts it for the YAML writer.
    pub fn to_yaml(&self) -> yaml::Value {
        match self {
            Self::One(scalar) => scalar.to_yaml(),
            Self::Many(items) => yaml::Value::Seq(items.iter().map(|item| item.to_yaml().into()).collect()),
            Self::Table(entries) => yaml::Value::Map(
                entries
                    .iter()
                    .map(|(name, item)| (yaml::Value::Str(name.clone()).into(), item.to_yaml().into()))
                    .collect(),
            ),
        }
    }
}

impl fmt::Display for Param {
    /// In the format of Python's `str()`, including lists and mappings.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(scalar) => scalar.fmt(f),
            Self::Many(items) => {
                write!(f, "[{}]", items.iter().map(Scalar::represented).collect::<Vec<_>>().join(", "))
            }
            Self::Table(entries) => {
                let shown = |(name, item): (&String, &Scalar)| {
                    format!("{}: {}", Scalar::from(name.as_str()).represented(), item.represented())
                };
                write!(f, "{{{}}}", entries.iter().map(shown).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> Node {
        Node::from_yaml("t", text.as_bytes()).expect("YAML").expect("a document")
    }

    /// Python's truth values of what PyYAML reads.
    #[test]
    fn truth_is_pythons() {
        for (text, expected) in [
            ("true", true),
            ("no", false),
            ("1", true),
            ("-1", true),
            ("0", false),
            ("0.0", false),
            ("0.5", true),
            ("'0'", true),
            ("''", false),
            ("a", true),
            ("[]", false),
            ("[0]", true),
            ("{}", false),
            ("{a: 0}", true),
        ] {
            assert_eq!(
                Param::from_node(&node(text)).map(|param| param.is_truthy()),
                Some(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn a_scalar_keeps_its_type() {
        for (text, expected) in [
            ("yes", Some(Scalar::Bool(true))),
            ("12", Some(Scalar::Int(12))),
            ("1.5", Some(Scalar::Float(1.5))),
            ("'12'", Some(Scalar::Text("12".to_owned()))),
            ("~", None),
            ("[1]", None),
            ("{a: 1}", None),
        ] {
            assert_eq!(Scalar::from_node(&node(text)), expected, "{text}");
        }
        assert_eq!(Param::text("x").one(), Some(&Scalar::Text("x".to_owned())));
        assert_eq!(Param::from_node(&node("[1]")).and_then(|param| param.one().cloned()), None);
    }
}
