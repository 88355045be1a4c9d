//! Compares the renderers with the packaged original over made-up descriptions, and prints what agrees.
// A harness around real programs: effects are its business.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)]

mod answers;
mod report;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use network_oracle::identical::{FILE, KEPT, hash};
use network_oracle::judge::{Judged, Verdict, judge};
use network_oracle::ledger::{self, Ledger};
use network_oracle::original::{self, Error};
use network_oracle::{OUTPUTS, Output};
use oracle::dice::Seed;
use oracle::identical::Hashes;
use oracle::places;

use self::answers::Question;

/// Runs the packaged original's net-convert and ours over made-up network descriptions. Needs root.
#[derive(Parser)]
#[command(name = "network-oracle", after_long_help = network_oracle::compare::NOT_COMPARED)]
struct Options {
    /// The outputs; all of them where none is named
    #[arg(value_name = "OUTPUT", value_parser = original::output)]
    outputs: Vec<Output>,
    /// How many descriptions, half of them of each version
    #[arg(long, value_name = "N", default_value_t = ledger::CASES)]
    cases: u64,
    /// What they are made from: a number, or `new` for one that no run had before, which is printed
    #[arg(long, value_name = "N|new", default_value = "1")]
    seed: Seed,
    /// Stop after so many seconds, whatever is left of the descriptions
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Only this one; prints it and what both write
    #[arg(long, value_name = "N", conflicts_with = "seconds")]
    case: Option<u64>,
    /// How many disagreements are printed
    #[arg(long, value_name = "N", default_value_t = 5)]
    shown: usize,
    /// Where the original's root is kept
    #[arg(long, value_name = "DIR", default_value = "target/oracle", value_parser = places::kept)]
    cache: PathBuf,
    /// The original's answers to the same descriptions: read from this file, or written to it where it is not there
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seconds", "case"])]
    answers: Option<PathBuf>,
    /// What the usual descriptions of the usual seed came to, all of which has to stay
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/agreement.json"))]
    baseline: PathBuf,
    /// Write the baseline, and the hashes of what both write
    #[arg(long, conflicts_with_all = ["seconds", "case"])]
    update: bool,
}

fn main() -> ExitCode {
    let mut options = Options::parse();
    if options.outputs.is_empty() {
        options.outputs = OUTPUTS.to_vec();
    }
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("network-oracle: {error}");
            ExitCode::from(2)
        }
    }
}

/// How many descriptions are asked about at once where time is bounded.
const BATCH: u64 = 60;

/// The ranges of descriptions, until the time is over. A batch that would not end in time is not begun.
fn batches(options: &Options) -> impl Iterator<Item = Range<u64>> {
    let (begun, cases) = (Instant::now(), options.cases);
    let limit = options.seconds.map(Duration::from_secs);
    let size = if limit.is_some() { BATCH } else { cases };
    let one = options.case.map(|case| case..case + 1);
    let mut next = 0;
    let mut longest = Duration::ZERO;
    let mut last = Duration::ZERO;
    std::iter::from_fn(move || {
        if let Some(one) = &one {
            return (std::mem::replace(&mut next, 1) == 0).then(|| one.clone());
        }
        longest = longest.max(begun.elapsed().saturating_sub(last));
        last = begun.elapsed();
        let late = limit.is_some_and(|limit| next > 0 && begun.elapsed() + longest > limit);
        if next >= cases || late {
            return None;
        }
        let range = next..cases.min(next + size);
        next = range.end;
        Some(range)
    })
}

fn run(options: &Options) -> Result<bool, Error> {
    println!("seed {}", options.seed.number());
    let mut ledger = Ledger::default();
    let mut hashes = Hashes::default();
    let mut shown = 0;
    for range in batches(options) {
        let questions = answers::ask(options, range)?;
        for (question, judged) in questions.iter().zip(judged(&questions)?) {
            if options.case.is_some() {
                report::both(question);
            }
            ledger.add(question.output, &judged);
            if question.answer.case < KEPT && matches!(judged.verdict, Verdict::Identical) {
                hashes.keep(question.output.name, question.answer.case, hash(&question.answer.files));
            }
            if let Verdict::Failed(what) = &judged.verdict {
                shown += 1;
                if shown <= options.shown {
                    report::failure(question, options.seed.number(), what);
                }
            }
        }
    }
    report::table(&ledger);
    let explained = ledger.0.values().all(|counts| counts.failed == 0);
    let whole = options.outputs.len() == OUTPUTS.len() && options.case.is_none() && options.seconds.is_none();
    if !(whole && options.seed.number() == ledger::SEED && options.cases == ledger::CASES) {
        return Ok(explained);
    }
    if options.update && explained {
        hashes.write(Path::new(FILE))?;
    }
    Ok(hold(options, &ledger, explained)? && explained)
}

/// Judges by two threads.
fn judged(questions: &[Question]) -> Result<Vec<Judged>, Error> {
    let of = |part: &[Question]| -> Vec<Judged> {
        part.iter().map(|question| judge(&question.config, question.output, &question.answer)).collect()
    };
    std::thread::scope(|scope| {
        let parts: Vec<_> = questions
            .chunks(questions.len().div_ceil(2).max(1))
            .map(|part| scope.spawn(move || of(part)))
            .collect();
        let mut all = Vec::new();
        for part in parts {
            all.extend(part.join().map_err(|_| Error::Process("a thread panicked".into()))?);
        }
        Ok(all)
    })
}

/// Holds a run to the baseline, or writes it.
fn hold(options: &Options, ledger: &Ledger, explained: bool) -> Result<bool, Error> {
    let stale = ledger.stale();
    for name in &stale {
        println!("stale: {name}: no description shows it, so it explains nothing: strike it off");
    }
    let path = &options.baseline;
    let refused = oracle::file(path.display().to_string());
    if options.update {
        if !explained {
            println!("not written: something is unexplained");
            return Ok(false);
        }
        let text = serde_json::to_string_pretty(ledger).map_err(Error::Answer)?;
        std::fs::write(path, text + "\n").map_err(refused)?;
        return Ok(stale.is_empty());
    }
    let text = std::fs::read(path).map_err(refused)?;
    let accepted: Ledger = serde_json::from_slice(&text).map_err(Error::Answer)?;
    let changes = ledger.changes(&accepted);
    for change in &changes {
        println!("{change}");
    }
    if !changes.is_empty() {
        println!("{} counts changed: accept them with --update", changes.len());
    }
    Ok(stale.is_empty() && changes.is_empty())
}
