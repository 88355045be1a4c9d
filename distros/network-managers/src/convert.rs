//! Converts a configuration to the files of a renderer, without writing them.

use model::NetworkConfig;
use model::effects::{FileError, Link, ReadFiles};
use netconfig::{NetError, NetworkState};

use crate::manager::{self, Manager, Surroundings, Writer};
use crate::unexpressed::{self, Unexpressed};
use crate::{RenderError, RenderedFile, Settings};

/// A configuration that a renderer cannot write.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// An unknown renderer.
    #[error("unknown renderer '{name}'; this build includes {}", names().join(", "))]
    NoRenderer {
        /// The name.
        name: String,
    },
    /// The configuration is invalid.
    #[error(transparent)]
    Description(#[from] NetError),
    /// The renderer cannot express a part of it.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// A file that is edited instead of replaced cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A configuration rendered for a network manager.
#[derive(Debug)]
pub struct Converted {
    /// The files.
    pub files: Vec<RenderedFile>,
    /// Settings that the files do not express.
    pub unexpressed: Vec<Unexpressed>,
}

/// The renderers of this build, by their names in cloud.cfg.
pub fn names() -> Vec<&'static str> {
    manager::MANAGERS.iter().filter(|manager| manager.writer.is_some()).map(|manager| manager.name).collect()
}

/// Renders a configuration, and finds the settings it cannot express. `links` are the devices of the target machine,
/// `existing` its current files.
///
/// # Errors
///
/// An unknown renderer, or a configuration that it cannot write, with its place.
pub fn convert(
    config: &NetworkConfig,
    links: &[Link],
    renderer: &str,
    settings: &Settings,
    existing: &dyn ReadFiles,
) -> Result<Converted, ConvertError> {
    let no_renderer = || ConvertError::NoRenderer { name: renderer.to_owned() };
    let manager = manager::named(renderer).ok_or_else(no_renderer)?;
    let writer = manager.writer.as_ref().ok_or_else(no_renderer)?;
    let surroundings = Surroundings { files: existing, links, iproute: &|| true, ipv6_mtu: &|| true };
    let state = state(config, links, writer)?;
    let files = files(&state, writer, settings, &surroundings)?;
    let unexpressed = unexpressed(config, manager.name, writer, settings, &surroundings, &files);
    Ok(Converted { files, unexpressed })
}

/// The state for a renderer: netplan receives its own format unchanged.
pub(crate) fn state(
    config: &NetworkConfig,
    links: &[Link],
    writer: &Writer,
) -> Result<NetworkState, NetError> {
    if writer.takes_version_2 && config.version() == Some(2) {
        return NetworkState::passthrough(config);
    }
    NetworkState::read(config, links)
}

/// The files of a state.
pub(crate) fn files(
    state: &NetworkState,
    writer: &Writer,
    settings: &Settings,
    surroundings: &Surroundings<'_>,
) -> Result<Vec<RenderedFile>, ConvertError> {
    if writer.by_name_only {
        return (writer.render)(&state.resolved(surroundings.links), settings, surroundings);
    }
    (writer.render)(state, settings, surroundings)
}

/// The settings of a configuration that its files do not express.
pub(crate) fn unexpressed(
    config: &NetworkConfig,
    renderer: &'static str,
    writer: &Writer,
    settings: &Settings,
    surroundings: &Surroundings<'_>,
    written: &[RenderedFile],
) -> Vec<Unexpressed> {
    if writer.takes_version_2 && config.version() == Some(2) {
        return Vec::new();
    }
    // Caches the answers to the renderer's questions.
    let (iproute, ipv6_mtu) = (std::cell::OnceCell::new(), std::cell::OnceCell::new());
    let known = Surroundings {
        files: surroundings.files,
        links: surroundings.links,
        iproute: &|| *iproute.get_or_init(|| (surroundings.iproute)()),
        ipv6_mtu: &|| *ipv6_mtu.get_or_init(|| (surroundings.ipv6_mtu)()),
    };
    let render = |config: &NetworkConfig| {
        let state = state(config, known.links, writer).ok()?;
        files(&state, writer, settings, &known).ok()
    };
    unexpressed::find(config, renderer, &render, written)
}

/// Whether files can be rendered for a network manager.
pub(crate) fn writes(manager: &Manager) -> bool {
    manager.writer.is_some()
}

/// Whether a network manager can bring up devices.
pub(crate) fn activates(manager: &Manager) -> bool {
    manager.activator.is_some()
}
