//! cloud-init: turns a freshly cloned disk image into this machine, on its first boot and on every boot after.
//!
//! The library contains the implementation, which other programs can use.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(cloud_init::command_line(system::arguments()))
}
