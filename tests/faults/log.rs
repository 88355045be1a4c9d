//! What a boot logs, caught.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use engine::report::Recoverable;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// Every event at every level: the level, and all its fields.
#[derive(Clone, Default)]
pub struct Log {
    lines: Arc<Mutex<Vec<(Level, String)>>>,
    recoverable: Recoverable,
}

impl Log {
    /// A log whose warnings become recoverable errors of status.json.
    pub fn new(recoverable: &Recoverable) -> Self {
        Self { recoverable: recoverable.clone(), ..Self::default() }
    }

    /// What was logged.
    pub fn lines(&self) -> Vec<(Level, String)> {
        self.lines.lock().expect("nothing panics while it is held").clone()
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
        self.lines.lock().expect("nothing panics while it is held").push((level, fields.0));
    }
}
