//! Merging of configurations, by the strategies that cloud-config names (`dict(replace)+list()+str()`).
//!
//! Facts: the original's reference page "Merging user-data sections". Every node keeps its origin, whichever side
//! it came from.

use model::{Map, Node, Value};

/// What is done with a key that both mappings have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum DictMethod {
    Replace,
    #[default]
    NoReplace,
}

/// What is done with two lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum ListMethod {
    Append,
    Prepend,
    NoReplace,
    #[default]
    Replace,
}

/// Whether a merge goes on inside values of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
struct Recurse {
    dict: bool,
    list: bool,
    text: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Merger {
    Dict { method: DictMethod, recurse: Recurse, allow_delete: bool },
    List { method: ListMethod, recurse: Recurse },
    Text { append: bool },
}

/// A way of merging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strategy {
    mergers: Vec<Merger>,
}

/// A way of merging that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// No `name(options)`.
    #[error("'{0}' is no merger: write name(option,…), such as list(append)")]
    Form(String),
    /// None of ours.
    #[error("there is no merger '{0}': the mergers are dict, list and str")]
    Unknown(String),
    /// `merge_how` is neither text nor a list of names with settings.
    #[error(
        "merge_how must be text such as 'list(append)+dict(recurse_list)', or a list of {{name, settings}}"
    )]
    Shape,
}

impl Default for Strategy {
    /// That of the system's configuration: `list()+dict()+str()`.
    fn default() -> Self {
        Self {
            mergers: vec![
                Merger::List { method: ListMethod::default(), recurse: Recurse::default() },
                Merger::Dict {
                    method: DictMethod::default(),
                    recurse: Recurse { dict: true, ..Recurse::default() },
                    allow_delete: false,
                },
                Merger::Text { append: false },
            ],
        }
    }
}

impl Strategy {
    /// That between parts of user-data: a later part replaces whole keys.
    pub fn between_parts() -> Self {
        Self::parse("dict(replace)+list()+str()").expect("a strategy of known mergers")
    }

    /// Reads `name(options)+…`. An empty text is no strategy.
    pub fn parse(text: &str) -> Result<Self, MergeError> {
        let mut mergers = Vec::new();
        for word in text.split('+') {
            let word = word.trim().to_ascii_lowercase().replace('-', "_");
            if word.is_empty() {
                continue;
            }
            let Some((name, rest)) = word.split_once('(') else { return Err(MergeError::Form(word)) };
            let Some(options) = rest.strip_suffix(')') else { return Err(MergeError::Form(word)) };
            let options: Vec<&str> =
                options.split(',').map(str::trim).filter(|option| !option.is_empty()).collect();
            mergers.push(merger(name, &options)?);
        }
        Ok(Self { mergers })
    }

    /// Takes `merge_how`, or else `merge_type`, out of a cloud-config.
    pub fn take_from(config: &mut Node) -> Result<Option<Self>, MergeError> {
        let Some(map) = config.as_map_mut() else { return Ok(None) };
        // As in the original, merge_type stays where merge_how was given.
        let found = map.shift_remove("merge_how").filter(|node| !node.is_null());
        let Some(found) = found.or_else(|| map.shift_remove("merge_type").filter(|node| !node.is_null()))
        else {
            return Ok(None);
        };
        if let Some(text) = found.as_str() {
            return Self::parse(text).map(Some);
        }
        let mut mergers = Vec::new();
        for item in found.as_list().ok_or(MergeError::Shape)? {
            let (name, settings) = match item.as_list() {
                Some([name, settings @ ..]) => (name, settings),
                Some([]) => return Err(MergeError::Shape),
                None => {
                    let name = item.get("name").ok_or(MergeError::Shape)?;
                    (name, item.get("settings").and_then(Node::as_list).unwrap_or_default())
                }
            };
            let name = name.as_str().ok_or(MergeError::Shape)?.trim().replace('-', "_");
            let options: Vec<&str> = settings.iter().filter_map(Node::as_str).collect();
            if !name.is_empty() {
                mergers.push(merger(&name, &options)?);
            }
        }
        Ok(Some(Self { mergers }))
    }

    /// Whether it names no merger.
    pub fn is_empty(&self) -> bool {
        self.mergers.is_empty()
    }

    /// Both, this one first: the first merger that knows a kind of value is the one that counts.
    pub fn then(mut self, other: Self) -> Self {
        self.mergers.extend(other.mergers);
        self
    }

    /// Merges `new` into `old`.
    pub fn merge(&self, old: Node, new: Node) -> Node {
        let merger = self.mergers.iter().find(|merger| {
            matches!(
                (merger, &old.value),
                (Merger::Dict { .. }, Value::Map(_))
                    | (Merger::List { .. }, Value::List(_))
                    | (Merger::Text { .. }, Value::Str(_))
            )
        });
        match merger {
            None => old,
            Some(Merger::Text { append }) => merge_text(old, new, *append),
            Some(Merger::List { method, recurse }) => self.merge_list(old, new, *method, *recurse),
            Some(Merger::Dict { method, recurse, allow_delete }) => {
                self.merge_dict(old, new, *method, *recurse, *allow_delete)
            }
        }
    }

    fn merge_dict(
        &self,
        old: Node,
        new: Node,
        method: DictMethod,
        recurse: Recurse,
        allow_delete: bool,
    ) -> Node {
        let origin = old.origin;
        let (Value::Map(mut map), Value::Map(additions)) = (old.value, new.value) else {
            return Node::new(Value::Null, origin);
        };
        for (key, value) in additions {
            let Some(slot) = map.get_mut(&key) else {
                map.insert(key, value);
                continue;
            };
            if value.is_null() && allow_delete {
                map.shift_remove(&key);
            } else if method == DictMethod::Replace {
                *slot = value;
            } else if recurse.into(&value) {
                let before = std::mem::take(slot);
                *slot = self.merge(before, value);
            }
        }
        Node::new(Value::Map(map), origin)
    }

    fn merge_list(&self, old: Node, new: Node, method: ListMethod, recurse: Recurse) -> Node {
        let Value::List(additions) = new.value else {
            return if method == ListMethod::Replace { Node::new(new.value, new.origin) } else { old };
        };
        let origin = old.origin;
        let Value::List(mut items) = old.value else { return Node::new(Value::Null, origin) };
        match method {
            ListMethod::Append => items.extend(additions),
            ListMethod::Prepend => items.splice(0..0, additions).for_each(drop),
            ListMethod::NoReplace => {}
            ListMethod::Replace => {
                for (slot, value) in items.iter_mut().zip(additions) {
                    *slot =
                        if recurse.into(&value) { self.merge(std::mem::take(slot), value) } else { value };
                }
            }
        }
        Node::new(Value::List(items), origin)
    }
}

impl Recurse {
    fn into(self, value: &Node) -> bool {
        match value.value {
            Value::Map(_) => self.dict,
            Value::List(_) => self.list,
            Value::Str(_) => self.text,
            _ => false,
        }
    }
}

fn merge_text(old: Node, new: Node, append: bool) -> Node {
    match (&old.value, &new.value) {
        (Value::Str(before), Value::Str(after)) if append => {
            Node::new(Value::Str(format!("{before}{after}")), new.origin)
        }
        _ => new,
    }
}

fn merger(name: &str, options: &[&str]) -> Result<Merger, MergeError> {
    let has = |wanted: &[&str]| options.iter().any(|option| wanted.contains(option));
    let recurse = Recurse {
        dict: has(&["recurse_dict"]),
        list: has(&["recurse_array", "recurse_list"]),
        text: has(&["recurse_str"]),
    };
    match name.strip_prefix("m_").unwrap_or(name) {
        "dict" => Ok(Merger::Dict {
            method: if has(&["replace"]) { DictMethod::Replace } else { DictMethod::NoReplace },
            // Mappings always merge inside: the original keeps that for compatibility.
            recurse: Recurse { dict: true, ..recurse },
            allow_delete: has(&["allow_delete"]),
        }),
        "list" => Ok(Merger::List {
            method: if has(&["append"]) {
                ListMethod::Append
            } else if has(&["prepend"]) {
                ListMethod::Prepend
            } else if has(&["no_replace"]) {
                ListMethod::NoReplace
            } else {
                ListMethod::Replace
            },
            recurse,
        }),
        "str" => Ok(Merger::Text { append: has(&["append"]) }),
        other => Err(MergeError::Unknown(other.to_owned())),
    }
}

/// Merges layers of system configuration, the strongest first.
pub fn layers(strongest_first: Vec<Node>) -> Node {
    let strategy = Strategy::default();
    let mut layers = strongest_first.into_iter().filter(|layer| matches!(layer.value, Value::Map(_)));
    let Some(mut merged) = layers.next() else {
        return Node::new(Value::Map(Map::new()), model::Origin::built_in());
    };
    for mut layer in layers {
        // A layer may say how what is below it is merged in.
        let chosen = match Strategy::take_from(&mut merged) {
            Ok(Some(chosen)) if !chosen.is_empty() => chosen,
            _ => strategy.clone(),
        };
        let _ = Strategy::take_from(&mut layer);
        merged = chosen.merge(merged, layer);
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yaml(text: &str) -> Node {
        Node::from_yaml("test", text.as_bytes()).expect("valid").expect("a document")
    }

    /// Expectations are those of the original's page on merging and of its `tests/data/merge_sources`.
    #[track_caller]
    fn check(strategy: &str, old: &str, new: &str, expected: &str) {
        let strategy = Strategy::parse(strategy).expect("a strategy");
        assert_eq!(strategy.merge(yaml(old), yaml(new)).to_json(), yaml(expected).to_json());
    }

    #[test]
    fn strategies_do_what_the_page_says() {
        check("dict(replace)+list()+str()", "{a: [1], b: 1}", "{a: [2]}", "{a: [2], b: 1}");
        check("dict(recurse_list)+list(append)", "{a: [1]}", "{a: [2]}", "{a: [1, 2]}");
        check("dict(recurse_list)+list(prepend)", "{a: [1]}", "{a: [2]}", "{a: [2, 1]}");
        check("list()+dict()+str()", "{a: {b: 1}}", "{a: {b: 2, c: 3}}", "{a: {b: 1, c: 3}}");
        check("dict(recurse_str)+str(append)", "{a: x}", "{a: y}", "{a: xy}");
        check("dict(replace,allow_delete)", "{a: 1, b: 2}", "{a: null}", "{b: 2}");
        check("dict()+list(replace,recurse_dict)", "{a: 1}", "{a: 2}", "{a: 1}");
    }

    #[test]
    fn a_wrong_strategy_says_what_is_right() {
        assert_eq!(Strategy::parse("list"), Err(MergeError::Form("list".into())));
        assert_eq!(Strategy::parse("set()"), Err(MergeError::Unknown("set".into())));
    }

    #[test]
    fn a_payload_names_its_strategy_as_text_or_as_a_list() {
        let mut text = yaml("{merge_how: 'list(append)', a: 1}");
        let mut list = yaml("{merge_type: [{name: list, settings: [append]}], a: 1}");
        let from_text = Strategy::take_from(&mut text).expect("valid");
        assert_eq!(from_text, Strategy::take_from(&mut list).expect("valid"));
        assert_eq!(text.to_json(), serde_json::json!({"a": 1}));
    }
}
