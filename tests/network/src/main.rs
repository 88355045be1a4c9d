//! Compares the renderers with the packaged original over made-up descriptions, and prints what agrees.
// A harness around real programs: effects are its business.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "numbers of our own making"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use network_oracle::compare::{Likeness, compare, ours};
use network_oracle::generate::{description, simple};
use network_oracle::known::{KNOWN, explanations};
use network_oracle::original::{self, Answer, Error};
use network_oracle::{OUTPUTS, Output};
use oracle::places;
use serde_json::Value;

/// Runs the packaged original's net-convert and ours over made-up network descriptions. Needs root.
#[derive(Parser)]
#[command(name = "network-oracle")]
struct Options {
    /// The outputs; all of them where none is named
    #[arg(value_name = "OUTPUT", value_parser = original::output)]
    outputs: Vec<Output>,
    /// How many descriptions, half of them of each version
    #[arg(long, value_name = "N", default_value_t = 2000)]
    cases: u64,
    /// What they are made from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Only this one; prints it and what both write
    #[arg(long, value_name = "N")]
    case: Option<u64>,
    /// How many disagreements are printed
    #[arg(long, value_name = "N", default_value_t = 5)]
    shown: usize,
    /// Where the original's root is kept
    #[arg(long, value_name = "DIR", default_value = "target/oracle", value_parser = places::kept)]
    cache: PathBuf,
}

#[derive(Default)]
struct Row {
    cases: usize,
    identical: usize,
    same: usize,
    listed: usize,
    raised: usize,
    refused: usize,
    different: usize,
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

/// The original over all cases, by two processes.
fn answers(options: &Options, cases: &[(u64, Value)], outputs: &[Output]) -> Result<Vec<Answer>, Error> {
    let root = oracle::root::prepare(&options.cache, "sid")?;
    let half = cases.len().div_ceil(2);
    let scratch = |number: usize| options.cache.join(format!("network-{}-{number}", std::process::id()));
    let root = &root;
    std::thread::scope(|scope| {
        let halves: Vec<_> = cases
            .chunks(half.max(1))
            .enumerate()
            .map(|(number, part)| scope.spawn(move || original::run(root, &scratch(number), part, outputs)))
            .collect();
        let mut all = Vec::new();
        for part in halves {
            all.extend(part.join().map_err(|_| Error::Process("a thread panicked".into()))??);
        }
        Ok(all)
    })
}

fn run(options: &Options) -> Result<bool, Error> {
    let numbers: Vec<u64> = options.case.map_or_else(|| (0..options.cases).collect(), |case| vec![case]);
    println!("seed {}, {} descriptions", options.seed, numbers.len());
    let mut answers: Vec<(Answer, Output, Value)> = Vec::new();
    for which in [false, true] {
        let outputs: Vec<Output> =
            options.outputs.iter().copied().filter(|output| output.simple == which).collect();
        let make = if which { simple } else { description };
        let cases: Vec<(u64, Value)> =
            numbers.iter().map(|case| (*case, make(options.seed, *case))).collect();
        let by_number: BTreeMap<u64, &Value> = cases.iter().map(|(case, config)| (*case, config)).collect();
        if outputs.is_empty() {
            continue;
        }
        for answer in self::answers(options, &cases, &outputs)? {
            let output = outputs.iter().find(|output| output.name == answer.output);
            if let (Some(output), Some(config)) = (output, by_number.get(&answer.case)) {
                let config = (*config).clone();
                answers.push((answer, *output, config));
            }
        }
    }
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    let mut met: BTreeSet<&str> = BTreeSet::new();
    let mut shown = 0;
    let mut exceptions: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (answer, output, config) in &answers {
        let output = *output;
        let row = rows.entry(output.name).or_default();
        row.cases += 1;
        let own = ours(config, output);
        if options.case.is_some() {
            show(config, answer, own.as_ref());
        }
        let difference = match (&answer.error, own) {
            (Some(exception), own) => {
                *if own.is_ok() { &mut row.raised } else { &mut row.refused } += 1;
                exceptions.entry(sorted_out(exception)).or_default().push(answer.case);
                continue;
            }
            (None, Err(error)) => format!("ours refuses: {error}"),
            (None, Ok(files)) => match compare(output, &answer.files, &files) {
                Likeness::Identical => {
                    row.identical += 1;
                    continue;
                }
                Likeness::Same => {
                    row.same += 1;
                    continue;
                }
                Likeness::Different(difference) => difference,
            },
        };
        let known = explanations(config, output, &difference);
        if !known.is_empty() {
            row.listed += 1;
            met.extend(known.iter().map(|known| known.name));
            continue;
        }
        row.different += 1;
        if shown < options.shown {
            shown += 1;
            println!(
                "=== {} --seed {} --case {}\n{config}\n{difference}",
                output.name, options.seed, answer.case
            );
        }
    }
    let stale = stale(options, &met);
    print(&rows);
    for (exception, cases) in &exceptions {
        println!("the original raised {} times, first at --case {}: {exception}", cases.len(), cases[0]);
    }
    Ok(rows.values().all(|row| row.different == 0) && !stale)
}

/// An exception without what differs from case to case.
fn sorted_out(exception: &str) -> String {
    let line = exception.lines().next().unwrap_or_default();
    let plain = line.split(['{', '\'', '"']).next().unwrap_or_default();
    plain.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).take(100).collect()
}

fn show(config: &Value, answer: &Answer, own: Result<&network_oracle::compare::Files, &String>) {
    println!("{config:#}\n##### original: {}", answer.error.as_deref().unwrap_or("wrote"));
    for (path, (mode, content)) in &answer.files {
        println!("# {path} {mode:04o}\n{content}");
    }
    println!("##### ours: {}", own.err().map_or("wrote", String::as_str));
    for (path, (mode, content)) in own.into_iter().flatten() {
        println!("# {path} {mode:04o}\n{content}");
    }
}

/// Tells of listed disagreements that no case has shown; only a whole run can say so.
fn stale(options: &Options, met: &BTreeSet<&str>) -> bool {
    let whole = options.case.is_none() && options.cases >= 1200 && options.outputs.len() == OUTPUTS.len();
    let stale: Vec<&str> =
        KNOWN.iter().map(|known| known.name).filter(|name| whole && !met.contains(name)).collect();
    for name in &stale {
        println!("{name}: listed as a known difference, but no description shows it any more");
    }
    !stale.is_empty()
}

fn print(rows: &BTreeMap<&str, Row>) {
    println!(
        "\n{:<16} {:>6} {:>10} {:>6} {:>7} {:>12} {:>13} {:>9}",
        "output", "cases", "identical", "same", "listed", "only ours", "both refuse", "different"
    );
    for (name, row) in rows {
        println!(
            "{name:<16} {:>6} {:>10} {:>6} {:>7} {:>12} {:>13} {:>9}",
            row.cases, row.identical, row.same, row.listed, row.raised, row.refused, row.different
        );
    }
}
