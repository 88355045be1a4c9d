//! The stages that run at boot.

#[cfg(feature = "schema")]
mod check;
mod hotplug;
mod instance;
mod modules;
mod network;
mod python;
mod recorded;
mod search;
mod stages;

use std::cell::{OnceCell, RefCell};
use std::path::PathBuf;

use model::datasource::SourceStage;
use model::effects::FileError;
use model::platform::virtualization;
use model::{Distro, DistroError, Frequency, Instance, Node, Paths, Platform, Stage, System};

use crate::config::{Loader, kernel_command_line};
use crate::report::Reporter;
use crate::{Registry, userdata};

pub use hotplug::HotplugError;
pub use instance::cache_path;
pub use modules::{ModuleEntry, SectionError};
pub use search::identify_all;

/// The result of a stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The data source, as named in status.json.
    pub datasource: Option<String>,
    /// The errors; their number is the command's exit code.
    pub errors: Vec<String>,
}

/// An error that ends the stage.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// State cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The distribution is unknown, or a basic operation failed.
    #[error(transparent)]
    Distro(#[from] DistroError),
    /// User-data cannot be processed.
    #[error(transparent)]
    UserData(#[from] userdata::UserDataError),
    /// The network configuration is unusable.
    #[error("cannot use the network config from {source_name}: {reason}")]
    Network {
        /// The origin of the configuration.
        source_name: &'static str,
        /// The reason.
        reason: String,
    },
}

impl BootError {
    /// Whether a file system refuses changes: it is full, read-only or broken.
    pub(crate) fn is_storage(&self) -> bool {
        matches!(self, Self::File(error) | Self::Distro(DistroError::File(error)) if error.is_storage())
    }
}

/// Callbacks of a stage.
pub trait Hooks {
    /// The configuration is available or has changed: log and output can be set up.
    fn configured(&mut self, config: &Node);
}

/// Sets up neither log nor output.
pub struct NoHooks;

impl Hooks for NoHooks {
    fn configured(&mut self, _config: &Node) {}
}

/// A run of the program at boot.
pub struct Boot<'a> {
    pub(crate) system: &'a System,
    pub(crate) registry: &'a Registry,
    pub(crate) loader: Loader<'a>,
    pub(crate) reporter: Reporter,
    /// Continue without a data source (`--force`).
    pub(crate) force: bool,
    /// The system configuration.
    pub(crate) base: Node,
    /// The system configuration with the instance's data.
    pub(crate) config: Node,
    pub(crate) paths: Paths,
    pub(crate) distro: Box<dyn Distro>,
    pub(crate) instance: Option<Instance>,
    /// The running stage.
    pub(crate) stage: Stage,
    /// Documents that the user-data has included so far.
    pub(crate) included: userdata::Included,
    /// Modules that have run in this stage and are not yet recorded.
    pub(crate) unrecorded: RefCell<Vec<(String, Frequency)>>,
    /// Whether the instance came from the cache.
    pub(crate) restored: bool,
    /// The previous boot's instance ID, once read: this boot writes its own to the same file.
    pub(crate) previous_id: OnceCell<Option<String>>,
}

impl<'a> Boot<'a> {
    /// Reads the configuration. `extra` are the files given with `-f`.
    pub fn new(
        system: &'a System,
        registry: &'a Registry,
        stage: Stage,
        extra: Vec<PathBuf>,
        force: bool,
    ) -> Result<Self, BootError> {
        system.journal.enter(stage, None);
        let loader = Loader::new(system, extra);
        let base = loader.base();
        let paths = loader.paths(&base);
        let config = loader.merged(&base, &paths, None, true);
        let distro = make_distro(system, registry, &config)?;
        Ok(Self {
            system,
            registry,
            loader,
            reporter: Reporter::new(system, stage.status_name()),
            force,
            base,
            config,
            paths,
            distro,
            instance: None,
            stage,
            included: userdata::Included::default(),
            unrecorded: RefCell::default(),
            restored: false,
            previous_id: OnceCell::new(),
        })
    }

    /// The current complete configuration.
    pub fn config(&self) -> &Node {
        &self.config
    }

    /// The state paths.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// The instance, if known.
    pub fn instance(&self) -> Option<&Instance> {
        self.instance.as_ref()
    }

    /// Disables event reporting for this run.
    pub fn silence(&mut self) {
        self.reporter.silence();
    }

    /// Rereads the configuration after the instance or its user-data have changed it.
    pub(crate) fn reload(&mut self) {
        self.base = self.loader.base();
        self.paths = self.loader.paths(&self.base);
        self.config = self.loader.merged(&self.base, &self.paths, self.instance.as_ref(), true);
        match make_distro(self.system, self.registry, &self.config) {
            Ok(distro) => self.distro = distro,
            Err(error) => tracing::warn!("{error}"),
        }
    }

    /// The evidence for detection.
    pub(crate) fn platform(&self) -> Platform<'_> {
        platform(self.system, &self.paths, &self.config)
    }

    /// A boolean at the top level of the configuration.
    pub(crate) fn flag(&self, name: &str, default: bool) -> bool {
        self.config.get(name).map_or(default, Node::lenient_bool)
    }
}

/// The evidence for detection, read again.
pub fn platform<'p>(system: &'p System, paths: &'p Paths, config: &'p Node) -> Platform<'p> {
    let virtualization = virtualization::told(system);
    let container = virtualization.as_deref().is_some_and(|name| virtualization::CONTAINERS.contains(&name));
    let devices = match system.devices.block_devices() {
        Ok(devices) => devices,
        Err(error) => {
            tracing::warn!("{error}");
            Vec::new()
        }
    };
    Platform {
        cmdline: kernel_command_line(system),
        devices,
        known_virtualization: virtualization.map(std::sync::OnceLock::from).unwrap_or_default(),
        container,
        ..Platform::new(system, paths, config)
    }
}

fn make_distro(system: &System, registry: &Registry, config: &Node) -> Result<Box<dyn Distro>, BootError> {
    let info = config.get("system_info").cloned().unwrap_or_default();
    let name = info.get("distro").and_then(Node::as_str).unwrap_or("ubuntu").to_owned();
    Ok((registry.distro)(system, &name, &info)?)
}

/// The source stage for a boot stage.
pub(crate) fn source_stage(stage: Stage) -> SourceStage {
    if stage <= Stage::Local { SourceStage::Local } else { SourceStage::Network }
}
