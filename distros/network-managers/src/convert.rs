//! A description to the files of a renderer, wherever they then go.

use model::NetworkConfig;
use model::effects::{FileError, Link, ReadFiles};
use netconfig::{NetError, NetworkState};

use crate::probe::{self, Backend, RENDERERS};
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

/// What a renderer wants to know of the machine that it writes for.
#[allow(dead_code, reason = "a build with some of the renderers asks for some of it")]
pub(crate) struct Surroundings<'a> {
    /// Files that are changed, not replaced.
    pub(crate) files: &'a dyn ReadFiles,
    /// The machine's links.
    pub(crate) links: &'a [Link],
    /// Whether iproute2 is there. This and the next are asked only where they matter: an answer takes time.
    pub(crate) iproute: &'a dyn Fn() -> bool,
    /// Whether this netplan knows `ipv6-mtu`.
    pub(crate) ipv6_mtu: &'a dyn Fn() -> bool,
}

/// The renderers of this build by their names in cloud.cfg.
pub fn names() -> Vec<&'static str> {
    RENDERERS.iter().filter(|(_, backend)| probe::built_in(*backend)).map(|(name, _)| *name).collect()
}

/// The files that a renderer writes for a description. `links` are those of the machine that it is for, `existing` its
/// files as they are.
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
) -> Result<Vec<RenderedFile>, ConvertError> {
    let found = RENDERERS.iter().find(|(name, backend)| *name == renderer && probe::built_in(*backend));
    let (_, backend) = found.ok_or_else(|| ConvertError::NoRenderer { name: renderer.to_owned() })?;
    let state = state(config, links, *backend)?;
    let surroundings = Surroundings { files: existing, links, iproute: &|| true, ipv6_mtu: &|| true };
    files(&state, *backend, settings, &surroundings)
}

/// The state as a renderer takes it: netplan is handed its own format as it is.
pub(crate) fn state(
    config: &NetworkConfig,
    links: &[Link],
    renderer: Backend,
) -> Result<NetworkState, NetError> {
    if renderer == Backend::Netplan && config.version() == Some(2) {
        return NetworkState::passthrough(config);
    }
    NetworkState::read(config, links)
}

/// The files of a state. Features decide which renderers there are.
#[allow(unused_variables, reason = "a build without renderers asks for nothing")]
pub(crate) fn files(
    state: &NetworkState,
    renderer: Backend,
    settings: &Settings,
    surroundings: &Surroundings<'_>,
) -> Result<Vec<RenderedFile>, ConvertError> {
    match renderer {
        #[cfg(feature = "interfaces")]
        Backend::Interfaces => {
            let iproute = (surroundings.iproute)();
            let settings = crate::interfaces::Settings { iproute, ..settings.interfaces.clone() };
            Ok(crate::interfaces::render(state, &settings)?)
        }
        #[cfg(feature = "ifcfg")]
        Backend::Ifcfg => {
            let settings = &settings.ifcfg;
            let read = |path: &str| surroundings.files.read_optional(std::path::Path::new(path));
            let existing = crate::ifcfg::Existing {
                resolv_conf: settings.dns_path.as_deref().map(read).transpose()?.flatten(),
                control: read(&settings.control_path)
                    .ok()
                    .flatten()
                    .map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
            };
            Ok(crate::ifcfg::render(state, settings, &existing)?)
        }
        #[cfg(feature = "netplan")]
        Backend::Netplan => {
            let ipv6_mtu = crate::netplan::asks_for_ipv6_mtu(state) && (surroundings.ipv6_mtu)();
            Ok(crate::netplan::render(state, &settings.netplan, ipv6_mtu)?)
        }
        #[cfg(feature = "networkd")]
        Backend::Networkd => Ok(crate::networkd::render(state, &settings.networkd)?),
        #[cfg(feature = "networkmanager")]
        Backend::NetworkManager => Ok(crate::networkmanager::render(state)?),
        #[cfg(feature = "bsd")]
        Backend::FreeBsd => Ok(crate::freebsd::render(state, &bsd(surroundings)?)?),
        #[cfg(feature = "bsd")]
        Backend::NetBsd => Ok(crate::netbsd::render(state, &bsd(surroundings)?)?),
        #[cfg(feature = "bsd")]
        Backend::OpenBsd => Ok(crate::openbsd::render(state, &bsd(surroundings)?)?),
        // The selection leaves out what is not built in.
        other => Err(ConvertError::NoRenderer { name: format!("{other:?}") }),
    }
}

/// What the BSDs' renderers change.
#[cfg(feature = "bsd")]
fn bsd<'a>(surroundings: &Surroundings<'a>) -> Result<crate::bsd::Existing<'a>, FileError> {
    let read = |path: &str| surroundings.files.read_optional(std::path::Path::new(path));
    let rc_conf = read("/etc/rc.conf")?.unwrap_or_default();
    Ok(crate::bsd::Existing {
        rc_conf: String::from_utf8_lossy(&rc_conf).into_owned(),
        resolv_conf: read("/etc/resolv.conf")?,
        links: surroundings.links,
    })
}
