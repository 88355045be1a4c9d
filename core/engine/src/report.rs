//! What happens during a boot, as other people and programs see it: the start and the end of every step, and the
//! warnings that make a boot «degraded».

mod webhook;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::{Node, System};

use webhook::Webhook;

/// Messages of level WARNING and above, and deprecations, by level. status.json lists them as recoverable errors.
#[derive(Clone, Debug, Default)]
pub struct Recoverable(Arc<Mutex<BTreeMap<String, Vec<String>>>>);

impl Recoverable {
    /// Notes a message.
    pub fn note(&self, level: &str, message: String) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.entry(level.to_owned()).or_default().push(message);
    }

    /// Everything noted so far.
    pub fn noted(&self) -> BTreeMap<String, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether anything was noted.
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// An event of a boot.
struct Event<'e> {
    /// The stage's name, and the step's after a `/`.
    name: String,
    /// What happens, in words.
    description: &'e str,
    /// How it ended; `None` for a beginning.
    end: Option<End>,
}

/// The end of a stage or a step.
#[derive(Clone, Copy)]
struct End {
    ok: bool,
    /// How long it has taken.
    after: Duration,
}

impl Event<'_> {
    fn kind(&self) -> &'static str {
        if self.end.is_some() { "finish" } else { "start" }
    }
}

impl std::fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}: ", self.kind(), self.name)?;
        if let Some(end) = self.end {
            write!(f, "{}: ", word(end.ok))?;
        }
        f.write_str(self.description)
    }
}

/// Where the events of a boot go: a receiver of `reporting:` in the configuration.
trait Sink: Send + Sync {
    /// Takes an event. What goes wrong is a warning: a boot goes on.
    fn publish(&self, system: &System, event: &Event<'_>);
}

/// To the log, with a level.
struct Log(tracing::Level);

impl Log {
    fn read(settings: &Node) -> Self {
        let level = settings.get("level").and_then(Node::as_str).map(str::to_ascii_uppercase);
        Self(match level.as_deref() {
            Some("INFO") => tracing::Level::INFO,
            Some("WARN" | "WARNING") => tracing::Level::WARN,
            Some("ERROR" | "CRITICAL") => tracing::Level::ERROR,
            _ => tracing::Level::DEBUG,
        })
    }
}

impl Sink for Log {
    fn publish(&self, _system: &System, event: &Event<'_>) {
        match self.0 {
            tracing::Level::INFO => tracing::info!(target: "handlers.py", "{event}"),
            tracing::Level::WARN => tracing::warn!(target: "handlers.py", "{event}"),
            tracing::Level::ERROR => tracing::error!(target: "handlers.py", "{event}"),
            _ => tracing::debug!(target: "handlers.py", "{event}"),
        }
    }
}

/// To standard output.
struct Print;

impl Sink for Print {
    fn publish(&self, system: &System, event: &Event<'_>) {
        system.environment.print(&format!("{event}\n"));
    }
}

/// What was posted is sent before who reports is gone.
struct Flush(System);

impl Drop for Flush {
    fn drop(&mut self) {
        self.0.outbox.flush();
    }
}

/// Reports steps.
#[derive(Clone)]
pub struct Reporter {
    system: System,
    sinks: BTreeMap<String, Arc<dyn Sink>>,
    stage: &'static str,
    begun: Duration,
    /// Shared by all copies.
    _flush: Arc<Flush>,
}

/// A step that has begun.
#[must_use = "a step has to be ended"]
pub struct Step<'a> {
    reporter: &'a Reporter,
    name: String,
    description: String,
    begun: Duration,
}

impl Reporter {
    /// Reports for a stage of status.json (`init-local`, `modules-config`) to the log, where `init` is `init-network`.
    pub fn new(system: &System, stage: &'static str) -> Self {
        let log: Arc<dyn Sink> = Arc::new(Log(tracing::Level::DEBUG));
        // status.json has another name for this one stage.
        let stage = if stage == "init" { "init-network" } else { stage };
        Self {
            system: system.clone(),
            sinks: BTreeMap::from([("logging".to_owned(), log)]),
            stage,
            begun: system.clock.monotonic(),
            _flush: Arc::new(Flush(system.clone())),
        }
    }

    /// Takes `reporting:` into account: names that are false are removed, types we know are added.
    pub fn configure(&mut self, config: &Node) {
        for (name, value) in config.get("reporting").and_then(Node::as_map).into_iter().flatten() {
            let name = name.to_string();
            if !value.is_truthy() {
                self.sinks.remove(&name);
                continue;
            }
            match value.get("type").and_then(Node::as_str) {
                Some("log") => self.add(name, Log::read(value)),
                Some("print") => self.add(name, Print),
                Some("webhook") => match Webhook::read(value) {
                    Ok(webhook) => self.add(name, webhook),
                    Err(error) => tracing::warn!("{}: reporting.{name}: {error}", value.origin),
                },
                Some("none") => {
                    self.sinks.remove(&name);
                }
                other => tracing::warn!(
                    "{}: reporting.{name}: this program cannot report by '{}': use log, print or webhook",
                    value.origin,
                    other.unwrap_or("")
                ),
            }
        }
    }

    /// Reports nothing at all.
    pub fn silence(&mut self) {
        self.sinks.clear();
    }

    fn add(&mut self, name: String, sink: impl Sink + 'static) {
        self.sinks.insert(name, Arc::new(sink));
    }

    /// Reports the beginning or the end of the stage, or of a step of it.
    fn event(&self, step: Option<&str>, description: &str, end: Option<End>) {
        let name = step.map_or(self.stage.to_owned(), |step| format!("{}/{step}", self.stage));
        let event = Event { name, description, end };
        self.sinks.values().for_each(|sink| sink.publish(&self.system, &event));
    }

    /// The stage itself begins.
    pub fn stage_started(&self, description: &str) {
        self.event(None, description, None);
    }

    /// The stage itself is over.
    pub fn stage_finished(&self, description: &str, ok: bool) {
        let after = self.system.clock.monotonic().saturating_sub(self.begun);
        self.event(None, description, Some(End { ok, after }));
        self.system.outbox.flush();
    }

    /// A step begins.
    pub fn start(&self, name: &str, description: &str) -> Step<'_> {
        self.event(Some(name), description, None);
        Step {
            reporter: self,
            name: name.to_owned(),
            description: description.to_owned(),
            begun: self.system.clock.monotonic(),
        }
    }
}

fn word(ok: bool) -> &'static str {
    if ok { "SUCCESS" } else { "FAIL" }
}

impl Step<'_> {
    /// How long it has taken so far.
    pub fn elapsed(&self) -> Duration {
        self.reporter.system.clock.monotonic().saturating_sub(self.begun)
    }

    /// The step is over; the message takes the description's place where there is one.
    pub fn finish(self, ok: bool, message: Option<&str>) {
        let text = message.unwrap_or(&self.description);
        self.reporter.event(Some(&self.name), text, Some(End { ok, after: self.elapsed() }));
    }
}
