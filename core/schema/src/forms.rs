//! Forms that a value of a cloud-config takes and that serde's own types have no schema for: one of two kinds, a
//! mapping under free names, one text or several.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// One of two kinds of value, and not both.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Either<A, B> {
    /// The first.
    First(A),
    /// The second.
    Second(B),
}

/// One of three kinds of value.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum OneOfThree<A, B, C> {
    /// The first.
    First(A),
    /// The second.
    Second(B),
    /// The third.
    Third(C),
}

/// A mapping whose keys are names of the user's choice.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Named<T>(pub IndexMap<String, T>);

/// A mapping under names of the user's choice, in which a schema does not look at the names.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Free<T>(pub IndexMap<String, T>);

/// One text, or a list of them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum TextOrList {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// A mapping that is taken as it is.
pub type Object = serde_json::Map<String, serde_json::Value>;

macro_rules! inline {
    ([$($parameter:ident),*] $type:ty, $name:literal, |$generator:ident| $schema:expr) => {
        impl<$($parameter: JsonSchema),*> JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

inline!([A, B] Either<A, B>, "Either", |generator| json_schema!({
    "oneOf": [generator.subschema_for::<A>(), generator.subschema_for::<B>()]
}));
inline!([A, B, C] OneOfThree<A, B, C>, "OneOfThree", |generator| json_schema!({
    "oneOf": [generator.subschema_for::<A>(), generator.subschema_for::<B>(), generator.subschema_for::<C>()]
}));
inline!([T] Named<T>, "Named", |generator| json_schema!({
    "type": "object",
    "additionalProperties": false,
    "patternProperties": {"^.+$": generator.subschema_for::<T>()}
}));
inline!([T] Free<T>, "Free", |generator| json_schema!({
    "type": "object",
    "additionalProperties": generator.subschema_for::<T>()
}));
inline!([] TextOrList, "TextOrList", |_generator| json_schema!({
    "type": ["array", "string"], "items": {"type": "string"}
}));
