//! The packaged original over all cases, by two processes.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The driver: reads cases, calls the original's own functions, tells what came of it.
const DRIVER: &str = include_str!("driver.py");

/// What the original did with a case.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answer {
    /// Its number.
    pub case: u64,
    /// The exception, where it raised one.
    pub error: Option<String>,
    /// The value or text.
    pub value: Option<String>,
    /// Content type, file name, payload, launch indices and strategy of each part.
    #[serde(default)]
    pub parts: Vec<(String, String, String, Vec<String>, String)>,
    /// The processed message.
    pub processed: Option<String>,
    /// Modes and contents of what was written, in base64.
    #[serde(default)]
    pub files: BTreeMap<String, (u32, String)>,
    /// What part handlers told.
    #[serde(default)]
    pub told: Vec<String>,
    /// Its warnings.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// What can go wrong beside disagreement.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The root or a file of the exchange cannot be used, or an option is not one that is known.
    #[error(transparent)]
    Harness(#[from] oracle::Error),
    /// The driver's answer is no answer.
    #[error("the original's answer is not whole: {0}")]
    Answer(serde_json::Error),
    /// A thread of ours panicked.
    #[error("a thread panicked")]
    Thread,
}

/// Runs the original over cases, and gives an answer for each in their order.
///
/// # Errors
///
/// The root cannot be used, or the driver failed as a whole.
pub fn run(root: &Path, scratch: &Path, cases: &[Value]) -> Result<Vec<Answer>, Error> {
    let half = cases.len().div_ceil(2).max(1);
    std::thread::scope(|scope| {
        let halves: Vec<_> = cases
            .chunks(half)
            .enumerate()
            .map(|(number, part)| scope.spawn(move || one(root, &scratch.join(number.to_string()), part)))
            .collect();
        let mut all = Vec::new();
        for part in halves {
            all.extend(part.join().map_err(|_| Error::Thread)??);
        }
        Ok(all)
    })
}

fn one(root: &Path, scratch: &Path, cases: &[Value]) -> Result<Vec<Answer>, Error> {
    let lines: Vec<String> = cases.iter().map(Value::to_string).collect();
    let text = oracle::python::answers(root, scratch, DRIVER, &lines)?;
    text.lines().map(|line| serde_json::from_str(line).map_err(Error::Answer)).collect()
}
