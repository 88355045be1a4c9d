//! Deserializes typed configs from the configuration tree, with errors that name file, line and column.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer, StrDeserializer};
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::tree::{Key, Map, Node, Origin, Value};
use super::wording;

/// A configuration value that a typed config cannot represent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Where the value was written; `None` only while the error leaves the innermost node.
    pub origin: Option<Origin>,
    /// The path of the value from the top (`users`, `0`, `uid`).
    pub path: Vec<String>,
    /// What was expected and what was found.
    pub message: String,
}

impl ConfigError {
    /// An error about a node.
    pub fn new(node: &Node, message: impl Into<String>) -> Self {
        Self { origin: Some(node.origin.clone()), path: Vec::new(), message: message.into() }
    }

    fn under(mut self, step: &str, node: &Node) -> Self {
        self.path.insert(0, step.to_owned());
        self.origin.get_or_insert_with(|| node.origin.clone());
        self
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path.join("."))?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}

impl de::Error for ConfigError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { origin: None, path: Vec::new(), message: message.to_string() }
    }

    // Serde's own texts contain the value, which may be a password, and errors end up in the log and in status.json,
    // which everybody can read (CVE-2022-2084).
    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format_args!(
            "expected {}, found {}",
            wording::expected(expected),
            wording::found(&found)
        ))
    }

    fn invalid_value(_found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format_args!("expected {}, found another one", wording::expected(expected)))
    }

    fn invalid_length(length: usize, expected: &dyn de::Expected) -> Self {
        Self::custom(format_args!("expected {}, found {length}", wording::expected(expected)))
    }

    fn unknown_variant(_found: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!("expected {}, found another word", either(expected)))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format_args!("the key '{field}' is missing"))
    }
}

/// `a`, `a or b`, `a, b or c`.
fn either(words: &[&str]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [only] => (*only).to_owned(),
        [head @ .., last] => format!("{} or {last}", head.join(", ")),
    }
}

/// A key that a typed config does not have: usually a misspelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKey {
    /// The key.
    pub key: String,
    /// Where it was written.
    pub origin: Origin,
    /// The known keys.
    pub known: &'static [&'static str],
}

impl UnknownKey {
    /// The start of its message.
    pub const BEGINS: &'static str = "unknown key '";
}

impl fmt::Display for UnknownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Deprecated spellings with `-` are accepted, but not suggested.
        let old = |name: &str| name.contains('-') && self.known.contains(&name.replace('-', "_").as_str());
        let known: Vec<&str> = self.known.iter().copied().filter(|name| !old(name)).collect();
        write!(f, "{}{}' is ignored; known keys: {}", Self::BEGINS, self.key, known.join(", "))
    }
}

thread_local! {
    /// Unknown keys of the current deserialization; serde has no other way to return them from nested values.
    static UNKNOWN: RefCell<Option<Vec<UnknownKey>>> = const { RefCell::new(None) };
}

/// Reads a typed config from a tree, and returns its unknown keys.
pub fn from_node_noting<T: DeserializeOwned>(node: &Node) -> Result<(T, Vec<UnknownKey>), ConfigError> {
    let outer = UNKNOWN.replace(Some(Vec::new()));
    let read = from_node(node);
    let unknown = UNKNOWN.replace(outer).unwrap_or_default();
    Ok((read?, unknown))
}

/// Reads a typed config from a tree.
pub fn from_node<T: DeserializeOwned>(node: &Node) -> Result<T, ConfigError> {
    T::deserialize(node).map_err(|mut error| {
        error.origin.get_or_insert_with(|| node.origin.clone());
        error
    })
}

impl<'de> IntoDeserializer<'de, ConfigError> for &'de Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = ConfigError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        let outcome = match &self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Int(number) => match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(signed), _) => visitor.visit_i64(signed),
                (_, Ok(unsigned)) => visitor.visit_u64(unsigned),
                _ => visitor.visit_i128(*number),
            },
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Str(text) | Value::Timestamp(text) => visitor.visit_borrowed_str(text),
            Value::Binary(bytes) => visitor.visit_borrowed_bytes(bytes),
            Value::List(items) => visitor.visit_seq(Items { items, next: 0 }),
            Value::Map(map) => visitor.visit_map(Entries { map, next: 0 }),
        };
        outcome.map_err(|mut error| {
            error.origin.get_or_insert_with(|| self.origin.clone());
            error
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        match &self.value {
            _ if name == SPANNED => visitor.visit_map(SpannedAccess { node: self, next: 0 }),
            Value::Map(map) => {
                note_unknown(map, fields);
                self.deserialize_any(visitor)
            }
            // Derived code would assign the items to the fields in order.
            Value::List(_) => {
                let mut error: ConfigError = de::Error::invalid_type(de::Unexpected::Seq, &visitor);
                error.origin = Some(self.origin.clone());
                Err(error)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        let outcome = match &self.value {
            Value::Str(text) => visitor.visit_enum(StrDeserializer::new(text)),
            Value::Map(map) if map.len() == 1 => {
                visitor.visit_enum(MapAccessDeserializer::new(Entries { map, next: 0 }))
            }
            other => Err(de::Error::custom(format!("expected a known word, found {}", other.a_kind()))),
        };
        outcome.map_err(|mut error: ConfigError| {
            error.origin.get_or_insert_with(|| self.origin.clone());
            error
        })
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

fn note_unknown(map: &Map, known: &'static [&'static str]) {
    UNKNOWN.with_borrow_mut(|unknown| {
        let Some(unknown) = unknown else { return };
        let strange = map.iter().filter(|(key, _)| key.as_str().is_none_or(|key| !known.contains(&key)));
        unknown.extend(strange.map(|(key, node)| UnknownKey {
            key: key.to_string(),
            origin: node.key_origin(),
            known,
        }));
    });
}

struct Items<'de> {
    items: &'de [Node],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = ConfigError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ConfigError> {
        let Some(node) = self.items.get(self.next) else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        seed.deserialize(node).map(Some).map_err(|error| error.under(&index.to_string(), node))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len() - self.next)
    }
}

struct Entries<'de> {
    map: &'de Map,
    next: usize,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = ConfigError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ConfigError> {
        match self.map.get_index(self.next) {
            None => Ok(None),
            Some((Key::Str(text), _)) => {
                seed.deserialize(de::value::BorrowedStrDeserializer::new(text)).map(Some)
            }
            Some((key, _)) => seed.deserialize(key.to_string().into_deserializer()).map(Some),
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, ConfigError> {
        let (key, node) = self.map.get_index(self.next).expect("next_key_seed returned this entry's key");
        self.next += 1;
        seed.deserialize(node).map_err(|error| error.under(&key.to_string(), node))
    }
}

const SPANNED: &str = "$cloud-init::Spanned";
const SPANNED_FIELDS: &[&str] = &["value", "source", "line", "column"];

/// A typed value that remembers where it was written, for messages.
///
/// It only works below [`from_node`]: other deserializers have no positions.
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

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Spanned<T>, A::Error> {
                let missing = || de::Error::custom("positions are known only to a configuration tree");
                let (_, value): (String, T) = map.next_entry()?.ok_or_else(missing)?;
                let (_, source): (String, String) = map.next_entry()?.ok_or_else(missing)?;
                let (_, line): (String, u32) = map.next_entry()?.ok_or_else(missing)?;
                let (_, column): (String, u32) = map.next_entry()?.ok_or_else(missing)?;
                Ok(Spanned { value, origin: Origin { source: source.into(), line, column } })
            }
        }
        deserializer.deserialize_struct(SPANNED, SPANNED_FIELDS, Outer(std::marker::PhantomData))
    }
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

struct SpannedAccess<'de> {
    node: &'de Node,
    next: usize,
}

impl<'de> MapAccess<'de> for SpannedAccess<'de> {
    type Error = ConfigError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ConfigError> {
        match SPANNED_FIELDS.get(self.next) {
            Some(field) => seed.deserialize(StrDeserializer::new(field)).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, ConfigError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Entry {
        path: String,
        #[serde(default)]
        uid: Option<u32>,
    }

    #[derive(Debug, Deserialize)]
    struct Config {
        entries: Vec<Spanned<Entry>>,
        #[serde(default)]
        raw: Node,
    }

    fn at(line: u32, value: Value) -> Node {
        Node::new(value, Origin { source: "f".into(), line, column: 3 })
    }

    fn map(line: u32, entries: &[(&str, Node)]) -> Node {
        at(line, Value::Map(entries.iter().map(|(key, node)| (Key::from(*key), node.clone())).collect()))
    }

    #[test]
    fn typed_configs_keep_positions_and_ignore_other_keys() {
        let entry = map(2, &[("path", at(2, Value::Str("/a".into()))), ("uid", at(3, Value::Int(7)))]);
        let tree = map(
            1,
            &[
                ("entries", at(2, Value::List(vec![entry]))),
                ("raw", at(4, Value::List(vec![at(5, Value::Null)]))),
                ("other", at(9, Value::Null)),
            ],
        );
        let config: Config = from_node(&tree).expect("a valid config");
        assert_eq!(config.entries[0].value, Entry { path: "/a".into(), uid: Some(7) });
        assert_eq!(config.entries[0].origin.to_string(), "f:2:3");
        assert_eq!(config.raw.origin.line, 4);
        assert_eq!(config.raw.as_list().expect("a list")[0].origin.line, 5);
    }

    #[test]
    fn unknown_keys_are_noted_where_they_are() {
        let entry = map(2, &[("path", at(2, Value::Str("/a".into()))), ("pth", at(3, Value::Null))]);
        let tree = map(1, &[("entries", at(2, Value::List(vec![entry])))]);
        let (_, unknown) = from_node_noting::<Config>(&tree).expect("a valid config");
        let found: Vec<_> =
            unknown.iter().map(|key| (key.key.as_str(), key.origin.line, key.known)).collect();
        assert_eq!(found, [("pth", 3, &["path", "uid"][..])]);
    }

    #[test]
    fn an_error_names_the_place_of_the_innermost_value() {
        let entry =
            map(2, &[("path", at(2, Value::Str("/a".into()))), ("uid", at(3, Value::Str("x".into())))]);
        let tree = map(1, &[("entries", at(2, Value::List(vec![entry])))]);
        let error = from_node::<Config>(&tree).expect_err("uid is no number");
        assert_eq!(error.to_string(), "f:3:3: entries.0.uid: expected an integer of 0 or more, found text");
    }
}
