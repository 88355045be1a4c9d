//! Whole runs of `schema` over files, by both programs in the same root: exit codes, what a script may read, and the
//! lines that `--annotate` marks.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::{Value, json};

use oracle::python::SETUP;

use crate::original::Error;
use crate::{Case, Kind};

/// Runs both programs over each file: `/ours` is ours. The original's command is called in this process, which starts
/// once.
const DRIVER: &str = r#"
import contextlib, io, json, logging, os, subprocess, sys
logging.disable(logging.CRITICAL)
from cloudinit.cmd import main
from cloudinit.config import schema
from cloudinit.net import netplan
schema.LIBNETPLAN_AVAILABLE = False
netplan.available = lambda: False
# Ours asks netplan's command, which is not compared here.
for place in ("/usr/sbin/netplan", "/sbin/netplan"):
    with contextlib.suppress(FileNotFoundError):
        os.remove(place)
def original(arguments):
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        sys.argv = ["cloud-init"] + arguments
        try:
            code = main.main() or 0
        except SystemExit as stop:
            code = stop.code or 0
        except BaseException as error:
            return [-1, out.getvalue(), type(error).__name__]
    return [code, out.getvalue(), err.getvalue()]
def ours(arguments):
    done = subprocess.run(["/ours"] + arguments, capture_output=True)
    return [done.returncode, done.stdout.decode(), done.stderr.decode()]
with open("/cases/cases.jsonl") as cases, open("/cases/answers.jsonl", "w") as answers:
    for line in cases:
        case = json.loads(line)
        with open("/tmp/x.yaml", "w", newline="") as text:
            text.write(case["text"])
        arguments = ["schema", "-c", "/tmp/x.yaml"] + case["options"]
        answers.write(json.dumps({"original": original(arguments), "ours": ours(arguments)}) + "\n")
"#;

#[derive(Deserialize)]
struct Pair {
    original: (i32, String, String),
    ours: (i32, String, String),
}

/// How many runs agree, of how many, and how the others differ.
#[derive(Default)]
pub struct Agreement {
    /// Runs.
    pub runs: u64,
    /// Exit codes that agree.
    pub codes: u64,
    /// Runs whose lines for scripts, or marked lines, agree too.
    pub lines: u64,
    /// What differs.
    pub differences: Vec<String>,
}

/// What a script may read: the verdict of standard output, the last word of standard error.
fn for_scripts((code, out, err): &(i32, String, String)) -> Vec<String> {
    let known = ["Valid ", "Invalid ", "Empty ", "Skipping ", "User-data type", "Error: Invalid schema"];
    let mut lines: Vec<String> = vec![code.to_string()];
    lines.extend(
        out.lines()
            .chain(err.lines())
            .filter(|line| known.iter().any(|head| line.starts_with(head)))
            .map(str::to_owned),
    );
    lines
}

/// The numbers of the marked lines, and whether errors or deprecations stand there.
fn marked(out: &str) -> BTreeSet<(usize, char)> {
    let mut found = BTreeSet::new();
    for (number, line) in out.lines().enumerate() {
        if let Some((_, labels)) = line.rsplit_once("\t\t# ") {
            found.extend(labels.split(',').filter_map(|label| Some((number, label.chars().next()?))));
        }
    }
    found
}

/// Runs both over files. `ours` is a program that runs in the root.
pub fn compare(root: &Path, scratch: &Path, ours: &Path, cases: &[Case]) -> Result<Agreement, Error> {
    oracle::root::remove(scratch)?;
    for name in ["cases", "over", "root"] {
        fs::create_dir_all(scratch.join(name)).map_err(oracle::file("scratch"))?;
    }
    let options = |case: &Case, annotate: bool| {
        let mut options: Vec<&str> = Vec::new();
        if case.kind == Kind::Network {
            options.extend(["-t", "network-config"]);
        }
        if annotate {
            options.push("--annotate");
        }
        options
    };
    let runs: Vec<(&Case, bool)> = cases.iter().flat_map(|case| [(case, false), (case, true)]).collect();
    let lines: Vec<Value> = runs
        .iter()
        .map(|(case, annotate)| json!({"text": case.text, "options": options(case, *annotate)}))
        .collect();
    let text: Vec<String> = lines.iter().map(ToString::to_string).collect();
    fs::write(scratch.join("cases/cases.jsonl"), text.join("\n") + "\n").map_err(oracle::file("cases"))?;
    let script = format!(
        "{SETUP}cp \"$4\" ours\nexec chroot . env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 PYTHONWARNINGS=ignore python3 -c \"$3\""
    );
    let output = Command::new("unshare")
        .args(["--mount", "--net", "--propagation", "private", "--", "sh", "-c", &script, "sh"])
        .args([root, scratch])
        .arg(DRIVER)
        .arg(ours)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Error::Process(error.to_string()))?;
    if !output.status.success() {
        return Err(Error::Process(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let answers = fs::read_to_string(scratch.join("cases/answers.jsonl")).map_err(oracle::file("answers"))?;
    oracle::root::remove(scratch)?;
    let mut agreement = Agreement::default();
    for ((case, annotate), line) in runs.iter().zip(answers.lines()) {
        let pair: Pair = serde_json::from_str(line).map_err(Error::Answer)?;
        agreement.add(case, *annotate, &pair);
    }
    Ok(agreement)
}

impl Agreement {
    fn add(&mut self, case: &Case, annotate: bool, Pair { original, ours }: &Pair) {
        self.runs += 1;
        // An exception ends the interpreter with 1, and nothing that it printed before is meant.
        let raised = original.0 == -1;
        let codes = if raised { ours.0 == 1 } else { original.0 == ours.0 };
        let lines = raised
            || for_scripts(original) == for_scripts(ours)
                && (!annotate || marked(&original.1) == marked(&ours.1));
        self.codes += u64::from(codes);
        self.lines += u64::from(codes && lines);
        if !(codes && lines) {
            let mode = if annotate { " --annotate" } else { "" };
            self.differences.push(format!(
                "{}{mode}\n{}\n#### original: {original:?}\n#### ours: {ours:?}",
                case.name, case.text
            ));
        }
    }
}
