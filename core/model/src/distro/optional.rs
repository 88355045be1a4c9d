//! Optional capabilities: [`Distro`](super::Distro) returns an error for those that a family does not set.

use std::path::{Path, PathBuf};

use super::{DistroError, TimeClient};

/// A package repository, in the terms of its package manager.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repository {
    /// Its ID, which is also the file name.
    pub id: String,
    /// Settings in order, with the package manager's names; a setting may have several values.
    pub settings: Vec<(String, Vec<String>)>,
}

/// Package repositories.
pub trait Repositories: Send + Sync {
    /// Adds a repository, in another directory than the package manager's own if one is given. Returns false, without
    /// writing, if its file already exists.
    fn add(&self, directory: Option<&Path>, repository: &Repository) -> Result<bool, DistroError>;
}

/// Trusted CA certificates of the system.
pub trait TrustStore: Send + Sync {
    /// Adds CA certificates in PEM format, numbered from 1 in order. They take effect after [`Self::update`]. Returns
    /// the written files.
    fn add(&self, certificates: &[String]) -> Result<Vec<PathBuf>, DistroError>;

    /// Removes the distribution's CA certificates. Takes effect after [`Self::update`].
    fn remove_defaults(&self) -> Result<(), DistroError>;

    /// Regenerates the bundles that programs read.
    fn update(&self) -> Result<(), DistroError>;
}

/// Time synchronization.
pub trait TimeSync: Send + Sync {
    /// The known clients, in order of preference among installed ones.
    fn clients(&self) -> &[TimeClient];

    /// The client with a name or, for `None` and `auto`, the first installed one; if none is installed, the first one.
    fn choose(&self, name: Option<&str>) -> Result<TimeClient, DistroError>;
}

/// Keyboard settings in the terms of xkeyboard-config(7).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyboardLayout {
    /// `de`.
    pub layout: String,
    /// `pc105`.
    pub model: String,
    /// `nodeadkeys`, or empty.
    pub variant: String,
    /// `compose:rwin`, or empty.
    pub options: String,
}

/// Keyboard.
pub trait Keyboard: Send + Sync {
    /// Sets the keyboard, now and for later boots.
    fn apply(&self, keyboard: &KeyboardLayout) -> Result<(), DistroError>;
}
