//! Combines events into spans, boot by boot.

use super::events::Event;

/// The result of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Success.
    Success,
    /// Finished with warnings.
    Warning,
    /// Failed.
    Failure,
    /// Unknown: a power cut, or the stage is still running.
    Open,
}

/// A span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// `init-local`, `init-local/check-cache`, …
    pub name: String,
    /// The description, from its end.
    pub description: String,
    /// Start, in microseconds since 1970.
    pub start: i64,
    /// End, in microseconds since 1970.
    pub end: i64,
    /// The result.
    pub outcome: Outcome,
}

impl Span {
    /// The stage it belongs to.
    pub fn stage(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// The depth: 0 for a stage, 1 for a step of it, …
    pub fn depth(&self) -> usize {
        self.name.matches('/').count()
    }

    /// The name without the stage.
    pub fn label(&self) -> &str {
        self.name.split_once('/').map_or(self.name.as_str(), |(_, label)| label)
    }
}

/// The spans of one boot, in the order in which they started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Boot {
    /// Stages and their steps.
    pub spans: Vec<Span>,
}

impl Boot {
    /// The start of the first span, in microseconds since 1970.
    pub fn start(&self) -> i64 {
        self.spans.iter().map(|span| span.start).min().unwrap_or_default()
    }

    /// The end of the last span.
    pub fn end(&self) -> i64 {
        self.spans.iter().map(|span| span.end).max().unwrap_or_default()
    }
}

/// The boots in a log. Each starts with init-local.
pub fn boots(events: &[Event]) -> Vec<Boot> {
    let mut boots = Vec::new();
    let mut boot = Boot::default();
    // Indexes of open spans.
    let mut open: Vec<usize> = Vec::new();
    let mut last = 0;
    for event in events {
        let at = event.micros();
        if event.is_start() {
            // The banner of a stage and its first event both start it.
            let twin = boot.spans.last().is_some_and(|span| span.name == event.name);
            if twin && open.last() == Some(&(boot.spans.len() - 1)) {
                continue;
            }
            if event.name == "init-local" && !boot.spans.is_empty() {
                close(&mut boot, &mut open, last);
                boots.push(std::mem::take(&mut boot));
            }
            open.push(boot.spans.len());
            boot.spans.push(Span {
                name: event.name.clone(),
                description: event.description.clone(),
                start: at,
                end: at,
                outcome: Outcome::Open,
            });
        } else if let Some(position) = open.iter().rposition(|index| boot.spans[*index].name == event.name) {
            // Steps that never finished end with their stage at the latest.
            for index in open.drain(position + 1..) {
                boot.spans[index].end = at;
            }
            if let Some(index) = open.pop() {
                let span = &mut boot.spans[index];
                span.end = at.max(span.start);
                span.description.clone_from(&event.description);
                span.outcome = match event.result.as_deref() {
                    Some("FAIL") => Outcome::Failure,
                    Some("WARN") => Outcome::Warning,
                    _ => Outcome::Success,
                };
            }
        }
        last = at;
    }
    close(&mut boot, &mut open, last);
    if !boot.spans.is_empty() {
        boots.push(boot);
    }
    boots
}

fn close(boot: &mut Boot, open: &mut Vec<usize>, at: i64) {
    for index in open.drain(..) {
        let span = &mut boot.spans[index];
        span.end = at.max(span.start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::events::{Surroundings, read};

    #[test]
    fn boots_and_what_was_cut_off() {
        let line = |second: u32, text: &str| {
            format!("2017-05-22 18:02:{second:02},000 - handlers.py[DEBUG]: {text}\n")
        };
        let log = [
            line(1, "start: init-local: local"),
            line(1, "start: init-local: local"),
            line(2, "start: init-local/a: a"),
            line(4, "finish: init-local/a: WARN: a is odd"),
            line(5, "start: init-local/b: b"),
            line(6, "start: init-local: local"),
            line(8, "finish: init-local: FAIL: failed"),
        ]
        .concat();
        let (events, _) = read("log", &log, &Surroundings { year: 2017, date: &|_| None }).expect("events");
        let shown: Vec<Vec<(String, i64, Outcome)>> = boots(&events)
            .iter()
            .map(|boot| {
                let took = |span: &Span| (span.end - span.start) / 1_000_000;
                boot.spans.iter().map(|span| (span.name.clone(), took(span), span.outcome)).collect()
            })
            .collect();
        let span = |name: &str, seconds, outcome| (name.to_owned(), seconds, outcome);
        assert_eq!(
            shown,
            [
                // A power cut while b was running.
                vec![
                    span("init-local", 4, Outcome::Open),
                    span("init-local/a", 2, Outcome::Warning),
                    span("init-local/b", 0, Outcome::Open),
                ],
                vec![span("init-local", 2, Outcome::Failure)],
            ]
        );
    }
}
