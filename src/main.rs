//! cloud-init: turns a freshly cloned disk image into this machine, on its first boot and on every boot after.
//!
//! This crate is the command line, and the registry of everything that the features put into the program.

mod cli;
#[cfg(any(feature = "plan", feature = "packaging"))]
mod cloud_cfg;
mod commands;
#[cfg(feature = "admin-tools")]
mod input;
mod logging;
mod output;
mod registry;

use std::process::ExitCode;

pub(crate) use model::VERSION;

fn main() -> ExitCode {
    let arguments = system::arguments();
    ExitCode::from(cli::run(arguments))
}
