//! Which system upstream takes a machine for, by its os-release and the like: the table with which the engine's test
//! compares this program.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Error, file};

const PROGRAM: &str = include_str!("releases.py");

/// A machine. One of a file of `distros` has no other files.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    files: BTreeMap<String, String>,
    /// `NAME RELEASE`, if it is no Linux.
    #[serde(skip_serializing_if = "Option::is_none")]
    kernel: Option<String>,
    #[serde(flatten)]
    answer: Answer,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Answer {
    dist: [String; 3],
    variant: String,
}

/// Whether upstream still says what the table says; with `update` its answers are written.
pub fn compare(root: &Path, scratch: &Path, update: bool) -> Result<bool, Error> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = top.join("core/engine/testdata/releases.json");
    let form = |source| Error::Baseline { path: path.clone(), source };
    let text = std::fs::read(&path).map_err(file(path.display().to_string()))?;
    let mut rows: Vec<Row> = serde_json::from_slice(&text).map_err(form)?;
    let mut cases = Vec::new();
    for row in &rows {
        let mut files = row.files.clone();
        if let Some(name) = &row.file {
            let text =
                std::fs::read_to_string(top.join("distros").join(name)).map_err(file(name.as_str()))?;
            files.insert("/etc/os-release".to_owned(), text);
        }
        let kernel = row.kernel.as_deref().unwrap_or("Linux 6.12");
        cases.push(json!({"files": files, "kernel": kernel}).to_string());
    }
    let told = oracle::python::answers(root, scratch, PROGRAM, &cases)?;
    let mut held = told.lines().count() == rows.len();
    for (row, line) in rows.iter_mut().zip(told.lines()) {
        let answer: Answer = serde_json::from_str(line).map_err(form)?;
        if answer != row.answer {
            println!("{}: {answer:?}, but {:?} is recorded", row.name, row.answer);
            held = false;
        }
        row.answer = answer;
    }
    println!("{} releases", rows.len());
    if update {
        let text = serde_json::to_string_pretty(&rows).map_err(form)? + "\n";
        std::fs::write(&path, text).map_err(file(path.display().to_string()))?;
    }
    Ok(held || update)
}
