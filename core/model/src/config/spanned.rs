//! Typed values with their places, and trees as values of typed configs.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::{SeqAccessDeserializer, StrDeserializer};
use serde::de::{self, DeserializeSeed, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::de::Failure;
use super::tree::{Key, Map, Node, Origin, Value};

/// The name by which [`Spanned`] asks for a position.
pub(super) const SPANNED: &str = "$cloud-init::Spanned";
const SPANNED_FIELDS: &[&str] = &["value", "source", "line", "column"];

/// A typed value that remembers where it was written, for messages.
///
/// It only works below [`super::from_node`]: other deserializers have no positions.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub origin: Origin,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Outer<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Outer<T> {
            type Value = Spanned<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value with its position")
            }

            #[inline(never)]
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Spanned<T>, A::Error> {
                let (_, value): (IgnoredAny, T) = map.next_entry()?.ok_or_else(unknown_place)?;
                Ok(Spanned { value, origin: origin(&mut map)? })
            }
        }
        deserializer.deserialize_struct(SPANNED, SPANNED_FIELDS, Outer(std::marker::PhantomData))
    }
}

#[cold]
fn unknown_place<E: de::Error>() -> E {
    E::custom("positions are known only to a configuration tree")
}

/// The entries after the value.
#[inline(never)]
fn origin<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Origin, A::Error> {
    let (_, source): (IgnoredAny, String) = map.next_entry()?.ok_or_else(unknown_place)?;
    let (_, line): (IgnoredAny, u32) = map.next_entry()?.ok_or_else(unknown_place)?;
    let (_, column): (IgnoredAny, u32) = map.next_entry()?.ok_or_else(unknown_place)?;
    Ok(Origin { source: source.into(), line, column })
}

impl<T: JsonSchema> JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

pub(super) struct SpannedAccess<'de> {
    node: &'de Node,
    next: usize,
}

impl<'de> SpannedAccess<'de> {
    pub(super) fn of(node: &'de Node) -> Self {
        Self { node, next: 0 }
    }
}

impl<'de> MapAccess<'de> for SpannedAccess<'de> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        match SPANNED_FIELDS.get(self.next) {
            Some(field) => seed.deserialize(StrDeserializer::new(field)).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Failure> {
        let origin = &self.node.origin;
        self.next += 1;
        match self.next {
            1 => seed.deserialize(self.node),
            2 => seed.deserialize(StrDeserializer::new(&origin.source)),
            3 => seed.deserialize(origin.line.into_deserializer()),
            _ => seed.deserialize(origin.column.into_deserializer()),
        }
    }
}

/// Any value, with all its positions.
impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::<Raw>::deserialize(deserializer).map(|raw| Self::new(raw.value.0, raw.origin))
    }
}

/// Any value.
impl JsonSchema for Node {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Any".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Schema::default()
    }
}

struct Raw(Value);

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_none<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
                deserializer.deserialize_any(self)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
                Ok(Value::Bool(value))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
                Ok(Value::Int(number.into()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
                Ok(Value::Int(number.into()))
            }

            fn visit_i128<E>(self, number: i128) -> Result<Value, E> {
                Ok(Value::Int(number))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
                Ok(Value::Float(number))
            }

            fn visit_str<E>(self, text: &str) -> Result<Value, E> {
                Ok(Value::Str(text.to_owned()))
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Value, E> {
                Ok(Value::Binary(bytes.to_vec()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Value, A::Error> {
                Vec::<Node>::deserialize(SeqAccessDeserializer::new(seq)).map(Value::List)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
                let mut map = Map::new();
                while let Some((key, item)) = access.next_entry::<String, Node>()? {
                    map.insert(Key::Str(key), item);
                }
                Ok(Value::Map(map))
            }
        }
        deserializer.deserialize_any(Any).map(Self)
    }
}
