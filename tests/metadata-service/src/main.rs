//! Serves fake metadata services; `--help` tells how.

// A test program: it is the other side of the wire, so the effect traits of the product do not apply to it.
#![allow(clippy::disallowed_methods)]

use std::process::ExitCode;

fn main() -> ExitCode {
    metadata_service::command_line(std::env::args_os())
}
