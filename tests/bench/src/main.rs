//! Measures the packaged original and ours in one run, on one machine, over one root, and prints the ratios as
//! Markdown. Not a test: what it prints depends on the machine, the ratios less so.
//!
//! Each program gets a chroot over an overlay of the root in namespaces of its own; the two take turns, so that what
//! else the machine does meets both.
// A harness around real programs: effects are its business.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "numbers of our own making"
)]

mod inside;
mod measure;
mod parts;
mod report;
mod table;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use inside::{Machine, Told, Work};
use oracle::places;
use report::Samples;

/// Milliseconds that the metadata service takes for each answer.
const LATENCIES: &[u64] = &[0, 5, 50];

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file, directory or program cannot be used.
    #[error("{what}: {source}")]
    File {
        /// Which, and what for.
        what: String,
        /// Why.
        source: std::io::Error,
    },
    /// A command of the harness failed.
    #[error("{command} failed: {output}")]
    Command {
        /// Its name.
        command: String,
        /// What it printed.
        output: String,
    },
    /// The kernel refused to tell about a process, or to change the root.
    #[error("process: {0}; run as root")]
    Process(nix::Error),
    /// What goes between this program and its part in the namespaces is not whole.
    #[error("what the part in the namespaces was told or tells: {0}")]
    Told(serde_json::Error),
    /// The metadata service cannot run.
    #[error(transparent)]
    Service(#[from] metadata_service::Error),
    /// The program did not take the data source it was to take.
    #[error("the program took '{found}' instead of {expected}: nothing was measured")]
    Source {
        /// The class that was expected.
        expected: &'static str,
        /// What it says.
        found: String,
    },
    /// An option is not one that is known.
    #[error("{0}; see --help")]
    Usage(String),
}

/// Names what an input or output error was about.
pub fn file(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::File { what: what.into(), source }
}

/// Measures the packaged original and ours and prints the ratios as Markdown. Needs root.
#[derive(Parser)]
#[command(name = "bench")]
struct Options {
    /// Our static binary
    #[arg(long, value_name = "FILE", default_value = "target/package/debian/cloud-init", value_parser = places::existing)]
    ours: PathBuf,
    /// The same with the features of target-appliance: only its size is told
    #[arg(long, value_name = "FILE")]
    appliance: Option<PathBuf>,
    /// A Debian root with the original in it, which `cargo run --package oracle -- show empty` builds
    #[arg(long, value_name = "DIR", default_value = "target/oracle/sid", value_parser = places::existing)]
    root: PathBuf,
    /// The NoCloud seed of the first boot
    #[arg(
        long,
        value_name = "DIR",
        default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../oracle/cases/users-files-commands/seed"),
        value_parser = places::existing
    )]
    seed: PathBuf,
    /// Where the machines' overlays are; on a tmpfs the disk's time to sync is left out, which only ours waits for
    #[arg(long, value_name = "DIR", default_value = "target/bench", value_parser = places::kept)]
    cache: PathBuf,
    /// How often each is run
    #[arg(long, value_name = "N", default_value = "5")]
    runs: NonZeroUsize,
    /// Without net-convert, which takes the original five minutes in each run
    #[arg(long)]
    no_conversions: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let done = match arguments.as_slice() {
        // Not an option: only this program starts itself so, in namespaces of its own.
        [_, word, machine] if word == "inside" => inside::inside(machine),
        _ => bench(&Options::parse()),
    };
    match done {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(options: &Options) -> Result<String, Error> {
    let mut boots = Samples::default();
    let mut merges = Samples::default();
    let mut conversions = Samples::default();
    let many = parts::seed(&options.cache)?;
    let mut crawls: Vec<(u64, Samples)> =
        LATENCIES.iter().map(|latency| (*latency, Samples::default())).collect();
    // One machine of each first, which fills the kernel's caches and does not count.
    pair(options, &Work::FirstBoot(options.seed.clone()))?;
    for run in 1..=options.runs.get() {
        eprintln!("run {run} of {}", options.runs);
        boots.add(pair(options, &Work::FirstBoot(options.seed.clone()))?);
        merges.add(pair(options, &Work::Parts(many.clone()))?);
        if !options.no_conversions {
            conversions.add(pair(options, &Work::Conversions(options.seed.clone()))?);
        }
        for (latency, samples) in &mut crawls {
            samples.add(pair(options, &Work::Ec2(*latency))?);
        }
    }
    let mut text = report::machine();
    text += &format!("\nMedians of {} runs, original and ours by turns.\n\n", options.runs);
    text += &report::first_boot(&boots);
    text.push('\n');
    text += &report::commands(&boots);
    text.push('\n');
    text += &report::schemas(&boots);
    text.push('\n');
    if !options.no_conversions {
        text += &report::conversions(&conversions);
        text.push('\n');
    }
    text += &report::parts(&merges);
    text.push('\n');
    text += &report::crawls(&crawls);
    text.push('\n');
    text += &report::sizes(&options.ours, options.appliance.as_deref())?;
    text += &report::failures(&boots, &crawls);
    Ok(text)
}

/// The same work by the original and by ours.
fn pair(options: &Options, work: &Work) -> Result<[Told; 2], Error> {
    let machine = |ours: Option<&PathBuf>| {
        let scratch = options.cache.join(format!("machine-{}", std::process::id()));
        inside::run(&Machine { root: options.root.clone(), scratch, ours: ours.cloned(), work: work.clone() })
    };
    Ok([machine(None)?, machine(Some(&options.ours))?])
}
