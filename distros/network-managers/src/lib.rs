//! Renderers and activators: from network state to the files and commands of a network manager.
//!
//! A renderer is a pure function from a [`netconfig::NetworkState`] and its settings to [`RenderedFile`]s; each has a
//! constant, a row in the table of `manager` and a feature. [`NetworkTools`] writes the files, and is the
//! [`model::distro::Network`] of every distribution, which only adds a table, [`Settings`].

mod activate;
#[cfg(feature = "bsd")]
mod bsd;
pub mod convert;
mod error;
#[cfg(feature = "bsd")]
mod freebsd;
#[cfg(feature = "ifcfg")]
pub mod ifcfg;
mod ifconfig;
#[cfg(feature = "interfaces")]
pub mod interfaces;
mod known;
mod manager;
#[cfg(feature = "bsd")]
mod netbsd;
#[cfg(feature = "netplan")]
pub mod netplan;
#[cfg(feature = "networkd")]
pub mod networkd;
#[cfg(feature = "networkmanager")]
pub mod networkmanager;
#[cfg(feature = "bsd")]
mod openbsd;
mod probe;
mod rename;
#[cfg(any(feature = "interfaces", feature = "ifcfg", feature = "networkmanager"))]
mod routing;
#[cfg(any(feature = "interfaces", feature = "ifcfg"))]
mod rules;
mod settings;
mod stale;
mod tools;
mod unexpressed;

pub use error::NetworkError;
pub use known::distros;
pub use settings::Settings;
pub use tools::NetworkTools;
pub use unexpressed::Unexpressed;

use std::path::PathBuf;

use model::config::Origin;

/// A rendered file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedFile {
    /// The path.
    pub path: PathBuf,
    /// The content.
    pub content: String,
    /// Permission bits.
    pub mode: u32,
    /// Whether an existing file keeps its permission bits.
    pub keeps_mode: bool,
    /// The owner, if it is not root.
    pub owner: Option<&'static str>,
}

impl RenderedFile {
    /// A file owned by root.
    pub fn new(path: impl Into<PathBuf>, content: impl Into<String>, mode: u32) -> Self {
        Self { path: path.into(), content: content.into(), mode, keeps_mode: false, owner: None }
    }
}

/// A state that a renderer cannot express.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A part of the configuration that this network manager does not support.
    #[error("{origin}: {renderer} cannot express {what}")]
    Unsupported {
        /// Where it was written.
        origin: Origin,
        /// The renderer.
        renderer: &'static str,
        /// The unsupported part.
        what: String,
    },
}

#[cfg(any(
    feature = "interfaces",
    feature = "ifcfg",
    feature = "netplan",
    feature = "networkd",
    feature = "networkmanager",
    feature = "bsd"
))]
impl RenderError {
    fn new(renderer: &'static str, origin: &Origin, what: impl Into<String>) -> Self {
        Self::Unsupported { origin: origin.clone(), renderer, what: what.into() }
    }
}
