//! Documents with something changed, from a seed.

use oracle::dice::Dice;
use yaml::write::{Style, dump};
use yaml::{Node, Value};

/// A step into a tree: the number of an entry or item.
type Way = Vec<usize>;

fn ways(node: &Node, here: &mut Way, found: &mut Vec<Way>) {
    found.push(here.clone());
    let count = match &node.value {
        Value::Map(entries) => entries.len(),
        Value::Seq(items) => items.len(),
        _ => 0,
    };
    for index in 0..count {
        here.push(index);
        match &node.value {
            Value::Map(entries) => ways(&entries[index].1, here, found),
            Value::Seq(items) => ways(&items[index], here, found),
            _ => {}
        }
        here.pop();
    }
}

fn at<'n>(node: &'n mut Node, way: &[usize]) -> &'n mut Node {
    way.iter().fold(node, |node, index| match &mut node.value {
        Value::Map(entries) => &mut entries[*index].1,
        Value::Seq(items) => &mut items[*index],
        _ => unreachable!("a way leads through mappings and lists"),
    })
}

fn text(value: &str) -> Node {
    Value::Str(value.to_owned()).into()
}

/// Any value.
fn anything(dice: &mut Dice) -> Node {
    let day = || {
        let tree = yaml::parse("made up", b"2031-05-06", &yaml::Limits::default());
        tree.ok().flatten().unwrap_or_else(|| text("2031-05-06"))
    };
    match dice.below(16) {
        0 => Value::Null.into(),
        1 => Value::Bool(true).into(),
        2 => Value::Bool(false).into(),
        3 => Value::Int(0).into(),
        4 => Value::Int(7).into(),
        5 => Value::Int(-3).into(),
        6 => Value::Float(1.0).into(),
        7 => Value::Float(2.5).into(),
        8 => text(""),
        9 => text("made up"),
        10 => Value::Seq(Vec::new()).into(),
        11 => Value::Map(Vec::new()).into(),
        12 => Value::Seq(vec![text("one"), text("two")]).into(),
        13 => Value::Map(vec![(text("made_up"), text("one"))]).into(),
        14 => Value::Binary(vec![1, 2, 3]).into(),
        _ => day(),
    }
}

/// A word, misspelled.
fn misspelled(word: &str, dice: &mut Dice) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    if letters.is_empty() {
        return "x".to_owned();
    }
    let place = dice.below(letters.len() as u64) as usize;
    match dice.below(7) {
        0 => {
            letters.remove(place);
        }
        1 => letters.insert(place, letters[place]),
        2 => letters.push('s'),
        3 if place + 1 < letters.len() => letters.swap(place, place + 1),
        4 => return word.to_uppercase(),
        5 => return word.replace('-', "_"),
        _ => return word.replace('_', "-"),
    }
    letters.into_iter().collect()
}

/// Changes one thing. `words` are the keys that any schema knows.
fn change(tree: &mut Node, words: &[String], dice: &mut Dice) {
    let mut all = Vec::new();
    ways(tree, &mut Vec::new(), &mut all);
    let way = dice.one(&all);
    let other = dice.one(&all);
    let donor = at(tree, &other).clone();
    let node = at(tree, &way);
    let kind = dice.below(12);
    match (&mut node.value, kind) {
        (_, 0 | 1) if !way.is_empty() => *node = anything(dice),
        (_, 2) if !way.is_empty() => *node = donor,
        (_, 3) if !way.is_empty() => *node = Value::Seq(vec![node.clone()]).into(),
        (_, 4) if !way.is_empty() => *node = Value::Map(vec![(text("made_up"), node.clone())]).into(),
        (Value::Map(entries), 5) => {
            let known = if dice.chance(50) { dice.one(words) } else { "made_up".to_owned() };
            entries.push((text(&known), anything(dice)));
        }
        (Value::Map(entries), 6 | 7 | 8) if !entries.is_empty() => {
            let index = dice.below(entries.len() as u64) as usize;
            if kind == 6 {
                entries.remove(index);
            } else if let Value::Str(key) = &entries[index].0.value {
                let key = misspelled(key, dice);
                entries[index].0 = text(&key);
            }
        }
        (Value::Map(entries), 9) => {
            let key = if dice.chance(50) { Value::Int(5) } else { Value::Bool(true) };
            entries.push((key.into(), anything(dice)));
        }
        (Value::Seq(items), 5..=7) if !items.is_empty() => {
            let again = items[dice.below(items.len() as u64) as usize].clone();
            items.push(again);
        }
        (Value::Seq(items), 8) => items.push(anything(dice)),
        (Value::Seq(items), 9) => items.clear(),
        (Value::Str(word), 5..=9) => *word = misspelled(word, dice),
        (Value::Int(number), 5..=7) => *number = -*number - 1,
        (Value::Int(number), 8) => *node = Value::Float(*number as f64).into(),
        (Value::Int(number), 9) => *node = text(&number.to_string()),
        (Value::Bool(value), 5..=7) => *node = text(if *value { "yes" } else { "no" }),
        (_, _) if !way.is_empty() => *node = anything(dice),
        (_, _) => {}
    }
}

/// A document with one to three things changed, as text.
pub fn mutated(tree: &Node, words: &[String], dice: &mut Dice) -> String {
    let mut tree = tree.clone();
    for _ in 0..=dice.below(3) {
        change(&mut tree, words, dice);
    }
    dump(&unique(tree).value, &Style::default())
}

/// A mapping has each key once.
fn unique(node: Node) -> Node {
    let value = match node.value {
        Value::Map(entries) => {
            let mut kept: Vec<(Node, Node)> = Vec::new();
            for (key, value) in entries {
                if !kept.iter().any(|(other, _)| other.value.same(&key.value)) {
                    kept.push((key, unique(value)));
                }
            }
            Value::Map(kept)
        }
        Value::Seq(items) => Value::Seq(items.into_iter().map(unique).collect()),
        other => other,
    };
    value.into()
}

/// The trees of two documents as one.
pub fn together(one: &Node, other: &Node) -> Node {
    let entries = |node: &Node| node.value.as_map().map(<[_]>::to_vec).unwrap_or_default();
    unique(Value::Map([entries(one), entries(other)].concat()).into())
}
