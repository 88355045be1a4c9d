//! Warnings by kind and by what they are about: words differ, what is warned of may not.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// Each kind: the words before what it is about, and those behind it.
const KINDS: &[(&str, &str, &str)] = &[
    ("merge", "Failed at merging in cloud config part from ", ": "),
    ("variables", "Could not render jinja template variables in file '", "'"),
    ("unhandled", "Unhandled non-multipart (", ")"),
    ("unhandled", "Unhandled unknown content-type (", ")"),
];

/// The event that there was any warning at all.
pub const ANY: &str = "any";

/// The kinds of warnings that were given, each with what it is about, and whether there was any at all.
pub fn events(warnings: &[String]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for warning in warnings {
        found.insert(ANY.to_owned());
        for (kind, before, after) in KINDS {
            if let Some((_, rest)) = warning.split_once(before) {
                let about = rest.split(after).next().unwrap_or(rest);
                found.insert(format!("{kind} {}", about.trim_end()));
            }
        }
    }
    found
}

/// Runs something, and gives what it warned of beside its outcome.
pub fn caught<T>(run: impl FnOnce() -> T) -> (T, Vec<String>) {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(Catch(lines.clone()));
    let outcome = tracing::subscriber::with_default(subscriber, run);
    let lines = lines.0.lock().map(|lines| lines.clone()).unwrap_or_default();
    (outcome, lines)
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Catch(Lines);

#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}

impl<S: Subscriber> Layer<S> for Catch {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if *event.metadata().level() > Level::WARN {
            return;
        }
        let mut message = Message::default();
        event.record(&mut message);
        if let Ok(mut lines) = self.0.0.lock() {
            lines.push(message.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_do_not_count() {
        let events = |text: &str| events(&[text.to_owned()]).into_iter().collect::<Vec<_>>();
        assert_eq!(
            events("user-data a.yaml: Failed at merging in cloud config part from a.yaml: line 3"),
            ["any", "merge a.yaml"]
        );
        assert_eq!(
            events("Unhandled unknown content-type (text/html) userdata: 'x'"),
            ["any", "unhandled text/html"]
        );
        assert_eq!(events("anything else"), ["any"]);
    }

    #[test]
    fn warnings_are_caught_and_nothing_less() {
        let ((), lines) = caught(|| {
            tracing::info!("no");
            tracing::warn!("one {}", 1);
            tracing::error!("two");
        });
        assert_eq!(lines, ["one 1", "two"]);
    }
}
