//! What is printed of a run.

use network_oracle::compare::{Files, ours};
use network_oracle::held::LOSSES;
use network_oracle::known::KNOWN;
use network_oracle::ledger::Ledger;
use network_oracle::raised::RAISED;

use crate::answers::Question;

/// A description and what both write.
pub fn both(question: &Question) {
    let (config, answer) = (&question.config, &question.answer);
    println!("{config:#}\n##### original: {}", answer.error.as_deref().unwrap_or("wrote"));
    files(&answer.files);
    match ours(config, question.output) {
        Ok(own) => {
            println!("##### ours: wrote");
            files(&own);
        }
        Err(error) => println!("##### ours: {error}"),
    }
}

fn files(files: &Files) {
    for (path, (mode, content)) in files {
        println!("# {path} {mode:04o}\n{content}");
    }
}

/// What nothing explains.
pub fn failure(question: &Question, seed: u64, what: &str) {
    let (name, case) = (question.output.name, question.answer.case);
    println!("=== {name} --seed {seed} --case {case}\n{}\n{what}", question.config);
}

/// The outputs, and the rows that explain.
pub fn table(ledger: &Ledger) {
    println!(
        "\n{:<16} {:>6} {:>10} {:>6} {:>7} {:>13} {:>13} {:>9}",
        "output", "cases", "identical", "same", "listed", "held by ours", "lost by both", "different"
    );
    for (name, counts) in &ledger.0 {
        println!(
            "{name:<16} {:>6} {:>10} {:>6} {:>7} {:>13} {:>13} {:>9}",
            counts.cases,
            counts.identical,
            counts.same,
            counts.listed,
            counts.held,
            counts.lost_by_both,
            counts.failed
        );
    }
    println!("\nheld by ours: the original raised, and what is described is looked for in ours.");
    println!("lost by both: parts of descriptions that are neither written nor reported by either.");
    let known = KNOWN.iter().map(|known| (known.name, known.reason, known.outputs));
    rows(ledger, "difference", known);
    rows(ledger, "the original raised", RAISED.iter().map(|row| (row.name, row.reason, row.outputs)));
    rows(ledger, "lost by ours there", LOSSES.iter().map(|row| (row.name, row.reason, row.outputs)));
}

fn rows(
    ledger: &Ledger,
    title: &str,
    rows: impl Iterator<Item = (&'static str, &'static str, &'static [&'static str])>,
) {
    println!("\n{title:<26} {:>6}  reason (outputs)", "times");
    for (name, reason, outputs) in rows {
        let outputs: Vec<String> =
            outputs.iter().map(|output| format!("{output} {}", ledger.met(name, Some(output)))).collect();
        println!("{name:<26} {:>6}  {reason} ({})", ledger.met(name, None), outputs.join(", "));
    }
}
