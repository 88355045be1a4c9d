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

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use inside::{Machine, Told, Work};
use report::Samples;

const HELP: &str = "\
Measures the packaged original and ours and prints the ratios as Markdown. Needs root.

Usage: bench [OPTIONS]

  --ours FILE          our static binary (default: target/package/debian/cloud-init)
  --appliance FILE     the same with the features of target-appliance: only its size is told
  --root DIR           a Debian root with the original in it (default: target/oracle/sid, which
                       `cargo run --package oracle -- show empty` builds)
  --seed DIR           the NoCloud seed of the first boot (default: that of the oracle's case users-files-commands)
  --cache DIR          where the machines' overlays are (default: target/bench); on a tmpfs the disk's time to sync is
                       left out, which only ours waits for
  --runs N             how often each is run (default: 5)
  --no-conversions     without net-convert, which takes the original five minutes in each run
";

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

struct Options {
    ours: PathBuf,
    appliance: Option<PathBuf>,
    root: PathBuf,
    seed: PathBuf,
    cache: PathBuf,
    runs: usize,
    conversions: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--help" | "-h", ..] => Ok(HELP.to_owned()),
        ["inside", machine] => inside::inside(machine),
        _ => parse(&arguments).and_then(|options| bench(&options)),
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

fn parse(arguments: &[String]) -> Result<Options, Error> {
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("oracle");
    let mut options = Options {
        ours: "target/package/debian/cloud-init".into(),
        appliance: None,
        root: "target/oracle/sid".into(),
        seed: oracle.join("cases/users-files-commands/seed"),
        cache: "target/bench".into(),
        runs: 5,
        conversions: true,
    };
    let mut rest = arguments.iter();
    while let Some(option) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| Error::Usage(format!("{option} needs a value")));
        match option.as_str() {
            "--ours" => options.ours = value()?.into(),
            "--appliance" => options.appliance = Some(value()?.into()),
            "--root" => options.root = value()?.into(),
            "--seed" => options.seed = value()?.into(),
            "--cache" => options.cache = value()?.into(),
            "--no-conversions" => options.conversions = false,
            "--runs" => {
                let runs = value()?.parse().ok().filter(|runs| *runs > 0);
                options.runs = runs.ok_or_else(|| Error::Usage("--runs needs a number above 0".into()))?;
            }
            _ => return Err(Error::Usage(format!("{option} is not an option"))),
        }
    }
    std::fs::create_dir_all(&options.cache).map_err(file(options.cache.display().to_string()))?;
    for path in [&mut options.ours, &mut options.root, &mut options.seed, &mut options.cache] {
        *path = std::fs::canonicalize(&path).map_err(file(path.display().to_string()))?;
    }
    Ok(options)
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
    for run in 1..=options.runs {
        eprintln!("run {run} of {}", options.runs);
        boots.add(pair(options, &Work::FirstBoot(options.seed.clone()))?);
        merges.add(pair(options, &Work::Parts(many.clone()))?);
        if options.conversions {
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
    if options.conversions {
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
