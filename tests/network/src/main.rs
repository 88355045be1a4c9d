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

use network_oracle::compare::{Likeness, compare, ours};
use network_oracle::generate::{description, simple};
use network_oracle::known::{KNOWN, explanations};
use network_oracle::original::{self, Answer, Error};
use network_oracle::{OUTPUTS, Output};
use oracle::Error::Usage;
use serde_json::Value;

const HELP: &str = "\
Runs the packaged original's net-convert and ours over made-up network descriptions. Needs root.

Usage: network-oracle [OPTIONS] [OUTPUT...]

  --cases N            how many descriptions, half of them of each version (default: 2000)
  --seed N             what they are made from (default: 1)
  --case N             only this one; prints it and what both write
  --shown N            how many disagreements are printed (default: 5)
  --cache DIR          where the original's root is kept (default: target/oracle)
";

struct Options {
    cases: u64,
    seed: u64,
    case: Option<u64>,
    shown: usize,
    cache: PathBuf,
    outputs: Vec<Output>,
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
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match parse(&arguments).and_then(|options| run(&options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("network-oracle: {error}");
            ExitCode::from(2)
        }
    }
}

fn parse(arguments: &[String]) -> Result<Options, Error> {
    let mut options = Options {
        cases: 2000,
        seed: 1,
        case: None,
        shown: 5,
        cache: PathBuf::from("target/oracle"),
        outputs: Vec::new(),
    };
    let mut names = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| Usage(format!("{argument} needs a value")));
        let number = |text: &String| text.parse().map_err(|_| Usage(format!("{text} is no number")));
        match argument.as_str() {
            "--cases" => options.cases = number(value()?)?,
            "--seed" => options.seed = number(value()?)?,
            "--case" => options.case = Some(number(value()?)?),
            "--shown" => options.shown = number(value()?)? as usize,
            "--cache" => options.cache = value()?.into(),
            option if option.starts_with('-') => {
                return Err(Usage(format!("{option} is not an option")).into());
            }
            name => names.push(name.to_owned()),
        }
    }
    options.outputs = original::outputs(&names)?;
    let cache = &options.cache;
    std::fs::create_dir_all(cache)
        .and_then(|()| std::fs::canonicalize(cache))
        .map(|whole| options.cache = whole)
        .map_err(oracle::file("cache"))?;
    Ok(options)
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
