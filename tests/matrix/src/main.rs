//! Faults at every moment of real boots of the real program, and what each boot ends as.
//!
//! The program runs in a root of its own under ptrace(2), which sees every call that changes a file, counts it, and lets
//! the power fail, a signal come or the call fail there. Then the machine boots again, and what it has come to is compared
//! with a boot that nothing disturbed.
// A harness around real programs: effects are its business.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "registers, and numbers of our own making"
)]

mod calls;
mod clock;
mod faults;
mod judge;
mod machine;
mod table;
mod trace;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use oracle::dice::{Dice, Seed};
use oracle::places;

use faults::Row;
use judge::{Lasting, Wanted, judge};
use machine::Place;
use table::Tried;

/// What can go wrong beside what is tried.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory cannot be used, or a command of the host failed.
    #[error(transparent)]
    Oracle(#[from] oracle::Error),
    /// The kernel refused to trace a process, or to change the root.
    #[error("process: {0}; run as root")]
    Process(nix::Error),
    /// The filter of system calls cannot be made for this machine.
    #[error("filter of system calls: {0}")]
    Filter(#[from] seccompiler::BackendError),
    /// The filter cannot be put in place.
    #[error("filter of system calls: {0}")]
    Seccomp(#[from] seccompiler::Error),
    /// What goes between this program and its part in the namespaces is not whole.
    #[error("what the part in the namespaces was told or tells: {0}")]
    Told(serde_json::Error),
    /// The metadata service cannot run.
    #[error(transparent)]
    Service(#[from] metadata_service::Error),
    /// An option or a name is not one that is known.
    #[error("{0}; see --help")]
    Usage(String),
}

/// Names what an input or output error was about.
pub fn file(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
    move |source| oracle::file(what)(source).into()
}

/// Lets every fault strike at every moment of real boots and prints what the boots end as. Needs root.
#[derive(Parser)]
#[command(name = "matrix")]
struct Options {
    /// Only rows whose fault or moment contains one of these words
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// Our static binary
    #[arg(long, value_name = "FILE", default_value = "target/package/debian/cloud-init", value_parser = places::existing)]
    ours: PathBuf,
    /// Where the Debian root and the machines are
    #[arg(long, value_name = "DIR", default_value = "target/oracle", value_parser = places::kept)]
    cache: PathBuf,
    /// How many cases are drawn, over all rows; every case where it is not given
    #[arg(long, value_name = "N")]
    cases: Option<usize>,
    /// What they are drawn by: a number, or `new` for another one in each run
    #[arg(long, value_name = "N", default_value = "1")]
    seed: Seed,
    /// Begin no further case after so many seconds
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Only the case of this name; prints all that it told
    #[arg(long, value_name = "NAME")]
    case: Option<String>,
    /// How many machines boot at the same time
    #[arg(long, value_name = "N", default_value = "2")]
    jobs: NonZeroUsize,
    /// How many failures of each row are printed
    #[arg(long, value_name = "N", default_value_t = 3)]
    show: usize,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    // Not options: only this program starts itself so, in namespaces of its own, and the programs of a boot.
    let done = match arguments.get(1).map(String::as_str) {
        Some("inside") if arguments.len() == 3 => machine::inside(&arguments[2]).map(|told| {
            print!("{told}");
            true
        }),
        Some("launch") => Err(trace::launch(&arguments[2..])),
        _ => matrix(&Options::parse()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(Error::Oracle(error)) => {
            eprintln!("matrix: {error}");
            error.exit_code()
        }
        Err(error) => {
            eprintln!("matrix: {error}");
            ExitCode::from(2)
        }
    }
}

/// The seed of every machine.
const SEED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/seed");

fn matrix(options: &Options) -> Result<bool, Error> {
    let root = oracle::root::prepare(&options.cache, "sid")?;
    let place =
        Place { root, layer: options.cache.join("matrix/layer"), scratch: options.cache.join("matrix") };
    machine::prepare(&place.layer, &options.ours, Path::new(SEED))?;
    let [plain, clone] = faults::references();
    let (undisturbed, clone) =
        (machine::run(&place.machine(0), &plain)?, machine::run(&place.machine(0), &clone)?);
    let references = [Lasting::of(&undisturbed), Lasting::of(&clone)];
    for (wanted, told) in [(Wanted::AsUndisturbed, &undisturbed), (Wanted::Clone, &clone)] {
        let wrong = judge(wanted, told, &references);
        if !wrong.is_empty() {
            println!("a boot to which nothing happens is not as it should be:\n{}", wrong.join("\n"));
            return Ok(false);
        }
    }
    let mut rows = faults::rows(&undisturbed);
    rows.retain(|row| {
        options.words.is_empty()
            || options.words.iter().any(|word| row.fault.contains(word) || row.moment.contains(word))
    });
    if rows.is_empty() {
        return Err(Error::Usage(format!("no row has '{}'", options.words.join("' or '"))));
    }
    if let Some(name) = &options.case {
        for row in &mut rows {
            row.cases.retain(|case| case.name == *name);
        }
    } else if let Some(count) = options.cases {
        println!("seed {}", options.seed.number());
        draw(&mut rows, count, options.seed);
        rows.retain(|row| !row.cases.is_empty());
    }
    let tried = Tried::all(&place, &rows, options.jobs.get(), options.seconds, &references)?;
    if options.case.is_some() {
        for told in tried.outcomes.iter().filter_map(|outcome| outcome.told.as_ref()) {
            println!("{:#?}", told.boots);
        }
    }
    print!("{}", tried.table(&rows, options.show));
    Ok(tried.survived())
}

/// Leaves so many cases, shared among the rows by their weight.
fn draw(rows: &mut [Row], count: usize, seed: Seed) {
    let weights: usize = rows.iter().map(|row| row.weight).sum();
    let mut dice = Dice::new(seed.number(), 0);
    for row in rows {
        let share = if row.weight == 0 { 0 } else { (count * row.weight).div_ceil(weights.max(1)).max(2) };
        while row.cases.len() > share {
            row.cases.swap_remove(dice.below(row.cases.len() as u64) as usize);
        }
    }
}
