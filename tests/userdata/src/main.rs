//! Compares user-data, merges and templates with the packaged original over made-up inputs, and prints what agrees.
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
use clap::builder::PossibleValuesParser;
use oracle::dice::Dice;
use oracle::places;
use serde_json::{Value, json};
use userdata_oracle::generate::{handlers, jinja, merge, message, shipped};
use userdata_oracle::known::{KNOWN, explanations};
use userdata_oracle::original::{self, Error};
use userdata_oracle::{compare, ours};

/// A row: its name, the driver's kind, how many cases.
const ROWS: &[(&str, &str, u64)] = &[
    ("user-data", "userdata", 1000),
    ("merge-pairs", "pair", 1600),
    ("merge-layers", "layers", 400),
    ("part-handlers", "handlers", 100),
    ("shipped", "shipped", 52 * shipped::SETS),
    ("jinja", "jinja", 500),
    ("basic", "basic", 100),
];

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
    /// What they are made from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Only this one of each row; prints it
    #[arg(long, value_name = "N")]
    case: Option<u64>,
    /// How many disagreements of each row are printed
    #[arg(long, value_name = "N", default_value_t = 3)]
    shown: usize,
    /// Where the original's root is kept
    #[arg(long, value_name = "DIR", default_value = "target/oracle", value_parser = places::kept)]
    cache: PathBuf,
    /// The agreement that must not fall
    #[arg(long, value_name = "FILE", default_value = "tests/userdata/agreement.json")]
    baseline: PathBuf,
    /// Write the baseline anew
    #[arg(long)]
    update: bool,
}

#[derive(Default)]
struct Row {
    cases: usize,
    same: usize,
    listed: usize,
    different: usize,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("userdata-oracle: {error}");
            ExitCode::from(2)
        }
    }
}

/// A case as the driver reads it.
fn case(seed: u64, row: &str, kind: &str, number: u64) -> Value {
    let mut dice = Dice::new(seed, number);
    let mut case = match row {
        "user-data" => {
            let mut case = message::input(seed, number).json();
            case["data"] = jinja::instance_data();
            case
        }
        "part-handlers" => {
            let mut case = handlers::input(seed, number).json();
            case["data"] = jinja::instance_data();
            case
        }
        "shipped" => shipped::case(seed, number),
        "merge-pairs" => merge::pair(&mut dice),
        "merge-layers" => merge::layers(&mut dice),
        "jinja" => json!({"text": jinja::template(seed, number), "data": jinja::instance_data()}),
        _ => json!({"text": jinja::basic(seed, number), "data": jinja::instance_data()}),
    };
    case["case"] = json!(number);
    case["kind"] = json!(if kind == "basic" { "jinja" } else { kind });
    case
}

/// What differs, and the bytes that the known differences look at.
fn differences(seed: u64, row: &str, case: &Value, answer: &original::Answer) -> (Vec<String>, Vec<u8>) {
    match row {
        "user-data" => {
            let input = message::input(seed, answer.case);
            let own = ours::process(&input, &jinja::instance_data());
            let mut bytes = engine::userdata::maybe_gunzip(&input.user);
            for more in input.files.values().chain(&input.vendor).chain(&input.vendor2) {
                bytes.push(b'\n');
                bytes.extend_from_slice(&engine::userdata::maybe_gunzip(more));
            }
            (compare::userdata(answer, &own), bytes)
        }
        "part-handlers" => {
            let input = handlers::input(seed, answer.case);
            let lines = match (ours::handlers(&input), &answer.error) {
                (Err(error), None) => vec![format!("refused: {error}")],
                (Ok(_), Some(error)) => vec![format!("raised: {error}")],
                (Err(_), Some(_)) => Vec::new(),
                (Ok((processed, told)), None) => {
                    let mut lines = Vec::new();
                    compare::files(answer, &processed, &mut lines);
                    // Types are a set with the original: handlers that have several are told of the end in any order.
                    let sorted = |lines: &[String]| {
                        let mut lines = lines.to_vec();
                        lines.sort();
                        lines
                    };
                    if sorted(&answer.told) != sorted(&told) {
                        lines.push(format!("told: {:#?}\n   ours: {told:#?}", answer.told));
                    }
                    lines
                }
            };
            (lines, input.user)
        }
        "shipped" => {
            let mut answer = answer.clone();
            answer.value = answer.value.as_deref().map(compare::directives);
            let own = ours::shipped(case).map(|text| compare::directives(&text));
            (compare::value(&answer, &own, false), case.to_string().into_bytes())
        }
        "merge-pairs" => (compare::value(answer, &ours::pair(case), true), case.to_string().into_bytes()),
        "merge-layers" => (compare::value(answer, &ours::layers(case), true), case.to_string().into_bytes()),
        _ => {
            let text = case["text"].as_str().unwrap_or_default();
            let own = ours::jinja(text, &case["data"]);
            (compare::value(answer, &own, false), text.as_bytes().to_vec())
        }
    }
}

fn run(options: &Options) -> Result<bool, Error> {
    let root = oracle::root::prepare(&options.cache, "sid")?;
    let lacking = lacking(&root)?;
    for name in &lacking {
        println!("the template {name} of the original is not carried");
    }
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    let mut met: BTreeSet<&str> = BTreeSet::new();
    for &(name, kind, usual) in ROWS {
        if !options.rows.is_empty() && !options.rows.iter().any(|row| row == name) {
            continue;
        }
        let count = usual * options.percent / 100;
        let numbers: Vec<u64> = options.case.map_or_else(|| (0..count).collect(), |case| vec![case]);
        let cases: Vec<Value> =
            numbers.iter().map(|number| case(options.seed, name, kind, *number)).collect();
        let scratch = options.cache.join(format!("userdata-{}", std::process::id()));
        let answers = original::run(&root, &scratch, &cases)?;
        oracle::root::remove(&scratch)?;
        let row = rows.entry(name).or_default();
        let mut shown = 0;
        for (case, answer) in cases.iter().zip(&answers) {
            row.cases += 1;
            let (lines, input) = differences(options.seed, name, case, answer);
            if options.case.is_some() {
                println!("{}\n{answer:#?}", String::from_utf8_lossy(&input));
            }
            if lines.is_empty() {
                row.same += 1;
                continue;
            }
            let known = explanations(name, &input, &lines);
            if !known.is_empty() {
                row.listed += 1;
                met.extend(known.iter().map(|known| known.name));
                continue;
            }
            row.different += 1;
            if shown < options.shown {
                shown += 1;
                let text = String::from_utf8_lossy(&input);
                println!(
                    "=== {name} --seed {} --case {}\n{text}\n--- {}",
                    options.seed,
                    answer.case,
                    lines.join("\n--- ")
                );
            }
        }
    }
    print(&rows);
    let whole = options.case.is_none() && options.percent == 100 && options.rows.is_empty();
    for known in KNOWN.iter().filter(|known| whole && !met.contains(known.name)) {
        println!("the known difference '{}' was not met", known.name);
    }
    Ok(judge(options, &rows, whole)? && lacking.is_empty())
}

/// Templates of the original that this program has not.
fn lacking(root: &std::path::Path) -> Result<Vec<String>, Error> {
    let directory = root.join("etc/cloud/templates");
    let entries = std::fs::read_dir(&directory).map_err(oracle::file("the original's templates"))?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let known = |name: &String| modules::TEMPLATES.iter().any(|(known, _)| format!("{known}.tmpl") == *name);
    Ok(names.filter(|name| !known(name)).collect())
}

fn print(rows: &BTreeMap<&str, Row>) {
    println!("{:14} {:>6} {:>6} {:>7} {:>10}", "row", "cases", "same", "listed", "different");
    for (name, row) in rows {
        println!("{name:14} {:6} {:6} {:7} {:10}", row.cases, row.same, row.listed, row.different);
    }
}

/// Agreement may not fall below what it was.
fn judge(options: &Options, rows: &BTreeMap<&str, Row>, whole: bool) -> Result<bool, Error> {
    if !whole {
        return Ok(rows.values().all(|row| row.different == 0));
    }
    let path = &options.baseline;
    let name = path.display().to_string();
    let now: BTreeMap<&str, usize> = rows.iter().map(|(name, row)| (*name, row.same)).collect();
    if options.update {
        let text = serde_json::to_string_pretty(&now).unwrap_or_default() + "\n";
        std::fs::write(path, text).map_err(oracle::file(name))?;
        return Ok(rows.values().all(|row| row.different == 0));
    }
    let text = std::fs::read_to_string(path).map_err(oracle::file(name))?;
    let before: BTreeMap<String, usize> = serde_json::from_str(&text)
        .map_err(|source| oracle::Error::Baseline { path: path.clone(), source })?;
    let mut good = rows.values().all(|row| row.different == 0);
    for (name, same) in before {
        let now = now.get(name.as_str()).copied().unwrap_or(0);
        if now < same {
            println!("{name}: {now} cases agree, and {same} did");
            good = false;
        }
    }
    Ok(good)
}
