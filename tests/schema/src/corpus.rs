//! The documents: the original's examples in its root, our own corpus, network descriptions that are made up, and
//! mutations of them all.

use std::fs;
use std::path::Path;

use network_oracle::generate::description;
use oracle::dice::Dice;
use serde_json::Value;
use yaml::{Limits, Node};

use crate::mutate::{mutated, together};
use crate::original::Error;
use crate::{Case, Kind};

fn entries(directory: &Path) -> Result<Vec<std::path::PathBuf>, Error> {
    let read = fs::read_dir(directory).map_err(oracle::file(directory.display().to_string()))?;
    let mut paths: Vec<_> = read.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.sort();
    Ok(paths)
}

/// The examples that come with the packaged original.
pub fn examples(root: &Path) -> Result<Vec<Case>, Error> {
    let mut cases = Vec::new();
    for path in entries(&root.join("usr/share/doc/cloud-init/examples"))? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let kind = if name.starts_with("network-config") {
            Kind::Network
        } else if text.lines().next().is_some_and(|line| line.trim() == "#cloud-config") {
            Kind::Cloud
        } else {
            continue;
        };
        cases.push(Case { group: "examples", name, kind, text });
    }
    Ok(cases)
}

/// Our own corpus: a file for each module, documents between lines of `---`.
pub fn own() -> Result<Vec<Case>, Error> {
    let mut cases = Vec::new();
    for path in entries(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus"))? {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let kind = if name.starts_with("network") { Kind::Network } else { Kind::Cloud };
        let text = fs::read_to_string(&path).map_err(oracle::file(path.display().to_string()))?;
        for (number, text) in text.split("\n---\n").enumerate() {
            let name = format!("{name}-{}", number + 1);
            cases.push(Case { group: "corpus", name, kind, text: format!("{}\n", text.trim_end()) });
        }
    }
    Ok(cases)
}

/// Network descriptions that are made up.
pub fn networks(seed: u64, count: u64) -> Vec<Case> {
    (0..count)
        .map(|number| Case {
            group: "networks",
            name: format!("network {number}"),
            kind: Kind::Network,
            text: description(seed, number).to_string(),
        })
        .collect()
}

/// Every name of a key in a schema.
pub fn words(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(map) => {
            for (key, inner) in map {
                if let ("properties", Value::Object(keys)) = (key.as_str(), inner) {
                    found.extend(keys.keys().cloned());
                }
                words(inner, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| words(item, found)),
        _ => {}
    }
}

/// Mutations of documents.
pub fn mutations(
    group: &'static str,
    kind: Kind,
    cases: &[Case],
    words: &[String],
    seed: u64,
    count: u64,
) -> Vec<Case> {
    let trees: Vec<Node> = cases
        .iter()
        .filter(|case| case.kind == kind)
        .filter_map(|case| yaml::parse(&case.name, case.text.as_bytes(), &Limits::default()).ok().flatten())
        .filter(|tree| tree.value.as_map().is_some())
        .collect();
    if trees.is_empty() {
        return Vec::new();
    }
    (0..count)
        .map(|number| {
            let mut dice = Dice::new(seed, number);
            let mut tree = dice.one(&trees);
            if kind == Kind::Cloud && dice.chance(20) {
                tree = together(&tree, &dice.one(&trees));
            }
            let text = mutated(&tree, words, &mut dice);
            Case { group, name: format!("{group} {number}"), kind, text }
        })
        .collect()
}
