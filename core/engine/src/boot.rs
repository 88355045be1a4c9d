//! The stages that run at boot.

#[cfg(feature = "schema")]
mod check;
mod hotplug;
mod instance;
mod modules;
mod network;
mod python;
mod search;
mod stages;

use std::cell::OnceCell;
use std::path::PathBuf;

use model::datasource::SourceStage;
use model::effects::FileError;
use model::{Distro, DistroError, Instance, Node, Paths, Platform, Stage, System};

use crate::config::{Loader, kernel_command_line};
use crate::report::Reporter;
use crate::{Registry, userdata};

pub use hotplug::HotplugError;
pub use instance::cache_path;
pub use modules::{ModuleEntry, SectionError};
pub use search::identify_all;

/// What a stage came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The source, as status.json names it.
    pub datasource: Option<String>,
    /// What failed; the command's exit code is their number.
    pub errors: Vec<String>,
}

/// Something that no stage can go on without.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// State cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The distribution is not known, or failed at something that everything rests on.
    #[error(transparent)]
    Distro(#[from] DistroError),
    /// User-data cannot be processed.
    #[error(transparent)]
    UserData(#[from] userdata::UserDataError),
    /// The network's description cannot be used.
    #[error("the network config from {source_name} cannot be used: {reason}")]
    Network {
        /// Which description.
        source_name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// What a stage tells the program around it.
pub trait Hooks {
    /// The configuration is known, or has changed: time to set up log and output.
    fn configured(&mut self, config: &Node);
}

/// No log and no output to set up.
pub struct NoHooks;

impl Hooks for NoHooks {
    fn configured(&mut self, _config: &Node) {}
}

/// One run of the program at boot.
pub struct Boot<'a> {
    pub(crate) system: &'a System,
    pub(crate) registry: &'a Registry,
    pub(crate) loader: Loader<'a>,
    pub(crate) reporter: Reporter,
    /// Go on without a data source (`--force`).
    pub(crate) force: bool,
    /// The system's own configuration.
    pub(crate) base: Node,
    /// With what the instance adds.
    pub(crate) config: Node,
    pub(crate) paths: Paths,
    pub(crate) distro: Box<dyn Distro>,
    pub(crate) instance: Option<Instance>,
    /// The stage that runs.
    pub(crate) stage: Stage,
    /// What the user-data has included so far.
    pub(crate) included: userdata::Included,
    /// Whether the instance came from the cache.
    pub(crate) restored: bool,
    /// The id of the boot before, once it was read: this boot writes its own into the same file.
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
            restored: false,
            previous_id: OnceCell::new(),
        })
    }

    /// The whole configuration as it is now.
    pub fn config(&self) -> &Node {
        &self.config
    }

    /// Where state is kept.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// Who this machine is, once that is known.
    pub fn instance(&self) -> Option<&Instance> {
        self.instance.as_ref()
    }

    /// Reports no events of this run.
    pub fn silence(&mut self) {
        self.reporter.silence();
    }

    /// Reads the configuration again: the instance, or its user-data, has changed it.
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

    /// A yes or no at the top of the configuration.
    pub(crate) fn flag(&self, name: &str, default: bool) -> bool {
        self.config.get(name).map_or(default, Node::lenient_bool)
    }
}

/// The evidence for detection, read anew.
pub fn platform<'p>(system: &'p System, paths: &'p Paths, config: &'p Node) -> Platform<'p> {
    let virtualization = virtualization(system);
    let container = matches!(
        virtualization.as_str(),
        "lxc"
            | "lxc-libvirt"
            | "systemd-nspawn"
            | "docker"
            | "podman"
            | "rkt"
            | "openvz"
            | "container-other"
            | "wsl"
    );
    let devices = match system.devices.block_devices() {
        Ok(devices) => devices,
        Err(error) => {
            tracing::warn!("{error}");
            Vec::new()
        }
    };
    Platform {
        system,
        paths,
        config,
        cmdline: kernel_command_line(system),
        devices,
        virtualization,
        container,
    }
}

/// What virtualises this machine: what ds-identify was told, what systemd noted for a container, or nothing known.
fn virtualization(system: &System) -> String {
    if let Some(told) = system.environment.var("SYSTEMD_VIRTUALIZATION") {
        return told.split_once(':').map_or(told.clone(), |(_, name)| name.to_owned());
    }
    let noted = system.files.text(std::path::Path::new("/run/systemd/container")).unwrap_or_default();
    match noted.trim() {
        "" => String::new(),
        name => name.to_owned(),
    }
}

fn make_distro(system: &System, registry: &Registry, config: &Node) -> Result<Box<dyn Distro>, BootError> {
    let info = config.get("system_info").cloned().unwrap_or_default();
    let name = info.get("distro").and_then(Node::as_str).unwrap_or("ubuntu").to_owned();
    Ok((registry.distro)(system, &name, &info)?)
}

/// The stage of a source for a stage of the boot.
pub(crate) fn source_stage(stage: Stage) -> SourceStage {
    if stage <= Stage::Local { SourceStage::Local } else { SourceStage::Network }
}
