//! The log: upstream's line format at upstream's path, and the recoverable errors for status.json.

mod configured;
mod redirect;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use engine::report::Recoverable;
use model::effects::{Clock, without_url_secrets};
use model::{Node, System};
use system::StdioLog;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

pub(crate) use redirect::redirect;

/// The destination of lines.
struct State {
    clock: Arc<dyn Clock>,
    recoverable: Recoverable,
    /// Lines logged before the configuration is known.
    waiting: Option<Vec<(Level, String)>>,
    file: Option<(File, Level)>,
    /// Lines of this level and above also go to standard error.
    console: Option<Level>,
    /// What is known to be wrong with files.
    refused: BTreeSet<String>,
}

/// The log of this process.
#[derive(Clone)]
pub(crate) struct Log {
    state: Arc<Mutex<State>>,
}

/// Extracts the message of an event.
#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}

/// The message of an event.
pub(crate) fn message(event: &Event<'_>) -> String {
    let mut message = Message::default();
    event.record(&mut message);
    message.0
}

impl Log {
    /// Starts logging; lines are buffered until [`Log::configure`], unless nothing is kept.
    pub(crate) fn start(system: &System, recoverable: &Recoverable, keep: bool, debug: bool) -> Self {
        let console = if debug { Some(Level::DEBUG) } else { Some(Level::WARN) };
        let state = State {
            clock: system.clock.clone(),
            recoverable: recoverable.clone(),
            waiting: keep.then(Vec::new),
            file: None,
            console,
            refused: BTreeSet::new(),
        };
        let log = Self { state: Arc::new(Mutex::new(state)) };
        // A second start in one process (a test) keeps the first log.
        let _ = tracing_subscriber::registry().with(log.clone()).try_init();
        log
    }

    /// Applies the configuration: buffered lines are written to the configured log. A file that cannot be opened is
    /// reported once, and the next one is tried.
    pub(crate) fn configure(&self, config: &Node, debug: bool) {
        let settings = configured::read(config);
        // Opened without holding the lock: a disk may be slow, and opening a file may log.
        let (opened, refused) = if self.has_file() { (None, Vec::new()) } else { first(settings.files) };
        let new: Vec<String> = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.console = if debug { Some(Level::DEBUG) } else { settings.console };
            if state.file.is_none() {
                state.file = opened;
            }
            state.flush();
            refused.into_iter().filter(|message| state.refused.insert(message.clone())).collect()
        };
        for message in new {
            tracing::warn!("{message}");
        }
    }

    fn has_file(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).file.is_some()
    }
}

impl State {
    /// Writes the buffered lines to the log.
    fn flush(&mut self) {
        let Some(waiting) = self.waiting.take() else { return };
        let Some((file, wanted)) = &mut self.file else { return };
        let lines = waiting.into_iter().filter(|(level, _)| *level <= *wanted);
        let text: String = lines.map(|(_, line)| line).collect();
        let _ = file.write_all(text.as_bytes());
    }
}

/// The first file that can be opened, and what is wrong with those before it.
fn first(files: Vec<(String, Level)>) -> (Option<(File, Level)>, Vec<String>) {
    let mut refused = Vec::new();
    for (path, level) in files {
        match StdioLog::open(Path::new(&path)) {
            Ok(file) => return (Some((file, level)), refused),
            Err(error) => refused.push(format!("cannot log to {path}: {error}")),
        }
    }
    (None, refused)
}

fn name(level: Level, target: &str) -> &'static str {
    match level {
        _ if target == "deprecated" => "DEPRECATED",
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        _ => "DEBUG",
    }
}

impl<S: Subscriber> Layer<S> for Log {
    fn enabled(&self, metadata: &tracing::Metadata<'_>, _context: Context<'_, S>) -> bool {
        // Libraries log details of their own.
        let target = metadata.target();
        *metadata.level() <= Level::DEBUG
            && !["hyper", "reqwest", "rustls", "hickory", "h2", "mio"]
                .iter()
                .any(|library| target.starts_with(library))
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let metadata = event.metadata();
        let (level, target) = (*metadata.level(), metadata.target());
        let message = message(event);
        let message = without_url_secrets(&message);
        let named = name(level, target);
        // Upstream prints the name of its source file here.
        let source = if Path::new(target).extension().is_some_and(|ending| ending == "py") {
            target
        } else {
            metadata.file().and_then(|file| file.rsplit('/').next()).unwrap_or("cloud-init")
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(named, "WARNING" | "ERROR" | "DEPRECATED") {
            state.recoverable.note(named, message.to_string());
        }
        let line = format!("{} - {source}[{named}]: {}\n", state.clock.now().log_stamp(), message);
        if state.console.is_some_and(|wanted| level <= wanted) {
            let mut stderr = std::io::stderr();
            // Terminals get the message, the log file the complete line.
            let shown = if stderr.is_terminal() {
                format!("{}: {}\n", named.to_lowercase(), message)
            } else {
                line.clone()
            };
            let _ = stderr.write_all(shown.as_bytes());
        }
        if let Some(waiting) = &mut state.waiting {
            waiting.push((level, line));
        } else if let Some((file, wanted)) = &mut state.file
            && level <= *wanted
        {
            let _ = file.write_all(line.as_bytes());
        }
    }
}
