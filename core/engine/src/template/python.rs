//! Values as Python prints them, and the methods of Python's types that templates use.

use std::fmt;
use std::fmt::Write;

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind};

use super::missing::Missing;

/// As Python's `str()`.
pub(super) fn write(out: &mut dyn Write, value: &Value) -> fmt::Result {
    match value.kind() {
        ValueKind::String => out.write_str(value.as_str().unwrap_or_default()),
        _ => repr(out, value),
    }
}

/// The same for JSON that was made a value.
pub(super) fn write_json(out: &mut String, value: &Value) -> fmt::Result {
    write(out, value)
}

/// As Python's `repr()`.
fn repr(out: &mut dyn Write, value: &Value) -> fmt::Result {
    if value.downcast_object_ref::<Missing>().is_some() {
        return write!(out, "{value}");
    }
    match value.kind() {
        ValueKind::None => out.write_str("None"),
        ValueKind::Bool => out.write_str(if value.is_true() { "True" } else { "False" }),
        ValueKind::String => quoted(out, value.as_str().unwrap_or_default()),
        ValueKind::Seq | ValueKind::Iterable => {
            out.write_char('[')?;
            for (index, item) in value.try_iter().map_err(|_| fmt::Error)?.enumerate() {
                if index > 0 {
                    out.write_str(", ")?;
                }
                repr(out, &item)?;
            }
            out.write_char(']')
        }
        ValueKind::Map => {
            out.write_char('{')?;
            for (index, key) in value.try_iter().map_err(|_| fmt::Error)?.enumerate() {
                if index > 0 {
                    out.write_str(", ")?;
                }
                repr(out, &key)?;
                out.write_str(": ")?;
                repr(out, &value.get_item(&key).map_err(|_| fmt::Error)?)?;
            }
            out.write_char('}')
        }
        _ => write!(out, "{value}"),
    }
}

/// Python prefers single quotes, and double ones where the text has only single ones in it.
pub(super) fn quoted(out: &mut dyn Write, text: &str) -> fmt::Result {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.write_char(quote)?;
    for letter in text.chars() {
        match letter {
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            letter if letter == quote => write!(out, "\\{letter}")?,
            letter if u32::from(letter) < 0x20 || letter == '\u{7f}' => {
                write!(out, "\\x{:02x}", u32::from(letter))?;
            }
            letter => out.write_char(letter)?,
        }
    }
    out.write_char(quote)
}

fn wrong(method: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("wrong arguments for {method}()"))
}

/// A method of Python's str, list or dict; `None` where there is no such method.
pub(super) fn method(value: &Value, name: &str, args: &[Value]) -> Option<Result<Value, Error>> {
    if let Some(text) = value.as_str() {
        return text_method(text, name, args);
    }
    if value.kind() == ValueKind::Map {
        let keys = || value.try_iter().map(Iterator::collect::<Vec<Value>>);
        let get = |key: &Value| value.get_item(key).unwrap_or_default();
        return match (name, args) {
            ("keys", []) => Some(keys().map(Value::from)),
            ("values", []) => Some(keys().map(|keys| keys.iter().map(get).collect())),
            ("items", []) => Some(
                keys().map(|keys| keys.iter().map(|key| Value::from(vec![key.clone(), get(key)])).collect()),
            ),
            ("get", [key, rest @ ..]) => {
                let found = get(key);
                let lacks = found.is_undefined() || found.downcast_object_ref::<Missing>().is_some();
                Some(Ok(if lacks { rest.first().cloned().unwrap_or(Value::from(())) } else { found }))
            }
            _ => None,
        };
    }
    None
}

fn text_method(text: &str, name: &str, args: &[Value]) -> Option<Result<Value, Error>> {
    let word = |index: usize| args.get(index).and_then(Value::as_str);
    let strip = |from_start: bool, from_end: bool| {
        let unwanted = word(0).map(str::to_owned);
        let is_unwanted = |letter: char| match &unwanted {
            Some(letters) => letters.contains(letter),
            None => letter.is_whitespace(),
        };
        let mut rest = text;
        if from_start {
            rest = rest.trim_start_matches(is_unwanted);
        }
        if from_end {
            rest = rest.trim_end_matches(is_unwanted);
        }
        Value::from(rest)
    };
    let value = match name {
        "strip" => strip(true, true),
        "lstrip" => strip(true, false),
        "rstrip" => strip(false, true),
        "lower" => Value::from(text.to_lowercase()),
        "upper" => Value::from(text.to_uppercase()),
        "splitlines" => text.lines().map(Value::from).collect(),
        "split" => match word(0) {
            Some("") => return Some(Err(wrong(name))),
            Some(by) => match args.get(1).and_then(Value::as_usize) {
                Some(limit) => text.splitn(limit + 1, by).map(Value::from).collect(),
                None => text.split(by).map(Value::from).collect(),
            },
            None => text.split_whitespace().map(Value::from).collect(),
        },
        "startswith" => Value::from(word(0).is_some_and(|head| text.starts_with(head))),
        "endswith" => Value::from(word(0).is_some_and(|tail| text.ends_with(tail))),
        "replace" => match (word(0), word(1)) {
            (Some(from), Some(to)) => Value::from(text.replace(from, to)),
            _ => return Some(Err(wrong(name))),
        },
        "join" => match args.first().map(Value::try_iter) {
            Some(Ok(items)) => Value::from(
                items
                    .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                    .collect::<Vec<_>>()
                    .join(text),
            ),
            _ => return Some(Err(wrong(name))),
        },
        "find" => Value::from(word(0).and_then(|part| text.find(part)).map_or(-1, |at| at as i64)),
        "isdigit" => Value::from(!text.is_empty() && text.chars().all(|letter| letter.is_ascii_digit())),
        "title" => {
            let mut upper = true;
            Value::from(
                text.chars()
                    .map(|letter| {
                        let out =
                            if upper { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
                        upper = !letter.is_alphabetic();
                        out
                    })
                    .collect::<String>(),
            )
        }
        _ => return None,
    };
    Some(Ok(value))
}
