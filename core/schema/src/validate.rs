//! Validates a document against a schema, with the results and the order of upstream's validator.
//!
//! Upstream uses jsonschema for draft 4 with two changes: `deprecated` and `changed` are keywords with findings of
//! their own, which `oneOf`, `anyOf` and `not` do not count as errors but pass on; and `oneOf` and `anyOf` select which
//! of their branches' errors to report. Both selections are implemented, including the case that they are empty.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::rc::Rc;

use model::Order as _;
use regex_lite::Regex;
use serde_json::Value;

use crate::fault::{Cause, Fault, Note};
use crate::instance::{Instance, Map, Name, Step, View};
use crate::{compare, format};

pub(crate) type Object = serde_json::Map<String, Value>;

/// A schema to validate documents against.
pub struct Schema<'s> {
    pub(crate) document: &'s Value,
    patterns: RefCell<HashMap<&'s str, Option<Rc<Regex>>>>,
}

/// No configuration is nested this deeply; the limit stops schemas that refer to themselves.
const DEEPEST: usize = 600;

impl<'s> Schema<'s> {
    /// A schema as JSON, evaluated lazily.
    pub fn new(document: &'s Value) -> Self {
        Self { document, patterns: RefCell::default() }
    }

    /// The target of a reference within the document.
    pub(crate) fn referred(&self, reference: &str) -> Option<&'s Value> {
        self.document.pointer(reference.strip_prefix('#')?)
    }

    /// A compiled pattern; `None` if it is invalid.
    pub(crate) fn pattern(&self, text: &'s str) -> Option<Rc<Regex>> {
        let mut patterns = self.patterns.borrow_mut();
        patterns
            .entry(text)
            .or_insert_with(|| {
                // Python's `$` also matches before a final line break.
                let text = match text.strip_suffix('$') {
                    Some(head) if !head.ends_with('\\') => format!("{head}\\n?$"),
                    _ => text.to_owned(),
                };
                Regex::new(&text).ok().map(Rc::new)
            })
            .clone()
    }

    /// All errors and deprecations.
    pub(crate) fn faults<'d>(&self, instance: Instance<'d>) -> Vec<Fault<'s, 'd>> {
        let mut run = Run { schema: self, path: Vec::new(), depth: 0, found: Vec::new(), first_only: false };
        run.apply(self.document, instance);
        run.found
    }
}

struct Run<'a, 's, 'd> {
    schema: &'a Schema<'s>,
    path: Vec<Step<'d>>,
    depth: usize,
    found: Vec<Fault<'s, 'd>>,
    /// Whether to stop at the first error.
    first_only: bool,
}

fn count(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|number| usize::try_from(number).ok())
}

impl<'s, 'd> Run<'_, 's, 'd> {
    fn fault(&mut self, cause: Cause<'s>, schema: &'s Object, instance: Instance<'d>) {
        self.found.push(Fault { path: self.path.clone(), cause, schema, instance, context: Vec::new() });
    }

    /// The results of a schema for a value, separate from previous ones.
    fn apart(&mut self, schema: &'s Value, instance: Instance<'d>) -> Vec<Fault<'s, 'd>> {
        let before = std::mem::take(&mut self.found);
        self.apply(schema, instance);
        std::mem::replace(&mut self.found, before)
    }

    fn is_valid(&mut self, schema: &'s Value, instance: Instance<'d>) -> bool {
        let (before, first_only) = (std::mem::take(&mut self.found), self.first_only);
        self.first_only = true;
        self.apply(schema, instance);
        self.first_only = first_only;
        !std::mem::replace(&mut self.found, before).iter().any(Fault::is_error)
    }

    fn apply(&mut self, schema: &'s Value, instance: Instance<'d>) {
        let schema = match schema {
            Value::Object(schema) => schema,
            Value::Bool(false) => return self.fault(Cause::Forbidden, empty(), instance),
            _ => return,
        };
        if self.depth >= DEEPEST {
            return self.fault(Cause::TooDeep, schema, instance);
        }
        self.depth += 1;
        for (keyword, value) in schema {
            self.keyword(keyword, value, schema, instance);
            if self.first_only && self.found.iter().any(Fault::is_error) {
                break;
            }
        }
        self.depth -= 1;
    }

    fn keyword(&mut self, keyword: &str, value: &'s Value, schema: &'s Object, instance: Instance<'d>) {
        match keyword {
            "$ref" => {
                if let Some(target) = value.as_str().and_then(|name| self.schema.referred(name)) {
                    self.apply(target, instance);
                }
            }
            "type" if !types(value).any(|name| instance.is(name)) => {
                self.fault(Cause::Type(types(value).collect()), schema, instance);
            }
            "enum" => {
                let words = value.as_array().map(Vec::as_slice).unwrap_or_default();
                if !words.iter().any(|word| compare::is_json(instance, word)) {
                    self.fault(Cause::Enum(words), schema, instance);
                }
            }
            "allOf" => {
                for branch in value.as_array().into_iter().flatten() {
                    self.apply(branch, instance);
                }
            }
            "anyOf" => self.any_of(value, schema, instance),
            "oneOf" => self.one_of(value, schema, instance),
            "not" if self.is_valid(value, instance) => self.fault(Cause::Not(value), schema, instance),
            "deprecated" if *value == Value::Bool(true) => {
                self.fault(Cause::Note(Note::Deprecated), schema, instance);
            }
            "changed" if *value == Value::Bool(true) => {
                self.fault(Cause::Note(Note::Changed), schema, instance);
            }
            _ => match instance.view() {
                View::Map(map) => self.of_map(keyword, value, schema, instance, map),
                View::List(_) => self.of_list(keyword, value, schema, instance),
                View::Str(_) | View::Bytes(_) => self.of_text(keyword, value, schema, instance),
                View::Int(_) | View::Huge { .. } | View::Float(_) => {
                    let beyond = match keyword {
                        "minimum" => compare::number(instance, value) == Some(std::cmp::Ordering::Less),
                        "maximum" => compare::number(instance, value) == Some(std::cmp::Ordering::Greater),
                        _ => return,
                    };
                    if beyond {
                        let cause =
                            if keyword == "minimum" { Cause::Minimum(value) } else { Cause::Maximum(value) };
                        self.fault(cause, schema, instance);
                    }
                }
                _ => {}
            },
        }
    }

    fn below(&mut self, step: Step<'d>, schema: &'s Value, instance: Instance<'d>) {
        self.path.push(step);
        self.apply(schema, instance);
        self.path.pop();
    }

    fn of_map(
        &mut self,
        keyword: &str,
        value: &'s Value,
        schema: &'s Object,
        instance: Instance<'d>,
        map: Map<'d>,
    ) {
        match keyword {
            "properties" => {
                let Some(known) = value.as_object() else { return };
                for (entry, (name, item)) in map.iter().enumerate() {
                    if let Name::Text(text) = name
                        && let Some(inner) = known.get(text)
                    {
                        self.below(Step::Key { name: text.into(), entry }, inner, item);
                    }
                }
            }
            "patternProperties" => {
                for (pattern, inner) in value.as_object().into_iter().flatten() {
                    let pattern = self.schema.pattern(pattern);
                    for (entry, (name, item)) in map.iter().enumerate() {
                        match name {
                            Name::Text(text) => {
                                if pattern.as_ref().is_some_and(|pattern| pattern.is_match(text)) {
                                    self.below(Step::Key { name: text.into(), entry }, inner, item);
                                }
                            }
                            // Upstream raises an exception here.
                            Name::Other(name) => {
                                self.fault(Cause::KeyNoText { entry, name }, schema, instance);
                            }
                        }
                    }
                }
            }
            "additionalProperties" => self.additional(value, schema, instance, map),
            "required" => {
                for name in value.as_array().into_iter().flatten().filter_map(Value::as_str) {
                    if map.get(name).is_none() {
                        self.fault(Cause::Required(name), schema, instance);
                    }
                }
            }
            "minProperties" if count(value).is_some_and(|least| map.len() < least) => {
                self.fault(Cause::MinProperties(count(value).unwrap_or_default()), schema, instance);
            }
            _ => {}
        }
    }

    fn additional(&mut self, value: &'s Value, schema: &'s Object, instance: Instance<'d>, map: Map<'d>) {
        if *value == Value::Bool(true) {
            return;
        }
        let known = schema.get("properties").and_then(Value::as_object);
        let patterns: Vec<_> = schema
            .get("patternProperties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(pattern, _)| self.schema.pattern(pattern))
            .collect();
        for (entry, (name, item)) in map.iter().enumerate() {
            if let Name::Text(text) = name {
                let is_known = known.is_some_and(|known| known.contains_key(text));
                if is_known || patterns.iter().any(|pattern| pattern.is_match(text)) {
                    continue;
                }
            } else if !patterns.is_empty() {
                // Reported by `patternProperties`.
                continue;
            }
            if value.is_object() {
                self.below(Step::Key { name: name.into(), entry }, value, item);
            } else {
                let is_text = matches!(name, Name::Text(_));
                let name = std::borrow::Cow::from(name).into_owned();
                self.fault(Cause::Unknown { entry, name, is_text }, schema, instance);
            }
        }
    }

    fn of_list(&mut self, keyword: &str, value: &'s Value, schema: &'s Object, instance: Instance<'d>) {
        let Some(list) = instance.as_list() else { return };
        match (keyword, value) {
            ("items", Value::Object(_)) => {
                for (index, item) in list.iter().enumerate() {
                    self.below(Step::Item(index), value, item);
                }
            }
            ("items", Value::Array(each)) => {
                for (index, (item, inner)) in list.iter().zip(each).enumerate() {
                    self.below(Step::Item(index), inner, item);
                }
            }
            ("additionalItems", inner) => {
                let Some(Value::Array(each)) = schema.get("items") else { return };
                if *inner == Value::Bool(false) && list.len() > each.len() {
                    self.fault(Cause::MaxItems(each.len()), schema, instance);
                } else if inner.is_object() {
                    for (index, item) in list.iter().enumerate().skip(each.len()) {
                        self.below(Step::Item(index), inner, item);
                    }
                }
            }
            ("minItems", _) if count(value).is_some_and(|least| list.len() < least) => {
                self.fault(Cause::MinItems(count(value).unwrap_or_default()), schema, instance);
            }
            ("maxItems", _) if count(value).is_some_and(|most| list.len() > most) => {
                self.fault(Cause::MaxItems(count(value).unwrap_or_default()), schema, instance);
            }
            ("uniqueItems", Value::Bool(true)) => {
                if let Some((first, second)) = compare::twice(list) {
                    self.fault(Cause::Twice { first, second }, schema, instance);
                }
            }
            _ => {}
        }
    }

    fn of_text(&mut self, keyword: &str, value: &'s Value, schema: &'s Object, instance: Instance<'d>) {
        let (text, length) = match instance.view() {
            View::Str(text) => (Some(text), text.chars().count()),
            View::Bytes(bytes) => (None, bytes.len()),
            _ => return,
        };
        match (keyword, value.as_str()) {
            ("pattern", Some(pattern)) => {
                let fits = self.schema.pattern(pattern);
                // Upstream raises an exception for a pattern on binary data.
                if !text.is_some_and(|text| fits.is_none_or(|fits| fits.is_match(text))) {
                    self.fault(Cause::Pattern(pattern), schema, instance);
                }
            }
            ("format", Some(name)) if text.is_some_and(|text| !format::fits(name, text)) => {
                self.fault(Cause::Format(name), schema, instance);
            }
            ("minLength", None) if count(value).is_some_and(|least| length < least) => {
                self.fault(Cause::MinLength(count(value).unwrap_or_default()), schema, instance);
            }
            ("maxLength", None) if count(value).is_some_and(|most| length > most) => {
                self.fault(Cause::MaxLength(count(value).unwrap_or_default()), schema, instance);
            }
            _ => {}
        }
    }

    fn any_of(&mut self, branches: &'s Value, schema: &'s Object, instance: Instance<'d>) {
        let named = instance.as_map().and_then(|map| map.get("type"));
        let mut errors = Vec::new();
        let mut has_named = false;
        for branch in branches.as_array().into_iter().flatten() {
            let found = self.apart(branch, instance);
            if !found.iter().any(Fault::is_error) {
                self.found.extend(found);
                return;
            }
            let wrong: Vec<_> = found.into_iter().filter(Fault::is_error).collect();
            let reference = branch.get("$ref").and_then(Value::as_str).unwrap_or_default();
            if let Some(named) = named
                && reference.contains("anyOf_type")
                && reference.contains(&format!("anyOf_type_{}", compare::python_str(named)))
            {
                has_named = true;
                self.found.extend(wrong.iter().cloned());
            }
            errors.extend(wrong);
        }
        if !has_named && let Some(best) = best_match(&errors) {
            self.found.push(best);
        }
        self.found.push(Fault {
            path: self.path.clone(),
            cause: Cause::AnyOf,
            schema,
            instance,
            context: errors,
        });
    }

    fn one_of(&mut self, branches: &'s Value, schema: &'s Object, instance: Instance<'d>) {
        let branches = branches.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut errors = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            let found = self.apart(branch, instance);
            if found.iter().any(Fault::is_error) {
                errors.push(found.into_iter().filter(Fault::is_error).collect());
                continue;
            }
            let rest = branches.get(index + 1..).unwrap_or_default();
            let also: Vec<&Value> = rest.iter().filter(|other| self.is_valid(other, instance)).collect();
            if also.is_empty() {
                self.found.extend(found);
            } else {
                let several = std::iter::once(branch).chain(also).collect();
                self.fault(Cause::Several(several), schema, instance);
            }
            return;
        }
        let told = deepest(errors, instance, self.path.len());
        self.found.extend(Fault::joined(told, self.path.len()));
    }
}

fn types(value: &Value) -> impl Iterator<Item = &str> {
    let (one, many) = match value {
        Value::Array(many) => (None, many.as_slice()),
        one => (one.as_str(), &[] as &[Value]),
    };
    one.into_iter().chain(many.iter().filter_map(Value::as_str))
}

fn empty() -> &'static Object {
    static EMPTY: std::sync::OnceLock<Object> = std::sync::OnceLock::new();
    EMPTY.get_or_init(Object::new)
}

/// Upstream's selection for `oneOf`: for a mapping with a `type`, the results of the branch of that type, else those
/// about `type`; for anything else, the deepest ones in the document. By branch; the selection can be empty.
fn deepest<'s, 'd>(
    branches: Vec<Vec<Fault<'s, 'd>>>,
    instance: Instance<'d>,
    here: usize,
) -> Vec<Vec<Fault<'s, 'd>>> {
    let typed = instance.as_map().and_then(|map| map.get("type"));
    let mut depth = 0;
    if let Some(typed) = typed {
        let of_type = |fault: &Fault<'_, '_>| {
            let words = ["properties", "type", "enum"].iter().try_fold(None, |value: Option<&Value>, key| {
                let found = match value {
                    None => fault.schema.get(*key),
                    Some(value) => value.get(key),
                };
                found.map(Some)
            });
            let words = words.flatten().and_then(Value::as_array);
            words.is_some_and(|words| words.iter().any(|word| compare::is_equal(typed, word)))
        };
        if let Some(first) = branches.iter().flatten().find(|fault| of_type(fault)) {
            return vec![vec![first.clone()]];
        }
        let about_type = |fault: &Fault<'_, '_>| {
            let last = fault.path.get(here..).and_then(<[Step]>::last);
            matches!(last, Some(Step::Key { name, .. }) if compare::is_plain(name) && name.ends_with("type"))
        };
        return branches.into_iter().map(|branch| branch.into_iter().filter(about_type).collect()).collect();
    }
    for fault in branches.iter().flatten() {
        depth = depth.max(fault.path.len() - here);
    }
    branches
        .into_iter()
        .map(|branch| branch.into_iter().filter(|fault| fault.path.len() - here == depth).collect())
        .collect()
}

/// jsonschema's selection among the errors of `anyOf`: the topmost one in the document; below an `anyOf`, the deepest.
fn best_match<'s, 'd>(errors: &[Fault<'s, 'd>]) -> Option<Fault<'s, 'd>> {
    type Key<'k, 'd> = (Reverse<usize>, &'k [Step<'d>], bool, bool);
    fn key<'k, 'd>(fault: &'k Fault<'_, 'd>) -> Key<'k, 'd> {
        let weak = matches!(fault.cause, Cause::AnyOf | Cause::Several(_));
        (Reverse(fault.path.len()), &fault.path, !weak, !fault.matches_type())
    }
    // The first of several equally good ones.
    let mut best = errors.iter().reduce(|best, next| if key(next) > key(best) { next } else { best })?;
    while !best.context.is_empty() {
        let mut inner: Vec<&Fault<'_, '_>> = best.context.iter().collect();
        inner.order_by(|a, b| key(a).cmp(&key(b)));
        match inner.as_slice() {
            [first, second, ..] if key(first) == key(second) => break,
            [first, ..] => best = first,
            [] => break,
        }
    }
    Some(best.clone())
}
