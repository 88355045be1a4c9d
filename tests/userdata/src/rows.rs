//! The rows of the comparison and their cases; and hashes of what both programs make of some of them, so that a change of
//! ours shows without the original.

use oracle::dice::Dice;
use serde_json::{Value, json};

use crate::generate::{handlers, jinja, merge, message, shipped};
use crate::ours;

/// A row: its name, the driver's kind, how many cases.
pub const ROWS: &[(&str, &str, u64)] = &[
    ("user-data", "userdata", 800),
    ("merge-pairs", "pair", 1200),
    ("merge-layers", "layers", 300),
    ("part-handlers", "handlers", 80),
    ("shipped", "shipped", 52 * shipped::SETS),
    ("jinja", "jinja", 400),
    ("basic", "basic", 80),
];

/// A case as the driver reads it.
pub fn case(seed: u64, row: &str, kind: &str, number: u64) -> Value {
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

/// The rows whose results are kept as hashes, and of how many cases: what needs no other program.
pub const KEPT: &[(&str, u64)] =
    &[("user-data", 400), ("merge-pairs", 600), ("merge-layers", 200), ("jinja", 300), ("basic", 80)];

/// The file of the hashes.
pub const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/identical.json");

/// The hash of what this program makes of a case, without the words of warnings and errors, which differ.
pub fn hash(seed: u64, row: &str, number: u64) -> String {
    let kind = ROWS.iter().find(|(name, ..)| *name == row).map_or(row, |(_, kind, _)| kind);
    let case = case(seed, row, kind, number);
    let text = match row {
        "user-data" => {
            let made = ours::process(&message::input(seed, number), &jinja::instance_data());
            made.map(|made| format!("{:?} {:?} {:?}", made.parts, made.message, made.files))
        }
        "merge-pairs" => ours::pair(&case),
        "merge-layers" => ours::layers(&case),
        _ => ours::jinja(case["text"].as_str().unwrap_or_default(), &case["data"]),
    };
    oracle::identical::digest(&text.unwrap_or_else(|_| "refused".to_owned()))
}
