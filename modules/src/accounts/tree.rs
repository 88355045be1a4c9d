//! Combines pieces of the configuration tree by the rules for users.

use model::{Key, Map, Node, Origin, Value};

/// The items of a comma-separated string or of a list, without duplicates and in order, like upstream's `uniq_merge`.
pub(super) fn unique_words(nodes: &[&Node]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |word: String| {
        if !found.contains(&word) {
            found.push(word);
        }
    };
    for node in nodes {
        match &node.value {
            Value::Str(text) => {
                text.trim().split(',').filter(|word| !word.is_empty()).for_each(|word| add(word.to_owned()));
            }
            Value::List(items) => items.iter().filter_map(Node::scalar_text).for_each(&mut add),
            Value::Map(map) => map.keys().for_each(|key| add(key.to_string())),
            _ => {}
        }
    }
    found
}

/// Merges the values, earlier ones first in precedence and mappings recursively: upstream's default merge.
pub(super) fn merged(maps: &[&Map]) -> Map {
    let mut whole = Map::new();
    for map in maps {
        for (key, node) in *map {
            match (whole.get_mut(key).map(|old: &mut Node| &mut old.value), &node.value) {
                (Some(Value::Map(old)), Value::Map(new)) => *old = merged(&[old, new]),
                (Some(_), _) => {}
                (None, _) => {
                    whole.insert(key.clone(), node.clone());
                }
            }
        }
    }
    whole
}

/// The keys of a mapping with `-` replaced by `_`.
pub(super) fn with_underscores(map: &Map) -> Map {
    let name = |key: &Key| Key::Str(key.to_string().replace('-', "_").trim().to_owned());
    map.iter().map(|(key, node)| (name(key), node.clone())).collect()
}

/// The same; of two spellings of a key, the one with `_` takes precedence.
pub(super) fn preferring_underscores(map: &Map) -> Map {
    let mut whole = with_underscores(map);
    let plain = map.iter().filter(|(key, _)| key.as_str().is_some_and(|key| !key.contains('-')));
    whole.extend(plain.map(|(key, node)| (key.clone(), node.clone())));
    whole
}

/// A text that this program adds to a tree.
pub(super) fn text_node(text: impl Into<String>, origin: &Origin) -> Node {
    Node::new(Value::Str(text.into()), origin.clone())
}
