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
mod command;
mod facts;
mod nspawn;
mod qemu;
mod scenario;
mod suite;

use std::path::PathBuf;
use std::process::ExitCode;

use scenario::Tier;

const HELP: &str = "\
Boots a Debian root with cloud-init and asserts on what the machine then is. Needs root.

Usage: boot COMMAND [OPTIONS] [SCENARIO...]

  prepare              install the host's tools and build the roots
  nspawn               run the scenarios of the container tier (seconds each)
  qemu                 run the scenarios of the virtual machine tier (minutes each without KVM)
  list                 list the scenarios

  --subject WHAT       `original` (Debian's package, the default) or the path of a .deb that replaces it
  --cache DIR          where roots, logs and machines are kept (default: target/boot)
  --scenarios DIR      where the scenarios are (default: tests/boot/scenarios of this source tree)
  --jobs N             machines at a time (default: 2)
  --keep               keep the machines' files afterwards
  --facts              print the accounting that each machine reported
";

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

/// The command line.
#[derive(Debug, Clone)]
pub struct Options {
    subject: Option<PathBuf>,
    cache: PathBuf,
    scenarios: PathBuf,
    jobs: usize,
    keep: bool,
    facts: bool,
    names: Vec<String>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("boot: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<bool, Error> {
    let Some((command, rest)) = arguments.split_first().filter(|(command, _)| *command != "--help") else {
        print!("{HELP}");
        return Ok(true);
    };
    let options = parse(rest)?;
    match command.as_str() {
        "prepare" => cache::Cache::new(&options)?.prepare().map(|()| true),
        "nspawn" => suite::run(&options, Tier::Nspawn),
        "qemu" => suite::run(&options, Tier::Qemu),
        "list" => suite::list(&options).map(|()| true),
        // Run by this program itself in namespaces of its own.
        "inside" => nspawn::inside(&options),
        // Run by QEMU for each connection.
        "serve" => qemu::serve(&options).map(|()| true),
        other => Err(Error::Usage(format!("{other} is not a command"))),
    }
}

fn parse(arguments: &[String]) -> Result<Options, Error> {
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut options = Options {
        subject: None,
        cache: PathBuf::from("target/boot"),
        scenarios: source.join("scenarios"),
        jobs: 2,
        keep: false,
        facts: false,
        names: Vec::new(),
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| Error::Usage(format!("{argument} needs a value")));
        match argument.as_str() {
            "--subject" => match value()?.as_str() {
                "original" => options.subject = None,
                path => {
                    let path = std::fs::canonicalize(path).map_err(file(format!("subject {path}")))?;
                    options.subject = Some(path);
                }
            },
            "--cache" => options.cache = PathBuf::from(value()?),
            "--scenarios" => options.scenarios = PathBuf::from(value()?),
            "--jobs" => {
                let jobs = value()?.parse().ok().filter(|jobs| *jobs > 0);
                options.jobs = jobs.ok_or_else(|| Error::Usage("--jobs needs a number from 1 on".into()))?;
            }
            "--keep" => options.keep = true,
            "--facts" => options.facts = true,
            option if option.starts_with('-') => {
                return Err(Error::Usage(format!("{option} is not an option")));
            }
            name => options.names.push(name.to_owned()),
        }
    }
    std::fs::create_dir_all(&options.cache).map_err(file(options.cache.display().to_string()))?;
    options.cache = std::fs::canonicalize(&options.cache).map_err(file("cache"))?;
    Ok(options)
}
