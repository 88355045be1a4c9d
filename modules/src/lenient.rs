//! Values as leniently as cloud-configs write them: numbers for text, words for booleans, one item for a list.

use model::{Key, Map, Node, Origin, Spanned, Value};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A boolean, or a number, or one of true/1/on/yes in any case; everything else, null included, is false.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flag(pub bool);

impl Flag {
    /// True, where a key is true unless said otherwise.
    pub fn yes() -> Self {
        Self(true)
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Node::deserialize(deserializer)?.lenient_bool()))
    }
}

/// A scalar as the text that Python's `str()` gives it. Lists and mappings are an error that shows none of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        let kind = node.value.kind();
        node.scalar_text()
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("expected a text, found a {kind}")))
    }
}

/// A list of texts; a single scalar is a list of one, null an empty one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Words(pub Vec<Spanned<String>>);

impl Words {
    /// The texts alone.
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(|word| word.value.clone()).collect()
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        let word = |item: &Node| {
            let found = || {
                D::Error::custom(format!("{}: expected a text, found a {}", item.origin, item.value.kind()))
            };
            let value = item.scalar_text().ok_or_else(found)?;
            Ok(Spanned { value, origin: item.origin.clone() })
        };
        match &node.value {
            Value::Null => Ok(Self::default()),
            Value::List(items) => items.iter().map(word).collect::<Result<_, _>>().map(Self),
            _ => Ok(Self(vec![word(&node)?])),
        }
    }
}

/// The texts of a string with commas or of a list, each once and in order, as the original's `uniq_merge` reads them.
pub(crate) fn unique_words(nodes: &[&Node]) -> Vec<String> {
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

/// The values of all, an earlier one before a later; mappings are merged in depth. The original's default merge.
pub(crate) fn merged(maps: &[&Map]) -> Map {
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

/// The keys of a mapping with `_` for `-`.
pub(crate) fn with_underscores(map: &Map) -> Map {
    let name = |key: &Key| Key::Str(key.to_string().replace('-', "_").trim().to_owned());
    map.iter().map(|(key, node)| (name(key), node.clone())).collect()
}

/// A text that the program itself puts into a tree.
pub(crate) fn text_node(text: impl Into<String>, origin: &Origin) -> Node {
    Node::new(Value::Str(text.into()), origin.clone())
}
