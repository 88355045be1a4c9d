//! cloud-init: turns a freshly cloned disk image into this machine, on its first boot and on every boot after.
//!
//! This crate is the command line, and the registry of everything that the features put into the program.

mod cli;
#[cfg(any(feature = "plan", feature = "packaging"))]
mod cloud_cfg;
mod commands;
mod logging;
mod output;
mod registry;

use std::process::ExitCode;

/// The release of the original whose behaviour this program has, and its own release.
pub(crate) const VERSION: &str = concat!("26.2+rs", env!("CARGO_PKG_VERSION"));

fn main() -> ExitCode {
    let arguments = system::arguments();
    ExitCode::from(cli::run(arguments))
}
