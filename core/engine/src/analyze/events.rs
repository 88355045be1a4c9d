//! Reads events from a log.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// The start or the end of a step, in upstream's format.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// `init-local`, `init-local/check-cache`, …
    pub name: String,
    /// A description.
    #[serde(default)]
    pub description: String,
    /// Seconds since 1970.
    pub timestamp: f64,
    /// Always `cloudinit` for events from a log.
    #[serde(default)]
    pub origin: String,
    /// `start` or `finish`.
    pub event_type: String,
    /// `SUCCESS`, `WARN` or `FAIL`, for a finish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Other fields of a dump.
    #[serde(flatten)]
    pub more: serde_json::Map<String, Value>,
}

impl Event {
    /// Whether this is a start.
    pub fn is_start(&self) -> bool {
        self.event_type == "start"
    }

    /// Microseconds since 1970.
    #[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
    pub fn micros(&self) -> i64 {
        (self.timestamp * 1e6).round_ties_even() as i64
    }
}

/// Microseconds as a number to divide.
#[expect(clippy::cast_precision_loss, reason = "below 2^53 they are exact: 285 years")]
pub(super) fn float(micros: i64) -> f64 {
    micros as f64
}

/// A log that cannot be analyzed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EventsError {
    /// The log is empty.
    #[error("Empty file {0}")]
    Empty(String),
    /// The log is JSON, but not a list of events.
    #[error("{name}: event {index}: {reason}")]
    NoEvent {
        /// The file.
        name: String,
        /// The index in the list, from 0.
        index: usize,
        /// What is wrong.
        reason: String,
    },
}

/// What is known about the present, in addition to the log.
pub struct Surroundings<'a> {
    /// The current year, which syslog lines lack.
    pub year: i32,
    /// Parses a time in another format, like date(1), to seconds since 1970.
    pub date: &'a dyn Fn(&str) -> Option<f64>,
}

/// The events of a log, or of the JSON that [`dump`] wrote, and the number of skipped lines.
pub fn read(
    name: &str,
    text: &str,
    surroundings: &Surroundings<'_>,
) -> Result<(Vec<Event>, usize), EventsError> {
    if text.trim().is_empty() {
        return Err(EventsError::Empty(name.to_owned()));
    }
    if let Ok(Value::Array(items)) = serde_json::from_str::<Value>(text)
        && !items.is_empty()
    {
        let event = |(index, item)| {
            serde_json::from_value(item).map_err(|error| EventsError::NoEvent {
                name: name.to_owned(),
                index,
                reason: model::config::json_reason(&error),
            })
        };
        return Ok((items.into_iter().enumerate().map(event).collect::<Result<_, _>>()?, 0));
    }
    let (mut events, mut skipped) = (Vec::new(), 0);
    for line in text.lines() {
        if !["start:", "finish:", "Cloud-init v."].iter().any(|mark| line.contains(mark)) {
            continue;
        }
        match line_event(line, surroundings) {
            Parsed::Event(event) => events.push(event),
            Parsed::Other => {}
            Parsed::Broken => skipped += 1,
        }
    }
    Ok((events, skipped))
}

/// The events as JSON.
pub fn dump(events: &[Event]) -> String {
    crate::json::dumps(&serde_json::to_value(events).unwrap_or_default())
}

enum Parsed {
    Event(Event),
    /// A line that is not an event.
    Other,
    Broken,
}

/// Separators of time and event: our own lines, syslog's, and those of Amazon Linux 2.
const SEPARATORS: &[&str] = &[" - ", " [CLOUDINIT] ", " cloud-init["];

fn stage_description(stage: &str) -> Option<&'static str> {
    Some(match stage {
        "init-local" => "starting search for local datasources",
        "init-network" | "init" => "searching for network datasources",
        "modules-config" => "running config modules",
        "modules-final" => "finalizing modules",
        "modules" | "modules-init" => "running modules for",
        "single" => "running single module ",
        _ => return None,
    })
}

fn line_event(line: &str, surroundings: &Surroundings<'_>) -> Parsed {
    let Some((separator, (head, rest))) =
        SEPARATORS.iter().find_map(|separator| Some((*separator, line.split_once(separator)?)))
    else {
        return Parsed::Other;
    };
    let Some((stamp, text)) = stamp_and_text(head, rest, separator == SEPARATORS[2]) else {
        return Parsed::Broken;
    };
    let (event_type, name, description) = if let Some((_, banner)) = text.split_once("Cloud-init v.") {
        let Some((_, running)) = banner.split_once("running") else { return Parsed::Other };
        let Some((stage, _)) = running.trim_start().split_once(" at ") else { return Parsed::Broken };
        let stage = stage.replace('\'', "").replace(':', "-");
        let stage = if stage == "init" { "init-network".to_owned() } else { stage };
        let Some(description) = stage_description(&stage) else { return Parsed::Broken };
        ("start".to_owned(), stage, description.to_owned())
    } else {
        // `handlers.py[DEBUG]: finish: modules-final: SUCCESS: running modules for final`
        let mut words = text.split_whitespace().skip(1);
        let (Some(kind), Some(name)) = (words.next(), words.next()) else { return Parsed::Broken };
        let kind = kind.trim_end_matches(':');
        if !matches!(kind, "start" | "finish") {
            return Parsed::Other;
        }
        let Some((_, description)) = text.split_once(name) else { return Parsed::Broken };
        (kind.to_owned(), name.trim_end_matches(':').to_owned(), description.trim().to_owned())
    };
    let Some(timestamp) = seconds(&stamp, surroundings) else { return Parsed::Broken };
    let (result, description) = if event_type == "finish" {
        let (result, rest) = description.split_once(':').unwrap_or((&description, ""));
        (Some(result.to_owned()), rest.trim_start_matches(':').trim().to_owned())
    } else {
        (None, description)
    };
    Parsed::Event(Event {
        name,
        description,
        timestamp,
        origin: "cloudinit".into(),
        event_type,
        result,
        more: serde_json::Map::new(),
    })
}

/// The time and the event, without host and program name.
fn stamp_and_text<'a>(head: &str, rest: &'a str, amazon: bool) -> Option<(String, &'a str)> {
    let mut head = head.to_owned();
    // journalctl -o short-precise: the program precedes the separator.
    if head.ends_with(':') {
        let words: Vec<&str> = head.split_whitespace().collect();
        head = words[..words.len().saturating_sub(1)].join(" ");
    }
    if let Some((seconds, fraction)) = head.split_once(',') {
        let fraction = fraction.split_whitespace().next()?;
        return Some((format!("{seconds},{fraction}"), rest));
    }
    if amazon {
        // No host, and the PID precedes the event.
        let (_, text) = rest.split_once(char::is_whitespace)?;
        return Some((head.trim().to_owned(), text.trim_start()));
    }
    let host = head.split_whitespace().next_back()?.to_owned();
    Some((head.split(&host).next()?.trim().to_owned(), rest))
}

/// Seconds since 1970; a time without a time zone is UTC, like the log's.
#[expect(clippy::cast_precision_loss, reason = "times are exact in microseconds up to the year 2255")]
fn seconds(stamp: &str, surroundings: &Surroundings<'_>) -> Option<f64> {
    let micros = |at: OffsetDateTime| (at.unix_timestamp_nanos() / 1000) as f64 / 1e6;
    if let Some(at) = syslog(stamp, surroundings.year).or_else(|| log(stamp)) {
        return Some(micros(at.assume_utc()));
    }
    if let Ok(at) = OffsetDateTime::parse(stamp, &Rfc3339) {
        // Milliseconds, as requested from date(1).
        return Some((at.unix_timestamp_nanos() / 1_000_000) as f64 / 1e3);
    }
    (surroundings.date)(stamp)
}

/// `Aug 29 22:55:26`, optionally with a fraction.
fn syslog(stamp: &str, year: i32) -> Option<PrimitiveDateTime> {
    let form = format_description!(
        version = 2,
        "[year] [month repr:short] [day padding:none] [hour]:[minute]:[second][optional [.[subsecond]]]"
    );
    let words: Vec<&str> = stamp.split_whitespace().collect();
    PrimitiveDateTime::parse(&format!("{year} {}", words.join(" ")), form).ok()
}

/// `2016-09-12 14:39:20,839`.
fn log(stamp: &str) -> Option<PrimitiveDateTime> {
    let form = format_description!(version = 2, "[year]-[month]-[day] [hour]:[minute]:[second],[subsecond]");
    PrimitiveDateTime::parse(stamp, form).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &str) -> (Vec<Event>, usize) {
        let surroundings = Surroundings { year: 2016, date: &|_| None };
        read("log", text, &surroundings).expect("events")
    }

    /// The lines are from upstream's documentation; the times from `date -u -d … +%s.%N`.
    #[test]
    fn every_form_of_line() {
        let text = "\
2017-05-22 18:02:01,088 - util.py[DEBUG]: Cloud-init v. 0.7.9 running 'init-local' at Mon, 22 May 2017 18:02:01 +0000. Up 2.0 seconds.
Aug 29 22:55:26 test1 [CLOUDINIT] handlers.py[DEBUG]: finish: modules-final: SUCCESS: running modules for final
2016-08-30T21:53:25.972325+00:00 y1 [CLOUDINIT] handlers.py[DEBUG]: finish: modules-final: FAIL: running modules for final
Nov 03 06:51:06.074410 x2 cloud-init[106]: [CLOUDINIT] util.py[DEBUG]: Cloud-init v. 0.7.8 running 'init' at Thu, 03 Nov 2016 06:51:06 +0000. Up 1.0 seconds.
Apr 30 19:39:11 cloud-init[2673]: handlers.py[DEBUG]: start: init-local/check-cache: attempting to read from cache [check]
";
        let (found, skipped) = events(text);
        let shown: Vec<(f64, &str, &str, &str, Option<&str>)> = found
            .iter()
            .map(|event| {
                let result = event.result.as_deref();
                (event.timestamp, &*event.name, &*event.event_type, &*event.description, result)
            })
            .collect();
        assert_eq!(
            shown,
            [
                (1_495_476_121.088, "init-local", "start", "starting search for local datasources", None),
                (1_472_511_326.0, "modules-final", "finish", "running modules for final", Some("SUCCESS")),
                (1_472_594_005.972, "modules-final", "finish", "running modules for final", Some("FAIL")),
                (1_478_155_866.074_41, "init-network", "start", "searching for network datasources", None),
                (
                    1_462_045_151.0,
                    "init-local/check-cache",
                    "start",
                    "attempting to read from cache [check]",
                    None
                ),
            ]
        );
        assert_eq!(skipped, 0);
    }

    #[test]
    fn what_is_no_event_is_passed_over() {
        let text = "\
2017-05-22 18:02:01,088 - util.py[DEBUG]: Cloud-init v. 1 finished at Mon, 22 May 2017 18:02:01 +0000.
2017-05-22 18:02:01,088 - util.py[DEBUG]: restart: the word alone is no event
2017-05-22 99:02:01,088 - handlers.py[DEBUG]: start: x: y
start:
";
        assert_eq!(events(text), (Vec::new(), 1));
    }

    #[test]
    fn a_dump_is_read_back() {
        let (found, _) = events("2017-05-22 18:02:01,088 - handlers.py[DEBUG]: start: a/b: c d\n");
        assert_eq!(events(&dump(&found)).0, found);
        let surroundings = Surroundings { year: 2016, date: &|_| None };
        let broken = read("f", "[{\"name\": 1}]", &surroundings).expect_err("no name");
        assert!(broken.to_string().starts_with("f: event 0: "), "{broken}");
        assert_eq!(read("f", " \n", &surroundings), Err(EventsError::Empty("f".into())));
    }

    /// The original's `stage_to_description` (analyze/dump.py).
    #[test]
    fn each_stage_is_described() {
        for (running, name, description) in [
            ("init-local", "init-local", "starting search for local datasources"),
            ("init", "init-network", "searching for network datasources"),
            ("modules:config", "modules-config", "running config modules"),
            ("modules:final", "modules-final", "finalizing modules"),
            ("modules:init", "modules-init", "running modules for"),
            ("modules", "modules", "running modules for"),
            ("single", "single", "running single module"),
        ] {
            let line = format!(
                "2017-05-22 18:02:01,088 - util.py[DEBUG]: Cloud-init v. 23.1 running '{running}' at Mon, 22 May 2017 \
                 18:02:01 +0000. Up 2.0 seconds.\n"
            );
            let (found, skipped) = events(&line);
            assert_eq!(skipped, 0, "{running}");
            assert_eq!((found[0].name.as_str(), found[0].description.trim_end()), (name, description));
        }
        let (found, skipped) =
            events("2017-05-22 18:02:01,088 - util.py[DEBUG]: Cloud-init v. 23.1 running 'x' at now.\n");
        assert_eq!((found.len(), skipped), (0, 1));
    }
}
