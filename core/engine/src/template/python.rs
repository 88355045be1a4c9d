//! Values in Python's notation, and the methods of Python types that templates use.

use std::fmt;
use std::fmt::Write;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value, ValueKind};
use minijinja::{Error, ErrorKind};

use super::missing::Missing;

/// A list that prints as a tuple.
#[derive(Debug)]
struct Tuple(Vec<Value>);

impl Object for Tuple {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_usize()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.len())
    }
}

/// A Python tuple.
pub(super) fn tuple(items: Vec<Value>) -> Value {
    Value::from_object(Tuple(items))
}

/// The items of a mapping as tuples.
pub(super) fn items(value: &Value) -> Result<Value, Error> {
    if value.kind() != ValueKind::Map {
        return Err(Error::new(ErrorKind::InvalidOperation, "items: not a mapping"));
    }
    value.try_iter()?.map(|key| Ok(tuple(vec![key.clone(), value.get_item(&key)?]))).collect()
}

/// A float in the format of Python's `repr()`.
pub(super) fn float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    if number != 0.0 && !(-4..16).contains(&power) {
        return format!("{digits}e{}{:02}", if power < 0 { '-' } else { '+' }, power.abs());
    }
    format!("{number:?}")
}

/// Pads both sides like Python's `center()`.
pub(super) fn centred(text: &str, width: usize, fill: char) -> String {
    let length = text.chars().count();
    let margin = width.min(MAX_WIDTH).saturating_sub(length);
    let left = margin / 2 + (margin & width & 1);
    let pad = |count: usize| fill.to_string().repeat(count);
    format!("{}{text}{}", pad(left), pad(margin - left))
}

/// The maximum width.
const MAX_WIDTH: usize = 100_000;

/// Writes a value like Python's `str()`.
pub(super) fn write(out: &mut dyn Write, value: &Value) -> fmt::Result {
    match value.kind() {
        ValueKind::String => out.write_str(value.as_str().unwrap_or_default()),
        _ => repr(out, value),
    }
}

/// The maximum nesting of a printed value. Python gives up at 1,000 levels; a namespace that contains itself has no end.
const MAX_DEPTH: usize = 200;

/// The only reason why a value cannot be printed to memory.
pub(super) fn unprintable() -> Error {
    let message = format!(
        "a value is nested more than {MAX_DEPTH} levels deep and cannot be printed; a namespace may contain itself"
    );
    Error::new(ErrorKind::InvalidOperation, message)
}

/// Whether a value is within the maximum nesting.
pub(super) fn is_shallow(value: &Value) -> bool {
    fn within(value: &Value, left: usize) -> bool {
        if value.as_object().is_none() {
            return true;
        }
        let Some(left) = left.checked_sub(1) else { return false };
        let Ok(mut items) = value.try_iter() else { return true };
        if value.kind() == ValueKind::Map {
            items.all(|key| value.get_item(&key).is_ok_and(|item| within(&item, left)))
        } else {
            items.all(|item| within(&item, left))
        }
    }
    within(value, MAX_DEPTH)
}

/// Writes a value like Python's `repr()`.
pub(super) fn repr(out: &mut dyn Write, value: &Value) -> fmt::Result {
    nested(out, value, MAX_DEPTH)
}

fn nested(out: &mut dyn Write, value: &Value, left: usize) -> fmt::Result {
    let left = left.checked_sub(1).ok_or(fmt::Error)?;
    if value.downcast_object_ref::<Missing>().is_some() {
        return write!(out, "{value}");
    }
    match value.kind() {
        ValueKind::None => out.write_str("None"),
        ValueKind::Bool => out.write_str(if value.is_true() { "True" } else { "False" }),
        ValueKind::String => quoted(out, value.as_str().unwrap_or_default()),
        ValueKind::Number if !value.is_integer() => {
            out.write_str(&f64::try_from(value.clone()).map_or_else(|_| value.to_string(), float))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let tuple = value.downcast_object_ref::<Tuple>();
            out.write_char(if tuple.is_some() { '(' } else { '[' })?;
            for (index, item) in value.try_iter().map_err(|_| fmt::Error)?.enumerate() {
                if index > 0 {
                    out.write_str(", ")?;
                }
                nested(out, &item, left)?;
            }
            match tuple {
                Some(Tuple(items)) if items.len() == 1 => out.write_str(",)"),
                Some(_) => out.write_char(')'),
                None => out.write_char(']'),
            }
        }
        ValueKind::Map => {
            out.write_char('{')?;
            for (index, key) in value.try_iter().map_err(|_| fmt::Error)?.enumerate() {
                if index > 0 {
                    out.write_str(", ")?;
                }
                nested(out, &key, left)?;
                out.write_str(": ")?;
                nested(out, &value.get_item(&key).map_err(|_| fmt::Error)?, left)?;
            }
            out.write_char('}')
        }
        _ => write!(out, "{value}"),
    }
}

/// Python uses double quotes only for text that contains single but no double quotes.
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

/// Calls a method of Python's str, list or dict; `None` if it does not exist.
pub(super) fn method(value: &Value, name: &str, args: &[Value]) -> Option<Result<Value, Error>> {
    if let Some(text) = value.as_str() {
        return super::text::method(text, name, args);
    }
    if value.kind() == ValueKind::Map {
        let keys = || value.try_iter().map(Iterator::collect::<Vec<Value>>);
        let get = |key: &Value| value.get_item(key).unwrap_or_default();
        return match (name, args) {
            ("keys", []) => Some(keys().map(Value::from)),
            ("values", []) => Some(keys().map(|keys| keys.iter().map(get).collect())),
            ("items", []) => Some(items(value)),
            ("copy", []) => Some(Ok(value.clone())),
            ("get", [key, rest @ ..]) => {
                let found = get(key);
                let lacks = found.is_undefined() || found.downcast_object_ref::<Missing>().is_some();
                Some(Ok(if lacks { rest.first().cloned().unwrap_or(Value::from(())) } else { found }))
            }
            _ => None,
        };
    }
    if matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
        let found: Vec<Value> = value.try_iter().ok()?.collect();
        return match (name, args) {
            ("count", [wanted]) => Some(Ok(found.iter().filter(|item| *item == wanted).count().into())),
            ("index", [wanted]) => Some(match found.iter().position(|item| item == wanted) {
                Some(at) => Ok(at.into()),
                None => Err(wrong(name)),
            }),
            ("copy", []) => Some(Ok(value.clone())),
            _ => None,
        };
    }
    None
}
