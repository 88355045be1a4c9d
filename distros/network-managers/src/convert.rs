//! A description to the files of a renderer, wherever they then go.

use model::NetworkConfig;
use model::effects::{FileError, Link, ReadFiles};
use netconfig::{NetError, NetworkState};

use crate::manager::{self, Manager, Surroundings, Writer};
use crate::unexpressed::{self, Unexpressed};
use crate::{RenderError, RenderedFile, Settings};

/// A description that a renderer cannot write.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// This build has no renderer of that name.
    #[error("there is no renderer '{name}' in this program; there are: {}", names().join(", "))]
    NoRenderer {
        /// The name.
        name: String,
    },
    /// The description makes no sense.
    #[error(transparent)]
    Description(#[from] NetError),
    /// The renderer has no form for a part of it.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// A file that is changed, not replaced, cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A description in the form of a network manager.
#[derive(Debug)]
pub struct Converted {
    /// The files.
    pub files: Vec<RenderedFile>,
    /// What the description says and the files do not.
    pub unexpressed: Vec<Unexpressed>,
}

/// The renderers of this build by their names in cloud.cfg.
pub fn names() -> Vec<&'static str> {
    manager::MANAGERS.iter().filter(|manager| manager.writer.is_some()).map(|manager| manager.name).collect()
}

/// The files that a renderer writes for a description, and what it cannot say. `links` are those of the machine that it
/// is for, `existing` its files as they are.
///
/// # Errors
///
/// No such renderer, or a description that it cannot write, with its place.
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

/// The state as a renderer takes it: netplan is handed its own format as it is.
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

/// What a description says and its files do not.
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
    // The same answers for every question, and none of them asked twice.
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

/// Whether a network manager can be written for.
pub(crate) fn writes(manager: &Manager) -> bool {
    manager.writer.is_some()
}

/// Whether a network manager brings links up.
pub(crate) fn activates(manager: &Manager) -> bool {
    manager.activator.is_some()
}
