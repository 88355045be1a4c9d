//! Deserializes typed configs from the configuration tree, with errors that name file, line and column.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use serde::Deserializer;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use super::spanned::{SPANNED, SpannedAccess};
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

/// An error on its way out of nested values. It is behind a pointer because serde's code moves it at every field of every
/// type, and what only errors need is in functions of their own for the same reason.
#[derive(Debug)]
pub struct Failure(Box<ConfigError>);

impl Failure {
    #[cold]
    #[inline(never)]
    fn new(message: String) -> Self {
        Self(Box::new(ConfigError { origin: None, path: Vec::new(), message }))
    }

    #[cold]
    #[inline(never)]
    fn of_type(node: &Node, expected: &dyn de::Expected) -> Self {
        let found = match &node.value {
            Value::Null => de::Unexpected::Unit,
            Value::Bool(value) => de::Unexpected::Bool(*value),
            Value::Int(_) => de::Unexpected::Signed(0),
            Value::Float(number) => de::Unexpected::Float(*number),
            Value::Str(text) | Value::Timestamp(text) => de::Unexpected::Str(text),
            Value::Binary(bytes) => de::Unexpected::Bytes(bytes),
            Value::List(_) => de::Unexpected::Seq,
            Value::Map(_) => de::Unexpected::Map,
        };
        <Self as de::Error>::invalid_type(found, expected).at(node)
    }

    #[cold]
    #[inline(never)]
    fn at(mut self, node: &Node) -> Self {
        self.0.origin.get_or_insert_with(|| node.origin.clone());
        self
    }

    #[cold]
    #[inline(never)]
    fn under_key(mut self, key: &Key, node: &Node) -> Self {
        self.0.path.insert(0, key.to_string());
        self.at(node)
    }

    #[cold]
    #[inline(never)]
    fn under_index(mut self, index: usize, node: &Node) -> Self {
        self.0.path.insert(0, index.to_string());
        self.at(node)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Failure {}

impl de::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
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
    let outer = replace_unknown(Some(Vec::new()));
    let read = from_node(node);
    let unknown = replace_unknown(outer).unwrap_or_default();
    Ok((read?, unknown))
}

#[inline(never)]
fn replace_unknown(with: Option<Vec<UnknownKey>>) -> Option<Vec<UnknownKey>> {
    UNKNOWN.replace(with)
}

/// Reads a typed config from a tree.
pub fn from_node<T: DeserializeOwned>(node: &Node) -> Result<T, ConfigError> {
    T::deserialize(node).map_err(|error| *error.at(node).0)
}

impl<'de> IntoDeserializer<'de, Failure> for &'de Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The requests for one kind of value answer only with that kind: answering like `deserialize_any` would put serde's code for
/// all other kinds, which is an error each, into each type.
impl<'de> Deserializer<'de> for &'de Node {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
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
        outcome.map_err(|error| error.at(self))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.value {
            Value::Bool(value) => visitor.visit_bool(*value).map_err(|error: Failure| error.at(self)),
            _ => Err(Failure::of_type(self, &visitor)),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let outcome = match &self.value {
            Value::Str(text) | Value::Timestamp(text) => visitor.visit_borrowed_str(text),
            Value::Binary(bytes) => visitor.visit_borrowed_bytes(bytes),
            _ => Err(Failure::of_type(self, &visitor)),
        };
        outcome.map_err(|error| error.at(self))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.value {
            Value::List(items) => visitor.visit_seq(Items { items, next: 0 }).map_err(|error| error.at(self)),
            _ => Err(Failure::of_type(self, &visitor)),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.value {
            Value::Map(map) => visitor.visit_map(Entries { map, next: 0 }).map_err(|error| error.at(self)),
            _ => Err(Failure::of_type(self, &visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match &self.value {
            // The compiler decides this for each type.
            _ if name == SPANNED => visitor.visit_map(SpannedAccess::of(self)),
            Value::Map(map) => {
                note_unknown(map, fields);
                visitor.visit_map(Entries { map, next: 0 }).map_err(|error| error.at(self))
            }
            // Derived code would assign the items of a list to the fields in order.
            _ => Err(Failure::of_type(self, &visitor)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let outcome = match &self.value {
            Value::Str(text) => visitor.visit_enum(StrDeserializer::new(text)),
            Value::Map(map) if map.len() == 1 => {
                visitor.visit_enum(MapAccessDeserializer::new(Entries { map, next: 0 }))
            }
            other => Err(Failure::new(format!("expected a known word, found {}", other.a_kind()))),
        };
        outcome.map_err(|error| error.at(self))
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str bytes byte_buf
        unit unit_struct tuple tuple_struct identifier ignored_any
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
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Failure> {
        let Some(node) = self.items.get(self.next) else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        seed.deserialize(node).map(Some).map_err(|error| error.under_index(index, node))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len() - self.next)
    }
}

struct Entries<'de> {
    map: &'de Map,
    next: usize,
}

impl<'de> Entries<'de> {
    /// The text of the next key.
    #[inline(never)]
    fn key(&self) -> Option<Cow<'de, str>> {
        let (key, _) = self.map.get_index(self.next)?;
        Some(key.as_str().map_or_else(|| key.to_string().into(), Cow::Borrowed))
    }

    /// The entry whose key was read.
    #[inline(never)]
    fn entry(&mut self) -> (&'de Key, &'de Node) {
        let entry = self.map.get_index(self.next).expect("next_key_seed returned this entry's key");
        self.next += 1;
        entry
    }
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        let Some(key) = self.key() else { return Ok(None) };
        seed.deserialize(StrDeserializer::new(&key)).map(Some)
    }

    // All types with such a field share it.
    #[inline(never)]
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Failure> {
        let (key, node) = self.entry();
        seed.deserialize(node).map_err(|error| error.under_key(key, node))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::super::Spanned;
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
