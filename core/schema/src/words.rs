//! What the validator finds, in words.

use serde_json::Value;

use crate::fault::Cause;
use crate::instance::{Instance, View};

/// A word that people read: text in quotes, anything else as JSON writes it.
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

/// A type of JSON schema.
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

/// A longer list of words says less than its length.
const WORDS: usize = 12;

/// What would do, for causes that say it.
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
        Cause::Enum(words) => one(format!("one of the {} words of the reference", words.len())),
        Cause::Pattern(pattern) => one(format!("text of the form {pattern}")),
        Cause::Format("date") => one("a date (YYYY-MM-DD)".to_owned()),
        Cause::Format(name) => one(format!("text of the format {name}")),
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

/// A text is shown up to so many characters.
const SHOWN: usize = 40;

/// A value as it is shown to the one who wrote it; `None` where its kind says more.
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

/// The message without any value, and the one with the value that was found.
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
        Cause::KeyNoText { name, .. } => same(format!("the key {} has to be text", short(name))),
        Cause::Twice { first, second } => {
            same(format!("the entries {first} and {second} are the same, each may be there once"))
        }
        Cause::Not(schema) => same(forbidden(schema)),
        Cause::Forbidden => same("nothing may be written here".to_owned()),
        Cause::TooDeep => same("this is nested too deeply".to_owned()),
        Cause::AnyOf => same("this has none of the forms that are allowed here".to_owned()),
        Cause::Several(schemas) => same(several(schemas)),
        cause => {
            let Some(words) = expected(cause) else { return same("this is not allowed here".to_owned()) };
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
        names => format!("only one of these keys may be there: {}", names.join(", ")),
    }
}

/// What may be only one of several things and is more.
fn several(schemas: &[&Value]) -> String {
    let names: Vec<String> = schemas.iter().flat_map(|schema| required(schema)).collect();
    if names.is_empty() {
        "this can be read in more than one way".to_owned()
    } else {
        format!("only one of these keys may be there: {}", names.join(", "))
    }
}
