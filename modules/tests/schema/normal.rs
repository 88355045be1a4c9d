//! A schema's meaning without its texts, so that two can be compared.

use serde_json::{Map, Value};

/// Texts, and words that mean nothing to a validator of draft 4 (`prefixItems` is one of a later draft).
const TEXTS: [&str; 9] = [
    "title",
    "description",
    "label",
    "hidden",
    "default",
    "deprecated_description",
    "changed_description",
    "writeOnly",
    "prefixItems",
];
/// What is said beside a shape.
const NOTES: [&str; 4] = ["deprecated", "deprecated_version", "changed", "changed_version"];

/// References are put in, alternatives and words are sorted, texts are left out.
pub fn normal(schema: &Value, definitions: &Value) -> Value {
    let Some(object) = schema.as_object() else { return schema.clone() };
    let mut object = object.clone();
    while let Some(reference) = object.remove("$ref") {
        let name = reference.as_str().expect("a reference").trim_start_matches("#/$defs/");
        for (key, value) in definitions[name].as_object().unwrap_or_else(|| panic!("no {name}")) {
            if key == "$ref" || !object.contains_key(key) {
                object.insert(key.clone(), value.clone());
            }
        }
    }
    let mut whole = Map::new();
    for (key, value) in &object {
        let value = match (key.as_str(), value) {
            (text, _) if TEXTS.contains(&text) => continue,
            // That is what its absence means.
            ("additionalProperties", Value::Bool(true)) => continue,
            ("properties" | "patternProperties", Value::Object(parts)) => {
                parts.iter().map(|(name, part)| (name.clone(), normal(part, definitions))).collect()
            }
            ("oneOf" | "anyOf" | "allOf", Value::Array(parts)) => {
                sorted(parts.iter().map(|part| normal(part, definitions)).collect())
            }
            ("enum" | "required" | "type", Value::Array(words)) => match words.as_slice() {
                [one] if key == "type" => one.clone(),
                words => sorted(words.to_vec()),
            },
            ("items" | "not" | "additionalProperties", part) => normal(part, definitions),
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
    if all.iter().any(|part| is_note(&part)) && all.iter().filter(|part| !is_note(part)).count() == 1 {
        whole.remove("allOf");
        for (key, value) in all.iter().filter_map(Value::as_object).flatten() {
            whole.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}

fn sorted(mut parts: Vec<Value>) -> Value {
    // By a text in which the order of keys does not count.
    parts.sort_by_cached_key(|part| {
        let mut part = part.clone();
        part.sort_all_objects();
        part.to_string()
    });
    Value::Array(parts)
}

/// Where the two differ.
pub fn differences(original: &Value, ours: &Value, path: &str, found: &mut Vec<String>) {
    match (original, ours) {
        (Value::Object(original), Value::Object(ours)) => {
            for (key, value) in original {
                match ours.get(key) {
                    Some(other) => differences(value, other, &format!("{path}/{key}"), found),
                    None => found.push(format!("{path}/{key}: only the original has it: {value}")),
                }
            }
            for (key, value) in ours.iter().filter(|(key, _)| !original.contains_key(*key)) {
                found.push(format!("{path}/{key}: only ours has it: {value}"));
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (number, (one, other)) in one.iter().zip(other).enumerate() {
                differences(one, other, &format!("{path}/{number}"), found);
            }
        }
        _ if original != ours => found.push(format!("{path}: original {original}, ours {ours}")),
        _ => {}
    }
}
