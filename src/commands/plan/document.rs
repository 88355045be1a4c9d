//! The JSON form of a plan. `docs/plan.schema.json`, the published schema, is generated from these types.

use std::io;
use std::path::PathBuf;

use model::Stage;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use system::{Effect, EffectKind};

use super::mask::shown_content;
use super::{Assumed, Planned};

/// The version of the document. Adding a field keeps it; removing, renaming or redefining one increments it.
const VERSION: u32 = 1;

/// The output of `cloud-init plan --format json`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "cloud-init plan")]
pub(super) struct Document<'p> {
    /// The version of this document: 1.
    version: u32,
    /// The assumptions of the plan.
    assumed: Assumed,
    /// The effects of the boot on the machine, in order.
    #[schemars(with = "Vec<Entry>")]
    effects: Effects<'p>,
    /// The warnings of the boot, in order.
    warnings: Vec<Warning>,
    /// Probable mistakes in the user-data. They do not affect the exit code.
    advice: Vec<String>,
    /// What depends on the real machine, each with its place. It does not affect the exit code.
    notes: Vec<String>,
    /// Errors of stages, as status.json lists them.
    errors: Vec<String>,
}

/// Effects whose entries are made one at a time: each may have a file's content.
#[derive(Debug)]
struct Effects<'p>(&'p [Effect]);

impl Serialize for Effects<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|effect| Entry {
            kind: kind(&effect.kind),
            stage: effect.stage.map(Stage::status_name),
            module: effect.module.clone(),
        }))
    }
}

/// An effect, with its stage and module.
#[derive(Debug, Serialize, JsonSchema)]
struct Entry {
    #[serde(flatten)]
    kind: Kind,
    /// The stage, as in status.json: init-local, init, modules-config, modules-final.
    stage: Option<&'static str>,
    /// The module; null for an effect of the stage itself.
    module: Option<String>,
}

/// An effect.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "effect", rename_all = "lowercase")]
enum Kind {
    /// A file is written.
    Write {
        /// The path, with symbolic links resolved.
        path: PathBuf,
        /// Permissions in octal digits.
        mode: String,
        /// The user ID of the owner.
        uid: u32,
        /// The group ID.
        gid: u32,
        /// Whether the file existed before.
        existed: bool,
        /// The new size in bytes.
        bytes: usize,
        /// Whether the file contains secrets: its content is omitted, or, in a network configuration, each secret value
        /// masked.
        secret: bool,
        /// The new content; bytes that are not valid UTF-8 are replaced.
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<String>,
        /// The previous content; null if the file did not exist.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[allow(clippy::option_option, reason = "null: no such file; absent: hidden content")]
        before: Option<Option<String>>,
    },
    /// A directory is created, or its mode changes.
    Directory {
        /// The path.
        path: PathBuf,
        /// Permissions in octal digits.
        mode: String,
    },
    /// A symbolic link is created.
    Link {
        /// The path of the link.
        path: PathBuf,
        /// The target.
        target: PathBuf,
    },
    /// A file, or a directory with its contents, is removed.
    Remove {
        /// The path.
        path: PathBuf,
    },
    /// A file or a directory is renamed.
    Rename {
        /// The old path.
        from: PathBuf,
        /// The new path.
        to: PathBuf,
    },
    /// The mode or owner of a file changes.
    Attributes {
        /// The path.
        path: PathBuf,
        /// Permissions in octal digits.
        mode: String,
        /// The user ID of the owner.
        uid: u32,
        /// The group ID.
        gid: u32,
    },
    /// A command runs.
    Command {
        /// The program and its arguments, with secrets replaced.
        words: Vec<String>,
        /// Whether the command reads an input.
        stdin: bool,
        /// The other root that the command runs in; absent for the machine's own.
        #[serde(skip_serializing_if = "Option::is_none")]
        root: Option<PathBuf>,
    },
    /// An HTTP request is sent.
    Request {
        /// The method: GET, PUT, …
        method: &'static str,
        /// The URL.
        url: String,
        /// The status code of the response; null without a response.
        status: Option<u16>,
    },
    /// A query over a serial port.
    Serial {
        /// The path of the port.
        port: PathBuf,
    },
    /// The boot waits for network devices.
    #[serde(rename = "await-links")]
    AwaitLinks,
    /// A network device is configured temporarily.
    Ephemeral {
        /// A description.
        what: String,
    },
}

/// A warning.
#[derive(Debug, Serialize, JsonSchema)]
struct Warning {
    /// `warning`, `error` or `deprecated`.
    level: &'static str,
    /// The message.
    message: String,
    /// The number of effects before the warning.
    after_effect: usize,
    /// The stage, as for effects.
    stage: Option<&'static str>,
    /// The module; null for a warning of the stage itself.
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
            let before_shown = content
                .as_ref()
                .map(|_| shown_content(&path, before.as_ref()?, secret).map(|bytes| lossy(&bytes)));
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

impl<'p> Document<'p> {
    fn new(planned: &'p Planned) -> Self {
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
            effects: Effects(&planned.effects),
            warnings: planned.warnings.iter().map(warning).collect(),
            advice: planned.advice.clone(),
            notes: planned.notes.clone(),
            errors: planned.errors.clone(),
        }
    }
}

/// Writes the plan as JSON.
pub(crate) fn json(planned: &Planned, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Document::new(planned))?;
    writeln!(out)
}

/// The schema of the output of [`json`].
pub(crate) fn json_schema() -> String {
    let schema = schemars::schema_for!(Document);
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}
