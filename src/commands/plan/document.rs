//! A plan as JSON. The types are the published schema: `docs/plan.schema.json` is made from them.

use std::path::PathBuf;

use model::Stage;
use schemars::JsonSchema;
use serde::Serialize;
use system::{Effect, EffectKind};

use super::mask::shown_content;
use super::{Assumed, Planned};

/// The version of the document. A field that is added does not change it; one that is removed, renamed or gets another
/// meaning does.
const VERSION: u32 = 1;

/// What `cloud-init plan --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "cloud-init plan")]
pub(super) struct Document {
    /// The version of this document: 1.
    version: u32,
    /// What the plan took for granted.
    assumed: Assumed,
    /// What the boot does to the machine, in order.
    effects: Vec<Entry>,
    /// What the boot warns of, in order.
    warnings: Vec<Warning>,
    /// What in the user-data was probably not meant as it is written; the exit code does not count it.
    advice: Vec<String>,
    /// What only the machine will know, each with its place; the exit code does not count it either.
    notes: Vec<String>,
    /// Errors of stages, as status.json lists them.
    errors: Vec<String>,
}

/// An effect and where it belongs.
#[derive(Debug, Serialize, JsonSchema)]
struct Entry {
    #[serde(flatten)]
    kind: Kind,
    /// The stage as status.json names it: init-local, init, modules-config, modules-final.
    stage: Option<&'static str>,
    /// The module; null for what the stage itself does.
    module: Option<String>,
}

/// An effect.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "effect", rename_all = "lowercase")]
enum Kind {
    /// A file is written.
    Write {
        /// The path, links followed.
        path: PathBuf,
        /// Permissions in octal digits.
        mode: String,
        /// The owner's number.
        uid: u32,
        /// The group's number.
        gid: u32,
        /// Whether the file was there before.
        existed: bool,
        /// How long it is now.
        bytes: usize,
        /// Whether it holds secrets: its content is left out, or in a network's file each secret value masked.
        secret: bool,
        /// What it holds now; bytes that are no UTF-8 are replaced.
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<String>,
        /// What it held before; null where it was not there.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[allow(clippy::option_option, reason = "null for no file, absent for hidden content")]
        before: Option<Option<String>>,
    },
    /// A directory is made, or gets another mode.
    Directory {
        /// The path.
        path: PathBuf,
        /// Permissions in octal digits.
        mode: String,
    },
    /// A symbolic link is made.
    Link {
        /// The link.
        path: PathBuf,
        /// What it holds.
        target: PathBuf,
    },
    /// A file or a directory with all below it is removed.
    Remove {
        /// The path.
        path: PathBuf,
    },
    /// A file or a directory gets another name.
    Rename {
        /// The old name.
        from: PathBuf,
        /// The new name.
        to: PathBuf,
    },
    /// Mode or owner changes.
    Attributes {
        /// The path.
        path: PathBuf,
        /// Permissions in octal digits.
        mode: String,
        /// The owner's number.
        uid: u32,
        /// The group's number.
        gid: u32,
    },
    /// A program runs.
    Command {
        /// The program and its arguments, secrets replaced.
        words: Vec<String>,
        /// Whether it reads an input.
        stdin: bool,
        /// The other root that it runs inside; left out for the machine's own.
        #[serde(skip_serializing_if = "Option::is_none")]
        root: Option<PathBuf>,
    },
    /// A request is sent.
    Request {
        /// GET, PUT, …
        method: &'static str,
        /// The address.
        url: String,
        /// The status of the answer; null where nothing answered.
        status: Option<u16>,
    },
    /// A serial port is opened and asked.
    Serial {
        /// The port.
        port: PathBuf,
    },
    /// Links are waited for.
    #[serde(rename = "await-links")]
    AwaitLinks,
    /// A link is configured for a moment.
    Ephemeral {
        /// What, in words.
        what: String,
    },
}

/// A warning.
#[derive(Debug, Serialize, JsonSchema)]
struct Warning {
    /// warning, error or deprecated.
    level: &'static str,
    /// The message.
    message: String,
    /// How many effects came before it.
    after_effect: usize,
    /// The stage, as an effect's.
    stage: Option<&'static str>,
    /// The module that warns; null for the stage itself.
    module: Option<String>,
}

fn octal(mode: u32) -> String {
    format!("{mode:04o}")
}

fn kind(kind: &EffectKind) -> Kind {
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match kind.clone() {
        EffectKind::Write { path, before, after, mode, owner, secret } => {
            let content = shown_content(&path, &after, secret).map(|bytes| lossy(&bytes));
            let before_shown = content.as_ref().map(|_| {
                let before = before.as_deref()?;
                shown_content(&path, before, secret).map(|bytes| lossy(&bytes))
            });
            Kind::Write {
                path,
                mode: octal(mode),
                uid: owner.0,
                gid: owner.1,
                existed: before.is_some(),
                bytes: after.len(),
                secret,
                content,
                before: before_shown,
            }
        }
        EffectKind::Directory { path, mode } => Kind::Directory { path, mode: octal(mode) },
        EffectKind::Link { path, target } => Kind::Link { path, target },
        EffectKind::Remove(path) => Kind::Remove { path },
        EffectKind::Rename { from, to } => Kind::Rename { from, to },
        EffectKind::Attributes { path, mode, owner } => {
            Kind::Attributes { path, mode: octal(mode), uid: owner.0, gid: owner.1 }
        }
        EffectKind::Command { words, stdin, root } => Kind::Command { words, stdin, root },
        EffectKind::Request { method, url, status } => Kind::Request { method, url, status },
        EffectKind::Serial { port } => Kind::Serial { port },
        EffectKind::AwaitLinks => Kind::AwaitLinks,
        EffectKind::Ephemeral { what } => Kind::Ephemeral { what },
    }
}

impl Document {
    fn new(planned: &Planned) -> Self {
        let entry = |effect: &Effect| Entry {
            kind: kind(&effect.kind),
            stage: effect.stage.map(Stage::status_name),
            module: effect.module.clone(),
        };
        let warning = |warning: &super::watch::Warning| Warning {
            level: warning.level,
            message: warning.message.clone(),
            after_effect: warning.position,
            stage: warning.stage.map(Stage::status_name),
            module: warning.module.clone(),
        };
        Self {
            version: VERSION,
            assumed: planned.assumed.clone(),
            effects: planned.effects.iter().map(entry).collect(),
            warnings: planned.warnings.iter().map(warning).collect(),
            advice: planned.advice.clone(),
            notes: planned.notes.clone(),
            errors: planned.errors.clone(),
        }
    }
}

/// For programs.
pub(crate) fn json(planned: &Planned) -> String {
    // Texts and numbers only: serde_json refuses keys of maps that are no text and nothing else.
    serde_json::to_string_pretty(&Document::new(planned)).unwrap_or_default() + "\n"
}

/// The schema of what [`json`] writes.
pub(crate) fn json_schema() -> String {
    let schema = schemars::schema_for!(Document);
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}
