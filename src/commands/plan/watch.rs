//! Warnings of a plan, each at its position among the effects and with its module.

use std::sync::{Arc, Mutex, PoisonError};

use model::Stage;
use system::Recording;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// A warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Warning {
    /// The number of effects before it.
    pub(crate) position: usize,
    /// The running stage.
    pub(crate) stage: Option<Stage>,
    /// The running module.
    pub(crate) module: Option<String>,
    /// `warning`, `error` or `deprecated`.
    pub(crate) level: &'static str,
    /// The message.
    pub(crate) message: String,
}

/// Collects warnings.
#[derive(Clone)]
struct Watch {
    recording: Recording,
    warnings: Arc<Mutex<Vec<Warning>>>,
}

/// Runs a function and collects the warnings of this thread meanwhile.
pub(crate) fn during<T>(recording: &Recording, run: impl FnOnce() -> T) -> (T, Vec<Warning>) {
    let watch = Watch { recording: recording.clone(), warnings: Arc::default() };
    let value = tracing::subscriber::with_default(tracing_subscriber::registry().with(watch.clone()), run);
    let warnings = watch.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (value, warnings)
}

impl<S: Subscriber> Layer<S> for Watch {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let level = match *event.metadata().level() {
            _ if event.metadata().target() == "deprecated" => "deprecated",
            Level::ERROR => "error",
            Level::WARN => "warning",
            _ => return,
        };
        let (position, stage, module) = self.recording.now();
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        warnings.push(Warning { position, stage, module, level, message: crate::logging::message(event) });
    }
}
