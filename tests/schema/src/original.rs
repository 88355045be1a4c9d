//! The packaged original's judgement over all cases, in one process.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

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

/// What runs in namespaces of its own: `$1` the root, `$2` the scratch directory.
const SCRIPT: &str = r#"
set -e
mount -t tmpfs tmpfs "$2/over"
mkdir "$2/over/upper" "$2/over/work"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/over/upper,workdir=$2/over/work" "$2/root"
mkdir -p "$2/root/cases"
mount --bind "$2/cases" "$2/root/cases"
cd "$2/root"
mount -t proc proc proc
mount -t tmpfs tmpfs tmp
exec chroot . env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 PYTHONWARNINGS=ignore python3 -c "$3"
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

fn file(what: &Path) -> impl FnOnce(std::io::Error) -> oracle::Error {
    oracle::file(what.display().to_string())
}

/// Runs a Python driver of the original in an overlay over the root, with a file of lines to read; gives the lines of
/// its answer.
pub fn drive(root: &Path, scratch: &Path, driver: &str, lines: &[Value]) -> Result<Vec<String>, Error> {
    oracle::root::remove(scratch)?;
    for name in ["cases", "over", "root"] {
        fs::create_dir_all(scratch.join(name)).map_err(file(scratch))?;
    }
    let path = scratch.join("cases/cases.jsonl");
    let text: Vec<String> = lines.iter().map(ToString::to_string).collect();
    fs::write(&path, text.join("\n") + "\n").map_err(file(&path))?;
    let output = Command::new("unshare")
        .args(["--mount", "--net", "--propagation", "private", "--", "sh", "-c", SCRIPT, "sh"])
        .args([root, scratch])
        .arg(driver)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Error::Process(error.to_string()))?;
    if !output.status.success() {
        return Err(Error::Process(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let path = scratch.join("cases/answers.jsonl");
    let text = fs::read_to_string(&path).map_err(file(&path))?;
    oracle::root::remove(scratch)?;
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
