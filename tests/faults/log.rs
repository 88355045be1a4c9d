//! What a boot logs, caught.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use engine::report::Recoverable;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// The lines of a boot: the level, and all fields.
#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<(Level, String)>>>);

impl Lines {
    /// What was logged so far.
    pub fn taken(&self) -> Vec<(Level, String)> {
        self.0.lock().expect("nothing panics while it is held").clone()
    }
}

/// Catches every event at every level.
pub struct Log {
    lines: Lines,
    recoverable: Recoverable,
}

impl Log {
    /// A log whose warnings become recoverable errors of status.json.
    pub fn new(lines: &Lines, recoverable: &Recoverable) -> Self {
        Self { lines: lines.clone(), recoverable: recoverable.clone() }
    }
}

#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let separator = if self.0.is_empty() { "" } else { " " };
        let _ = match field.name() {
            "message" => write!(self.0, "{separator}{value:?}"),
            name => write!(self.0, "{separator}{name}={value:?}"),
        };
    }
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let level = *event.metadata().level();
        if level <= Level::WARN {
            self.recoverable.note(level.as_str(), fields.0.clone());
        }
        self.lines.0.lock().expect("nothing panics while it is held").push((level, fields.0));
    }
}
