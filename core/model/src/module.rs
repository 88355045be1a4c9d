//! The contract of a module: what a key of a cloud-config does.

use std::fmt;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::config::{ConfigError, Origin, UnknownKey, from_node_noting};
use crate::datasource::HostKey;
use crate::distro::{Distro, DistroError};
use crate::effects::{CommandError, FileError, HttpError, System};
use crate::{Frequency, Instance, Node, Paths};

/// Something a module wants the user to see, with the place it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The value it is about, where there is one.
    pub origin: Option<Origin>,
    /// What is wrong and what to do. Never holds a secret.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(out, "{origin}: ")?;
        }
        out.write_str(&self.message)
    }
}

/// What a module did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Things that are not as they should be but stopped nothing: status becomes 2.
    pub warnings: Vec<Finding>,
    /// Spellings that still work and will not for ever; listed as DEPRECATED among the recoverable errors.
    pub deprecations: Vec<Finding>,
    /// Why the module had nothing to do, for the log.
    pub skipped: Option<String>,
    /// Public host keys that the data source may publish.
    pub host_keys: Vec<HostKey>,
}

impl Report {
    /// Nothing was to be done.
    pub fn skipped(reason: impl Into<String>) -> Self {
        Self { skipped: Some(reason.into()), ..Self::default() }
    }

    /// Adds a warning about a place.
    pub fn warn(&mut self, origin: Option<&Origin>, message: impl Into<String>) {
        self.warnings.push(Finding { origin: origin.cloned(), message: message.into() });
    }

    /// Adds a note about an old spelling.
    pub fn deprecate(&mut self, origin: Option<&Origin>, message: impl Into<String>) {
        self.deprecations.push(Finding { origin: origin.cloned(), message: message.into() });
    }
}

/// A module that failed. The next one runs.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// The module's keys cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A command failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The distro could not do it.
    #[error(transparent)]
    Distro(#[from] DistroError),
    /// A request failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A template is wrong.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A value makes no sense.
    #[error("{origin}: {message}")]
    Invalid {
        /// Where it was written.
        origin: Origin,
        /// What is wrong and what to do.
        message: String,
    },
    /// Several things failed; each was tried.
    #[error("{0}")]
    Failed(String),
}

/// A template that cannot be rendered.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{name}:{line}: {reason}")]
pub struct TemplateError {
    /// The template's name or path.
    pub name: String,
    /// The line in it.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// Rendering of templates, which the engine brings.
pub trait Templates: Send + Sync {
    /// Renders a text by its own header (`## template:jinja`, `## template:basic`, none is basic).
    fn render(&self, name: &str, text: &str, variables: &serde_json::Value) -> Result<String, TemplateError>;

    /// The text of a shipped template (`hosts.debian`): the file below the templates directory when the image has
    /// one, else the one in the program; `None` where there is neither.
    fn shipped(&self, name: &str) -> Option<String>;
}

/// Semaphores for steps inside a module that have a frequency of their own.
pub trait Semaphores {
    /// Whether the step ran at this frequency already.
    fn has_run(&self, name: &str, frequency: Frequency) -> bool;

    /// Notes that it ran.
    fn mark(&self, name: &str, frequency: Frequency) -> Result<(), FileError>;

    /// Forgets that it ran.
    fn clear(&self, name: &str, frequency: Frequency) -> Result<(), FileError>;
}

/// What a module works with.
pub struct Context<'a> {
    /// Effects.
    pub system: &'a System,
    /// The operating system.
    pub distro: &'a dyn Distro,
    /// Where state is kept.
    pub paths: &'a Paths,
    /// Who this machine is.
    pub instance: &'a Instance,
    /// The merged configuration, for what is not the module's own (`system_info`, `preserve_hostname`).
    pub config: &'a Node,
    /// The name under which cloud.cfg lists the module.
    pub name: &'a str,
    /// Arguments from cloud.cfg's entry or from `single`.
    pub args: &'a [String],
    /// Templates.
    pub templates: &'a dyn Templates,
    /// Semaphores.
    pub semaphores: &'a dyn Semaphores,
    /// The program's version, for messages that name it.
    pub version: &'a str,
}

/// What a cloud-config's key does.
pub trait Module: Send + Sync + 'static {
    /// Its name in cloud.cfg, with `_`.
    const NAME: &'static str;

    /// How often, unless cloud.cfg says otherwise.
    const FREQUENCY: Frequency;

    /// The distros it is for; empty for all.
    const DISTROS: &'static [&'static str] = &[];

    /// It is passed over unless one of these top-level keys is there; empty for always.
    const KEYS: &'static [&'static str];

    /// It warns of unknown keys below its own; false where another module has the same keys and does.
    const TELLS_UNKNOWN: bool = true;

    /// Its keys, read out of the whole configuration; their schema is what a cloud-config is checked against.
    type Config: DeserializeOwned + JsonSchema;

    /// Does it.
    fn run(&self, context: &Context<'_>, config: Self::Config) -> Result<Report, ModuleError>;
}

/// A module with its config's type erased, as the registry holds it.
pub trait AnyModule: Send + Sync {
    /// [`Module::NAME`].
    fn name(&self) -> &'static str;
    /// [`Module::FREQUENCY`].
    fn frequency(&self) -> Frequency;
    /// [`Module::DISTROS`].
    fn distros(&self) -> &'static [&'static str];
    /// [`Module::KEYS`].
    fn keys(&self) -> &'static [&'static str];
    /// Reads the typed config out of `context.config` and runs.
    fn run(&self, context: &Context<'_>) -> Result<Report, ModuleError>;
}

impl<M: Module> AnyModule for M {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn frequency(&self) -> Frequency {
        M::FREQUENCY
    }

    fn distros(&self) -> &'static [&'static str] {
        M::DISTROS
    }

    fn keys(&self) -> &'static [&'static str] {
        M::KEYS
    }

    fn run(&self, context: &Context<'_>) -> Result<Report, ModuleError> {
        let (config, unknown) = from_node_noting(context.config)?;
        let mut report = Module::run(self, context, config)?;
        // At the top are the keys of other modules.
        let inner =
            |key: &UnknownKey| context.config.get(&key.key).is_none_or(|node| node.origin != key.origin);
        for key in unknown.iter().filter(|key| M::TELLS_UNKNOWN && inner(key)) {
            report.warn(Some(&key.origin), key.to_string());
        }
        Ok(report)
    }
}
