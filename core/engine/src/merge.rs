//! Merges configurations with cloud-config's strategies (`dict(replace)+list()+str()`).
//!
//! See upstream's documentation "Merging user-data sections". Every node keeps its origin; a [`Trace`] is notified of
//! each result.

mod parse;
mod trace;

use std::fmt;

use model::{Map, Node, Origin, Value};

pub use trace::{Outcome, Step, Trace};

/// What to do with a key that both mappings have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum DictMethod {
    Replace,
    #[default]
    NoReplace,
}

/// What to do with two lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum ListMethod {
    Append,
    Prepend,
    NoReplace,
    #[default]
    Replace,
}

/// Whether to merge recursively inside values of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
struct Recurse {
    dict: bool,
    list: bool,
    text: bool,
}

/// How values of one type are merged; it prints as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merger {
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Dict { method: DictMethod, recurse: Recurse, allow_delete: bool },
    List { method: ListMethod, recurse: Recurse },
    Text { append: bool },
}

/// A merge strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strategy {
    mergers: Vec<Merger>,
}

/// Values that cannot be merged, or an invalid strategy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// Not of the form `name(options)`.
    #[error("'{0}' is not a valid merger; expected name(option,…), such as list(append)")]
    Form(String),
    /// An unknown merger.
    #[error("unknown merger '{0}'; expected dict, list or str")]
    Unknown(String),
    /// `merge_how` is neither text nor a list of names with settings.
    #[error(
        "{0}: merge_how must be text such as 'list(append)+dict(recurse_list)', or a list of {{name, settings}}, with a list of settings"
    )]
    Shape(Origin),
    /// The settings of a merger are neither a list nor text.
    #[error("{0}: expected a list of settings, such as [append]")]
    Settings(Origin),
    /// Only lists can be joined to lists, and only text to text.
    #[error("{at}: {by} expects a {to} here, found {found}; use a {to}, or merge with replace")]
    Mismatch {
        /// The value that cannot be merged.
        at: Origin,
        /// The merger.
        by: String,
        /// The type of the value, with its article.
        found: &'static str,
        /// The type it would be joined to.
        to: &'static str,
    },
}

impl MergeError {
    /// Whether upstream notices this only once it has read every strategy of a part.
    pub fn is_late(&self) -> bool {
        matches!(self, Self::Unknown(_) | Self::Settings(_))
    }
}

impl Default for Strategy {
    /// The strategy for the system configuration: `list()+dict()+str()`.
    fn default() -> Self {
        Self::parse("list()+dict()+str()").expect("a strategy of known mergers")
    }
}

impl Strategy {
    /// The strategy for parts of user-data: a later part replaces complete keys.
    pub fn between_parts() -> Self {
        Self::parse("dict(replace)+list()+str()").expect("a strategy of known mergers")
    }

    /// Whether it contains no merger.
    pub fn is_empty(&self) -> bool {
        self.mergers.is_empty()
    }

    /// Combines two strategies: the first merger for a type is used.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.mergers.extend(other.mergers);
        self
    }

    /// Whether `new` can be merged into `old`. Checking first avoids both partial results and copies.
    pub fn fits(&self, old: &Node, new: &Node) -> Result<(), MergeError> {
        let Some(merger) = self.merger_of(old) else { return Ok(()) };
        match (&merger.kind, &old.value) {
            (Kind::Text { append: true }, _) if !matches!(new.value, Value::Str(_)) => {
                Err(merger.mismatch(new, "string"))
            }
            (Kind::List { method: ListMethod::Replace, recurse }, Value::List(items)) => items
                .iter()
                .zip(new.as_list().unwrap_or_default())
                .filter(|(_, value)| recurse.enters(value))
                .try_for_each(|(slot, value)| self.fits(slot, value)),
            (Kind::List { method, .. }, Value::List(items)) => match &new.value {
                Value::List(_) | Value::Str(_) => Ok(()),
                // Compared item by item, unlike the keys of a mapping.
                Value::Map(map) if *method != ListMethod::NoReplace || items.is_empty() || map.is_empty() => {
                    Ok(())
                }
                _ => Err(merger.mismatch(new, "list")),
            },
            (Kind::Dict { method: DictMethod::NoReplace, recurse, allow_delete }, Value::Map(map)) => new
                .as_map()
                .into_iter()
                .flatten()
                .filter(|(_, value)| !(value.is_null() && *allow_delete) && recurse.enters(value))
                .filter_map(|(key, value)| Some((map.get(key)?, value)))
                .try_for_each(|(slot, value)| self.fits(slot, value)),
            _ => Ok(()),
        }
    }

    /// The first merger for the value's type.
    fn merger_of(&self, old: &Node) -> Option<&Merger> {
        self.mergers.iter().find(|merger| {
            matches!(
                (&merger.kind, &old.value),
                (Kind::Dict { .. }, Value::Map(_))
                    | (Kind::List { .. }, Value::List(_))
                    | (Kind::Text { .. }, Value::Str(_))
            )
        })
    }

    /// Merges `new` into `old`.
    pub fn merge(&self, old: Node, new: Node) -> Result<Node, MergeError> {
        self.traced(old, new, &mut ())
    }

    /// Merges with a trace.
    pub fn traced<T: Trace>(&self, old: Node, new: Node, trace: &mut T) -> Result<Node, MergeError> {
        let Some(merger) = self.merger_of(&old) else { return Ok(old) };
        match merger.kind {
            Kind::Text { append } => merger.text(old, new, append, trace),
            Kind::List { method, recurse } => self.list(merger, old, new, (method, recurse), trace),
            Kind::Dict { .. } => self.dict(merger, old, new, trace),
        }
    }

    fn dict<T: Trace>(
        &self,
        merger: &Merger,
        old: Node,
        new: Node,
        trace: &mut T,
    ) -> Result<Node, MergeError> {
        let Kind::Dict { method, recurse, allow_delete } = merger.kind else { return Ok(old) };
        let additions = match new.value {
            Value::Map(additions) => additions,
            value => {
                trace.note(Outcome::Kept, merger, Some(&old), &Node::new(value, new.origin));
                return Ok(old);
            }
        };
        let origin = old.origin;
        let Value::Map(mut map) = old.value else { return Ok(Node::new(old.value, origin)) };
        for (key, value) in additions {
            trace.enter(Step::Key(&key));
            match map.get_mut(&key) {
                None => {
                    trace.note(Outcome::Set, merger, None, &value);
                    map.insert(key, value);
                }
                Some(slot) if value.is_null() && allow_delete => {
                    trace.note(Outcome::Deleted, merger, Some(slot), &value);
                    map.shift_remove(&key);
                }
                Some(slot) if method == DictMethod::Replace => {
                    trace.note(Outcome::Replaced, merger, Some(slot), &value);
                    *slot = value;
                }
                Some(slot) if recurse.enters(&value) => {
                    if matches!((&slot.value, &value.value), (Value::Map(_), Value::Map(_))) {
                        trace.note(Outcome::Merged, merger, Some(slot), &value);
                    }
                    *slot = self.traced(std::mem::take(slot), value, trace)?;
                }
                Some(slot) => trace.note(Outcome::Kept, merger, Some(slot), &value),
            }
            trace.leave();
        }
        Ok(Node::new(Value::Map(map), origin))
    }

    fn list<T: Trace>(
        &self,
        merger: &Merger,
        old: Node,
        new: Node,
        (method, recurse): (ListMethod, Recurse),
        trace: &mut T,
    ) -> Result<Node, MergeError> {
        let outcome = match method {
            ListMethod::Append => Outcome::Appended,
            ListMethod::Prepend => Outcome::Prepended,
            ListMethod::NoReplace => Outcome::Kept,
            ListMethod::Replace if matches!(new.value, Value::List(_)) => Outcome::Merged,
            ListMethod::Replace => {
                trace.note(Outcome::Replaced, merger, Some(&old), &new);
                return Ok(new);
            }
        };
        trace.note(outcome, merger, Some(&old), &new);
        let origin = old.origin;
        let Value::List(mut items) = old.value else { return Ok(Node::new(old.value, origin)) };
        // Compared item by item, unlike the keys of a mapping.
        let keyed = method == ListMethod::NoReplace && !items.is_empty();
        if keyed && new.as_map().is_some_and(|map| !map.is_empty()) {
            return Err(merger.mismatch(&new, "list"));
        }
        let additions = merger.items(new, "list")?;
        match method {
            ListMethod::Append => items.extend(additions),
            ListMethod::Prepend => items.splice(0..0, additions).for_each(drop),
            ListMethod::NoReplace => {}
            ListMethod::Replace => {
                for (index, (slot, value)) in items.iter_mut().zip(additions).enumerate() {
                    trace.enter(Step::Item(index));
                    if recurse.enters(&value) {
                        *slot = self.traced(std::mem::take(slot), value, trace)?;
                    } else {
                        trace.note(Outcome::Replaced, merger, Some(slot), &value);
                        *slot = value;
                    }
                    trace.leave();
                }
            }
        }
        Ok(Node::new(Value::List(items), origin))
    }
}

impl Recurse {
    fn enters(self, value: &Node) -> bool {
        match value.value {
            Value::Map(_) => self.dict,
            Value::List(_) => self.list,
            Value::Str(_) => self.text,
            _ => false,
        }
    }
}

impl Merger {
    fn mismatch(&self, new: &Node, to: &'static str) -> MergeError {
        let found = new.value.a_kind();
        MergeError::Mismatch { at: new.origin.clone(), by: self.to_string(), found, to }
    }

    /// The items of a value under Python's iteration: characters of text, keys of a mapping.
    fn items(&self, new: Node, to: &'static str) -> Result<Vec<Node>, MergeError> {
        let origin = new.origin.clone();
        let text = |text: String| Node::new(Value::Str(text), origin.clone());
        match new.value {
            Value::List(items) => Ok(items),
            Value::Str(letters) => Ok(letters.chars().map(|letter| text(letter.to_string())).collect()),
            Value::Map(map) => Ok(map.into_keys().map(|key| text(key.to_string())).collect()),
            value => Err(self.mismatch(&Node::new(value, new.origin), to)),
        }
    }

    fn text<T: Trace>(&self, old: Node, new: Node, append: bool, trace: &mut T) -> Result<Node, MergeError> {
        match (&old.value, &new.value) {
            (Value::Str(before), Value::Str(after)) if append => {
                trace.note(Outcome::Appended, self, Some(&old), &new);
                Ok(Node::new(Value::Str(format!("{before}{after}")), new.origin))
            }
            _ if append => Err(self.mismatch(&new, "string")),
            _ => {
                trace.note(Outcome::Replaced, self, Some(&old), &new);
                Ok(new)
            }
        }
    }
}

impl fmt::Display for Merger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        let (name, recurse) = match self.kind {
            Kind::Dict { method, recurse, allow_delete } => {
                words.push(if method == DictMethod::Replace { "replace" } else { "no_replace" });
                if allow_delete {
                    words.push("allow_delete");
                }
                ("dict", Recurse { dict: false, ..recurse })
            }
            Kind::List { method, recurse } => {
                words.push(match method {
                    ListMethod::Append => "append",
                    ListMethod::Prepend => "prepend",
                    ListMethod::NoReplace => "no_replace",
                    ListMethod::Replace => "replace",
                });
                ("list", recurse)
            }
            Kind::Text { append } => {
                words.extend(append.then_some("append"));
                ("str", Recurse::default())
            }
        };
        for (set, word) in
            [(recurse.dict, "recurse_dict"), (recurse.list, "recurse_list"), (recurse.text, "recurse_str")]
        {
            words.extend(set.then_some(word));
        }
        write!(f, "{name}({})", words.join(","))
    }
}

/// Merges layers of the system configuration, in decreasing precedence.
pub fn layers(strongest_first: Vec<Node>) -> Node {
    layers_traced(strongest_first, &mut ())
}

/// Merges with a trace. Each layer sets how it is merged below those above.
pub fn layers_traced<T: Trace>(strongest_first: Vec<Node>, trace: &mut T) -> Node {
    let usual = Strategy::default();
    let mut merged: Option<Node> = None;
    for mut layer in strongest_first {
        if layer.as_map().is_none_or(Map::is_empty) {
            continue;
        }
        let chosen = match Strategy::take_from(&mut layer) {
            Ok(chosen) => chosen.filter(|chosen| !chosen.is_empty()),
            Err(error) => {
                tracing::warn!("{}: using the default merge strategy: {error}", layer.origin.source);
                None
            }
        };
        let chosen = chosen.as_ref().unwrap_or(&usual);
        let before = merged.take().unwrap_or_else(|| Node::empty_map(layer.origin.clone()));
        merged = Some(match chosen.fits(&before, &layer) {
            Ok(()) => chosen.traced(before, layer, trace).expect("checked above"),
            Err(error) => {
                tracing::warn!("skipping a layer: {error}");
                before
            }
        });
    }
    merged.unwrap_or_else(|| Node::empty_map(Origin::built_in()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yaml(text: &str) -> Node {
        Node::from_yaml("test", text.as_bytes()).expect("valid").expect("a document")
    }

    /// Expectations: upstream's documentation of merging, and its `tests/data/merge_sources`.
    #[track_caller]
    fn check(strategy: &str, old: &str, new: &str, expected: &str) {
        let strategy = Strategy::parse(strategy).expect("a strategy");
        strategy.fits(&yaml(old), &yaml(new)).expect("fits");
        let merged = strategy.merge(yaml(old), yaml(new)).expect("merges");
        assert_eq!(merged.to_json(), yaml(expected).to_json());
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

    /// string_extract_mergers of upstream reads all before it looks up any, and settings are only used after that.
    #[test]
    fn a_wrong_form_comes_before_an_unknown_name() {
        assert!(matches!(Strategy::parse("nonsense()+list("), Err(MergeError::Form(_))));
        assert!(matches!(Strategy::parse("nonsense()+list()"), Err(MergeError::Unknown(_))));
        let mut wrong = yaml("{merge_how: [{name: list, settings: null}]}");
        assert!(Strategy::take_from(&mut wrong).is_err_and(|error| error.is_late()));
        let mut unnamed = yaml("{merge_how: [{name: '', settings: null}, {name: list, settings: []}]}");
        assert_eq!(
            Strategy::take_from(&mut unnamed),
            Ok(Some(Strategy::parse("list()").expect("a strategy")))
        );
        let mut missing = yaml("{merge_how: [{name: list}]}");
        assert!(Strategy::take_from(&mut missing).is_err_and(|error| !error.is_late()));
    }

    #[test]
    fn what_does_not_fit_is_an_error_with_its_place_and_without_its_text() {
        let strategy = Strategy::parse("dict(recurse_str)+str(append)").expect("a strategy");
        assert_eq!(strategy.fits(&yaml("{a: x}"), &yaml("{a: y}")), Ok(()));
        let appended = Strategy::parse("list(append)").expect("a strategy");
        let error = appended.merge(yaml("[1]"), yaml("\n 4711")).expect_err("no list");
        assert_eq!(
            error.to_string(),
            "test:2:2: list(append) expects a list here, found an integer; use a list, or merge with replace"
        );
    }

    /// The original's list merger (cloudinit/mergers/m_list.py) extends a list by whatever Python can iterate, letters of a
    /// text and keys of a mapping among it, and fails on anything else.
    #[test]
    fn lists_take_what_python_can_iterate() {
        check("list(append)", "[1]", "ab", "[1, a, b]");
        check("list(prepend)", "[1]", "{x: 1, y: 2}", "[x, y, 1]");
        check("list(no_replace)", "[1]", "[2, 3]", "[1]");
        check("list(no_replace)", "[1]", "ab", "[1]");
        check("list(no_replace)", "[]", "{x: 1}", "[]");
        check("list(no_replace)", "[1]", "{}", "[1]");
        check("list(replace)", "[1]", "5", "5");
        check("list(replace)", "[1, 2]", "[3]", "[3, 2]");
        for (strategy, old, new) in [
            ("list(append)", "[1]", "5"),
            ("list(append)", "[1]", "null"),
            ("list(prepend)", "[1]", "true"),
            ("list(no_replace)", "[1]", "5"),
            // `merge_with[0]` of a mapping is a KeyError.
            ("list(no_replace)", "[1]", "{x: 1}"),
            // Item by item: a text is extended by a text alone, here and inside a mapping.
            ("list(replace,recurse_dict)+str(append)", "[0, x]", "[0, {a: 1}]"),
            ("dict(recurse_list)+list(append)", "{a: [1]}", "{a: 5}"),
        ] {
            let strategy = Strategy::parse(strategy).expect("a strategy");
            let outcome = strategy.merge(yaml(old), yaml(new));
            if old.starts_with('{') {
                // Only a list enters: a scalar replaces, or is left out.
                assert_eq!(outcome.expect("merges").to_json(), yaml(old).to_json());
            } else {
                assert!(strategy.fits(&yaml(old), &yaml(new)).is_err(), "{old} and {new}");
                assert!(outcome.is_err(), "{old} and {new}");
            }
        }
    }

    #[test]
    fn layers_keep_what_is_stronger() {
        let merged = layers(vec![yaml("{a: 1, m: {x: 1}}"), yaml("{a: 2, m: {x: 2, y: 2}}")]);
        assert_eq!(merged.to_json(), serde_json::json!({"a": 1, "m": {"x": 1, "y": 2}}));
    }
}
