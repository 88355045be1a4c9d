//! The part of the schema of a cloud-config that a document needs: most documents have few keys, and the complete schema
//! takes more memory than the rest of a boot.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use model::Node;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
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
    let idle = each_map(text, Survey { keys: &keys, depth: 0 })?;
    each_map(text, Members { idle: &idle, depth: 0 }).map(Value::Object)
}

/// Reads a text that is a mapping.
fn each_map<'t, V: Visitor<'t>>(text: &'t str, visitor: V) -> serde_json::Result<V::Value> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = reader.deserialize_map(visitor)?;
    reader.end()?;
    Ok(value)
}

/// The definitions of modules of which the document has no key. Nothing of the schema is kept for it: most of it is theirs.
#[derive(Clone, Copy)]
struct Survey<'k> {
    keys: &'k [&'k str],
    depth: usize,
}

impl<'de> Visitor<'de> for Survey<'_> {
    type Value = HashSet<String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a schema")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<HashSet<String>, A::Error> {
        let mut idle = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if self.depth == 0 && name == "$defs" {
                idle = map.next_value_seed(Survey { depth: 1, ..self })?;
            } else if self.depth == 1 && name.starts_with("cc_") {
                if map.next_value_seed(Definition { keys: self.keys })? {
                    idle.insert(name);
                }
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(idle)
    }
}

impl<'de> DeserializeSeed<'de> for Survey<'_> {
    type Value = HashSet<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

/// Whether a definition is that of a module of which the document has no key.
struct Definition<'k> {
    keys: &'k [&'k str],
}

impl<'de> Visitor<'de> for Definition<'_> {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the definition of a module")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let (mut has_own, mut is_idle) = (false, true);
        while let Some(keyword) = map.next_key::<String>()? {
            is_idle &= HARMLESS.contains(&keyword.as_str());
            if keyword == "properties" {
                has_own = true;
                let own: BTreeMap<String, IgnoredAny> = map.next_value()?;
                is_idle &= self.keys.iter().all(|key| !own.contains_key(*key));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(has_own && is_idle)
    }
}

impl<'de> DeserializeSeed<'de> for Definition<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_map(self)
    }
}

/// The members of the schema, or of its `$defs`, without those that are idle.
#[derive(Clone, Copy)]
struct Members<'i> {
    idle: &'i HashSet<String>,
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
            } else if self.depth == 1 && self.idle.contains(&name) {
                map.next_value::<IgnoredAny>()?;
            } else {
                members.insert(name, map.next_value()?);
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
