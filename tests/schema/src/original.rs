//! The packaged original's judgement over all cases, in one process.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::Case;

/// The driver: reads cases, calls the function that the command calls, tells what it found. netplan's library is left
/// out: it judges in the place of the schema where it is there, and no other program has it.
const DRIVER: &str = r#"
import json, logging
logging.disable(logging.CRITICAL)
import yaml
from cloudinit.config import schema
from cloudinit.net import netplan
schema.LIBNETPLAN_AVAILABLE = False
netplan.available = lambda: False
cloud = schema.get_schema()
def judge(case):
    try:
        config = yaml.safe_load(case["text"])
    except yaml.YAMLError:
        return {"verdict": "no-yaml"}
    if not isinstance(config, dict):
        return {"verdict": "no-mapping"}
    try:
        if case["kind"] == "cloud":
            schema.validate_cloudconfig_schema(config, schema=cloud, strict=True)
        else:
            schema.validate_cloudconfig_schema(
                config, schema_type=schema.SchemaType.NETWORK_CONFIG, strict=True)
    except schema.SchemaValidationError as error:
        found = {"verdict": "invalid" if error.has_errors() else "deprecated"}
        for key, problems in (("errors", error.schema_errors), ("deprecations", error.schema_deprecations)):
            found[key] = sorted({problem.path for problem in problems or []})
            found[key + "_told"] = [problem.format() for problem in problems or []]
        return found
    return {"verdict": "valid"}
with open("/cases/cases.jsonl") as cases, open("/cases/answers.jsonl", "w") as answers:
    for line in cases:
        try:
            answer = judge(json.loads(line))
        except Exception as error:
            answer = {"verdict": "raised", "errors_told": ["%s: %s" % (type(error).__name__, error)]}
        answers.write(json.dumps(answer) + "\n")
"#;

/// A verdict on a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing is wrong.
    Valid,
    /// Nothing is wrong, and something is old.
    Deprecated,
    /// Something is wrong.
    Invalid,
    /// It is no YAML.
    NoYaml,
    /// It is no mapping.
    NoMapping,
    /// The program stumbled over it.
    Raised,
}

/// What was said about a document.
#[derive(Debug, Clone, Deserialize)]
pub struct Answer {
    /// The verdict.
    pub verdict: Verdict,
    /// The places of errors.
    #[serde(default)]
    pub errors: BTreeSet<String>,
    /// The places of deprecations.
    #[serde(default)]
    pub deprecations: BTreeSet<String>,
    /// The errors in words.
    #[serde(default)]
    pub errors_told: Vec<String>,
    /// The deprecations in words.
    #[serde(default)]
    pub deprecations_told: Vec<String>,
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
    /// The original's process failed.
    #[error("the original could not be run: {0}; it needs root")]
    Process(String),
}

/// Runs a Python driver of the original, with lines to read; gives the lines of its answer.
pub fn drive(root: &Path, scratch: &Path, driver: &str, lines: &[Value]) -> Result<Vec<String>, Error> {
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    let text = oracle::python::answers(root, scratch, driver, &lines)?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// The original's answers, in the order of the cases, by two processes.
pub fn judge(root: &Path, cache: &Path, cases: &[Case]) -> Result<Vec<Answer>, Error> {
    let half = cases.len().div_ceil(2).max(1);
    std::thread::scope(|scope| {
        let halves: Vec<_> = cases
            .chunks(half)
            .enumerate()
            .map(|(number, part)| {
                let scratch = cache.join(format!("schema-{}-{number}", std::process::id()));
                scope.spawn(move || {
                    let lines: Vec<Value> =
                        part.iter().map(|case| json!({"kind": case.kind, "text": case.text})).collect();
                    drive(root, &scratch, DRIVER, &lines)
                })
            })
            .collect();
        let mut all = Vec::new();
        for part in halves {
            let lines = part.join().map_err(|_| Error::Process("a thread panicked".into()))??;
            for line in lines {
                all.push(serde_json::from_str(&line).map_err(Error::Answer)?);
            }
        }
        Ok(all)
    })
}
