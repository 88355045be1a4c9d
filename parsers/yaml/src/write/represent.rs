//! Converts values to the text and tag of a scalar, and orders the entries of mappings.

use crate::resolve::Tag;
use crate::{Node, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::cmp::Ordering;

/// A scalar before it is quoted.
pub(super) struct Scalar {
    pub(super) tag: Tag,
    pub(super) text: String,
    /// Whether to write it as a literal block where possible.
    pub(super) literal: bool,
}

/// The scalar for a value that is not a collection.
pub(super) fn scalar(value: &Value) -> Option<Scalar> {
    let (tag, text) = match value {
        Value::Null => (Tag::Null, "null".to_owned()),
        Value::Bool(b) => (Tag::Bool, b.to_string()),
        Value::Int(n) => (Tag::Int, n.to_string()),
        Value::BigInt(n) => (Tag::Int, n.to_string()),
        Value::Float(f) => (Tag::Float, float(*f)),
        Value::Str(text) => (Tag::Str, text.clone()),
        Value::Binary(bytes) => (Tag::Binary, binary(bytes)),
        Value::Date(date) => (Tag::Timestamp, date.to_string()),
        Value::Timestamp(time) => (Tag::Timestamp, time.to_string()),
        Value::Seq(_) | Value::Map(_) | Value::Set(_) => return None,
    };
    let literal = tag == Tag::Binary;
    Some(Scalar { tag, text, literal })
}

/// Base64 in lines of 57 bytes each, as in MIME.
fn binary(bytes: &[u8]) -> String {
    bytes.chunks(57).map(|line| STANDARD.encode(line) + "\n").collect()
}

/// A float in the format of Python's `repr`, adapted so that YAML 1.1 reads it as a float.
fn float(f: f64) -> String {
    if f.is_nan() {
        return ".nan".to_owned();
    }
    if f.is_infinite() {
        return if f > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    // Both languages print the shortest digits that read back as the same number.
    let shortest = format!("{f:e}");
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{f}");
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}{point}e{sign}{:02}", exponent.abs())
}

/// The entries in output order.
pub(super) fn ordered(entries: &[(Node, Node)], sort: bool) -> Vec<(&Value, &Value)> {
    let mut ordered: Vec<_> = entries.iter().map(|(key, value)| (&key.value, &value.value)).collect();
    sort_by_key(&mut ordered, sort, |entry| entry.0);
    ordered
}

/// The members of a set in output order.
pub(super) fn ordered_set(members: &[Node], sort: bool) -> Vec<&Value> {
    let mut ordered: Vec<_> = members.iter().map(|member| &member.value).collect();
    sort_by_key(&mut ordered, sort, |member| member);
    ordered
}

/// Sorts if all keys are comparable: otherwise, Python's `sorted` fails.
fn sort_by_key<T>(items: &mut [T], sort: bool, key: impl Fn(&T) -> &Value) {
    let comparable = items.windows(2).all(|pair| compare(key(&pair[0]), key(&pair[1])).is_some());
    if sort && comparable {
        items.sort_by(|a, b| compare(key(a), key(b)).unwrap_or(Ordering::Equal));
    }
}

/// Python's order of two keys; `None` if they are not comparable.
fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Str(a), Value::Str(b)) => Some(a.cmp(b)),
        (Value::Binary(a), Value::Binary(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        (Value::Timestamp(a), Value::Timestamp(b)) if a.offset.is_some() == b.offset.is_some() => {
            Some(a.instant().cmp(&b.instant()))
        }
        _ => Some(rank(a)?.compare(&rank(b)?)),
    }
}

/// A number for comparison with other numeric types.
enum Rank<'a> {
    Int(i128),
    Big(&'a str),
    Float(f64),
}

fn rank(value: &Value) -> Option<Rank<'_>> {
    Some(match value {
        Value::Bool(b) => Rank::Int(i128::from(*b)),
        Value::Int(n) => Rank::Int(*n),
        Value::BigInt(n) => Rank::Big(n.as_str()),
        Value::Float(f) => Rank::Float(*f),
        _ => return None,
    })
}

impl Rank<'_> {
    fn compare(&self, other: &Rank<'_>) -> Ordering {
        match (self, other) {
            (Rank::Int(a), Rank::Int(b)) => a.cmp(b),
            (Rank::Big(a), Rank::Big(b)) => compare_decimals(a, b),
            _ => self.as_float().partial_cmp(&other.as_float()).unwrap_or(Ordering::Equal),
        }
    }

    fn as_float(&self) -> f64 {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "only next to a fraction")]
            Rank::Int(n) => *n as f64,
            Rank::Big(text) => text.parse().unwrap_or(f64::NAN),
            Rank::Float(f) => *f,
        }
    }
}

/// Compares two decimal numbers without leading zeros.
fn compare_decimals(a: &str, b: &str) -> Ordering {
    let size = |text: &str| (text.len(), text.trim_start_matches('-').to_owned());
    match (a.starts_with('-'), b.starts_with('-')) {
        (false, false) => size(a).cmp(&size(b)),
        (true, true) => size(b).cmp(&size(a)),
        (negative, _) => {
            if negative {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Python's `repr` of these numbers, and PyYAML's correction of a missing point.
    #[test]
    fn floats() {
        let table = [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (1e15, "1000000000000000.0"),
            (1e16, "1.0e+16"),
            (1.5e300, "1.5e+300"),
            (0.0001, "0.0001"),
            (0.00001, "1.0e-05"),
            (1.25e-7, "1.25e-07"),
            (123_456.789, "123456.789"),
            (f64::INFINITY, ".inf"),
            (f64::NEG_INFINITY, "-.inf"),
            (f64::NAN, ".nan"),
        ];
        for (f, expected) in table {
            assert_eq!(float(f), expected);
        }
    }
}
