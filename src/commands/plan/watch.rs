//! Warnings of a plan, each at its place among the effects.

use std::sync::{Arc, Mutex, PoisonError};

use system::Recording;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// A warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Warning {
    /// How many effects came before it.
    pub(crate) position: usize,
    /// `warning`, `error` or `deprecated`.
    pub(crate) level: &'static str,
    /// The message.
    pub(crate) message: String,
}

/// Collects warnings.
#[derive(Clone)]
pub(crate) struct Watch {
    recording: Recording,
    warnings: Arc<Mutex<Vec<Warning>>>,
}

/// Begins to collect.
pub(crate) fn start(recording: &Recording) -> Watch {
    let watch = Watch { recording: recording.clone(), warnings: Arc::default() };
    let _ = tracing_subscriber::registry().with(watch.clone()).try_init();
    watch
}

impl Watch {
    /// What was collected.
    pub(crate) fn taken(&self) -> Vec<Warning> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<S: Subscriber> Layer<S> for Watch {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let level = match *event.metadata().level() {
            _ if event.metadata().target() == "deprecated" => "deprecated",
            Level::ERROR => "error",
            Level::WARN => "warning",
            _ => return,
        };
        let position = self.recording.effects().len();
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        warnings.push(Warning { position, level, message: crate::logging::message(event) });
    }
}
