//! The original's answers to the descriptions of a run.

use std::io::Write as _;
use std::ops::Range;
use std::path::Path;

use network_oracle::Output;
use network_oracle::generate::{description, simple};
use network_oracle::original::{self, Answer, Error};
use serde_json::Value;

use crate::Options;

/// A description, an output and what the original made of it.
pub struct Question {
    /// The description.
    pub config: Value,
    /// The output.
    pub output: Output,
    /// The original's answer.
    pub answer: Answer,
}

/// Asks about descriptions of these numbers, or reads what the original answered before.
pub fn ask(options: &Options, range: Range<u64>) -> Result<Vec<Question>, Error> {
    let seed = options.seed.number();
    let make = |output: Output| if output.simple { simple } else { description };
    let answers = match &options.answers {
        Some(path) if path.exists() => read(path, &label(options))?,
        kept => {
            let mut all = Vec::new();
            for which in [false, true] {
                let outputs: Vec<Output> =
                    options.outputs.iter().copied().filter(|output| output.simple == which).collect();
                let Some(first) = outputs.first() else { continue };
                let cases: Vec<(u64, Value)> =
                    range.clone().map(|case| (case, make(*first)(seed, case))).collect();
                all.extend(both_halves(options, &cases, &outputs)?);
            }
            if let Some(path) = kept {
                write(path, &label(options), &all)?;
            }
            all
        }
    };
    let with_output = answers.into_iter().filter_map(|answer| {
        let output = *options.outputs.iter().find(|output| output.name == answer.output)?;
        Some(Question { config: make(output)(seed, answer.case), output, answer })
    });
    Ok(with_output.collect())
}

/// The original by two processes.
fn both_halves(options: &Options, cases: &[(u64, Value)], outputs: &[Output]) -> Result<Vec<Answer>, Error> {
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

/// The first line of kept answers: to which questions they are.
fn label(options: &Options) -> String {
    let outputs: Vec<&str> = options.outputs.iter().map(|output| output.name).collect();
    format!("seed {}, {} cases, {}", options.seed.number(), options.cases, outputs.join(" "))
}

fn read(path: &Path, label: &str) -> Result<Vec<Answer>, Error> {
    let text = std::fs::read_to_string(path).map_err(oracle::file(path.display().to_string()))?;
    let mut lines = text.lines();
    if lines.next() != Some(label) {
        return Err(Error::Process(format!("{}: these are answers to other questions", path.display())));
    }
    lines.map(|line| serde_json::from_str(line).map_err(Error::Answer)).collect()
}

fn write(path: &Path, label: &str, answers: &[Answer]) -> Result<(), Error> {
    let refused = || oracle::file(path.display().to_string());
    let mut file = std::fs::File::create(path).map_err(refused())?;
    let mut text = format!("{label}\n");
    for answer in answers {
        text.push_str(&serde_json::to_string(answer).map_err(Error::Answer)?);
        text.push('\n');
    }
    file.write_all(text.as_bytes()).map_err(refused())?;
    Ok(())
}
