//! The contracts and data types of cloud-init: [`Distro`], [`DataSource`], [`Handler`] and [`Module`], the
//! configuration tree, and the *traits* for all effects on the machine.
//!
//! This crate does no I/O. `core/system` and `core/fetch` implement [`effects`]; the families (`distros`,
//! `datasources`, `modules`) implement the contracts and do not know each other; `core/engine` runs them in order.

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
mod order;
pub mod paths;
pub mod platform;
mod secret;
mod stage;
pub mod update;
pub mod user;

/// The upstream release whose behavior this program implements, and its own release.
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
pub use order::Order;
pub use paths::Paths;
pub use platform::Platform;
pub use secret::Secret;
pub use stage::{Frequency, Stage, UnknownFrequency};
