//! Findings: errors and deprecations in a document, with place and hint.

use std::borrow::Cow;
use std::collections::HashSet;

use model::Order as _;
use model::config::Origin;
use model::nearest;
use serde_json::Value;

use crate::fault::{Cause, Fault, Note};
use crate::instance::{Instance, Step, View, dotted};
use crate::secret::is_private_place;
use crate::validate::Schema;
use crate::words;

/// The severity of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The document is invalid.
    Error,
    /// The document is valid but uses a deprecated form.
    Deprecation {
        /// The release that deprecated it; `devel` for an unreleased one.
        version: String,
    },
    /// The document is valid, but probably not as intended. Neither verdict nor exit code change.
    Advice,
}

/// An error, deprecation or advice.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The severity.
    pub severity: Severity,
    /// The path in upstream's notation, with dots.
    pub path: String,
    /// The path of the value.
    pub place: Vec<Step<'static>>,
    /// The key of the mapping at that path, if the finding is about one.
    pub key: Option<Step<'static>>,
    /// The message, without any value of the document.
    pub message: String,
    /// The message with the value, for the author of the document; never contains a possible secret.
    pub detailed: String,
    /// How to fix it, without any value of the document.
    pub hint: Option<String>,
    /// The module whose reference page describes the key: `cc_write_files`.
    pub module: Option<String>,
    /// Whether it only reports that no form matches, and other findings have the details.
    pub summary: bool,
    /// Where the value was written, for a configuration tree.
    pub origin: Option<Origin>,
}

impl Finding {
    /// Whether the document is invalid because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The path for messages, including the key.
    pub fn shown_path(&self) -> String {
        let steps: Vec<Step<'static>> = self.place.iter().chain(&self.key).cloned().collect();
        dotted(&steps)
    }

    /// The file name of the key's reference page.
    pub fn page(&self) -> Option<String> {
        self.module.as_ref().map(|module| format!("{}.md", module.trim_start_matches("cc_")))
    }

    /// The message for public logs: path, message and hint, without any value of the document.
    pub fn public(&self) -> String {
        let path = self.shown_path();
        let mut text =
            if path.is_empty() { self.message.clone() } else { format!("{path}: {}", self.message) };
        if let Some(hint) = &self.hint {
            text = format!("{text}; {hint}");
        }
        text
    }
}

/// Validates a document: all errors and deprecations without duplicates, ordered by path.
pub fn check<'d>(schema: &Schema<'_>, instance: impl Into<Instance<'d>>) -> Vec<Finding> {
    let mut faults = schema.faults(instance.into());
    faults.order_by(|one, other| one.path.cmp(&other.path));
    let mut seen = HashSet::new();
    faults
        .into_iter()
        .map(|fault| finding(schema, fault))
        .filter(|finding| {
            let key = finding.key.as_ref().map(ToString::to_string);
            seen.insert((finding.path.clone(), key, finding.detailed.clone()))
        })
        .collect()
}

fn finding(schema: &Schema<'_>, fault: Fault<'_, '_>) -> Finding {
    let summary = matches!(fault.cause, Cause::AnyOf);
    let (severity, message, detailed) = match &fault.cause {
        Cause::Note(note) => {
            let text = note_text(*note, fault.schema);
            let version = text_of(fault.schema, "deprecated_version").unwrap_or("devel").to_owned();
            (Severity::Deprecation { version }, text.clone(), text)
        }
        cause => {
            let (message, mut detailed) = words::message(cause, fault.instance);
            let is_secret = fault.schema.get("writeOnly") == Some(&Value::Bool(true));
            if is_secret || is_private_place(&fault.path) {
                detailed.clone_from(&message);
            }
            (Severity::Error, message, suggested(cause, fault.instance, detailed))
        }
    };
    let key = match &fault.cause {
        Cause::Unknown { entry, name, .. } | Cause::KeyNoText { entry, name } => {
            Some(Step::Key { name: Cow::Owned(name.clone()), entry: *entry })
        }
        _ => None,
    };
    let (hint, near) = hint(schema, &fault);
    // Upstream replaces the empty path by the name of an unknown top-level key.
    let path = match &key {
        Some(key)
            if matches!(fault.cause, Cause::Unknown { is_text: true, .. })
                && schema.document.as_object().is_some_and(|top| std::ptr::eq(top, fault.schema)) =>
        {
            key.to_string()
        }
        _ => dotted(&fault.path),
    };
    let top = near.or_else(|| match fault.path.first() {
        Some(Step::Key { name, .. }) => Some(name.to_string()),
        _ => None,
    });
    let module = top.and_then(|top| module_of(schema, &top));
    let about = match &key {
        Some(Step::Key { entry, .. }) => {
            fault.instance.as_map().and_then(|map| map.entry(*entry)).map(|(_, item)| item)
        }
        _ => None,
    };
    let origin = about.map_or_else(|| fault.instance.origin().cloned(), Instance::key_origin);
    let place = fault.path.into_iter().map(Step::into_owned).collect();
    Finding { severity, path, place, key, message, detailed, hint, module, summary, origin }
}

fn text_of<'s>(schema: &'s serde_json::Map<String, Value>, key: &str) -> Option<&'s str> {
    schema.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn note_text(note: Note, schema: &serde_json::Map<String, Value>) -> String {
    let (head, version, description) = match note {
        Note::Deprecated => ("Deprecated", "deprecated_version", "deprecated_description"),
        Note::Changed => ("Changed", "changed_version", "changed_description"),
    };
    let mut text = match text_of(schema, version) {
        Some(version) => format!("{head} in version {version}."),
        None => format!("{head}."),
    };
    if let Some(description) = text_of(schema, description) {
        text.push(' ');
        // Markup of the reference pages.
        text.push_str(&description.replace("**", "").replace("``", "'"));
    }
    text
}

/// Adds a suggestion to the message.
fn suggested(cause: &Cause<'_>, instance: Instance<'_>, detailed: String) -> String {
    fn allowed<'s>(cause: &Cause<'s>, words: &mut Vec<&'s str>) {
        match cause {
            Cause::Enum(some) => words.extend(some.iter().filter_map(Value::as_str)),
            Cause::Either(causes) => causes.iter().for_each(|cause| allowed(cause, words)),
            _ => {}
        }
    }
    let View::Str(text) = instance.view() else { return detailed };
    let mut words = Vec::new();
    allowed(cause, &mut words);
    match nearest(text, words.into_iter()) {
        Some(near) => format!("{detailed}; did you mean '{near}'?"),
        None => detailed,
    }
}

/// The maximum number of known keys in a hint.
const KNOWN: usize = 10;

/// The hint, and the suggested top-level key.
fn hint(schema: &Schema<'_>, fault: &Fault<'_, '_>) -> (Option<String>, Option<String>) {
    let alone = |text: &str| (Some(text.to_owned()), None);
    match (&fault.cause, fault.instance.view()) {
        (Cause::Type(names), view) => match view {
            View::Int(0) if names.contains(&"boolean") => alone("use false"),
            View::Int(1) if names.contains(&"boolean") => alone("use true"),
            View::Bool(_) | View::Int(_) | View::Huge { .. } | View::Float(_) | View::Date
                if names.contains(&"string") =>
            {
                alone("use quotes")
            }
            View::Str(_) | View::Bool(_) | View::Int(_) if names == &["array"] => {
                alone("use a list: each item after '- '")
            }
            View::Map(_) if names == &["array"] => alone("use a list: '- ' before the first key"),
            View::Str(text) if names.iter().any(|name| ["integer", "number"].contains(name)) => {
                if text.parse::<f64>().is_ok() { alone("remove the quotes") } else { (None, None) }
            }
            _ => (None, None),
        },
        (Cause::KeyNoText { .. }, _) => alone("use quotes for the key"),
        (Cause::Unknown { name, .. }, _) => unknown(schema, fault, name),
        _ => (None, None),
    }
}

fn unknown(schema: &Schema<'_>, fault: &Fault<'_, '_>, name: &str) -> (Option<String>, Option<String>) {
    let is_top = fault.path.is_empty();
    if let Some(hint) = elsewhere(schema, is_top, name) {
        return (Some(hint), None);
    }
    let Some(known) = fault.schema.get("properties").and_then(Value::as_object) else {
        let patterns = fault.schema.get("patternProperties").and_then(Value::as_object);
        let forms: Vec<&str> = patterns.into_iter().flatten().map(|(pattern, _)| pattern.as_str()).collect();
        return ((!forms.is_empty()).then(|| format!("keys must match {}", forms.join(" or "))), None);
    };
    let is_old = |inner: &Value| inner.get("deprecated") == Some(&Value::Bool(true));
    let current = known.iter().filter(|(_, inner)| !is_old(inner)).map(|(name, _)| name.as_str());
    if let Some(near) =
        nearest(name, current.clone()).or_else(|| nearest(name, known.keys().map(String::as_str)))
    {
        return (Some(format!("did you mean '{near}'?")), is_top.then(|| near.to_owned()));
    }
    let names: Vec<&str> = current.collect();
    if is_top || names.is_empty() || names.len() > KNOWN {
        return (None, None);
    }
    (Some(format!("known keys: {}", names.join(", "))), None)
}

/// Meta-data keys that are written in user-data by mistake.
const META_DATA: &[&str] = &[
    "dsmode",
    "instance-id",
    "instance_id",
    "local-hostname",
    "local_hostname",
    "network-interfaces",
    "public-keys",
    "public_keys",
];

/// Keys of a network-config, with and without its top-level key `network`.
const NETWORK_CONFIG: &[&str] =
    &["network", "ethernets", "wifis", "bonds", "bridges", "vlans", "tunnels", "renderer"];

/// Where a misplaced key belongs: at the top level, or in another document. This takes precedence over similar names.
fn elsewhere(schema: &Schema<'_>, is_top: bool, name: &str) -> Option<String> {
    let top = schema.document.get("properties");
    if !is_top {
        let is_of_top = top.is_some_and(|top| top.get(name).is_some());
        return is_of_top.then(|| format!("'{name}' belongs to the top level: remove its indentation"));
    }
    // Other documents have their own layout.
    schema.document.pointer("/$defs/base_config")?;
    if META_DATA.contains(&name) {
        Some(format!("'{name}' belongs to meta-data, not to user-data"))
    } else if NETWORK_CONFIG.contains(&name) {
        Some(format!("'{name}' belongs to network-config, not to user-data"))
    } else {
        None
    }
}

/// The module of a top-level key.
fn module_of(schema: &Schema<'_>, key: &str) -> Option<String> {
    let definitions = schema.document.get("$defs")?.as_object()?;
    definitions
        .iter()
        .find(|(name, inner)| {
            name.starts_with("cc_") && inner.get("properties").is_some_and(|keys| keys.get(key).is_some())
        })
        .map(|(name, _)| name.clone())
}
