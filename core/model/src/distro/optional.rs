//! Capabilities that not every distribution has: [`Distro`](super::Distro) refuses them unless a family says otherwise.

use std::path::PathBuf;

use super::{DistroError, TimeClient};

/// A repository of packages, as its manager's own configuration describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repository {
    /// Its id, which names its file.
    pub id: String,
    /// Settings in order, by the manager's own names; a setting may have several values.
    pub settings: Vec<(String, Vec<String>)>,
}

/// Where packages come from.
pub trait Repositories: Send + Sync {
    /// The file that describes, or would describe, the repository of an id.
    fn file(&self, id: &str) -> PathBuf;

    /// Describes a repository. False, and nothing is written, where its file is there already.
    fn add(&self, repository: &Repository) -> Result<bool, DistroError>;
}

/// Certificate authorities that the system's programs trust.
pub trait TrustStore: Send + Sync {
    /// Adds authorities, each a certificate in PEM, numbered from 1 in their order. They count after [`Self::update`].
    /// Gives the files that were written.
    fn add(&self, certificates: &[String]) -> Result<Vec<PathBuf>, DistroError>;

    /// Withdraws trust from the authorities that the distribution ships. It counts after [`Self::update`].
    fn remove_defaults(&self) -> Result<(), DistroError>;

    /// Makes the bundles that programs read from what is added and removed.
    fn update(&self) -> Result<(), DistroError>;
}

/// Keeping the clock.
pub trait TimeSync: Send + Sync {
    /// The clients that this distribution knows, in the order in which an installed one is preferred.
    fn clients(&self) -> &[TimeClient];

    /// The client of a name, or for `None` and `auto` the first that is installed; where none is, the first of all.
    fn choose(&self, name: Option<&str>) -> Result<TimeClient, DistroError>;
}

/// A keyboard in the words of xkeyboard-config(7).
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

/// The keyboard of the console.
pub trait Keyboard: Send + Sync {
    /// Sets it, now and for later boots.
    fn apply(&self, keyboard: &KeyboardLayout) -> Result<(), DistroError>;
}
