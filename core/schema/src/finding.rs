//! Findings: what is wrong or old in a document, where, and what to do.

use std::borrow::Cow;
use std::collections::HashSet;

use model::config::Origin;
use model::nearest;
use serde_json::Value;

use crate::fault::{Cause, Fault, Note};
use crate::instance::{Instance, Step, View, dotted};
use crate::secret::is_private_place;
use crate::validate::Schema;
use crate::words;

/// How bad a finding is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The document is not valid.
    Error,
    /// It is valid, and an old spelling is used.
    Deprecation {
        /// The release since which it is old; `devel` for one that is not released.
        version: String,
    },
    /// It is valid, and probably not what was meant. It changes no verdict and no exit code.
    Advice,
}

/// Something that is wrong or old in a document.
#[derive(Clone, Debug)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The place as the original writes it, with dots.
    pub path: String,
    /// The way to the value that it is about.
    pub place: Vec<Step<'static>>,
    /// The key of the mapping there that it is about, where it is about one.
    pub key: Option<Step<'static>>,
    /// What is wrong, without any value of the document.
    pub message: String,
    /// The same with the value, for the one who wrote it; a value that may be a secret is not in it.
    pub detailed: String,
    /// What to do, without any value of the document.
    pub hint: Option<String>,
    /// The module whose reference tells more: `cc_write_files`.
    pub module: Option<String>,
    /// It only says that none of several forms fits; another finding says more.
    pub summary: bool,
    /// Where the value was written, where the tree is the configuration.
    pub origin: Option<Origin>,
}

impl Finding {
    /// Whether it makes the document invalid.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The place for people: with the key that it is about.
    pub fn shown_path(&self) -> String {
        let steps: Vec<Step<'static>> = self.place.iter().chain(&self.key).cloned().collect();
        dotted(&steps)
    }

    /// The name of the page that tells about the key.
    pub fn page(&self) -> Option<String> {
        self.module.as_ref().map(|module| format!("docs/reference/{}.md", module.trim_start_matches("cc_")))
    }

    /// The message for a log that everybody reads: place, message and hint, nothing of the document's values.
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

/// Checks a document: everything that is wrong or old, each thing once, in the order of the places.
pub fn check<'d>(schema: &Schema<'_>, instance: impl Into<Instance<'d>>) -> Vec<Finding> {
    let mut faults = schema.faults(instance.into());
    faults.sort_by(|one, other| one.path.cmp(&other.path));
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
    // The original puts the name of a key that it does not know at the top in the place of the empty path.
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
        // Marks of the reference pages.
        text.push_str(&description.replace("**", "").replace("``", "'"));
    }
    text
}

/// The message with the word that was probably meant.
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

/// So many known keys are told.
const KNOWN: usize = 10;

/// What to do, and the top-level key that was probably meant.
fn hint(schema: &Schema<'_>, fault: &Fault<'_, '_>) -> (Option<String>, Option<String>) {
    let alone = |text: &str| (Some(text.to_owned()), None);
    match (&fault.cause, fault.instance.view()) {
        (Cause::Type(names), view) => match view {
            View::Int(0) if names.contains(&"boolean") => alone("write false"),
            View::Int(1) if names.contains(&"boolean") => alone("write true"),
            View::Bool(_) | View::Int(_) | View::Huge { .. } | View::Float(_) | View::Date
                if names.contains(&"string") =>
            {
                alone("write it in quotes")
            }
            View::Str(_) | View::Bool(_) | View::Int(_) if names == &["array"] => {
                alone("write it as a list: each item after '- '")
            }
            View::Map(_) if names == &["array"] => alone("write it as a list: '- ' before the first key"),
            View::Str(text) if names.iter().any(|name| ["integer", "number"].contains(name)) => {
                if text.parse::<f64>().is_ok() { alone("write it without quotes") } else { (None, None) }
            }
            _ => (None, None),
        },
        (Cause::KeyNoText { .. }, _) => alone("write the key in quotes"),
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
        return (
            (!forms.is_empty()).then(|| format!("keys here have the form {}", forms.join(" or "))),
            None,
        );
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
    (Some(format!("known here: {}", names.join(", "))), None)
}

/// Keys of a seed's meta-data that are written into a user-data by mistake.
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

/// Keys of a network-config, with and without its key `network` around them.
const NETWORK_CONFIG: &[&str] =
    &["network", "ethernets", "wifis", "bonds", "bridges", "vlans", "tunnels", "renderer"];

/// Where a key belongs that is known, but not here: at the top level, or in another document. A key that belongs
/// elsewhere comes before one of a similar name.
fn elsewhere(schema: &Schema<'_>, is_top: bool, name: &str) -> Option<String> {
    let top = schema.document.get("properties");
    if !is_top {
        let is_of_top = top.is_some_and(|top| top.get(name).is_some());
        return is_of_top
            .then(|| format!("'{name}' belongs to the top level: begin its line without spaces"));
    }
    // Other documents have a layout of their own.
    schema.document.pointer("/$defs/base_config")?;
    if META_DATA.contains(&name) {
        Some(format!("'{name}' belongs to meta-data, not to user-data"))
    } else if NETWORK_CONFIG.contains(&name) {
        Some(format!("'{name}' belongs to network-config, not to user-data"))
    } else {
        None
    }
}

/// The module that has a top-level key.
fn module_of(schema: &Schema<'_>, key: &str) -> Option<String> {
    let definitions = schema.document.get("$defs")?.as_object()?;
    definitions
        .iter()
        .find(|(name, inner)| {
            name.starts_with("cc_") && inner.get("properties").is_some_and(|keys| keys.get(key).is_some())
        })
        .map(|(name, _)| name.clone())
}
