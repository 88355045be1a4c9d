//! The time of validating and of printing findings grows with their number, not with its square.

use std::time::Duration;

use schema::{Document, Schema, check};
use serde_json::json;
use yaml::Limits;

/// Four times the size may take this many times as long: 4 is linear, 16 is quadratic.
const FACTOR: u32 = 9;

/// The processor time of this thread: other programs and tests do not count.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn time(text: &str, findings: usize) -> Duration {
    let tree = yaml::parse("x", text.as_bytes(), &Limits::default()).expect("valid").expect("a document");
    let schema = json!({
        "properties": {
            "words": {"type": "array", "items": {"type": "string"}},
            "users": {"type": "array", "items": {
                "type": "object", "properties": {"name": {"type": "string"}}, "additionalProperties": false,
            }},
            "either": {"type": "array", "items": {"oneOf": [{"type": "string"}, {"type": "array"}]}},
        },
    });
    let schema = Schema::new(&schema);
    let one = || {
        let begun = processor_time();
        let found = check(&schema, &tree);
        let document = Document::new("x", text, &tree);
        let shown: usize = found.iter().map(|finding| document.shown(finding).len()).sum();
        assert!(found.len() >= findings && shown > found.len(), "{} findings", found.len());
        processor_time().saturating_sub(begun)
    };
    (0..3).map(|_| one()).min().expect("three")
}

#[track_caller]
fn linear(text: impl Fn(usize) -> String) {
    let (small, large) = (time(&text(1500), 1500), time(&text(6000), 6000));
    assert!(large < small * FACTOR, "{small:?}, then {large:?}");
}

#[test]
fn wrong_entries_on_lines_of_their_own() {
    linear(|count| format!("words:\n{}", "- 1\n".repeat(count)));
    linear(|count| format!("either:\n{}", "- 1\n".repeat(count)));
    linear(|count| format!("users:\n{}", "- {nmae: x, passwd: y}\n".repeat(count)));
}

#[test]
fn wrong_entries_on_one_line() {
    linear(|count| format!("words: [{}]", "1, ".repeat(count)));
    linear(|count| format!("users: [{}]", "{passwd: y}, ".repeat(count)));
}
