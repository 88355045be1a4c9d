//! cloud-init: turns a freshly cloned disk image into this machine, on its first boot and on every boot after.
//!
//! All of it is in the library, which other programs use as well.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(cloud_init::command_line(system::arguments()))
}
