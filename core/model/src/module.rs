//! The contract of a module: what a key of a cloud-config does.

use std::fmt;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::config::{ConfigError, Origin, UnknownKey, from_node_noting};
use crate::datasource::HostKey;
use crate::distro::{Distro, DistroError};
use crate::effects::{CommandError, FileError, HttpError, System};
use crate::{Frequency, Instance, Node, Paths, Stage};

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
    /// Notes that nothing was to be done, and why.
    pub fn skip(&mut self, reason: impl Into<String>) {
        self.skipped = Some(reason.into());
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
    /// Notes the module as done ahead of its end, before a step that may end the machine (a restart).
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
    /// None: whoever wants it adds it.
    Nowhere,
}

impl Listed {
    /// Whether the cloud.cfg of this distribution lists it.
    pub fn on(self, distro: &str) -> bool {
        match self {
            Self::Everywhere => true,
            Self::On(names) => names.contains(&distro),
            Self::Except(names) => !names.contains(&distro),
            Self::Nowhere => false,
        }
    }
}

/// When a module is noted as done, relative to its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marked {
    /// Before it: the work is a person's own commands, which may end the machine and must not run a second time. A
    /// power cut in between loses them, as it does in the original.
    Before,
    /// After it: the work is declarative and safe to repeat, and a power cut in between runs it again.
    After,
}

/// What a module is, whether or not a build has it.
pub trait Described: 'static {
    /// Its name in cloud.cfg, with `_`.
    const NAME: &'static str;

    /// Names of earlier releases under which a cloud.cfg may list it.
    const ALIASES: &'static [&'static str] = &[];

    /// Whether the original's schema also takes its name with `-`, as it does for those from before release 24.1.
    const DASHED: bool = true;

    /// The stage in which the distributions' cloud.cfg list it.
    const STAGE: Stage;

    /// How often, unless cloud.cfg says otherwise.
    const FREQUENCY: Frequency;

    /// The distributions it is for; empty for all.
    const DISTROS: &'static [&'static str] = &[];

    /// It is passed over unless one of these top-level keys is there; empty for always.
    const KEYS: &'static [&'static str];

    /// The top-level keys that do nothing without it: a build that lacks it warns of them.
    const OWN_KEYS: &'static [&'static str] = Self::KEYS;

    /// The distributions whose cloud.cfg lists it.
    const LISTED: Listed;

    /// The heading of its reference page.
    const TITLE: &'static str;

    /// What it does, in a sentence.
    const SUMMARY: &'static str;

    /// What else is to know; may be empty.
    const DETAILS: &'static str = "";

    /// Its keys, read out of the whole configuration; their schema is what a cloud-config is checked against.
    type Config: DeserializeOwned + JsonSchema;
}

/// What a cloud-config's key does.
pub trait Module: Described + Send + Sync {
    /// It warns of unknown keys below its own; false where another module has the same keys and does.
    const TELLS_UNKNOWN: bool = true;

    /// When it is noted as done.
    const MARKED: Marked = Marked::After;

    /// It is what has the system report network links that appear; `devel hotplug-hook enable` runs it.
    const INSTALLS_HOTPLUG: bool = false;

    /// Whether it has work before the network is configured; it is run there too, at any frequency.
    fn is_early(&self, _config: &Node, _instance: &Instance) -> bool {
        false
    }

    /// Changes the machine as `config` says. What the user should see goes into `report`, which also counts when the
    /// module fails.
    fn run(
        &self,
        context: &Context<'_>,
        config: Self::Config,
        report: &mut Report,
    ) -> Result<(), ModuleError>;
}

/// A module that a build does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absent {
    /// [`Described::NAME`].
    pub name: &'static str,
    /// [`Described::ALIASES`].
    pub aliases: &'static [&'static str],
    /// [`Described::OWN_KEYS`].
    pub keys: &'static [&'static str],
}

/// A module with its config's type erased, as the registry holds it.
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
    /// Reads the typed config out of `context.config` and runs.
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

    fn run(&self, context: &Context<'_>, report: &mut Report) -> Result<(), ModuleError> {
        let (config, unknown) = from_node_noting(context.config)?;
        // At the top are the keys of other modules.
        let inner = |key: &UnknownKey| {
            context.config.get(&key.key).is_none_or(|node| node.key_origin() != key.origin)
        };
        for key in unknown.iter().filter(|key| M::TELLS_UNKNOWN && inner(key)) {
            report.warn(Some(&key.origin), key.to_string());
        }
        Module::run(self, context, config, report)
    }
}
