//! The contracts and the vocabulary of cloud-init: what a [`Distro`], a [`DataSource`], a [`Handler`] and a
//! [`Module`] are, the tree a configuration is, and the *traits* of every effect on the machine.
//!
//! Nothing here does I/O. `core/system` and `core/fetch` implement [`effects`]; the families (`distros`,
//! `datasources`, `modules`) implement the contracts and never know each other; `core/engine` runs them in order.

pub mod config;
pub mod datasource;
pub mod distro;
pub mod effects;
pub mod gzip;
pub mod handler;
pub mod hostname;
pub mod instance;
pub mod module;
mod nearest;
pub mod network;
pub mod paths;
pub mod platform;
mod secret;
mod stage;
pub mod update;
pub mod user;

/// The release of the original whose behaviour this program has, and its own release.
pub const VERSION: &str = concat!("26.2+rs", env!("CARGO_PKG_VERSION"));

pub use config::{ConfigError, Key, Map, Node, Origin, Spanned, Value};
pub use datasource::{About, Crawl, DataSource, Identified, Settled, SourceError};
pub use distro::{Distro, DistroError};
pub use effects::System;
pub use handler::{Handler, Part};
pub use instance::{Instance, InstanceId};
pub use module::{Context, Module, ModuleError, Report};
pub use nearest::nearest;
pub use network::NetworkConfig;
pub use paths::Paths;
pub use platform::Platform;
pub use secret::Secret;
pub use stage::{Frequency, Stage, UnknownFrequency};
