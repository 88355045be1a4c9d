//! The contract of a module, which applies keys of a cloud-config.

use std::fmt;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::config::{ConfigError, Origin, UnknownKey, from_node_noting};
use crate::datasource::HostKey;
use crate::distro::{Distro, DistroError};
use crate::effects::{CommandError, FileError, HttpError, System};
use crate::{Frequency, Instance, Node, Paths, Stage};

/// A message for the user, with the place it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The value it concerns, if any.
    pub origin: Option<Origin>,
    /// The message, and how to fix it. Never contains a secret.
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

/// The result of a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Recoverable errors: the exit code of status becomes 2.
    pub warnings: Vec<Finding>,
    /// Deprecated forms; listed as DEPRECATED among the recoverable errors.
    pub deprecations: Vec<Finding>,
    /// Why the module had nothing to do, for the log.
    pub skipped: Option<String>,
    /// Public host keys for publication by the data source.
    pub host_keys: Vec<HostKey>,
}

impl Report {
    /// Records that there was nothing to do, and why.
    pub fn skip(&mut self, reason: impl Into<String>) {
        self.skipped = Some(reason.into());
    }

    /// Adds a warning about a value.
    pub fn warn(&mut self, origin: Option<&Origin>, message: impl Into<String>) {
        self.warnings.push(Finding { origin: origin.cloned(), message: message.into() });
    }

    /// Reads settings that a module takes from the tree itself, and warns of the keys that they do not have.
    ///
    /// # Errors
    ///
    /// A value of a wrong type.
    pub fn read<T: DeserializeOwned>(&mut self, node: &Node) -> Result<T, ConfigError> {
        let (settings, unknown) = from_node_noting(node)?;
        for key in unknown {
            self.warn(Some(&key.origin), key.to_string());
        }
        Ok(settings)
    }

    /// Adds a deprecation.
    pub fn deprecate(&mut self, origin: Option<&Origin>, message: impl Into<String>) {
        self.deprecations.push(Finding { origin: origin.cloned(), message: message.into() });
    }
}

/// A failed module. The next one still runs.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// The module's keys are invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A command failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The distribution reported an error.
    #[error(transparent)]
    Distro(#[from] DistroError),
    /// A request failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A template is invalid.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A value is invalid.
    #[error("{origin}: {message}")]
    Invalid {
        /// Where it was written.
        origin: Origin,
        /// The reason, and how to fix it.
        message: String,
    },
    /// Several independent errors.
    #[error("{0}")]
    Failed(String),
}

/// A template that cannot be rendered.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{name}{}: {reason}", if *line > 0 { format!(":{line}") } else { String::new() })]
pub struct TemplateError {
    /// The template's name or path.
    pub name: String,
    /// The line number; 0 if it is not known.
    pub line: usize,
    /// The reason.
    pub reason: String,
}

/// Template rendering, provided by the engine.
pub trait Templates: Send + Sync {
    /// Renders a text according to its header (`## template:jinja`, `## template:basic`; basic without one).
    fn render(&self, name: &str, text: &str, variables: &serde_json::Value) -> Result<String, TemplateError>;

    /// The text of a shipped template (`hosts.debian`): the file in the image's templates directory, else the built-in
    /// one; `None` if neither exists.
    fn shipped(&self, name: &str) -> Option<String>;
}

/// Semaphores for steps of a module with a frequency of their own.
pub trait Semaphores {
    /// Whether the step has already run at this frequency.
    fn has_run(&self, name: &str, frequency: Frequency) -> bool;

    /// Records that it ran.
    fn mark(&self, name: &str, frequency: Frequency) -> Result<(), FileError>;

    /// Removes the record.
    fn clear(&self, name: &str, frequency: Frequency) -> Result<(), FileError>;
}

/// The context of a module.
pub struct Context<'a> {
    /// Effects.
    pub system: &'a System,
    /// The distribution.
    pub distro: &'a dyn Distro,
    /// The state paths.
    pub paths: &'a Paths,
    /// The instance.
    pub instance: &'a Instance,
    /// The merged configuration, for keys of other modules (`system_info`, `preserve_hostname`).
    pub config: &'a Node,
    /// The module's name in cloud.cfg.
    pub name: &'a str,
    /// Arguments from cloud.cfg's entry or from `single`.
    pub args: &'a [String],
    /// Templates.
    pub templates: &'a dyn Templates,
    /// Semaphores.
    pub semaphores: &'a dyn Semaphores,
    /// The program's version, for messages.
    pub version: &'a str,
    /// Records the module as done early, before a step that may shut down the machine (a reboot).
    pub mark_done: &'a dyn Fn() -> Result<(), FileError>,
}

/// The distributions whose cloud.cfg lists a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// All of them.
    Everywhere,
    /// These.
    On(&'static [&'static str]),
    /// All but these.
    Except(&'static [&'static str]),
    /// None: users add it if needed.
    Nowhere,
}

impl Listed {
    /// Whether the cloud.cfg of a distribution lists it.
    pub fn on(self, distro: &str) -> bool {
        match self {
            Self::Everywhere => true,
            Self::On(names) => names.contains(&distro),
            Self::Except(names) => !names.contains(&distro),
            Self::Nowhere => false,
        }
    }
}

/// When a module is recorded as done, relative to its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marked {
    /// Before: it runs the user's commands, which may shut down the machine and must not run twice. After a power cut
    /// in between they are lost, as in upstream.
    Before,
    /// After: it is declarative and safe to repeat, and a power cut in between runs it again.
    After,
}

/// The description of a module, even if it is not built in.
pub trait Described: 'static {
    /// Its name in cloud.cfg, with `_`.
    const NAME: &'static str;

    /// Names of earlier releases under which cloud.cfg may list it.
    const ALIASES: &'static [&'static str] = &[];

    /// Whether upstream's schema also accepts its name with `-`, as for modules from before release 24.1.
    const DASHED: bool = true;

    /// The stage in which the distributions' cloud.cfg lists it.
    const STAGE: Stage;

    /// Its frequency, unless cloud.cfg overrides it.
    const FREQUENCY: Frequency;

    /// The distributions it is for; empty for all.
    const DISTROS: &'static [&'static str] = &[];

    /// The module is skipped unless one of these top-level keys is set; empty for always.
    const KEYS: &'static [&'static str];

    /// The top-level keys that have no effect without it: a build without the module warns about them.
    const OWN_KEYS: &'static [&'static str] = Self::KEYS;

    /// The distributions whose cloud.cfg lists it.
    const LISTED: Listed;

    /// The title of its reference page.
    const TITLE: &'static str;

    /// A one-sentence summary.
    const SUMMARY: &'static str;

    /// Further information; may be empty.
    const DETAILS: &'static str = "";

    /// Its keys, read from the complete configuration; cloud-configs are validated against their schema.
    type Config: DeserializeOwned + JsonSchema;
}

/// Applies keys of a cloud-config.
pub trait Module: Described + Send + Sync {
    /// Whether it warns about unknown keys below its own; false if another module with the same keys does.
    const TELLS_UNKNOWN: bool = true;

    /// When it is recorded as done.
    const MARKED: Marked = Marked::After;

    /// Whether it installs hotplug support; `devel hotplug-hook enable` runs it.
    const INSTALLS_HOTPLUG: bool = false;

    /// Whether it has work before the network is configured; it then also runs there, at any frequency.
    fn is_early(&self, _config: &Node, _instance: &Instance) -> bool {
        false
    }

    /// Starts commands that take long and do not depend on the module before it in cloud.cfg's list, which runs meanwhile.
    fn start(&self, _context: &Context<'_>, _config: Self::Config) {}

    /// Changes the machine according to `config`. Messages for the user go to `report`, which also counts if the module
    /// fails.
    fn run(
        &self,
        context: &Context<'_>,
        config: Self::Config,
        report: &mut Report,
    ) -> Result<(), ModuleError>;
}

/// A module that is not built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absent {
    /// [`Described::NAME`].
    pub name: &'static str,
    /// [`Described::ALIASES`].
    pub aliases: &'static [&'static str],
    /// [`Described::OWN_KEYS`].
    pub keys: &'static [&'static str],
}

/// A module with a type-erased config, for the registry.
pub trait AnyModule: Send + Sync {
    /// [`Described::NAME`].
    fn name(&self) -> &'static str;
    /// [`Described::ALIASES`].
    fn aliases(&self) -> &'static [&'static str];
    /// [`Described::FREQUENCY`].
    fn frequency(&self) -> Frequency;
    /// [`Described::DISTROS`].
    fn distros(&self) -> &'static [&'static str];
    /// [`Described::KEYS`].
    fn keys(&self) -> &'static [&'static str];
    /// [`Module::MARKED`].
    fn marked(&self) -> Marked;
    /// [`Module::INSTALLS_HOTPLUG`].
    fn installs_hotplug(&self) -> bool;
    /// [`Module::is_early`].
    fn early(&self, config: &Node, instance: &Instance) -> bool;
    /// [`Module::start`], unless the config is invalid: then [`AnyModule::run`] says so.
    fn start(&self, context: &Context<'_>);
    /// Reads the typed config from `context.config` and runs the module.
    fn run(&self, context: &Context<'_>, report: &mut Report) -> Result<(), ModuleError>;
}

impl<M: Module> AnyModule for M {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn aliases(&self) -> &'static [&'static str] {
        M::ALIASES
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

    fn marked(&self) -> Marked {
        M::MARKED
    }

    fn installs_hotplug(&self) -> bool {
        M::INSTALLS_HOTPLUG
    }

    fn early(&self, config: &Node, instance: &Instance) -> bool {
        self.is_early(config, instance)
    }

    fn start(&self, context: &Context<'_>) {
        if let Ok((config, _)) = from_node_noting(context.config) {
            Module::start(self, context, config);
        }
    }

    fn run(&self, context: &Context<'_>, report: &mut Report) -> Result<(), ModuleError> {
        let (config, unknown) = from_node_noting(context.config)?;
        if M::TELLS_UNKNOWN {
            warn_of_unknown(context, unknown, report);
        }
        Module::run(self, context, config, report)
    }
}

#[inline(never)]
fn warn_of_unknown(context: &Context<'_>, unknown: Vec<UnknownKey>, report: &mut Report) {
    // The top level contains the keys of other modules.
    let inner =
        |key: &UnknownKey| context.config.get(&key.key).is_none_or(|node| node.key_origin() != key.origin);
    for key in unknown.iter().filter(|key| inner(key)) {
        report.warn(Some(&key.origin), key.to_string());
    }
}
