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

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> Node {
        Node::from_yaml("t", text.as_bytes()).expect("valid").expect("there")
    }

    /// Expectations: upstream's `uniq_merge`, which splits texts at commas; the keys of a mapping are groups.
    #[test]
    fn words_are_kept_once_and_in_order() {
        for (texts, words) in [
            (&["a,b"][..], &["a", "b"][..]),
            (&["' a,,b '"], &["a", "b"]),
            (&["[b, a, b]", "'a,c'"], &["b", "a", "c"]),
            (&["[1, true, [x]]"], &["1", "True"]),
            (&["{x: 1, y: }", "[y, z]"], &["x", "y", "z"]),
            (&["~", "7"], &[]),
            (&[], &[]),
        ] {
            let nodes: Vec<Node> = texts.iter().map(|text| node(text)).collect();
            assert_eq!(unique_words(&nodes.iter().collect::<Vec<_>>()), words, "{texts:?}");
        }
    }

    /// Expectations: upstream's `mergemanydict`, by which the first value of a key stays and mappings are merged.
    #[test]
    fn the_first_value_of_a_key_stays() {
        let maps = ["{a: 1, m: {x: 1}}", "{a: 2, b: 3, m: {x: 2, y: 3}}", "{m: 4, b: {z: 1}}"].map(node);
        let maps: Vec<&Map> = maps.iter().map(|node| node.as_map().expect("a mapping")).collect();
        let whole = Node::new(Value::Map(merged(&maps)), Origin::whole("t"));
        assert_eq!(whole.to_json(), serde_json::json!({"a": 1, "m": {"x": 1, "y": 3}, "b": 3}));
    }

    /// Expectations: upstream's `normalize_users_groups`, which replaces `-` in keys.
    #[test]
    fn keys_with_underscores_take_precedence() {
        for text in ["{a-b: 1, a_b: 2, c-d: 3}", "{a_b: 2, a-b: 1, c-d: 3}"] {
            let map = preferring_underscores(node(text).as_map().expect("a mapping"));
            let whole = Node::new(Value::Map(map), Origin::whole("t"));
            assert_eq!(whole.to_json(), serde_json::json!({"a_b": 2, "c_d": 3}), "{text}");
        }
    }
}
