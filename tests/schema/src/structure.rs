//! Schemas side by side: what decides verdicts, without words, references followed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Keywords that decide nothing.
const WORDS: &[&str] = &[
    "$schema",
    "$id",
    "$defs",
    "title",
    "description",
    "default",
    "label",
    "hidden",
    "examples",
    "deprecated_description",
    "changed_description",
    "changed_version",
    "new",
    "new_version",
    "new_description",
    "writeOnly",
    "prefixItems",
];

/// References are followed so deep.
const DEEPEST: usize = 40;

/// A schema in which everything stands in its place, in one order.
pub fn plain(document: &Value, schema: &Value, depth: usize) -> Value {
    let Value::Object(map) = schema else { return schema.clone() };
    let mut parts = Map::new();
    for (keyword, value) in map {
        let says_nothing = keyword == "additionalProperties" && *value == Value::Bool(true);
        if says_nothing || WORDS.contains(&keyword.as_str()) {
            continue;
        }
        let inner = |value: &Value| plain(document, value, depth);
        let new = match (keyword.as_str(), value) {
            ("$ref", Value::String(reference)) => {
                let target = document.pointer(reference.trim_start_matches('#'));
                match target.filter(|_| depth < DEEPEST) {
                    Some(target) => plain(document, target, depth + 1),
                    None => value.clone(),
                }
            }
            ("properties" | "patternProperties", Value::Object(keys)) => {
                let keys: BTreeMap<&String, Value> =
                    keys.iter().map(|(key, value)| (key, inner(value))).collect();
                serde_json::to_value(keys).unwrap_or_default()
            }
            ("allOf" | "anyOf" | "oneOf", Value::Array(branches)) => branches.iter().map(inner).collect(),
            ("items", Value::Array(branches)) => branches.iter().map(inner).collect(),
            ("items" | "additionalItems" | "additionalProperties" | "not", value) => inner(value),
            ("enum" | "required" | "type", Value::Array(words)) => {
                let words: BTreeSet<String> = words.iter().map(ToString::to_string).collect();
                words.into_iter().collect::<Vec<_>>().into()
            }
            ("type", word) => vec![word.to_string()].into(),
            (_, value) => value.clone(),
        };
        parts.insert(keyword.clone(), new);
    }
    // What a reference names and what stands beside it both hold.
    if let Some(referred) = parts.remove("$ref") {
        match referred {
            Value::Object(referred) if referred.keys().all(|key| !parts.contains_key(key)) => {
                parts.extend(referred)
            }
            referred if parts.is_empty() => return referred,
            referred => {
                parts.insert("$ref".to_owned(), referred);
            }
        }
    }
    // So do the parts of `allOf`, where each speaks of other things.
    if let Some(Value::Array(branches)) = parts.get("allOf") {
        let branches: Vec<Value> = branches.clone();
        let mut whole = parts.clone();
        whole.remove("allOf");
        let mut alone = !whole.contains_key("properties");
        for (key, value) in branches.iter().filter_map(Value::as_object).flatten() {
            alone &= whole.insert(key.clone(), value.clone()).is_none();
        }
        if alone && branches.iter().all(Value::is_object) {
            parts = whole;
        }
    }
    let sorted: BTreeMap<String, Value> = parts.into_iter().collect();
    serde_json::to_value(sorted).unwrap_or_default()
}

/// The first place at which two plain schemas differ.
pub fn difference(original: &Value, ours: &Value, place: &str) -> Option<String> {
    match (original, ours) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            keys.into_iter().find_map(|key| match (one.get(key), other.get(key)) {
                (Some(one), Some(other)) => difference(one, other, &format!("{place}/{key}")),
                (Some(one), None) => Some(format!("{place}/{key}: original {}, ours nothing", short(one))),
                (None, Some(other)) => {
                    Some(format!("{place}/{key}: original nothing, ours {}", short(other)))
                }
                (None, None) => None,
            })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => one
            .iter()
            .zip(other)
            .enumerate()
            .find_map(|(index, (one, other))| difference(one, other, &format!("{place}/{index}"))),
        (one, other) if one == other => None,
        (one, other) => Some(format!("{place}: original {}, ours {}", short(one), short(other))),
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(160).collect()
}

/// The parts of a document that are compared one by one: each module, and the rest.
pub fn compare(original: &Value, ours: &Value) -> BTreeMap<String, Option<String>> {
    let definitions = |document: &Value| -> BTreeSet<String> {
        let all = document.get("$defs").and_then(Value::as_object);
        all.into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .filter(|name| name.starts_with("cc_"))
            .collect()
    };
    let mut names = definitions(original);
    names.extend(definitions(ours));
    let mut found: BTreeMap<String, Option<String>> = names
        .into_iter()
        .map(|name| {
            let of = |document: &Value| {
                let inner = document.get("$defs").and_then(|all| all.get(&name));
                inner.map_or(Value::Null, |inner| plain(document, inner, 0))
            };
            let difference = difference(&of(original), &of(ours), "");
            (name, difference)
        })
        .collect();
    let whole = |document: &Value| {
        let mut whole = plain(document, document, 0);
        // Modules in one order.
        if let Some(Value::Array(all)) = whole.get_mut("allOf") {
            all.sort_by_key(ToString::to_string);
        }
        whole
    };
    found.insert("(whole)".to_owned(), difference(&whole(original), &whole(ours), ""));
    found
}
