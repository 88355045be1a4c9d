//! Boots a Debian root with the packaged original or with ours, and asserts on what the machine then is.
//!
//! Scenarios are directories below `scenarios/`; each is run with the subject that `--subject` names, so that the
//! original proves the assertions and then the assertions prove ours.
// A harness around real machines: effects are its business.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "numbers of our own making"
)]

mod cache;
mod check;
mod cloud;
mod command;
mod facts;
mod nspawn;
mod qemu;
mod scenario;
mod suite;
mod wire;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use oracle::places;
use scenario::Tier;

/// What can go wrong outside the machines.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory cannot be used.
    #[error("{what}: {source}")]
    File {
        /// Which, and what for.
        what: String,
        /// Why.
        source: std::io::Error,
    },
    /// A command of the host failed.
    #[error("{command} failed: {output}")]
    Command {
        /// Its words.
        command: String,
        /// The end of what it printed.
        output: String,
    },
    /// A scenario cannot be read.
    #[error("{path}: {source}")]
    Scenario {
        /// Its file.
        path: PathBuf,
        /// Where it is wrong.
        source: serde_json::Error,
    },
    /// The metadata service does not start.
    #[error(transparent)]
    Service(#[from] metadata_service::Error),
    /// An option or a name is not one that is known.
    #[error("{0}; see --help")]
    Usage(String),
    /// A machine did not do what every machine does.
    #[error("{0}")]
    Machine(String),
}

/// Names what an input or output error was about.
pub fn file(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::File { what: what.into(), source }
}

/// Boots a Debian root with cloud-init and asserts on what the machine then is. Needs root.
#[derive(Debug, Clone, Parser)]
#[command(name = "boot")]
pub struct Options {
    command: Verb,
    /// The scenarios; all of the tier where none is named
    #[arg(value_name = "SCENARIO")]
    names: Vec<String>,
    /// `original` (Debian's package) or the path of a .deb that replaces it
    #[arg(long, value_name = "WHAT", default_value = "original", value_parser = subject)]
    subject: Package,
    /// Where roots, logs and machines are kept
    #[arg(long, value_name = "DIR", default_value = "target/boot", value_parser = places::kept)]
    cache: PathBuf,
    /// Where the scenarios are
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"))]
    scenarios: PathBuf,
    /// Machines at a time
    #[arg(long, value_name = "N", default_value = "2")]
    jobs: NonZeroUsize,
    /// Keep the machines' files afterwards
    #[arg(long)]
    keep: bool,
    /// Print the accounting that each machine reported
    #[arg(long)]
    facts: bool,
}

/// A package that takes the original's place; none for the original itself.
#[derive(Debug, Clone)]
pub struct Package(Option<PathBuf>);

fn subject(word: &str) -> std::io::Result<Package> {
    if word == "original" {
        Ok(Package(None))
    } else {
        places::existing(word).map(|path| Package(Some(path)))
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Verb {
    /// Install the host's tools and build the roots
    Prepare,
    /// Run the scenarios of the container tier (seconds each)
    Nspawn,
    /// Run the scenarios of the virtual machine tier (minutes each without KVM)
    Qemu,
    /// List the scenarios
    List,
    /// Run by this program itself in namespaces of its own
    #[value(hide = true)]
    Inside,
    /// Run by QEMU for each connection
    #[value(hide = true)]
    Serve,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("boot: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> Result<bool, Error> {
    match options.command {
        Verb::Prepare => cache::Cache::new(options)?.prepare().map(|()| true),
        Verb::Nspawn => suite::run(options, Tier::Nspawn),
        Verb::Qemu => suite::run(options, Tier::Qemu),
        Verb::List => suite::list(options).map(|()| true),
        Verb::Inside => nspawn::inside(options),
        Verb::Serve => qemu::serve(options).map(|()| true),
    }
}
