//! Strategies, and what they are to merge.

use oracle::dice::Dice;
use serde_json::{Value, json};

use super::tree::{mapping, value, varied};

const OPTIONS: &[&str] = &[
    "replace",
    "no_replace",
    "append",
    "prepend",
    "recurse_dict",
    "recurse_list",
    "recurse_array",
    "recurse_str",
    "allow_delete",
    "no-replace",
    "Append",
    "nonsense",
];

/// Options of a merger.
fn options(dice: &mut Dice) -> Vec<&'static str> {
    (0..dice.below(4)).map(|_| dice.one(OPTIONS)).collect()
}

/// A strategy as text, now and then a wrong one.
pub fn text(dice: &mut Dice) -> String {
    let wrong = dice.chance(6);
    let mut words = Vec::new();
    for _ in 0..=dice.below(3) {
        let name = dice.one(&["dict", "list", "str", "dict", "list", "str", "m_dict", "Dict", "LIST"]);
        let separator = dice.one(&[",", ", ", " ,", ",,"]);
        words.push(format!("{name}({})", options(dice).join(separator)));
    }
    if wrong {
        words.push(
            dice.one(&["list", "set()", "dict(", "dict)", "1(a)", "list()x", "", " ", "dict()()", "li st()"])
                .to_owned(),
        );
    }
    words.join(dice.one(&["+", " + ", "+ ", "++"]))
}

/// A strategy as a payload names it: text, a list of mappings, a list of lists, or something wrong.
pub fn payload(dice: &mut Dice) -> Value {
    let name = |dice: &mut Dice| dice.one(&["dict", "list", "str", " list", "m_str", "Dict", "", "unknown"]);
    match dice.below(10) {
        0..4 => json!(text(dice)),
        4..7 => (0..=dice.below(3))
            .map(|_| json!({"name": dice.one(&["dict", "list", "str", " list ", "m_list"]), "settings": options(dice)}))
            .collect(),
        7 => (0..=dice.below(2))
            .map(|_| {
                let mut words = vec![dice.one(&["dict", "list", "str"])];
                words.extend(options(dice));
                json!(words)
            })
            .collect(),
        8 => json!([{"name": name(dice), "settings": dice.one(&[json!("append"), json!([]), Value::Null, json!([1])])}]),
        _ => dice.one(&[json!([]), json!(""), json!([{"name": "list"}]), json!(3), json!({"name": "list"}), json!(["list"])]),
    }
}

/// Two values and the strategy between them.
pub fn pair(dice: &mut Dice) -> Value {
    let old = if dice.chance(80) { mapping(dice, 3) } else { value(dice, 3) };
    let new = if dice.chance(85) { varied(dice, &old, 3) } else { value(dice, 3) };
    json!({"how": text(dice), "old": old, "new": new})
}

/// Layers of system configuration, the strongest first; some say how the ones below are merged.
pub fn layers(dice: &mut Dice) -> Value {
    let first = mapping(dice, 3);
    let mut all = vec![first.clone()];
    for _ in 0..=dice.below(3) {
        let next = varied(dice, &first, 3);
        all.push(if next.is_object() { next } else { mapping(dice, 2) });
    }
    for layer in &mut all {
        if dice.chance(30) {
            let key = dice.one(&["merge_how", "merge_type"]);
            layer[key] = json!(text(dice));
        }
    }
    json!({"layers": all})
}
