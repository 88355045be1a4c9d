//! Forms of cloud-config values without a schema in serde's own types: one of two types, a mapping with free names, one
//! text or several.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// One of two types, but not both.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Either<A, B> {
    /// The first type.
    First(A),
    /// The second type.
    Second(B),
}

/// One of three types.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum OneOfThree<A, B, C> {
    /// The first type.
    First(A),
    /// The second type.
    Second(B),
    /// The third type.
    Third(C),
}

/// A mapping with user-defined names as keys.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Named<T>(pub IndexMap<String, T>);

/// A mapping with user-defined names, which the schema does not restrict.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Free<T>(pub IndexMap<String, T>);

/// A text, or a list of texts.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum TextOrList {
    /// A single text.
    One(String),
    /// Several texts.
    Several(Vec<String>),
}

/// A mapping that is not validated further.
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
