//! Equality of mapping keys, as in Python.

use crate::Value;
use crate::time::Date;

/// A key with Python's equality: `1`, `1.0` and `true` are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Null,
    Int(i128),
    BigInt(String),
    /// A float that is not an integer, by its bits.
    Float(u64),
    Str(String),
    Binary(Vec<u8>),
    Date(Date),
    /// A time without a time zone, in microseconds.
    Naive(i64),
    /// A time with a time zone, in microseconds of UTC.
    Aware(i64),
}

impl Key {
    /// The key for a value; `None` if Python cannot hash it.
    pub(crate) fn of(value: &Value) -> Option<Key> {
        Some(match value {
            Value::Null => Key::Null,
            Value::Bool(b) => Key::Int(i128::from(*b)),
            Value::Int(n) => Key::Int(*n),
            Value::BigInt(n) => Key::BigInt(n.as_str().to_owned()),
            Value::Float(f) => Key::of_float(*f),
            Value::Str(text) => Key::Str(text.clone()),
            Value::Binary(bytes) => Key::Binary(bytes.clone()),
            Value::Date(date) => Key::Date(*date),
            Value::Timestamp(time) if time.offset.is_some() => Key::Aware(time.instant()),
            Value::Timestamp(time) => Key::Naive(time.instant()),
            Value::Seq(_) | Value::Map(_) | Value::Set(_) => return None,
        })
    }

    fn of_float(f: f64) -> Key {
        if !f.is_finite() || f.fract() != 0.0 {
            return Key::Float(f.to_bits());
        }
        // Without digits after the point this prints all digits of the exact value.
        let digits = format!("{f:.0}");
        digits.parse().map_or_else(|_| Key::BigInt(digits), Key::Int)
    }
}
