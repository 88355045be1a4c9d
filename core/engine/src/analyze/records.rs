//! The tables of `analyze show` and `analyze blame`.

use std::fmt::Write as _;

use model::Order as _;
use serde_json::Value;

use super::events::Event;

/// A format with a field that events do not have.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown or missing field '{0}' in the format; known fields: %d %D %E %e %I %n %o %r %t")]
pub struct FormatError(String);

/// The letters of a format and their fields.
const LETTERS: &[(char, &str)] = &[
    ('d', "delta"),
    ('D', "description"),
    ('E', "elapsed"),
    ('e', "event_type"),
    ('I', "indent"),
    ('l', "level"),
    ('n', "name"),
    ('o', "origin"),
    ('r', "result"),
    ('t', "timestamp"),
    ('T', "total_time"),
];

/// A finished event, with its context.
struct Record<'a> {
    finish: &'a Event,
    delta: f64,
    elapsed: f64,
    indent: String,
}

impl<'a> Record<'a> {
    fn new(boot_began: i64, start: &Event, finish: &'a Event) -> Self {
        let seconds = |micros: i64| super::events::float(micros) / 1e6;
        let depth = start.name.matches('/').count();
        Self {
            finish,
            delta: seconds(finish.micros() - start.micros()),
            elapsed: seconds(start.micros() - boot_began),
            indent: format!("|{}`->", " ".repeat(depth.saturating_sub(1))),
        }
    }

    fn word(&self, name: &str) -> Result<String, FormatError> {
        Ok(match name {
            "delta" => format!("{:08.5}", self.delta),
            "elapsed" => format!("{:08.5}", self.elapsed),
            "timestamp" => format!("{:08.5}", self.finish.timestamp),
            "indent" => self.indent.clone(),
            "description" => self.finish.description.clone(),
            "event_type" => self.finish.event_type.clone(),
            "name" => self.finish.name.clone(),
            "origin" => self.finish.origin.clone(),
            "result" if self.finish.result.is_some() => self.finish.result.clone().unwrap_or_default(),
            other => match self.finish.more.get(other) {
                Some(Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
                None => return Err(FormatError(other.to_owned())),
            },
        })
    }

    fn format(&self, format: &str) -> Result<String, FormatError> {
        let mut out = String::new();
        let mut rest = format.chars().peekable();
        while let Some(letter) = rest.next() {
            let name = rest.peek().and_then(|next| LETTERS.iter().find(|(known, _)| known == next));
            match name {
                Some((_, name)) if letter == '%' => {
                    rest.next();
                    out.push_str(&self.word(name)?);
                }
                _ => out.push(letter),
            }
        }
        Ok(out)
    }
}

/// The lines of each boot: each finished event in the given format.
fn boots(events: &[Event], format: &str) -> Result<Vec<Vec<String>>, FormatError> {
    let mut boots = Vec::new();
    let mut lines: Vec<String> = Vec::new();
    let mut began = None;
    let mut total = 0.0;
    let mut open: Vec<&Event> = Vec::new();
    let total_line = |total: f64| format!("Total Time: {total:.5} seconds\n");
    for (index, event) in events.iter().enumerate() {
        if event.is_start() {
            if !lines.is_empty() && event.name == "init-local" {
                lines.push(total_line(total));
                boots.push(std::mem::take(&mut lines));
                (began, total) = (None, 0.0);
            }
            let boot_began = *began.get_or_insert(event.micros());
            match events.get(index + 1) {
                Some(next) if next.name == event.name => {
                    if next.event_type == "finish" {
                        lines.push(Record::new(boot_began, event, next).format(format)?);
                    }
                }
                _ => {
                    lines.push(format!("Starting stage: {}", event.name));
                    open.push(event);
                }
            }
        } else if open.last().is_some_and(|start| start.name == event.name)
            && let (Some(start), Some(boot_began)) = (open.pop(), began)
        {
            let record = Record::new(boot_began, start, event);
            lines.push(record.format("Finished stage: (%n) %d seconds")? + "\n");
            total += record.delta;
        }
    }
    lines.push(total_line(total));
    boots.push(lines);
    Ok(boots)
}

/// All events in order.
pub fn show(events: &[Event], format: &str) -> Result<String, FormatError> {
    let boots = boots(events, format)?;
    let mut out = String::new();
    for (index, lines) in boots.iter().enumerate() {
        let _ = write!(
            out,
            "-- Boot Record {:02} --\n\
             The total time elapsed since completing an event is printed after the \"@\" character.\n\
             The time the event takes is printed after the \"+\" character.\n\n{}\n",
            index + 1,
            lines.join("\n")
        );
    }
    let _ = writeln!(out, "{} boot records analyzed", boots.len());
    Ok(out)
}

/// Events sorted by duration, the longest first.
pub fn blame(events: &[Event]) -> Result<String, FormatError> {
    let boots = boots(events, "     %ds (%n)")?;
    let mut out = String::new();
    for (index, lines) in boots.iter().enumerate() {
        // Stage lines have no leading time. The columns have equal widths, so that text order is time order.
        let mut times: Vec<&str> =
            lines.iter().map(String::as_str).filter(|line| line.starts_with("     ")).collect();
        times.order();
        times.reverse();
        let _ = write!(out, "-- Boot Record {:02} --\n{}\n\n", index + 1, times.join("\n"));
    }
    let _ = writeln!(out, "{} boot records analyzed", boots.len());
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::events::{Surroundings, read};

    const LOG: &str = "\
2017-05-22 18:02:01,088 - util.py[DEBUG]: Cloud-init v. 0.7.9 running 'init-local' at Mon, 22 May 2017 18:02:01 +0000. Up 2.0 seconds.
2017-05-22 18:02:01,100 - handlers.py[DEBUG]: start: init-local/check-cache: attempting to read from cache [check]
2017-05-22 18:02:01,125 - handlers.py[DEBUG]: finish: init-local/check-cache: SUCCESS: no cache found
2017-05-22 18:02:01,200 - handlers.py[DEBUG]: finish: init-local: SUCCESS: searching for local datasources
2017-05-22 18:02:02,000 - handlers.py[DEBUG]: finish: stray: SUCCESS: nothing began it
";

    fn log() -> Vec<Event> {
        read("log", LOG, &Surroundings { year: 2017, date: &|_| None }).expect("events").0
    }

    #[test]
    fn the_layout_is_the_originals() {
        assert_eq!(
            show(&log(), "%I%D @%Es +%ds").expect("known letters"),
            "-- Boot Record 01 --\n\
             The total time elapsed since completing an event is printed after the \"@\" character.\n\
             The time the event takes is printed after the \"+\" character.\n\n\
             Starting stage: init-local\n\
             |`->no cache found @00.01200s +00.02500s\n\
             Finished stage: (init-local) 00.11200 seconds\n\n\
             Total Time: 0.11200 seconds\n\n\
             1 boot records analyzed\n"
        );
        assert_eq!(
            blame(&log()).expect("known letters"),
            "-- Boot Record 01 --\n     00.02500s (init-local/check-cache)\n\n1 boot records analyzed\n"
        );
    }

    #[test]
    fn a_letter_that_no_event_has_is_named() {
        let error = show(&log(), "%l").expect_err("events have no level");
        assert!(error.to_string().contains("'level'"), "{error}");
    }
}
