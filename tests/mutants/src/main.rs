//! How much of the program the tests hold: changes the code in thousands of places, and lists the changes that no test
//! notices.
//!
//! The changes are those that cargo-mutants proposes. Each is put behind a switch, so that all are built at once, and a test
//! is only asked about changes that it reaches. A change in a constant, or one that cannot stand beside the original (a
//! function that returns an `impl` type), has no switch and is not tried.
//!
//! A change can make a test boot this machine. As root, tests therefore run on a copy of its root that is thrown away.
// A harness around cargo and test programs: effects are its business.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)]

mod list;
mod run;
mod switch;
mod viable;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Parser;
use oracle::dice::{Dice, Seed};

use list::Change;
use run::{Tests, Verdict};
use viable::Copy;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be used, or a program does not start.
    #[error("{0}: {1}")]
    File(String, std::io::Error),
    /// A program failed.
    #[error("{0} failed:\n{1}")]
    Failed(&'static str, String),
    /// The output of a program is not what it should be.
    #[error("a list of cargo's is not what was expected: {0}")]
    List(serde_json::Error),
    /// The workspace has no table of lints.
    #[error("Cargo.toml: there is no table [workspace.lints.rust] with rows and an empty line behind them")]
    Lints,
    /// A source file cannot be read as Rust.
    #[error("{0}: {1}")]
    Source(String, syn::Error),
}

/// Names what an input or output error was about.
fn file(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::File(what.into(), source)
}

/// What the goal is for, unless paths are named.
const GOAL: &[&str] = &[
    "core/engine",
    "core/fetch",
    "core/metadata",
    "core/netconfig",
    "core/schema",
    "core/system",
    "datasources",
    "distros",
    "modules",
];

/// Changes the code in many places and lists the changes that no test notices.
#[derive(Parser)]
#[command(name = "mutants")]
struct Options {
    /// Folders or files whose changes are drawn
    #[arg(value_name = "PATH", default_values_t = GOAL.iter().map(|&path| path.to_owned()))]
    paths: Vec<String>,
    /// How many changes to draw; 0 is all of them
    #[arg(long, value_name = "N", default_value_t = 500)]
    count: usize,
    /// What the choice is made from: a number, or 'new'
    #[arg(long, value_name = "SEED", default_value = "new")]
    seed: Seed,
    /// Where the sources are copied and built
    #[arg(long, value_name = "DIR", default_value = "target/mutants")]
    place: PathBuf,
}

fn main() -> ExitCode {
    match mutants(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mutants: {error}");
            ExitCode::from(2)
        }
    }
}

fn mutants(options: &Options) -> Result<(), Error> {
    let place = std::path::absolute(&options.place).map_err(file(options.place.display().to_string()))?;
    let copy = Copy {
        original: place.join("original"),
        switched: place.join("switched"),
        target: place.join("target"),
        place,
    };
    std::fs::create_dir_all(&copy.place).map_err(file("the folder of the copies"))?;
    sources(&copy.original)?;
    sources(&copy.switched)?;
    let changes = list::list(&copy.original)?;
    let viable = copy.viable(&changes)?;
    println!("{} of {} changes have a switch", viable.len(), changes.len());
    let tests = Tests::build(&copy)?;

    let wanted = |change: &Change| options.paths.iter().any(|path| change.file.starts_with(path.as_str()));
    let mut drawn: Vec<(u32, &Change)> =
        (1..).zip(&changes).filter(|(id, change)| viable.contains(id) && wanted(change)).collect();
    let all = drawn.len();
    let mut dice = Dice::new(options.seed.number(), 0);
    if options.count > 0 {
        for index in 0..options.count.min(all) {
            let left = u64::try_from(all - index).unwrap_or(1);
            drawn.swap(index, index + usize::try_from(dice.below(left)).unwrap_or(0));
        }
        drawn.truncate(options.count);
    }
    println!("seed {}: {} of {all} changes", options.seed.number(), drawn.len());
    report(&changes, &drawn, &tests);
    Ok(())
}

/// Tries the changes that were drawn, prints those that survive, and how many do not.
fn report(changes: &[Change], drawn: &[(u32, &Change)], tests: &Tests<'_>) {
    let places: Vec<(u32, &str)> = drawn.iter().map(|(id, change)| (*id, change.file.as_str())).collect();
    let verdicts = tests.judge(&places, |id, verdict| match verdict {
        Verdict::Survived => println!("survived: {}", changes[id as usize - 1].name),
        Verdict::Unreached => println!("no test reaches: {}", changes[id as usize - 1].name),
        Verdict::Caught | Verdict::Endless => {}
    });
    let mut crates: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for ((_, change), verdict) in drawn.iter().zip(&verdicts) {
        let name = change.file.split("/src/").next().unwrap_or_default();
        for name in [name, "all"] {
            let [caught, tried] = crates.entry(name).or_default();
            *tried += 1;
            *caught += usize::from(matches!(verdict, Verdict::Caught | Verdict::Endless));
        }
    }
    for (name, [caught, tried]) in crates {
        println!("{name}: caught {caught} of {tried} ({} %)", caught * 100 / tried.max(1));
    }
}

/// Copies what the repository has, with changes that are not committed, over an earlier copy.
fn sources(to: &Path) -> Result<(), Error> {
    let output = Command::new("git").args(["ls-files", "-z"]).output().map_err(file("git ls-files"))?;
    for name in String::from_utf8_lossy(&output.stdout).split_terminator('\0') {
        let place = to.join(name);
        if let Some(folder) = place.parent() {
            std::fs::create_dir_all(folder).map_err(file(name))?;
        }
        if let Ok(target) = std::fs::read_link(name) {
            let _ = std::fs::remove_file(&place);
            std::os::unix::fs::symlink(target, &place).map_err(file(name))?;
            continue;
        }
        // A file that is removed but not committed.
        let Ok(content) = std::fs::read(name) else { continue };
        // Only what is another is written: cargo goes by the times of files.
        if std::fs::read(&place).is_ok_and(|before| before == content) {
            continue;
        }
        std::fs::copy(name, &place).map_err(file(name))?;
    }
    Ok(())
}
