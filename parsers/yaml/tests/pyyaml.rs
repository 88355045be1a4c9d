//! Compares the reader and the writer with PyYAML on thousands of documents.
//!
//! `CLOUD_INIT_ORACLE_DOCUMENTS` and `CLOUD_INIT_ORACLE_SEED` make a longer run, or another one;
//! `CLOUD_INIT_ORACLE_FOLDER` adds every file of a folder as a document.
// A test may start programs and read variables; the ban is for the program's own effects.
#![allow(clippy::disallowed_methods, clippy::print_stderr)]

#[path = "pyyaml/corpus.rs"]
mod corpus;
#[path = "pyyaml/tables.rs"]
mod tables;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use yaml::{Error, ErrorKind, Limits, Node, Span, Value, parse, write};

const ORACLE: &str = include_str!("pyyaml/oracle.py");

/// What PyYAML says of each document.
fn ask(documents: &[Vec<u8>]) -> Vec<Json> {
    let mut questions = tempfile::tempfile().expect("a temporary file");
    for document in documents {
        writeln!(questions, "{}", STANDARD.encode(document)).expect("the questions are written");
    }
    std::io::Seek::rewind(&mut questions).expect("the file can be read from its start");
    let output =
        Command::new("python3").args(["-c", ORACLE]).stdin(questions).output().expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    answers.lines().map(|line| serde_json::from_str(line).expect("an answer is JSON")).collect()
}

/// A value in the oracle's format.
fn encode(value: &Value) -> Json {
    let all = |items: &[Node]| items.iter().map(|item| encode(&item.value)).collect::<Vec<_>>();
    match value {
        Value::Null => json!(["null"]),
        Value::Bool(b) => json!(["bool", b]),
        Value::Int(n) => json!(["int", n.to_string()]),
        Value::BigInt(n) => json!(["int", n.as_str()]),
        Value::Float(f) if f.is_nan() => json!(["float", "nan"]),
        Value::Float(f) => json!(["float", format!("{:016x}", f.to_bits())]),
        Value::Str(text) => json!(["str", text]),
        Value::Binary(bytes) => {
            let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            json!(["binary", hex.concat()])
        }
        Value::Date(date) => json!(["date", date.to_string()]),
        Value::Timestamp(time) => json!(["timestamp", time.to_string()]),
        Value::Seq(items) => json!(["seq", all(items)]),
        Value::Map(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| json!([encode(&key.value), encode(&value.value)]))
                .collect();
            json!(["map", entries])
        }
        Value::Set(members) => {
            let mut members = all(members);
            members.sort_by_key(Json::to_string);
            json!(["set", members])
        }
    }
}

fn spans(node: &Node, out: &mut Vec<Json>) {
    let Span { start, end } = node.span;
    out.push(json!([start.line, start.column, end.line, end.column]));
    match &node.value {
        Value::Seq(items) | Value::Set(items) => items.iter().for_each(|item| spans(item, out)),
        Value::Map(entries) => entries.iter().for_each(|(key, value)| {
            spans(key, out);
            spans(value, out);
        }),
        _ => {}
    }
}

/// The reason, PyYAML's result, and this crate's error.
type Difference = (&'static str, fn(&Json) -> bool, fn(&Error, &Json) -> bool);

/// The intended differences: PyYAML's result for the document, this crate's, and the reason.
const DIFFERENCES: &[Difference] = &[
    (
        "an alias inside the node it names is refused: a tree cannot contain itself",
        |answer| answer["special"] == "recursive" || answer["error"].is_string(),
        |error, _| matches!(error.kind, ErrorKind::RecursiveAlias(_)),
    ),
    (
        "half of a surrogate pair is refused: it is no character and cannot be written to a file",
        |answer| answer["special"] == "lone surrogate" || answer["error"].is_string(),
        |error, _| matches!(&error.kind, ErrorKind::Scan(what) if what.contains("is not a character")),
    ),
    (
        "collections nest 200 deep at most; Python stops at its own recursion limit, somewhat later",
        |_| true,
        |error, _| matches!(error.kind, ErrorKind::Limit { limit: 200, .. }),
    ),
    (
        "of several wrong values the first in the document is reported; PyYAML goes by levels",
        |answer| answer["error"] == "ConstructorError",
        |error, answer| {
            let at = |index| usize::try_from(answer["at"][index].as_u64().unwrap_or(0)).expect("a place");
            matches!(error.kind, ErrorKind::Value(_) | ErrorKind::UnknownTag(_) | ErrorKind::UnhashableKey(_))
                && (error.position.line, error.position.column) < (at(0), at(1))
        },
    ),
];

/// Whether a document is intentionally read differently.
fn known_difference(answer: &Json, ours: &Result<Option<Node>, Error>) -> bool {
    let Err(error) = ours else { return false };
    DIFFERENCES.iter().any(|(_, theirs, ours)| theirs(answer) && ours(error, answer))
}

#[derive(Default)]
struct Tally {
    values: usize,
    errors: usize,
    known: usize,
    spans: usize,
    positions: usize,
    dumps: usize,
    disagreements: Vec<String>,
}

impl Tally {
    fn compare(&mut self, document: &[u8], answer: &Json) {
        let ours = parse("f", document, &Limits::default());
        if known_difference(answer, &ours) {
            self.known += 1;
            return;
        }
        match (&ours, answer.get("value")) {
            (Ok(node), Some(value)) => {
                self.values += 1;
                let found = node.as_ref().map_or(&Value::Null, |node| &node.value);
                self.expect(document, "value", &encode(found), value);
                self.compare_spans(document, node.as_ref(), answer);
                self.compare_dumps(document, found, answer);
            }
            (Err(error), None) if answer.get("error").is_some() => {
                self.errors += 1;
                self.compare_positions(document, error, answer);
            }
            (Ok(_), _) => self.disagree(document, &format!("only PyYAML refuses it: {answer}")),
            (Err(error), _) => {
                self.disagree(document, &format!("only this crate refuses it: {error}\n{answer}"));
            }
        }
    }

    fn compare_spans(&mut self, document: &[u8], node: Option<&Node>, answer: &Json) {
        let mut ours = Vec::new();
        if let Some(node) = node {
            spans(node, &mut ours);
        }
        // Merged and duplicate keys are in PyYAML's graph but not in the value.
        if answer["spans"].as_array().is_some_and(|theirs| theirs.len() == ours.len()) {
            self.spans += 1;
            self.expect(document, "spans", &Json::from(ours), &answer["spans"]);
        }
    }

    fn compare_positions(&mut self, document: &[u8], error: &Error, answer: &Json) {
        if answer["at"].is_array() {
            self.positions += 1;
            let at = json!([error.position.line, error.position.column]);
            self.expect(document, &format!("position of {error} / {}", answer["what"]), &at, &answer["at"]);
            let context = error.context.map_or(Json::Null, |at| json!([at.line, at.column]));
            self.expect(
                document,
                &format!("context of {error} / {}", answer["what"]),
                &context,
                &answer["context"],
            );
        }
    }

    fn compare_dumps(&mut self, document: &[u8], value: &Value, answer: &Json) {
        let default = write::Style::default();
        let unsorted = write::Style {
            indent: 2,
            sort_keys: false,
            explicit_start: false,
            explicit_end: false,
            ..default
        };
        for (name, style) in [("dump", default), ("unsorted", unsorted)] {
            if let Some(theirs) = answer.get(name) {
                self.dumps += 1;
                self.expect(document, name, &Json::from(write::dump(value, &style)), theirs);
            }
        }
    }

    fn expect(&mut self, document: &[u8], what: &str, ours: &Json, theirs: &Json) {
        if ours != theirs {
            self.disagree(document, &format!("{what}:\n  ours   {ours}\n  theirs {theirs}"));
        }
    }

    fn disagree(&mut self, document: &[u8], what: &str) {
        self.disagreements.push(format!("{:?}\n{what}\n", String::from_utf8_lossy(document)));
    }
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The files in a directory, recursively.
fn files(folder: &Path, found: &mut Vec<Vec<u8>>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be listed").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if let Ok(bytes) = std::fs::read(&path) {
            found.push(bytes);
        }
    }
}

#[test]
#[ignore = "needs python3-yaml"]
fn agrees_with_pyyaml() {
    let seed = variable("CLOUD_INIT_ORACLE_SEED").unwrap_or(2009);
    let count = usize::try_from(variable("CLOUD_INIT_ORACLE_DOCUMENTS").unwrap_or(12_000)).expect("a number");
    let mut documents = corpus::documents(seed, count);
    if let Some(folder) = std::env::var_os("CLOUD_INIT_ORACLE_FOLDER") {
        files(Path::new(&folder), &mut documents);
    }
    let answers = ask(&documents);
    assert_eq!(answers.len(), documents.len());
    let mut tally = Tally::default();
    for (document, answer) in documents.iter().zip(&answers) {
        tally.compare(document, answer);
    }
    eprintln!(
        "{} documents: {} values, {} errors, {} known differences; compared {} trees of spans, {} positions of errors, {} dumps",
        documents.len(),
        tally.values,
        tally.errors,
        tally.known,
        tally.spans,
        tally.positions,
        tally.dumps
    );
    let shown = &tally.disagreements[..tally.disagreements.len().min(20)];
    assert!(shown.is_empty(), "{} disagreements:\n\n{}", tally.disagreements.len(), shown.join("\n"));
    assert!(
        tally.values > documents.len() / 4 && tally.errors > documents.len() / 8,
        "the corpus says little"
    );
}
