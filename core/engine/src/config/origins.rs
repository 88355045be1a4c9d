//! The origins of the values in a merged cloud-config, stored beside it.
//!
//! cloud-config.txt is a single file for upstream and other programs, without the part and the line of each value. This
//! document stores them value by value, so that messages of later stages refer to the user's own lines.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::config::Origin;
use model::{Node, Value};
use serde::{Deserialize, Serialize};

/// The document: names of sources and, for each value in traversal order, its source, line and column.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Document {
    sources: Vec<String>,
    places: Vec<(String, usize, u32, u32)>,
    /// Line and column of each key, in the source of its value.
    #[serde(default)]
    keys: Vec<(String, u32, u32)>,
}

/// The document's path beside a cloud-config.
pub fn beside(cloud_config: &Path) -> PathBuf {
    cloud_config.with_extension("origins.json")
}

/// Sources with their numbers.
type Known = HashMap<Arc<str>, usize>;

fn walk(node: &Node, path: &str, document: &mut Document, known: &mut Known) {
    let name = &node.origin.source;
    let source = known.get(name).copied().unwrap_or_else(|| {
        document.sources.push(name.to_string());
        known.insert(name.clone(), known.len());
        known.len() - 1
    });
    document.places.push((path.to_owned(), source, node.origin.line, node.origin.column));
    if let Some((line, column)) = node.key {
        document.keys.push((path.to_owned(), line, column));
    }
    match &node.value {
        Value::Map(map) => {
            for (key, value) in map {
                walk(value, &format!("{path}/{key}"), document, known);
            }
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{path}/{index}"), document, known);
            }
        }
        _ => {}
    }
}

/// The origins of a tree as JSON.
pub fn collect(node: &Node) -> String {
    let mut document = Document::default();
    walk(node, "", &mut document, &mut Known::new());
    serde_json::to_string(&document).unwrap_or_default()
}

/// Restores the origins of a tree's values. Mismatches are ignored.
pub fn restore(node: &mut Node, text: &str) {
    let Ok(document) = serde_json::from_str::<Document>(text) else { return };
    let sources: Vec<Arc<str>> = document.sources.iter().map(|name| name.as_str().into()).collect();
    let places: HashMap<&str, Origin> = document
        .places
        .iter()
        .filter_map(|(path, source, line, column)| {
            let source = sources.get(*source)?.clone();
            Some((path.as_str(), Origin { source, line: *line, column: *column }))
        })
        .collect();
    let keys = document.keys.iter().map(|(path, line, column)| (path.as_str(), (*line, *column))).collect();
    apply(node, "", &places, &keys);
}

fn apply(node: &mut Node, path: &str, places: &HashMap<&str, Origin>, keys: &HashMap<&str, (u32, u32)>) {
    if let Some(origin) = places.get(path) {
        node.origin = origin.clone();
        node.key = keys.get(path).copied();
    }
    match &mut node.value {
        Value::Map(map) => {
            for (key, value) in map {
                apply(value, &format!("{path}/{key}"), places, keys);
            }
        }
        Value::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                apply(item, &format!("{path}/{index}"), places, keys);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_survive_the_way_through_a_file() {
        let part = Node::from_yaml("user-data part-002", b"#cloud-config\nusers:\n  - name: bob\n");
        let part = part.expect("valid").expect("there");
        let kept = collect(&part);
        let mut read =
            Node::from_yaml("cloud-config.txt", b"users:\n- name: bob\n").expect("valid").expect("there");
        restore(&mut read, &kept);
        let name = read.get("users").and_then(|users| users.as_list()?.first()?.get("name")).expect("there");
        assert_eq!(name.origin.to_string(), "user-data part-002:3:11");
        assert_eq!(name.key_origin().to_string(), "user-data part-002:3:5");
    }
}
