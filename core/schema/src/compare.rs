//! Equality and order as defined by upstream's validator.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use crate::instance::{Instance, List, Name, View};

/// Whether a value equals one in a schema: a boolean is not a number, 1.0 equals 1.
pub(crate) fn is_json(instance: Instance<'_>, word: &Value) -> bool {
    match (instance.view(), word) {
        (View::Null, Value::Null) => true,
        (View::Bool(one), Value::Bool(other)) => one == *other,
        (View::Str(one), Value::String(other)) => one == other,
        (View::Int(_) | View::Float(_), Value::Number(_)) => number(instance, word) == Some(Ordering::Equal),
        (View::List(list), Value::Array(words)) => {
            list.len() == words.len() && list.iter().zip(words).all(|(item, word)| is_json(item, word))
        }
        (View::Map(map), Value::Object(words)) => {
            map.len() == words.len()
                && map.iter().all(|(name, item)| match name {
                    Name::Text(text) => words.get(text).is_some_and(|word| is_json(item, word)),
                    Name::Other(_) => false,
                })
        }
        _ => false,
    }
}

/// Python's `==` with a string of a schema, where booleans are numbers.
pub(crate) fn is_equal(instance: Instance<'_>, word: &Value) -> bool {
    match (instance.view(), word) {
        (View::Bool(one), Value::Number(other)) => other.as_f64() == Some(f64::from(u8::from(one))),
        (View::Int(number), Value::Bool(other)) => number == i128::from(u8::from(*other)),
        _ => is_json(instance, word),
    }
}

/// Compares a number with a schema's.
pub(crate) fn number(instance: Instance<'_>, bound: &Value) -> Option<Ordering> {
    match (instance.view(), bound) {
        (View::Int(number), Value::Number(bound)) => match bound.as_i64() {
            Some(bound) => Some(number.cmp(&i128::from(bound))),
            None => float(number).partial_cmp(&bound.as_f64()?),
        },
        (View::Huge { negative }, Value::Number(_)) => {
            Some(if negative { Ordering::Less } else { Ordering::Greater })
        }
        (View::Float(number), Value::Number(bound)) => number.partial_cmp(&bound.as_f64()?),
        _ => None,
    }
}

/// Compares an integer with a float.
#[expect(clippy::cast_precision_loss, reason = "schemas do not use numbers beyond the precision of a double")]
fn float(number: i128) -> f64 {
    number as f64
}

/// Python's `==`: NaN equals nothing, and both zeros are equal.
fn equal(one: f64, other: f64) -> bool {
    one.partial_cmp(&other) == Some(Ordering::Equal)
}

/// Whether two values of a document are equal items of a list.
fn same(one: Instance<'_>, other: Instance<'_>) -> bool {
    match (one.view(), other.view()) {
        (View::Null, View::Null) => true,
        (View::Bool(one), View::Bool(other)) => one == other,
        (View::Int(one), View::Int(other)) => one == other,
        (View::Int(one), View::Float(other)) | (View::Float(other), View::Int(one)) => {
            equal(float(one), other)
        }
        (View::Float(one), View::Float(other)) => equal(one, other),
        (View::Str(one), View::Str(other)) => one == other,
        (View::Bytes(one), View::Bytes(other)) => one == other,
        (View::List(one), View::List(other)) => {
            one.len() == other.len() && one.iter().zip(other.iter()).all(|(one, other)| same(one, other))
        }
        (View::Map(one), View::Map(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, item)| match name {
                    Name::Text(text) => other.get(text).is_some_and(|other| same(item, other)),
                    Name::Other(key) => other.iter().any(|(name, other)| {
                        matches!(name, Name::Other(name) if name == key) && same(item, other)
                    }),
                })
        }
        (View::Huge { .. } | View::Date | View::Set, View::Huge { .. } | View::Date | View::Set) => {
            matches!((one, other), (Instance::Yaml(one), Instance::Yaml(other)) if one.value.same(&other.value))
                || matches!((one, other), (Instance::Model(one), Instance::Model(other)) if one == other)
        }
        _ => false,
    }
}

/// The indexes of two equal items.
pub(crate) fn twice(list: List<'_>) -> Option<(usize, usize)> {
    // Lists can be long: only items with the same digest are compared.
    let mut seen: HashMap<u64, Vec<(usize, Instance<'_>)>> = HashMap::new();
    for (index, item) in list.iter().enumerate() {
        let alike = seen.entry(digest(item)).or_default();
        if let Some((first, _)) = alike.iter().find(|(_, other)| same(item, *other)) {
            return Some((*first, index));
        }
        alike.push((index, item));
    }
    None
}

/// A digest that is equal for equal values.
fn digest(instance: Instance<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    match instance.view() {
        View::Null => 0_u8.hash(&mut hasher),
        View::Bool(value) => value.hash(&mut hasher),
        View::Int(number) => float(number).to_bits().hash(&mut hasher),
        // Both zeros are equal.
        View::Float(number) => (number + 0.0).to_bits().hash(&mut hasher),
        View::Str(text) => text.hash(&mut hasher),
        View::Bytes(bytes) => bytes.hash(&mut hasher),
        // Its members have places, which do not count.
        View::Set => 1_u8.hash(&mut hasher),
        View::Huge { .. } | View::Date => match instance {
            Instance::Yaml(node) => format!("{:?}", node.value).hash(&mut hasher),
            Instance::Model(node) => format!("{:?}", node.value).hash(&mut hasher),
        },
        View::List(list) => list.iter().for_each(|item| digest(item).hash(&mut hasher)),
        View::Map(map) => {
            // Order does not matter.
            let entries = map.iter().map(|(name, item)| {
                let mut hasher = DefaultHasher::new();
                Cow::from(name).hash(&mut hasher);
                hasher.finish() ^ digest(item).rotate_left(1)
            });
            entries.fold(0, u64::wrapping_add).hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// Python's `str()` of a value, if it can be the name of a type.
pub(crate) fn python_str(instance: Instance<'_>) -> String {
    match instance.view() {
        View::Str(text) => text.to_owned(),
        View::Int(number) => number.to_string(),
        View::Bool(true) => "True".to_owned(),
        View::Bool(false) => "False".to_owned(),
        View::Null => "None".to_owned(),
        // Not a name: never matches.
        _ => "\0".to_owned(),
    }
}

/// Whether a key can be written without quotes in a JSON path.
pub(crate) fn is_plain(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
