//! Compares user-data, merges and templates with the packaged original over made-up inputs, and prints what agrees.
// A harness around real programs: effects are its business.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "numbers of our own making"
)]

mod tally;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use clap::builder::PossibleValuesParser;
use oracle::dice::Seed;
use oracle::identical::Hashes;
use oracle::places;
use serde_json::Value;
use tally::{Tally, Verdict};
use userdata_oracle::difference::Difference;
use userdata_oracle::generate::{handlers, jinja, message, shipped};
use userdata_oracle::known::{self, Known};
use userdata_oracle::original::{self, Error};
use userdata_oracle::rows::{FILE, KEPT, ROWS, case, hash};
use userdata_oracle::{compare, ours};

/// Runs the packaged original's processing of user-data, merging and templates, and ours, over made-up inputs. Needs root.
#[derive(Parser)]
#[command(name = "userdata-oracle")]
struct Options {
    /// The rows; all of them where none is named
    #[arg(value_name = "ROW", value_parser = PossibleValuesParser::new(ROWS.iter().map(|(row, ..)| *row)))]
    rows: Vec<String>,
    /// How much of each row's usual number of cases
    #[arg(long, value_name = "N", default_value_t = 100)]
    percent: u64,
    /// What they are made from: a number, or `new` for another one in each run
    #[arg(long, value_name = "N", default_value = "1")]
    seed: Seed,
    /// Begin no further row after so many seconds
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Only this one of each row; prints it
    #[arg(long, value_name = "N")]
    case: Option<u64>,
    /// How many disagreements of each row are printed
    #[arg(long, value_name = "N", default_value_t = 3)]
    shown: usize,
    /// Print the disagreements that have a reason, too
    #[arg(long)]
    listed: bool,
    /// Keep the original's answers in this directory, and take those that are there instead of running it
    #[arg(long, value_name = "DIR", value_parser = places::kept)]
    answers: Option<PathBuf>,
    /// Where the original's root is kept
    #[arg(long, value_name = "DIR", default_value = "target/oracle", value_parser = places::kept)]
    cache: PathBuf,
    /// The agreement that must not fall
    #[arg(long, value_name = "FILE", default_value = "tests/userdata/agreement.json")]
    baseline: PathBuf,
    /// Write the counts of this run to the baseline, and the hashes of what both make of the same cases
    #[arg(long)]
    update: bool,
}

/// What differs in a case, beside what it was made from.
#[derive(Default)]
struct Differing {
    differences: Vec<Difference>,
    input: Vec<u8>,
    vendor: Vec<u8>,
    included: Vec<u8>,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("userdata-oracle: {error}");
            match error {
                Error::Harness(error) => error.exit_code(),
                _ => ExitCode::from(2),
            }
        }
    }
}

/// What differs in a case of a seed.
fn differences(seed: u64, row: &str, case: &Value, answer: &original::Answer) -> Differing {
    let whole = |differences, input: Vec<u8>| Differing { differences, input, ..Differing::default() };
    match row {
        "user-data" => {
            let input = message::input(seed, answer.case);
            let own = ours::process(&input, &jinja::instance_data());
            let all = |pieces: &mut dyn Iterator<Item = &Vec<u8>>| {
                let plain: Vec<Vec<u8>> = pieces.map(|piece| engine::userdata::maybe_gunzip(piece)).collect();
                plain.join(&b'\n')
            };
            Differing {
                differences: compare::userdata(answer, &own),
                input: all(&mut std::iter::once(&input.user)),
                vendor: all(&mut input.vendor.iter().chain(&input.vendor2)),
                included: all(&mut input.files.values()),
            }
        }
        "part-handlers" => {
            let input = handlers::input(seed, answer.case);
            whole(compare::handlers(answer, &ours::handlers(&input)), input.user)
        }
        "shipped" => {
            let mut answer = answer.clone();
            answer.value = answer.value.as_deref().map(compare::directives);
            let own = ours::shipped(case).map(|text| compare::directives(&text));
            whole(compare::value(&answer, &own, false), case.to_string().into_bytes())
        }
        "merge-pairs" => {
            whole(compare::value(answer, &ours::pair(case), true), case.to_string().into_bytes())
        }
        "merge-layers" => {
            whole(compare::value(answer, &ours::layers(case), true), case.to_string().into_bytes())
        }
        _ => {
            let text = case["text"].as_str().unwrap_or_default();
            let own = ours::jinja(text, &case["data"]);
            whole(compare::value(answer, &own, false), text.as_bytes().to_vec())
        }
    }
}

fn run(options: &Options) -> Result<bool, Error> {
    let root = oracle::root::prepare(&options.cache, "sid")?;
    let lacking = lacking(&root)?;
    for name in &lacking {
        println!("the template {name} of the original is not compared");
    }
    let seed = options.seed.number();
    println!("--seed {seed}");
    let begun = Instant::now();
    let (mut tally, mut hashes) = (Tally::default(), Hashes::default());
    for &(name, kind, usual) in ROWS {
        if !options.rows.is_empty() && !options.rows.iter().any(|row| row == name) {
            continue;
        }
        if let Some(limit) = options.seconds
            && begun.elapsed().as_secs() >= limit
        {
            println!("{limit} s are over: {name} and what follows is left out");
            break;
        }
        let count = usual * options.percent / 100;
        let numbers: Vec<u64> = options.case.map_or_else(|| (0..count).collect(), |case| vec![case]);
        let cases: Vec<Value> = numbers.iter().map(|number| case(seed, name, kind, *number)).collect();
        let answers = answers(options, seed, &root, name, &cases)?;
        let mut shown = 0;
        for (case, answer) in cases.iter().zip(&answers) {
            let differing = differences(seed, name, case, answer);
            if options.case.is_some() {
                println!("{}\n{answer:#?}", String::from_utf8_lossy(&differing.input));
            }
            let found = known::rows(&known::Case {
                kind: name,
                input: &differing.input,
                vendor: &differing.vendor,
                included: &differing.included,
                differences: &differing.differences,
            });
            let verdict = tally.add(name, &differing.differences, &found);
            let is_kept = KEPT.iter().any(|(row, count)| *row == name && answer.case < *count);
            if is_kept && matches!(verdict, Verdict::Same) && options.update {
                hashes.keep(name, answer.case, hash(seed, name, answer.case));
            }
            let printed = match verdict {
                Verdict::Same => false,
                Verdict::Listed => options.listed,
                Verdict::Different => {
                    shown += 1;
                    shown <= options.shown
                }
            };
            if printed {
                show(seed, name, answer.case, &differing, &found);
            }
        }
    }
    tally.print();
    let whole = options.case.is_none() && options.percent == 100 && options.rows.is_empty();
    let held = tally.is_explained() && lacking.is_empty();
    // Counts are recorded for the fixed seed only.
    if !whole || options.seed != Seed::Fixed(1) {
        return Ok(held);
    }
    if options.update {
        hashes.write(Path::new(FILE))?;
        return tally.write(&options.baseline).map(|()| held);
    }
    let changed = tally.changed(&options.baseline)?;
    for line in &changed {
        println!("{line}");
    }
    Ok(held && changed.is_empty())
}

/// Prints what differs in a case, with the row that covers each place.
fn show(seed: u64, row: &str, case: u64, differing: &Differing, found: &[Option<&Known>]) {
    println!("=== {row} --seed {seed} --case {case}\n{}", String::from_utf8_lossy(&differing.input));
    for (whose, bytes) in [("vendor-data", &differing.vendor), ("included", &differing.included)] {
        if !bytes.is_empty() {
            println!("=== {whose}\n{}", String::from_utf8_lossy(bytes));
        }
    }
    for (difference, known) in differing.differences.iter().zip(found) {
        println!("--- {} {difference}", known.map_or("NO ROW", |known| known.name));
    }
}

/// The original's answers to the cases of a row, in their order.
fn answers(
    options: &Options,
    seed: u64,
    root: &Path,
    row: &str,
    cases: &[Value],
) -> Result<Vec<original::Answer>, Error> {
    let kept = options
        .answers
        .as_ref()
        .map(|directory| directory.join(format!("{row}-{seed}-{}.json", cases.len())));
    if let Some(kept) = kept.as_ref().filter(|kept| kept.exists()) {
        let text = std::fs::read(kept).map_err(oracle::file(kept.display().to_string()))?;
        return serde_json::from_slice(&text).map_err(Error::Answer);
    }
    let scratch = options.cache.join(format!("userdata-{}", std::process::id()));
    let answers = original::run(root, &scratch, cases)?;
    oracle::root::remove(&scratch)?;
    if let Some(kept) = kept {
        let text = serde_json::to_vec(&answers).map_err(Error::Answer)?;
        std::fs::write(&kept, text).map_err(oracle::file(kept.display().to_string()))?;
    }
    Ok(answers)
}

/// Templates of the original that are not compared: this program has none, or is said to be the only one that has.
fn lacking(root: &Path) -> Result<Vec<String>, Error> {
    let directory = root.join("etc/cloud/templates");
    let entries = std::fs::read_dir(&directory).map_err(oracle::file("the original's templates"))?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let is_compared = |name: &String| {
        let name = name.trim_end_matches(".tmpl");
        modules::TEMPLATES.iter().any(|(known, _)| *known == name) && !shipped::is_own(name)
    };
    Ok(names.filter(|name| !is_compared(name)).collect())
}
