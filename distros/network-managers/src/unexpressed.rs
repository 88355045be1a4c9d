//! Finds the settings of a configuration that the files of a network manager do not express.
//!
//! No renderer has a list of unsupported settings, which would soon be outdated: the configuration is rendered again
//! without each of its keys, and with another value. A key that changes no file is not expressed. Rendering is pure,
//! and a configuration has a few dozen keys; of those that occur often (addresses of a hundred devices), some are
//! checked.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use model::config::{Key, Origin, Value};
use model::{NetworkConfig, Node};

use crate::RenderedFile;

/// How many values of a key are checked.
const SAMPLES: usize = 16;
/// How many times a configuration is rendered again: an entry may have thousands of unknown keys.
const MAX_TRIALS: usize = 2000;
/// Keys about the configuration itself: its format, or the family of an address in OpenStack's. Names that start with
/// `_` are this program's own.
const ABOUT: &[&str] = &["version", "config_id", "ipv4", "ipv6"];

/// A key that a renderer does not write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unexpressed {
    /// The place of its first occurrence.
    pub origin: Origin,
    /// The renderer.
    pub renderer: &'static str,
    /// The key.
    pub key: String,
    /// The number of further occurrences.
    pub others: usize,
}

impl Unexpressed {
    /// The message without the place.
    pub fn message(&self) -> String {
        let others = match self.others {
            0 => String::new(),
            1 => " (also in another place)".to_owned(),
            others => format!(" (also in {others} other places)"),
        };
        format!("{} cannot express '{}'{others}", self.renderer, self.key)
    }
}

impl std::fmt::Display for Unexpressed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.origin, self.message())
    }
}

/// A step of a path.
#[derive(Clone, Debug)]
enum Step {
    Key(Key),
    Item(usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It changes a file.
    Written,
    /// The configuration is invalid without it.
    Needed,
    /// It changes nothing.
    Lost,
}

struct Search<'s> {
    config: &'s NetworkConfig,
    renderer: &'static str,
    render: &'s dyn Fn(&NetworkConfig) -> Option<Vec<RenderedFile>>,
    written: &'s [RenderedFile],
    seen: BTreeMap<String, usize>,
    trials: Cell<usize>,
}

/// The keys that change nothing in the written files.
pub(crate) fn find(
    config: &NetworkConfig,
    renderer: &'static str,
    render: &dyn Fn(&NetworkConfig) -> Option<Vec<RenderedFile>>,
    written: &[RenderedFile],
) -> Vec<Unexpressed> {
    // Trial rendering is not logged.
    let silence = tracing::subscriber::NoSubscriber::default();
    let found = tracing::subscriber::with_default(silence, || {
        let small = NetworkConfig::new(reduced(config.node()));
        // Another entry may refer to the removed one: then nothing is removed.
        let less = render(&small).map(|files| (&small, files));
        let (config, written) = less.as_ref().map_or((config, written), |(config, files)| (*config, files));
        let mut search =
            Search { config, renderer, render, written, seen: BTreeMap::new(), trials: Cell::new(0) };
        search.below(config.node(), &mut Vec::new(), "")
    });
    let mut merged: Vec<Unexpressed> = Vec::new();
    for (key, origin) in found.1 {
        match merged.iter_mut().find(|known| known.key == key) {
            Some(known) => known.others += 1,
            None => merged.push(Unexpressed { origin, renderer, key, others: 0 }),
        }
    }
    merged
}

/// A configuration reduced to a few entries of each long section and list, plus those with additional keys: a machine
/// with two hundred devices is not rendered completely for every key.
fn reduced(node: &Node) -> Node {
    let (mut seen, mut kept) = (BTreeSet::new(), 0);
    let mut stays = |child: &Node, many: bool| {
        let mut keys = BTreeSet::new();
        collect_keys(child, String::new(), &mut keys);
        let stays = !many || kept < SAMPLES || !keys.is_subset(&seen);
        seen.extend(keys);
        kept += usize::from(stays);
        stays
    };
    let value = match &node.value {
        Value::Map(map) => {
            // The keys of an entry differ in meaning, the entries of a section do not.
            let many = map.len() > SAMPLES && map.values().all(|child| child.as_map().is_some());
            Value::Map(
                map.iter()
                    .filter(|(_, child)| stays(child, many))
                    .map(|(key, child)| (key.clone(), reduced(child)))
                    .collect(),
            )
        }
        Value::List(list) => {
            let many = list.len() > SAMPLES;
            Value::List(list.iter().filter(|child| stays(child, many)).map(reduced).collect())
        }
        other => other.clone(),
    };
    Node::new(value, node.origin.clone())
}

/// The keys of a value, including nested ones, with their paths. The type of an entry is a key of its own.
fn collect_keys(node: &Node, path: String, keys: &mut BTreeSet<String>) {
    match &node.value {
        Value::Map(map) => {
            for (key, child) in map {
                let value = child.as_str().filter(|_| key.to_string() == "type").unwrap_or_default();
                let below = format!("{path}/{key}{value}");
                keys.insert(below.clone());
                collect_keys(child, below, keys);
            }
        }
        Value::List(list) => list.iter().for_each(|child| collect_keys(child, format!("{path}/*"), keys)),
        _ => {}
    }
}

type Lost = Vec<(String, Origin)>;

impl Search<'_> {
    /// The values below a mapping or list, with their results.
    fn below(&mut self, node: &Node, path: &mut Vec<Step>, name: &str) -> (Vec<Fate>, Lost) {
        let children: Vec<(Step, String, &Node)> = match &node.value {
            Value::Map(map) => {
                map.iter().map(|(key, child)| (Step::Key(key.clone()), key.to_string(), child)).collect()
            }
            Value::List(items) => items
                .iter()
                .enumerate()
                .map(|(at, item)| (Step::Item(at), item_name(name, item), item))
                .collect(),
            _ => Vec::new(),
        };
        let (mut fates, mut lost) = (Vec::new(), Lost::new());
        for (step, name, child) in children {
            if is_empty(child) || name.starts_with('_') || self.is_about(&name, child, path.is_empty()) {
                continue;
            }
            path.push(step);
            let (fate, more) = self.one(child, path, &name);
            path.pop();
            fates.push(fate);
            lost.extend(more);
        }
        (fates, lost)
    }

    fn is_about(&self, name: &str, node: &Node, top: bool) -> bool {
        let names_it =
            |text: &str| text.replace('-', "").eq_ignore_ascii_case(&self.renderer.replace('-', ""));
        ABOUT.contains(&name) && node.as_map().is_none() && node.as_list().is_none()
            || (top && name == "renderer" && node.as_str().is_some_and(names_it))
    }

    fn one(&mut self, node: &Node, path: &mut Vec<Step>, name: &str) -> (Fate, Lost) {
        let here = || vec![(name.to_owned(), node.origin.clone())];
        let container = match &node.value {
            Value::Map(map) => !map.is_empty(),
            Value::List(list) => !list.is_empty(),
            _ => false,
        };
        if container {
            let (fates, lost) = self.below(node, path, name);
            if fates.contains(&Fate::Written) {
                return (Fate::Written, lost);
            }
            return match self.without(path) {
                // Everything is lost: report the container only.
                Fate::Lost if fates.is_empty() || fates.contains(&Fate::Lost) => (Fate::Lost, here()),
                fate => (fate, lost),
            };
        }
        let pattern: String = path
            .iter()
            .map(|step| match step {
                Step::Key(key) => format!("/{key}"),
                Step::Item(_) => "/*".to_owned(),
            })
            .collect();
        // Entries of a section have arbitrary names: values at the same depth under one key are of the same kind.
        let kind = format!("{}{}", path.len(), pattern.rsplit('/').take(2).collect::<Vec<_>>().join("/"));
        let count = self.seen.entry(kind).or_default();
        *count += 1;
        if *count > SAMPLES {
            return (Fate::Written, Vec::new());
        }
        let fate = match self.without(path) {
            Fate::Lost if self.matters(node, path, name) => Fate::Written,
            fate => fate,
        };
        (fate, if fate == Fate::Lost { here() } else { Vec::new() })
    }

    /// What happens to the files without a value.
    fn without(&self, path: &[Step]) -> Fate {
        self.trials.set(self.trials.get() + 1);
        if self.trials.get() > MAX_TRIALS {
            return Fate::Written;
        }
        match self.rendered(path, None) {
            None => Fate::Needed,
            Some(files) if files == self.written => Fate::Lost,
            Some(_) => Fate::Written,
        }
    }

    /// Whether another value changes the files: this one may be the default.
    fn matters(&self, node: &Node, path: &[Step], name: &str) -> bool {
        let differs = |value: Value| {
            self.rendered(path, Some(Node::new(value, node.origin.clone())))
                .is_some_and(|files| files != self.written)
        };
        others(node, name).into_iter().any(differs)
    }

    fn rendered(&self, path: &[Step], value: Option<Node>) -> Option<Vec<RenderedFile>> {
        let mut root = self.config.node().clone();
        change(&mut root, path, value);
        (self.render)(&NetworkConfig::new(root))
    }
}

/// Whether there is nothing to express: no value, or an empty mapping or list.
fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Map(map) => map.is_empty(),
        Value::List(list) => list.is_empty(),
        _ => node.is_null(),
    }
}

/// A list item is named after the list's key, an entry of version 1 after its type.
fn item_name(list: &str, item: &Node) -> String {
    let own = item.get("type").and_then(Node::as_str).filter(|_| list == "config");
    own.unwrap_or(list).to_owned()
}

/// Removes a value, or replaces it.
fn change(node: &mut Node, path: &[Step], value: Option<Node>) {
    match (&mut node.value, path) {
        (Value::Map(map), [Step::Key(key)]) => match value {
            Some(value) => drop(map.insert(key.clone(), value)),
            None => drop(map.shift_remove(key)),
        },
        (Value::List(list), [Step::Item(at)]) => match value {
            Some(value) => list[*at] = value,
            None => drop(list.remove(*at)),
        },
        (Value::Map(map), [Step::Key(key), rest @ ..]) => {
            if let Some(inner) = map.get_mut(key) {
                change(inner, rest, value);
            }
        }
        (Value::List(list), [Step::Item(at), rest @ ..]) => change(&mut list[*at], rest, value),
        _ => {}
    }
}

/// Replacement values that would be rendered differently.
fn others(node: &Node, name: &str) -> Vec<Value> {
    let text = |text: &str| Value::Str(text.to_owned());
    match &node.value {
        Value::Bool(value) => vec![Value::Bool(!value)],
        Value::Int(number) => vec![Value::Int(number + 1), Value::Int(number - 1), Value::Int(0)],
        Value::Map(_) | Value::List(_) => {
            vec![Value::List(vec![Node::new(text("ipv4"), node.origin.clone())])]
        }
        _ => {
            let shown = node.scalar_text().unwrap_or_default();
            let mut found = match boolean::strict(&shown) {
                Some(true) => vec![text("no"), text("off")],
                Some(false) => vec![text("yes"), text("on")],
                None => Vec::new(),
            };
            found.push(text(&format!("{shown}x")));
            match name {
                "control" => found.extend([text("manual"), text("hotplug"), text("auto")]),
                "netmask" => found.extend([text("255.255.0.0"), text("255.255.255.0")]),
                _ => {}
            }
            found.extend(neighbour(&shown).map(Value::Str));
            found
        }
    }
}

/// Another address in the same format.
fn neighbour(address: &str) -> Option<String> {
    let (bare, rest) =
        address.split_once('/').map_or((address, ""), |(bare, _)| (bare, &address[bare.len()..]));
    let other = match bare.parse().ok()? {
        std::net::IpAddr::V4(address) => std::net::Ipv4Addr::from(u32::from(address) ^ 2).to_string(),
        std::net::IpAddr::V6(address) => std::net::Ipv6Addr::from(u128::from(address) ^ 2).to_string(),
    };
    Some(format!("{other}{rest}"))
}

#[cfg(test)]
mod tests;
