//! Runs the packaged original and ours over the same inputs and counts, per area, what agrees.
//!
//! Both go through the four stages in a chroot over an overlay of one root, in mount, network and process namespaces of
//! their own. What they then left anywhere, what they and their commands print, and what their logs report is compared
//! after [normalisation](normal). Each difference needs a row with its reason in [`disagreements`]. Without ours the
//! original is compared with itself, which has to agree wholly: that proves the normalisation.
//!
#![doc = include_str!("../not-compared.md")]
// A harness around real programs: effects are its business.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "numbers of our own making"
)]

mod agreement;
mod crawl;
mod detect;
mod difference;
mod disagreements;
mod distributions;
mod events;
mod machine;
mod normal;
mod printed;
mod questions;
mod releases;
mod run;
mod tree;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use agreement::Agreement;
use clap::{Parser, ValueEnum};
use disagreements::Disagreements;
use oracle::{Error, file, places};
use run::Program;
use tree::Outcome;

/// Runs the packaged original and ours over the same inputs and counts what agrees. Needs root.
#[derive(Parser)]
#[command(name = "oracle", after_help = include_str!("../not-compared.md"))]
struct Options {
    command: Verb,
    /// The cases; all of them where none is named
    #[arg(value_name = "CASE")]
    names: Vec<String>,
    /// Our static binary; without it the original is compared with itself
    #[arg(long, value_name = "FILE", value_parser = places::existing)]
    ours: Option<PathBuf>,
    /// Debian's suite with the original
    #[arg(long, value_name = "NAME", default_value = "sid", value_parser = ["sid", "trixie"])]
    suite: String,
    /// A root with the original in it, instead of building one
    #[arg(long, value_name = "DIR", value_parser = places::existing)]
    root: Option<PathBuf>,
    /// Where the root is kept
    #[arg(long, value_name = "DIR", default_value = "target/oracle", value_parser = places::kept)]
    cache: PathBuf,
    /// Where the cases are
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/cases"))]
    cases: PathBuf,
    /// Agreement that may not fall
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/agreement.json"))]
    baseline: PathBuf,
    /// The disagreements that have a reason
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/disagreements.json"))]
    disagreements: PathBuf,
    /// How many cases run at once, each with both programs side by side
    #[arg(long, value_name = "N", default_value_t = 2)]
    jobs: usize,
    /// Write the agreement and the counts of the disagreements
    #[arg(long)]
    update: bool,
    /// Keep what the programs left in this directory, for a look at it and for --kept
    #[arg(long, value_name = "DIR", value_parser = places::kept)]
    keep: Option<PathBuf>,
    /// Run ours only: the original's side is what an earlier run has kept in this directory
    #[arg(long, value_name = "DIR", conflicts_with = "keep", value_parser = places::existing)]
    kept: Option<PathBuf>,
    /// Print every difference, those that have a reason too
    #[arg(long)]
    differences: bool,
    /// `detect`: where the machines are
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/machines"))]
    machines: PathBuf,
    /// `detect`: how many machines are drawn from the table's
    #[arg(long, value_name = "N", default_value_t = 150)]
    drawn: u64,
    /// `detect`: only the drawn machines
    #[arg(long)]
    drawn_only: bool,
    /// `detect`: what they are drawn with: a number, or `new`
    #[arg(long, value_name = "SEED", default_value = "1")]
    seed: oracle::dice::Seed,
}

/// What the original made of a case, and the other program.
struct Pair {
    original: Outcome,
    other: Outcome,
    /// How many requests the other program made, if they are more than the original's.
    more: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Verb {
    /// Run both over the cases and print the agreement per area
    Compare,
    /// Run the original over the cases and print what it left
    Show,
    /// Run both ds-identify over made-up machines
    Detect,
    /// Print how long both take to read the metadata of some clouds, and with how many requests
    Crawl,
    /// Run both on a root of each distribution
    Distributions,
    /// Ask the original which systems it recognizes by os-release and the like
    Releases,
    /// Build the root with the original, for the tests that read its files
    Prepare,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    // Not a verb: only the machines of this program start it so.
    if arguments.next().is_some_and(|verb| verb == "serve") {
        return metadata_service::command_line(std::iter::once("serve".into()).chain(arguments));
    }
    let options = Options::parse();
    let done = match options.command {
        Verb::Compare => compare(&options),
        Verb::Show => show(&options).map(|()| true),
        Verb::Detect => detect(&options),
        Verb::Crawl => crawl(&options),
        Verb::Distributions => distributions(options),
        Verb::Releases => recognized(&options),
        Verb::Prepare => root(&options).map(|_| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("oracle: {error}");
            error.exit_code()
        }
    }
}

fn cases(options: &Options) -> Result<Vec<PathBuf>, Error> {
    let failed = || options.cases.display().to_string();
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(&options.cases).map_err(file(failed()))? {
        cases.push(entry.map_err(file(failed()))?.path());
    }
    cases.sort();
    if let Some(name) =
        options.names.iter().find(|name| !cases.iter().any(|case| case.ends_with(name.as_str())))
    {
        return Err(Error::Usage(format!("{name} is not a case")));
    }
    cases.retain(|case| options.names.is_empty() || options.names.contains(&case_name(case)));
    Ok(cases)
}

fn case_name(case: &Path) -> String {
    case.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Compares on a root of each distribution.
fn distributions(options: Options) -> Result<bool, Error> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let options = Options {
        cases: options.cache.join("distributions"),
        disagreements: here.join("distributions.json"),
        baseline: here.join("distributions-agreement.json"),
        ..options
    };
    distributions::write(&root(&options)?, &options.cases)?;
    compare(&options)
}

fn recognized(options: &Options) -> Result<bool, Error> {
    let scratch = options.cache.join(format!("run-{}", std::process::id()));
    releases::compare(&root(options)?, &scratch, options.update)
}

fn root(options: &Options) -> Result<PathBuf, Error> {
    match &options.root {
        Some(root) => Ok(root.clone()),
        None => oracle::root::prepare(&options.cache, &options.suite),
    }
}

fn compare(options: &Options) -> Result<bool, Error> {
    let root = root(options)?;
    let other = options.ours.clone().map_or(Program::Original, Program::Ours);
    let cases = cases(options)?;
    let outcomes: Mutex<BTreeMap<&Path, Result<Pair, Error>>> = Mutex::default();
    // Those with most commands first, so that none of them runs alone at the end.
    let mut order: Vec<&PathBuf> = cases.iter().collect();
    let length = |case: &Path| std::fs::metadata(case.join("commands")).map_or(0, |file| file.len());
    order.sort_by_key(|case| std::cmp::Reverse(length(case)));
    let rest = Mutex::new(order.into_iter());
    // A panic of one of them is that of this program, below.
    let next = || rest.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        while let Some(case) = next() {
            let outcome = outcomes_of(options, &root, case, &other);
            outcomes.lock().unwrap_or_else(PoisonError::into_inner).insert(case, outcome);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(work);
        }
    });
    let (mut agreement, mut more) = (Agreement::default(), Vec::new());
    for (case, outcome) in outcomes.into_inner().unwrap_or_else(PoisonError::into_inner) {
        let pair = outcome?;
        agreement.add(&case_name(case), &pair.original, &pair.other);
        more.extend(pair.more.map(|more| format!("{}: {more}", case_name(case))));
    }
    if other == Program::Original {
        for difference in agreement.differences() {
            print_difference(&difference.entry, &difference.lines);
        }
        agreement.print();
        let agrees = agreement.differences().is_empty();
        println!("the original compared with itself: {}", if agrees { "agrees" } else { "DISAGREES" });
        return Ok(agrees);
    }
    // Of the addresses that are raced, a busy machine asks more.
    for line in &more {
        println!("{line}");
    }
    judge(options, &agreement)
}

/// What both programs make of a case; the original's side may be one that was kept.
fn outcomes_of(options: &Options, root: &Path, case: &Path, other: &Program) -> Result<Pair, Error> {
    let Some(kept) = &options.kept else { return both(options, root, case, other) };
    let kept = kept.join(case_name(case));
    let ours = run::run(&kept.join("other"), root, case, other)?;
    let original = tree::read(root, &kept.join("original"))?;
    Ok(Pair { original, other: ours.outcome, more: more_requests(&kept) })
}

/// How many requests the other program made, if they are more than the original's.
fn more_requests(scratch: &Path) -> Option<String> {
    let count = |program: &str| {
        let requests = std::fs::read_to_string(scratch.join(program).join("requests"));
        requests.map_or(0, |requests| requests.lines().count())
    };
    let (original, other) = (count("original"), count("other"));
    (other > original).then(|| format!("{other} requests instead of {original}"))
}

/// Whether every disagreement has its reason, and nothing has changed.
fn judge(options: &Options, agreement: &Agreement) -> Result<bool, Error> {
    let mut known = Disagreements::read(&options.disagreements)?;
    let mut without = Vec::new();
    for difference in agreement.differences() {
        let unknown = known.unknown(&difference.entry, &difference.lines);
        if !unknown.is_empty() {
            without.push(difference.entry.clone());
        }
        if options.differences {
            print_difference(&difference.entry, &difference.lines);
        } else if !unknown.is_empty() {
            print_difference(&difference.entry, &unknown);
        }
    }
    known.print();
    agreement.print();
    agreement.print_cases(&without);
    let held = without.is_empty();
    if !held {
        println!("disagreements without a reason are printed above");
    }
    // A part of the cases says nothing about the whole.
    if !options.names.is_empty() {
        return Ok(held);
    }
    if options.update {
        known.write(&options.disagreements)?;
        return agreement.write(&options.baseline).map(|()| held);
    }
    let mut changed = agreement.fallen(&Agreement::read_baseline(&options.baseline)?);
    changed.extend(known.changed());
    for line in &changed {
        println!("{line}");
    }
    Ok(held && changed.is_empty())
}

fn print_difference(entry: &str, lines: &[impl std::fmt::Display]) {
    println!("{entry}");
    for line in lines {
        println!("    {line}");
    }
}

/// What both programs make of a case, side by side.
fn both(options: &Options, root: &Path, case: &Path, other: &Program) -> Result<Pair, Error> {
    let name = case_name(case);
    let scratch = match &options.keep {
        Some(directory) => directory.join(&name),
        None => options.cache.join(format!("run-{}-{name}", std::process::id())),
    };
    let (original, ours) = std::thread::scope(|scope| {
        let original = scope.spawn(|| run::run(&scratch.join("original"), root, case, &Program::Original));
        let ours = run::run(&scratch.join("other"), root, case, other);
        (original.join(), ours)
    });
    let more = more_requests(&scratch);
    if options.keep.is_none() {
        oracle::root::remove(&scratch)?;
    }
    let original = original.map_err(|_| Error::Usage(format!("the run of {name} panicked")))??;
    let ours = ours?;
    println!("{name}: original {:.1} s, other {:.1} s", original.seconds, ours.seconds);
    Ok(Pair { original: original.outcome, other: ours.outcome, more })
}

fn detect(options: &Options) -> Result<bool, Error> {
    let root = root(options)?;
    let Some(ours) = &options.ours else {
        return Err(Error::Usage("detect needs --ours".into()));
    };
    let scratch = options.cache.join(format!("run-{}", std::process::id()));
    let place = detect::Place { root: &root, scratch: &scratch, ours };
    let wanted = detect::Wanted {
        names: &options.names,
        with_table: !options.drawn_only,
        seed: options.seed.number(),
        drawn: options.drawn,
    };
    let done = detect::compare(&place, &options.machines, &wanted);
    oracle::root::remove(&scratch)?;
    done
}

fn crawl(options: &Options) -> Result<bool, Error> {
    let root = root(options)?;
    let Some(ours) = &options.ours else {
        return Err(Error::Usage("crawl needs --ours".into()));
    };
    let scratch = options.cache.join(format!("run-{}", std::process::id()));
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("sources");
    crawl::table(&root, &scratch, &cases, ours, &options.names)
}

fn show(options: &Options) -> Result<(), Error> {
    let root = root(options)?;
    for case in cases(options)? {
        let scratch = options.cache.join(format!("run-{}", std::process::id()));
        let result = run::run(&scratch, &root, &case, &Program::Original);
        oracle::root::remove(&scratch)?;
        let result = result?;
        println!("### {} ({:.1} s)", case_name(&case), result.seconds);
        for (name, state) in &result.outcome {
            println!("{name}: {}", state.head);
            for line in state.content.lines() {
                println!("    {line}");
            }
        }
    }
    Ok(())
}
