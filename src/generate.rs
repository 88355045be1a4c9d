//! The tool of the build that writes cloud.cfg, templates, man pages, completions and schemas: `cloud-init generate`
//! without the program of the image, which may have any features.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = system::arguments();
    let (program, rest) = arguments.split_at(arguments.len().min(1));
    let arguments = program.iter().cloned().chain(["generate".into()]).chain(rest.iter().cloned());
    ExitCode::from(cloud_init::command_line(arguments.collect()))
}
