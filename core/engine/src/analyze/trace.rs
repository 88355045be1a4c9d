//! A trace in Chrome's JSON format, which Perfetto (ui.perfetto.dev) opens.
//!
//! See "Trace Event Format": complete events (`ph: X`) with `ts` and `dur` in microseconds; metadata events (`ph: M`)
//! name processes and threads.

use serde_json::{Value, json};

use super::spans::{Boot, Outcome};

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "SUCCESS",
        Outcome::Warning => "WARN",
        Outcome::Failure => "FAIL",
        Outcome::Open => "unfinished",
    }
}

/// The trace of all boots: a process for each boot, with a thread for each stage.
pub fn trace(boots: &[Boot]) -> String {
    let mut events: Vec<Value> = Vec::new();
    for (index, boot) in boots.iter().enumerate() {
        let pid = index + 1;
        let name = format!("cloud-init, boot {pid}");
        events.push(json!({"ph": "M", "name": "process_name", "pid": pid, "args": {"name": name}}));
        let mut stages: Vec<&str> = Vec::new();
        for span in &boot.spans {
            let known = stages.iter().position(|stage| *stage == span.stage());
            let tid = known.map_or(stages.len() + 1, |position| position + 1);
            if known.is_none() {
                stages.push(span.stage());
                events.push(json!({
                    "ph": "M", "name": "thread_name", "pid": pid, "tid": tid, "args": {"name": span.stage()}
                }));
            }
            events.push(json!({
                "ph": "X",
                "name": span.label(),
                "cat": if span.depth() == 0 { "stage" } else { "step" },
                "pid": pid,
                "tid": tid,
                "ts": span.start,
                "dur": span.end - span.start,
                "args": {"name": span.name, "description": span.description, "result": word(span.outcome)},
            }));
        }
    }
    crate::json::dumps(&json!({"displayTimeUnit": "ms", "traceEvents": events}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::Span;

    #[test]
    fn every_span_is_a_complete_event() {
        let span = |name: &str, start, end| Span {
            name: name.into(),
            description: "d".into(),
            start,
            end,
            outcome: Outcome::Success,
        };
        let boot = Boot { spans: vec![span("init-local", 10, 50), span("init-local/x", 20, 30)] };
        let document: Value = serde_json::from_str(&trace(&[boot])).expect("JSON");
        let complete: Vec<(&str, i64, i64)> = document["traceEvents"]
            .as_array()
            .expect("a list")
            .iter()
            .filter(|event| event["ph"] == "X")
            .map(|event| {
                let number = |key: &str| event[key].as_i64().expect("a number");
                (event["name"].as_str().expect("a name"), number("ts"), number("dur"))
            })
            .collect();
        assert_eq!(complete, [("init-local", 10, 40), ("x", 20, 10)]);
    }

    /// "Trace Event Format": processes and threads are named by metadata events.
    #[test]
    fn boots_are_processes_and_stages_are_threads() {
        let span = |name: &str, outcome| Span {
            name: name.into(),
            description: "d".into(),
            start: 1,
            end: 2,
            outcome,
        };
        let first = Boot {
            spans: vec![
                span("init-local", Outcome::Success),
                span("init", Outcome::Failure),
                span("init/x", Outcome::Warning),
                span("init-local/y", Outcome::Open),
            ],
        };
        let second = Boot { spans: vec![span("init-local", Outcome::Success)] };
        let document: Value = serde_json::from_str(&trace(&[first, second])).expect("JSON");
        let events = document["traceEvents"].as_array().expect("a list");
        let shown: Vec<String> = events
            .iter()
            .map(|event| {
                let name = event["args"]["name"].as_str().expect("a name");
                let rest =
                    [&event["cat"], &event["args"]["result"]].map(|value| value.as_str().unwrap_or("-"));
                format!(
                    "{} {} {} {name} {}",
                    event["ph"].as_str().expect("text"),
                    event["pid"],
                    event["tid"],
                    rest.join(" ")
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "M 1 null cloud-init, boot 1 - -",
                "M 1 1 init-local - -",
                "X 1 1 init-local stage SUCCESS",
                "M 1 2 init - -",
                "X 1 2 init stage FAIL",
                "X 1 2 init/x step WARN",
                "X 1 1 init-local/y step unfinished",
                "M 2 null cloud-init, boot 2 - -",
                "M 2 1 init-local - -",
                "X 2 1 init-local stage SUCCESS",
            ]
        );
    }
}
