//! cloud-init as a library: parse, validate, merge, render and plan what a machine receives at its first boot, without
//! the machine and without the network.
//!
//! A cloud instance is configured by *user-data*: a cloud-config in YAML, a script, or a MIME message of several parts.
//! The program `cloud-init` applies it at boot. This library is for tools that process user-data earlier: editors,
//! linters, provisioners, image builders. Its modules take and return plain text, bytes and small types.
//! | module | input | result |
//! |---|---|---|
//! | [`parse`] | user-data in any format, including gzip and MIME | its parts, each with name and content type |
//! | [`check`] | a cloud-config or a network-config | findings with line, column and fix |
//! | [`merge`] | parts | one configuration, each value with the place where it was written |
//! | [`render`] | a jinja template, a network configuration | text, the files of a network manager |
//! | [`plan`] | user-data for a distribution | the files, commands and warnings of a first boot |
//!
//! Documents are interpreted as upstream's Python program does: YAML 1.1 as PyYAML reads it, the same merging rules,
//! the same schema.
//!
#![cfg_attr(
    all(feature = "schema", feature = "plan"),
    doc = r##"
```
let user_data = b"#cloud-config\nhostname: web1\nruncmd:\n- touch /etc/ready\n";

let parts = cloud_init::parse::user_data(user_data)?;
assert_eq!(parts[0].content_type(), "text/cloud-config");

let merged = cloud_init::merge::parts(&parts);
assert_eq!(merged.get("hostname").expect("set").value, "web1");

assert!(cloud_init::check::cloud_config("web1.yaml", std::str::from_utf8(user_data)?)?.is_empty());

let plan = cloud_init::plan::Boot::of("debian").user_data(user_data).plan()?;
assert!(plan.commands().any(|command| command == ["hostname", "web1"]));
# Ok::<(), Box<dyn std::error::Error>>(())
```
"##
)]
//!
//! Features select what is built in, as for the program: `default-features = false` with `schema` is enough for
//! [`check`], `plan` with a `distro-*` and `all-modules` for [`plan`], `net-tools` for [`render::network`].

mod absent;
mod cli;
#[cfg(any(feature = "plan", feature = "packaging"))]
mod cloud_cfg;
mod commands;
#[cfg(feature = "admin-tools")]
mod input;
mod logging;
mod output;
mod registry;

#[cfg(feature = "schema")]
pub mod check;
pub mod merge;
pub mod parse;
#[cfg(feature = "plan")]
pub mod plan;
pub mod render;

pub use model::VERSION;

/// The program `cloud-init` itself: runs a command line, starting with the program's name, and returns the exit code.
/// It configures the machine that it runs on.
#[doc(hidden)]
pub fn command_line(arguments: Vec<std::ffi::OsString>) -> u8 {
    system::reset_umask();
    system::share_heap();
    cli::run(arguments)
}
