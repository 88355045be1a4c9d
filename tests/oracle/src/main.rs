//! Runs the packaged original and ours over the same inputs and counts, per area, what agrees.
//!
//! Both go through the four stages in a chroot over an overlay of one root, in mount, network and process namespaces of
//! their own. What they then left below `/etc`, `/home`, `/var/lib/cloud`, `/run/cloud-init` and what their commands
//! print is compared after [normalisation](normal). Without ours the original is compared with itself, which has to
//! agree wholly: that proves the normalisation.
// A harness around real programs: effects are its business.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "numbers of our own making"
)]

mod agreement;
mod normal;
mod run;
mod tree;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use agreement::Agreement;
use clap::{Parser, ValueEnum};
use oracle::{Error, file, places};
use run::Program;

/// Runs the packaged original and ours over the same inputs and counts what agrees. Needs root.
#[derive(Parser)]
#[command(name = "oracle")]
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
    /// Write the agreement to the baseline
    #[arg(long)]
    update: bool,
    /// Print every difference
    #[arg(long)]
    differences: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Verb {
    /// Run both over the cases and print the agreement per area
    Compare,
    /// Run the original over the cases and print what it left
    Show,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let done = match options.command {
        Verb::Compare => compare(&options),
        Verb::Show => show(&options).map(|()| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("oracle: {error}");
            ExitCode::from(2)
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

fn root(options: &Options) -> Result<PathBuf, Error> {
    match &options.root {
        Some(root) => Ok(root.clone()),
        None => oracle::root::prepare(&options.cache, &options.suite),
    }
}

fn compare(options: &Options) -> Result<bool, Error> {
    let root = root(options)?;
    let other = options.ours.clone().map_or(Program::Original, Program::Ours);
    let mut agreement = Agreement::default();
    for case in cases(options)? {
        let name = case_name(&case);
        let (original, ours) = std::thread::scope(|scope| {
            let original = scope.spawn(|| run::run(&options.cache, "one", &root, &case, &Program::Original));
            let ours = run::run(&options.cache, "other", &root, &case, &other);
            (original.join(), ours)
        });
        let original = original.map_err(|_| Error::Usage(format!("the run of {name} panicked")))??;
        let ours = ours?;
        println!("{name}: original {:.1} s, other {:.1} s", original.seconds, ours.seconds);
        agreement.add(&name, &original.outcome, &ours.outcome);
    }
    if options.differences || other == Program::Original {
        agreement.print_differences();
    }
    agreement.print();
    if other == Program::Original {
        println!(
            "the original compared with itself: {}",
            if agreement.is_whole() { "agrees" } else { "DISAGREES" }
        );
        return Ok(agreement.is_whole());
    }
    if options.update {
        return agreement.write(&options.baseline).map(|()| true);
    }
    // A part of the cases says nothing about the whole.
    if !options.names.is_empty() {
        return Ok(true);
    }
    let fallen = agreement.fallen(&Agreement::read_baseline(&options.baseline)?);
    for line in &fallen {
        println!("{line}");
    }
    Ok(fallen.is_empty())
}

fn show(options: &Options) -> Result<(), Error> {
    let root = root(options)?;
    for case in cases(options)? {
        let result = run::run(&options.cache, "one", &root, &case, &Program::Original)?;
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
