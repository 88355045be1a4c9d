//! Lenient types for values as people write them: numbers for text, words for booleans, a single item for a list.

use std::borrow::Cow;

use model::{Node, Spanned, Value};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A boolean, a number, or one of true/1/on/yes in any case; everything else, including null, is false.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flag(pub bool);

impl Flag {
    /// True by default.
    pub fn yes() -> Self {
        Self(true)
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Node::deserialize(deserializer)?.lenient_bool()))
    }
}

/// A scalar as text, converted like Python's `str()`. Lists and mappings are an error that does not show them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        let kind = node.value.a_kind();
        node.scalar_text().map(Self).ok_or_else(|| D::Error::custom(format!("expected text, found {kind}")))
    }
}

/// A list of texts; a single scalar is a list of one, null an empty list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Words(pub Vec<Spanned<String>>);

impl Words {
    /// The texts alone.
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(|word| word.value.clone()).collect()
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        let word = |item: &Node| {
            let found =
                || D::Error::custom(format!("{}: expected text, found {}", item.origin, item.value.a_kind()));
            let value = item.scalar_text().ok_or_else(found)?;
            Ok(Spanned { value, origin: item.origin.clone() })
        };
        match &node.value {
            Value::Null => Ok(Self::default()),
            Value::List(items) => items.iter().map(word).collect::<Result<_, _>>().map(Self),
            _ => Ok(Self(vec![word(&node)?])),
        }
    }
}

/// The schema of a lenient type: the recommended form, not all accepted ones.
macro_rules! right_form {
    ($type:ty, $schema:tt) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

right_form!(Flag, {"type": "boolean"});
right_form!(Text, {"type": "string"});
right_form!(Words, {"type": "array", "items": {"type": "string"}});
