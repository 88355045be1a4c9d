//! The part of the schema of a cloud-config that a document needs: most documents have few keys, and the complete schema
//! takes more memory than the rest of a boot.

use std::fmt;

use model::Node;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::validate::Object;

/// The keywords of a module's definition that do not concern a document without its keys.
const HARMLESS: &[&str] = &["type", "properties", "description", "title"];

/// Reads the schema of a cloud-config without the modules that none of the document's keys belongs to. Findings are those of
/// the complete schema, but for the module of a key that is only suggested.
///
/// # Errors
///
/// The text is not a mapping in JSON.
pub fn needed(text: &str, document: &Node) -> serde_json::Result<Value> {
    // Every definition says what else a document that is not a mapping should be.
    let Some(map) = document.as_map() else { return serde_json::from_str(text) };
    let keys: Vec<&str> = map.iter().filter_map(|(key, _)| key.as_str()).collect();
    let mut reader = serde_json::Deserializer::from_str(text);
    let whole = reader.deserialize_map(Members { keys: &keys, depth: 0 })?;
    reader.end()?;
    Ok(Value::Object(whole))
}

/// The members of the schema, or of its `$defs`.
#[derive(Clone, Copy)]
struct Members<'k> {
    keys: &'k [&'k str],
    depth: usize,
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Object;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a schema")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if self.depth == 0 && name == "$defs" {
                let below = Members { depth: 1, ..self };
                members.insert(name, Value::Object(map.next_value_seed(below)?));
                continue;
            }
            let member: Value = map.next_value()?;
            if self.depth == 0 || !self.is_idle(&name, &member) {
                members.insert(name, member);
            }
        }
        Ok(members)
    }
}

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = Object;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Object, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl Members<'_> {
    /// Whether a definition is that of a module of which the document has no key.
    fn is_idle(self, name: &str, definition: &Value) -> bool {
        let Some(definition) = definition.as_object().filter(|_| name.starts_with("cc_")) else {
            return false;
        };
        let own = definition.get("properties").and_then(Value::as_object);
        own.is_some_and(|own| self.keys.iter().all(|key| !own.contains_key(*key)))
            && definition.keys().all(|keyword| HARMLESS.contains(&keyword.as_str()))
    }
}
