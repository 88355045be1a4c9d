//! Turns the validator's results into messages.

use serde_json::Value;

use crate::fault::Cause;
use crate::instance::{Instance, View};

/// A value of the schema for messages: text in quotes, anything else as JSON.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{text}'"),
        other => other.to_string(),
    }
}

/// `a`, `a or b`, `a, b or c`.
pub(crate) fn either(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [head @ .., last] => format!("{} or {last}", head.join(", ")),
    }
}

/// The name of a JSON schema type.
fn type_name(name: &str) -> &str {
    match name {
        "string" => "text",
        "array" => "a list",
        "object" => "a mapping",
        "integer" => "an integer",
        "number" => "a number",
        "boolean" => "true or false",
        "null" => "nothing (null)",
        other => other,
    }
}

/// A longer list of words is only counted.
const WORDS: usize = 12;

/// What would be valid, for causes that describe it.
fn expected(cause: &Cause<'_>) -> Option<Vec<String>> {
    let one = |text: String| Some(vec![text]);
    match cause {
        Cause::Type(names) => {
            let mut names = names.clone();
            // Every integer is a number.
            if names.contains(&"number") {
                names.retain(|name| *name != "integer");
            }
            let (booleans, others): (Vec<&str>, Vec<&str>) =
                names.into_iter().partition(|name| *name == "boolean");
            Some(others.into_iter().chain(booleans).map(|name| type_name(name).to_owned()).collect())
        }
        Cause::Enum([only]) => one(word(only)),
        Cause::Enum(words) if words.len() <= WORDS => Some(words.iter().map(word).collect()),
        Cause::Enum(words) => one(format!("one of {} values (see the reference)", words.len())),
        Cause::Pattern(pattern) => one(format!("text matching {pattern}")),
        Cause::Format("date") => one("a date (YYYY-MM-DD)".to_owned()),
        Cause::Format(name) => one(format!("text in the format {name}")),
        Cause::MinItems(1) | Cause::MinProperties(1) => one("at least one entry".to_owned()),
        Cause::MinItems(least) | Cause::MinProperties(least) => one(format!("at least {least} entries")),
        Cause::MaxItems(most) => one(format!("at most {most} entries")),
        Cause::Minimum(bound) => one(format!("a number of at least {bound}")),
        Cause::Maximum(bound) => one(format!("a number of at most {bound}")),
        Cause::MinLength(least) => one(format!("text of at least {least} characters")),
        Cause::MaxLength(most) => one(format!("text of at most {most} characters")),
        Cause::Required(name) => one(format!("a mapping with the key '{name}'")),
        Cause::Either(causes) => {
            let all: Option<Vec<Vec<String>>> = causes.iter().map(expected).collect();
            let mut words: Vec<String> = Vec::new();
            for word in all?.into_iter().flatten() {
                if !words.contains(&word) {
                    words.push(word);
                }
            }
            Some(words)
        }
        _ => None,
    }
}

/// The maximum length of text in a message.
const SHOWN: usize = 40;

/// A value for the author of the document; `None` if its type is more informative.
pub(crate) fn shown(instance: Instance<'_>) -> Option<String> {
    match instance.view() {
        View::Str(text) => {
            let mut short: String =
                text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
            if text.chars().nth(SHOWN).is_some() {
                short.push('…');
            }
            Some(format!("'{short}'"))
        }
        View::Bool(value) => Some(value.to_string()),
        View::Int(number) => Some(number.to_string()),
        View::Float(number) => Some(format!("{number:?}")),
        _ => None,
    }
}

/// What was found, without its value.
fn found(cause: &Cause<'_>, instance: Instance<'_>) -> String {
    match (cause, instance.view()) {
        (Cause::Enum(_), View::Str(_)) => "another word".to_owned(),
        (Cause::Enum(_), View::Bool(_)) => "the other".to_owned(),
        (Cause::Enum(_), View::Int(_) | View::Float(_)) => "another number".to_owned(),
        (Cause::Pattern(_) | Cause::Format(_), View::Str(_)) => "other text".to_owned(),
        (Cause::Minimum(_), _) => "a smaller one".to_owned(),
        (Cause::Maximum(_), _) => "a larger one".to_owned(),
        (Cause::MinLength(_), _) => "a shorter one".to_owned(),
        (Cause::MaxLength(_), _) => "a longer one".to_owned(),
        (Cause::MinItems(_) | Cause::MaxItems(_) | Cause::MinProperties(_), view) => {
            let many = match view {
                View::List(list) => list.len(),
                View::Map(map) => map.len(),
                _ => 0,
            };
            if many == 0 { "none".to_owned() } else { many.to_string() }
        }
        (Cause::Required(_) | Cause::Either(_), View::Map(_)) => "another mapping".to_owned(),
        _ => instance.kind().to_owned(),
    }
}

/// The message without any value, and the message with the value that was found.
pub(crate) fn message(cause: &Cause<'_>, instance: Instance<'_>) -> (String, String) {
    let same = |text: String| (text.clone(), text);
    match cause {
        Cause::Required(name) => same(format!("the key '{name}' is missing")),
        Cause::Either(causes) if causes.iter().all(|cause| matches!(cause, Cause::Required(_))) => {
            let names: Vec<String> = causes
                .iter()
                .filter_map(|cause| match cause {
                    Cause::Required(name) => Some(format!("'{name}'")),
                    _ => None,
                })
                .collect();
            same(format!("a key is missing: {}", either(&names)))
        }
        Cause::Unknown { name, .. } => same(format!("unknown key '{}'", short(name))),
        Cause::KeyNoText { name, .. } => same(format!("the key {} must be text", short(name))),
        Cause::Twice { first, second } => {
            same(format!("entries {first} and {second} are equal, but must be unique"))
        }
        Cause::Not(schema) => same(forbidden(schema)),
        Cause::Forbidden => same("no value is allowed here".to_owned()),
        Cause::TooDeep => same("nested too deeply".to_owned()),
        Cause::AnyOf => same("no allowed form matches".to_owned()),
        Cause::Several(schemas) => same(several(schemas)),
        cause => {
            let Some(words) = expected(cause) else { return same("not allowed here".to_owned()) };
            let expected = either(&words);
            let found = found(cause, instance);
            let kinds = matches!(cause, Cause::MinItems(_) | Cause::MaxItems(_) | Cause::MinProperties(_));
            let detail = match shown(instance).filter(|_| !kinds) {
                Some(value) if matches!(cause, Cause::Type(_)) => format!("{} {value}", instance.kind()),
                Some(value) => value,
                None => found.clone(),
            };
            (format!("expected {expected}, found {found}"), format!("expected {expected}, found {detail}"))
        }
    }
}

/// A key for a message.
pub(crate) fn short(name: &str) -> String {
    let mut text: String = name.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if name.chars().nth(SHOWN).is_some() {
        text.push('…');
    }
    text
}

fn required(schema: &Value) -> Vec<String> {
    let names = schema.get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str).map(|name| format!("'{name}'")).collect()
}

/// What `not` forbids.
fn forbidden(schema: &Value) -> String {
    match required(schema).as_slice() {
        [] => "this form is not allowed here".to_owned(),
        [only] => format!("the key {only} is not allowed here"),
        names => format!("only one of these keys is allowed: {}", names.join(", ")),
    }
}

/// The message for a value that matches several branches of which only one may.
fn several(schemas: &[&Value]) -> String {
    let names: Vec<String> = schemas.iter().flat_map(|schema| required(schema)).collect();
    if names.is_empty() {
        "ambiguous: several forms match".to_owned()
    } else {
        format!("only one of these keys is allowed: {}", names.join(", "))
    }
}
