//! Serde's errors in the terms of the configuration: without Rust types, and without values, which may be passwords.

use std::fmt;

use serde::de::{Expected, Unexpected};
use serde_json::error::Category;

/// The kind of a value that was found.
pub(super) fn found(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
        Unexpected::Float(_) => "a number",
        Unexpected::Char(_) | Unexpected::Str(_) => "text",
        Unexpected::Bytes(_) => "binary data",
        Unexpected::Unit | Unexpected::Option => "nothing",
        Unexpected::Seq => "a list",
        Unexpected::Map => "a mapping",
        _ => "another value",
    }
}

/// What a type expects. Derived implementations name the Rust type; written ones use words of their own.
pub(super) fn expected(expected: &dyn Expected) -> impl fmt::Display {
    translated(&expected.to_string())
}

fn translated(expected: &str) -> String {
    let (first, rest) = expected.split_once(' ').unwrap_or((expected, ""));
    match (first, rest) {
        ("u8" | "u16" | "u32" | "u64" | "u128" | "usize", "") => "an integer of 0 or more".to_owned(),
        ("i8" | "i16" | "i32" | "i64" | "i128" | "isize", "") => "an integer".to_owned(),
        ("f32" | "f64", "") => "a number".to_owned(),
        ("struct", _) | ("a", "map") | ("map", "") => "a mapping".to_owned(),
        ("a", "sequence") | ("sequence", "") => "a list".to_owned(),
        ("a", "boolean") | ("bool", "") => "true or false".to_owned(),
        ("a", "string") | ("string", "") => "text".to_owned(),
        ("unit", _) => "nothing (null)".to_owned(),
        ("enum" | "variant", _) => "a known word".to_owned(),
        ("a", tuple) if tuple.starts_with("tuple of size ") => {
            format!("a list of {} items", tuple.trim_start_matches("tuple of size "))
        }
        ("tuple" | "newtype", _) => "another form".to_owned(),
        _ => expected.to_owned(),
    }
}

/// Why a JSON document cannot be read, without any of its values.
pub fn json_reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if error.classify() != Category::Data {
        return format!("not valid JSON: {text}");
    }
    let place = format!("line {}, column {}", error.line(), error.column());
    let text = text.split(" at line ").next().unwrap_or_default();
    let reason = match text.rsplit_once(", expected ") {
        Some((_, wanted)) => format!("expected {}", translated(wanted)),
        None => match text.strip_prefix("missing field ") {
            Some(key) => format!("the key {} is missing", key.replace('`', "'")),
            // Of `bounded_json`.
            None if text.starts_with("more than ") => text.to_owned(),
            None => "unexpected form".to_owned(),
        },
    };
    if error.line() == 0 { reason } else { format!("{place}: {reason}") }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde::de::DeserializeOwned;

    use super::*;
    use crate::config::{Node, from_node};

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only read")]
    struct Inner {
        name: String,
        size: Option<u8>,
        #[serde(default)]
        pair: Option<(u8, u8)>,
        word: Option<Word>,
        flag: Option<bool>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        One,
    }

    fn refused<T: DeserializeOwned + fmt::Debug>(text: &str) -> String {
        let node = Node::from_yaml("f", text.as_bytes()).expect("YAML").expect("there");
        from_node::<T>(&node).expect_err("a wrong form").message
    }

    #[test]
    fn a_wrong_form_is_reported_without_rust_types_and_values() {
        for (text, message) in [
            ("SECRET", "expected a mapping, found text"),
            ("[SECRET]", "expected a mapping, found a list"),
            ("{}", "the key 'name' is missing"),
            ("name: [SECRET]", "expected text, found a list"),
            ("{name: x, size: SECRET}", "expected an integer of 0 or more, found text"),
            ("{name: x, size: -1}", "expected an integer of 0 or more, found another one"),
            ("{name: x, pair: 3}", "expected a list of 2 items, found an integer"),
            ("{name: x, pair: [3]}", "expected a list of 2 items, found 1"),
            ("{name: x, word: SECRET}", "expected one, found another word"),
            ("{name: x, flag: SECRET}", "expected true or false, found text"),
        ] {
            assert_eq!(refused::<Inner>(text), message, "{text}");
        }
        assert_eq!(refused::<Vec<u8>>("3"), "expected a list, found an integer");
    }

    #[test]
    fn a_json_document_of_another_form_is_reported_without_rust_types_and_values() {
        let reason = |text: &str| json_reason(&serde_json::from_str::<Inner>(text).expect_err("refused"));
        assert_eq!(reason("\"SECRET\""), "line 1, column 8: expected a mapping");
        assert_eq!(reason("{}"), "line 1, column 2: the key 'name' is missing");
        assert_eq!(
            reason("{\"name\": \"a\",\n\"size\": \"SECRET\"}"),
            "line 2, column 16: expected an integer of 0 or more"
        );
        assert_eq!(reason("{"), "not valid JSON: EOF while parsing an object at line 1 column 1");
    }
}
