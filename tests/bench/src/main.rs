//! Measures the packaged original and ours in one run, on one machine, over one root, and prints the ratios as
//! Markdown. Not a test: what it prints depends on the machine, the ratios less so.
//!
//! Each program gets a chroot over an overlay of the root in namespaces of its own. The two take turns, and the one
//! that goes first changes (A B B A), so that what else the machine does meets both. Both run the same modules.
// A harness around real programs: effects are its business.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "numbers of our own making"
)]

mod booted;
mod calls;
mod common;
mod growth;
mod inside;
mod measure;
mod order;
mod parts;
mod report;
mod stages;
mod table;
mod workload;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use booted::Booted;
use common::Common;
use inside::{Machine, Told, Work};
use oracle::places;
use report::Samples;
use stages::Writer;

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
    /// Our Debian package: with it, boots by systemd-nspawn are measured as well
    #[arg(long, value_name = "FILE", value_parser = places::existing)]
    package: Option<PathBuf>,
    /// The same with the features of target-appliance: only its size is printed
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
    #[arg(long, value_name = "N", default_value = "4")]
    runs: NonZeroUsize,
    /// Without net-convert, which takes the original five minutes in each run
    #[arg(long)]
    no_conversions: bool,
    /// Only writes the order of functions for the linker: what boots call; --ours has symbols for it
    #[arg(long, value_name = "FILE")]
    order: Option<PathBuf>,
    /// Only measures the peak memory of our stages on these NoCloud seeds
    #[arg(long, value_name = "DIR", num_args = 1.., value_parser = places::existing)]
    peaks: Vec<PathBuf>,
    /// Only measures our stages, and `init --local` once more beside a program that writes to the same disk
    #[arg(long)]
    stages: bool,
    /// Only measures how the time of our program grows with its input, and fails if that is not linear
    #[arg(long)]
    growth: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let done = match arguments.as_slice() {
        // Not an option: only this program starts itself so, in namespaces of its own.
        [_, word, machine] if word == "inside" => inside::inside(machine).map(|text| (text, true)),
        _ => {
            let options = Options::parse();
            if let Some(file) = &options.order {
                order::order(&options, file).map(|text| (text, true))
            } else if !options.peaks.is_empty() {
                peaks(&options).map(|text| (text, true))
            } else if options.stages {
                stages(&options).map(|text| (text, true))
            } else if options.growth {
                growth::growth(&options.ours, &options.cache, options.runs.get())
            } else {
                bench(&options).map(|text| (text, true))
            }
        }
    };
    match done {
        Ok((text, good)) => {
            print!("{text}");
            if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(options: &Options) -> Result<String, Error> {
    let common = Common::write(&options.root, &options.ours, &options.cache)?;
    let bench = Bench { options, common: &common };
    let mut samples = All::default();
    let many = parts::seed(&options.cache)?;
    samples.crawls.extend(LATENCIES.iter().map(|latency| (*latency, Samples::default())));
    // One machine of each first, which fills the kernel's caches and does not count.
    bench.pair(0, &Work::FirstBoot(options.seed.clone()))?;
    for run in 1..=options.runs.get() {
        eprintln!("run {run} of {}", options.runs);
        if let Some(package) = &options.package {
            samples.booted.push(in_turns(run, || booted::boot(None), || booted::boot(Some(package)))?);
        }
        samples.units.add(bench.pair(run, &Work::Units(options.seed.clone()))?);
        samples.stages.add(bench.pair(run, &Work::FirstBoot(options.seed.clone()))?);
        samples.merges.add(bench.pair(run, &Work::Parts(many.clone()))?);
        if !options.no_conversions {
            samples.conversions.add(bench.pair(run, &Work::Conversions(options.seed.clone()))?);
        }
        for (latency, crawl) in &mut samples.crawls {
            crawl.add(bench.pair(run, &Work::Ec2(*latency))?);
        }
    }
    samples.report(options, &common)
}

/// The peak memory of each stage of a first boot, a row for each seed.
fn peaks(options: &Options) -> Result<String, Error> {
    let common = Common::write(&options.root, &options.ours, &options.cache)?;
    let bench = Bench { options, common: &common };
    let mut rows = Vec::new();
    for seed in &options.peaks {
        let told = bench.machine(Some(&options.ours), &Work::Stages(seed.clone()))?;
        let name = seed.parent().and_then(Path::file_name).unwrap_or(seed.as_os_str());
        rows.push(report::peaks(&name.to_string_lossy(), &told));
    }
    Ok(report::peaks_table(&rows))
}

/// Our stages on a quiet disk and beside a writer, in turns.
fn stages(options: &Options) -> Result<String, Error> {
    let common = Common::write(&options.root, &options.ours, &options.cache)?;
    let bench = Bench { options, common: &common };
    let work = Work::Stages(options.seed.clone());
    let machine = || bench.machine(Some(&options.ours), &work);
    machine()?;
    let (mut quiet, mut busy) = (Vec::new(), Vec::new());
    for _ in 0..options.runs.get() {
        quiet.push(machine()?);
        let writer = Writer::start(options.cache.join("written"))?;
        busy.push(machine()?);
        writer.stop()?;
    }
    Ok(report::machine()
        + &format!("\nMedians of {} runs.\n\n", options.runs)
        + &stages::report(&quiet, &busy))
}

/// What is measured, each by the original and by ours.
#[derive(Debug, Default)]
struct All {
    booted: Vec<[Booted; 2]>,
    units: Samples,
    stages: Samples,
    merges: Samples,
    conversions: Samples,
    crawls: Vec<(u64, Samples)>,
}

impl All {
    fn report(&self, options: &Options, common: &Common) -> Result<String, Error> {
        let mut text = report::machine();
        text += &format!("\nMedians of {} runs in the order A B B A.", options.runs);
        if !common.left_out.is_empty() {
            text += &format!(
                " Neither program runs the modules that only the original has: {}.",
                common.left_out.join(", ")
            );
        }
        text += "\n\n";
        let mut tables = Vec::new();
        if !self.booted.is_empty() {
            tables.push(report::booted(&self.booted));
        }
        tables.push(report::units(&self.units));
        tables.push(report::first_boot(&self.stages));
        tables.push(report::commands(&self.stages));
        tables.push(report::schemas(&self.stages));
        if !options.no_conversions {
            tables.push(report::conversions(&self.conversions));
        }
        tables.push(report::parts(&self.merges));
        tables.push(report::crawls(&self.crawls));
        tables.push(report::sizes(&options.ours, options.appliance.as_deref())?);
        text += &tables.join("\n");
        let crawls = self.crawls.iter().map(|(_, samples)| samples);
        text += &report::failures([&self.units, &self.stages].into_iter().chain(crawls));
        Ok(text)
    }
}

struct Bench<'o> {
    options: &'o Options,
    common: &'o Common,
}

impl Bench<'_> {
    /// The same work by the original and by ours.
    fn pair(&self, run: usize, work: &Work) -> Result<[Told; 2], Error> {
        in_turns(run, || self.machine(None, work), || self.machine(Some(&self.options.ours), work))
    }

    fn machine(&self, ours: Option<&PathBuf>, work: &Work) -> Result<Told, Error> {
        inside::run(&Machine {
            root: self.options.root.clone(),
            scratch: self.options.cache.join(format!("machine-{}", std::process::id())),
            ours: ours.cloned(),
            modules: self.common.file.clone(),
            work: work.clone(),
        })
    }
}

/// Both, the original first in every second run.
fn in_turns<T>(
    run: usize,
    original: impl FnOnce() -> Result<T, Error>,
    ours: impl FnOnce() -> Result<T, Error>,
) -> Result<[T; 2], Error> {
    if run % 2 == 1 {
        return Ok([original()?, ours()?]);
    }
    let ours = ours()?;
    Ok([original()?, ours])
}
