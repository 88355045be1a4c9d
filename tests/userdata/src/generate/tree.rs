//! Trees of values for cloud-configs and merges: few keys, so that they meet.

use oracle::dice::Dice;
use serde_json::{Map, Value, json};

const KEYS: &[&str] = &["a", "b", "c", "users", "runcmd", "packages", "write_files", "x-y"];

/// A scalar, a null among them.
pub fn scalar(dice: &mut Dice) -> Value {
    match dice.below(8) {
        0 => Value::Null,
        1 => json!(dice.chance(50)),
        2 | 3 => json!(dice.below(100)),
        4 => json!(1.5),
        5 => json!(""),
        _ => json!(dice.one(&["one", "two", "drei", "it's", "a: b", "ä"])),
    }
}

/// Any value, so many levels deep at most.
pub fn value(dice: &mut Dice, depth: u64) -> Value {
    match dice.below(if depth == 0 { 4 } else { 10 }) {
        0..4 => scalar(dice),
        4..7 => Value::Array((0..dice.below(4)).map(|_| value(dice, depth - 1)).collect()),
        _ => mapping(dice, depth - 1),
    }
}

/// A mapping.
pub fn mapping(dice: &mut Dice, depth: u64) -> Value {
    let mut map = Map::new();
    for _ in 0..dice.below(5) {
        map.insert(dice.one(KEYS).to_owned(), value(dice, depth));
    }
    Value::Object(map)
}

/// Another value of much the same shape, so that merging goes deep.
pub fn varied(dice: &mut Dice, of: &Value, depth: u64) -> Value {
    if dice.chance(25) {
        return value(dice, depth);
    }
    match of {
        Value::Object(map) => {
            let mut out = Map::new();
            for (key, inner) in map {
                if dice.chance(75) {
                    out.insert(key.clone(), varied(dice, inner, depth.saturating_sub(1)));
                }
            }
            for _ in 0..dice.below(2) {
                out.insert(dice.one(KEYS).to_owned(), value(dice, depth.saturating_sub(1)));
            }
            Value::Object(out)
        }
        Value::Array(items) => {
            let mut out: Vec<Value> =
                items.iter().map(|inner| varied(dice, inner, depth.saturating_sub(1))).collect();
            match dice.below(4) {
                0 => drop(out.pop()),
                1 => out.push(value(dice, depth.saturating_sub(1))),
                _ => {}
            }
            Value::Array(out)
        }
        Value::String(_) => json!(dice.one(&["more", "-end", ""])),
        _ => scalar(dice),
    }
}
