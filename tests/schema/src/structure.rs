//! Schemas side by side: their meaning without their texts. Types, words, limits, alternatives, deprecations and their
//! versions have to be the same; where a shared piece is written down, and the order of alternatives, do not matter.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Texts, and words that mean nothing to a validator of draft 4 (`prefixItems` is one of a later draft).
const TEXTS: &[&str] = &[
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
    "new_description",
    "writeOnly",
    "prefixItems",
];
/// What is said beside a shape.
const NOTES: &[&str] =
    &["deprecated", "deprecated_version", "changed", "changed_version", "new", "new_version"];

/// References are followed so deep.
const DEEPEST: usize = 40;

/// References are put in, alternatives and words are sorted, texts are left out.
pub fn plain(document: &Value, schema: &Value, depth: usize) -> Value {
    let Value::Object(object) = schema else { return schema.clone() };
    if depth > DEEPEST {
        return Value::Null;
    }
    let mut object = object.clone();
    // What a reference names and what stands beside it both hold.
    for _ in 0..DEEPEST {
        let Some(Value::String(reference)) = object.remove("$ref") else { break };
        let target = document.pointer(reference.trim_start_matches('#')).and_then(Value::as_object);
        for (key, value) in target.into_iter().flatten() {
            object.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    let inner = |part: &Value| plain(document, part, depth + 1);
    let mut whole = Map::new();
    for (key, value) in &object {
        let value = match (key.as_str(), value) {
            (text, _) if TEXTS.contains(&text) => continue,
            // That is what its absence means.
            ("additionalProperties", Value::Bool(true)) => continue,
            ("properties" | "patternProperties", Value::Object(parts)) => {
                parts.iter().map(|(name, part)| (name.clone(), inner(part))).collect()
            }
            ("oneOf" | "anyOf" | "allOf", Value::Array(parts)) => sorted(parts.iter().map(inner).collect()),
            ("items", Value::Array(parts)) => parts.iter().map(inner).collect(),
            ("enum" | "required" | "type", Value::Array(words)) => match words.as_slice() {
                [one] if key == "type" => one.clone(),
                words => sorted(words.to_vec()),
            },
            ("items" | "not" | "additionalItems" | "additionalProperties", part) => inner(part),
            _ => value.clone(),
        };
        whole.insert(key.clone(), value);
    }
    notes_of_all(&mut whole);
    Value::Object(whole)
}

/// `allOf` of one shape and of notes is the shape with the notes.
fn notes_of_all(whole: &mut Map<String, Value>) {
    let Some(Value::Array(all)) = whole.get("allOf").cloned() else { return };
    let is_note = |part: &&Value| {
        part.as_object().is_some_and(|part| part.keys().all(|key| NOTES.contains(&key.as_str())))
    };
    let shapes = all.iter().filter(|part| !is_note(part)).count();
    if shapes == 1 && all.len() > 1 {
        whole.remove("allOf");
        for (key, value) in all.iter().filter_map(Value::as_object).flatten() {
            whole.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}

/// By a text in which the order of keys does not count.
fn sorted(mut parts: Vec<Value>) -> Value {
    parts.sort_by_cached_key(|part| {
        let mut part = part.clone();
        part.sort_all_objects();
        part.to_string()
    });
    Value::Array(parts)
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

/// The sections that a document is put together from, by `allOf`.
fn sections(document: &Value) -> BTreeSet<String> {
    let all = document.get("allOf").and_then(Value::as_array);
    all.into_iter()
        .flatten()
        .filter_map(|part| part.get("$ref")?.as_str()?.strip_prefix("#/$defs/").map(str::to_owned))
        .collect()
}

/// The parts of a document that are compared one by one: each module, and the rest.
pub fn compare(original: &Value, ours: &Value) -> BTreeMap<String, Option<String>> {
    let mut names = sections(original);
    names.extend(sections(ours));
    let mut found: BTreeMap<String, Option<String>> = names
        .iter()
        .map(|name| {
            let of = |document: &Value| {
                let section = document.get("$defs").and_then(|all| all.get(name));
                section.map_or(Value::Null, |section| plain(document, section, 0))
            };
            (name.clone(), difference(&of(original), &of(ours), ""))
        })
        .collect();
    let rest = |document: &Value| {
        let mut document = document.clone();
        let known = sections(&document);
        if let Some(map) = document.as_object_mut().filter(|_| !known.is_empty()) {
            // Only which ones there are: each is compared by itself.
            map.insert("allOf".to_owned(), known.into_iter().map(|name| Value::from(vec![name])).collect());
        }
        plain(&document, &document, 0)
    };
    found.insert("(whole)".to_owned(), difference(&rest(original), &rest(ours), ""));
    found
}
