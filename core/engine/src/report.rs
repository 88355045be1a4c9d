//! Reports the events of a boot: the start and finish of every step, and the warnings that make its status «degraded».

mod hyperv;
mod webhook;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::effects::without_url_secrets;
use model::{Node, System};

use hyperv::HyperV;
use webhook::Webhook;

/// Messages of level WARNING and above, and deprecations, by level. status.json lists them as recoverable errors.
#[derive(Clone, Debug, Default)]
pub struct Recoverable(Arc<Mutex<BTreeMap<String, Vec<String>>>>);

impl Recoverable {
    /// Records a message.
    pub fn note(&self, level: &str, message: String) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // status.json is for everybody.
        noted.entry(level.to_owned()).or_default().push(without_url_secrets(&message).into_owned());
    }

    /// All recorded messages.
    pub fn noted(&self) -> BTreeMap<String, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether any message was recorded.
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// An event of a boot.
struct Event<'e> {
    /// The stage's name, and the step's after a `/`.
    name: String,
    /// A description.
    description: &'e str,
    /// The result; `None` for a start.
    end: Option<End>,
}

/// The result of a stage or a step.
#[derive(Clone, Copy)]
struct End {
    ok: bool,
    /// The duration.
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

/// A destination of events: a handler in `reporting:`.
trait Sink: Send + Sync {
    /// Publishes an event. Errors are warnings: the boot continues.
    fn publish(&self, system: &System, event: &Event<'_>);
}

/// To the log, at a level.
struct Log(tracing::Level);

impl Log {
    fn read(settings: &Node) -> Self {
        let Some(level) = settings.get("level") else { return Self(tracing::Level::DEBUG) };
        let word = level.as_str().map(str::to_ascii_uppercase);
        Self(match (word.as_deref(), level.as_int()) {
            (Some("DEBUG" | "NOTSET"), _) | (_, Some(..20)) => tracing::Level::DEBUG,
            (Some("INFO"), _) | (_, Some(20..30)) => tracing::Level::INFO,
            (Some("WARN" | "WARNING"), _) | (_, Some(30..40)) => tracing::Level::WARN,
            (Some("ERROR" | "CRITICAL" | "FATAL"), _) | (_, Some(40..)) => tracing::Level::ERROR,
            _ => {
                tracing::warn!("{}: level is not a log level, using WARN", level.origin);
                tracing::Level::WARN
            }
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

/// Pending events are sent before the reporter is dropped.
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

/// A step in progress.
#[must_use = "a step must be finished"]
pub struct Step<'a> {
    reporter: &'a Reporter,
    name: String,
    description: String,
    begun: Duration,
}

impl Reporter {
    /// Creates a reporter for a stage of status.json (`init-local`, `modules-config`) with the log as its only handler.
    pub fn new(system: &System, stage: &'static str) -> Self {
        let log: Arc<dyn Sink> = Arc::new(Log(tracing::Level::DEBUG));
        // status.json names this stage differently.
        let stage = if stage == "init" { "init-network" } else { stage };
        Self {
            system: system.clone(),
            sinks: BTreeMap::from([("logging".to_owned(), log)]),
            stage,
            begun: system.clock.monotonic(),
            _flush: Arc::new(Flush(system.clone())),
        }
    }

    /// Applies `reporting:`: false removes a handler, known types are added.
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
                Some("hyperv") => self.add(name, HyperV::read(value)),
                Some("webhook") => match Webhook::read(value) {
                    Ok(webhook) => self.add(name, webhook),
                    Err(error) => tracing::warn!("{}: reporting.{name}: {error}", value.origin),
                },
                Some("none") => {
                    self.sinks.remove(&name);
                }
                other => tracing::warn!(
                    "{}: reporting.{name}: unsupported type '{}'; expected log, print, webhook or hyperv",
                    value.origin,
                    other.unwrap_or("")
                ),
            }
        }
    }

    /// Disables reporting.
    pub fn silence(&mut self) {
        self.sinks.clear();
    }

    fn add(&mut self, name: String, sink: impl Sink + 'static) {
        self.sinks.insert(name, Arc::new(sink));
    }

    /// Reports the start or finish of the stage, or of one of its steps.
    fn event(&self, step: Option<&str>, description: &str, end: Option<End>) {
        let name = step.map_or(self.stage.to_owned(), |step| format!("{}/{step}", self.stage));
        let event = Event { name, description, end };
        self.sinks.values().for_each(|sink| sink.publish(&self.system, &event));
    }

    /// The stage starts.
    pub fn stage_started(&self, description: &str) {
        self.event(None, description, None);
    }

    /// The stage has finished.
    pub fn stage_finished(&self, description: &str, ok: bool) {
        let after = self.system.clock.monotonic().saturating_sub(self.begun);
        self.event(None, description, Some(End { ok, after }));
        self.system.outbox.flush();
    }

    /// A step starts.
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
    /// The duration so far.
    pub fn elapsed(&self) -> Duration {
        self.reporter.system.clock.monotonic().saturating_sub(self.begun)
    }

    /// Finishes the step; a message replaces the description.
    pub fn finish(self, ok: bool, message: Option<&str>) {
        let text = message.unwrap_or(&self.description);
        self.reporter.event(Some(&self.name), text, Some(End { ok, after: self.elapsed() }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Python's levels by name and number; the original's `LogHandler` takes WARN for any other.
    #[test]
    fn levels_of_the_log() {
        for (settings, expected) in [
            ("{}", tracing::Level::DEBUG),
            ("{level: DEBUG}", tracing::Level::DEBUG),
            ("{level: info}", tracing::Level::INFO),
            ("{level: Warn}", tracing::Level::WARN),
            ("{level: WARNING}", tracing::Level::WARN),
            ("{level: error}", tracing::Level::ERROR),
            ("{level: CRITICAL}", tracing::Level::ERROR),
            ("{level: FATAL}", tracing::Level::ERROR),
            ("{level: NOTSET}", tracing::Level::DEBUG),
            ("{level: 0}", tracing::Level::DEBUG),
            ("{level: 19}", tracing::Level::DEBUG),
            ("{level: 20}", tracing::Level::INFO),
            ("{level: 29}", tracing::Level::INFO),
            ("{level: 30}", tracing::Level::WARN),
            ("{level: 39}", tracing::Level::WARN),
            ("{level: 40}", tracing::Level::ERROR),
            ("{level: 50}", tracing::Level::ERROR),
            ("{level: loud}", tracing::Level::WARN),
            ("{level: [INFO]}", tracing::Level::WARN),
        ] {
            let node = Node::from_yaml("t", settings.as_bytes()).expect("YAML").expect("a document");
            assert_eq!(Log::read(&node).0, expected, "{settings}");
        }
    }

    /// Notes what it is given.
    #[derive(Clone, Default)]
    struct Noted(Arc<Mutex<Vec<String>>>);

    impl Sink for Noted {
        fn publish(&self, _system: &System, event: &Event<'_>) {
            let after = event.end.map(|end| format!(" after {} s", end.after.as_secs())).unwrap_or_default();
            self.0.lock().expect("not poisoned").push(format!("{event}{after}"));
        }
    }

    impl Noted {
        fn taken(&self) -> Vec<String> {
            std::mem::take(&mut *self.0.lock().expect("not poisoned"))
        }
    }

    fn config(text: &str) -> Node {
        Node::from_yaml("t", text.as_bytes()).expect("YAML").expect("a document")
    }

    /// Upstream's events.py: `start: NAME: DESCRIPTION` and `finish: NAME: RESULT: DESCRIPTION`, which `analyze` reads.
    #[test]
    fn stages_and_steps_are_reported_from_start_to_finish() {
        let (system, _) = system::scratch();
        let mut reporter = Reporter::new(&system, "init");
        let noted = Noted::default();
        reporter.add("noted".to_owned(), noted.clone());
        system.clock.sleep(Duration::from_secs(1));
        reporter.stage_started("searching");
        let step = reporter.start("config-ssh", "running config-ssh");
        system.clock.sleep(Duration::from_secs(3));
        assert_eq!(step.elapsed(), Duration::from_secs(3));
        step.finish(true, Some("config-ssh ran"));
        reporter.start("config-x", "running config-x").finish(false, None);
        reporter.stage_finished("searching", true);
        assert_eq!(
            noted.taken(),
            [
                "start: init-network: searching",
                "start: init-network/config-ssh: running config-ssh",
                "finish: init-network/config-ssh: SUCCESS: config-ssh ran after 3 s",
                "start: init-network/config-x: running config-x",
                "finish: init-network/config-x: FAIL: running config-x after 0 s",
                "finish: init-network: SUCCESS: searching after 4 s",
            ]
        );
        reporter.silence();
        reporter.stage_started("nothing");
        assert_eq!(noted.taken(), [] as [String; 0]);
        assert_eq!(Reporter::new(&system, "modules-final").stage, "modules-final");
    }

    /// Upstream's reporting documentation: handlers are added by type, and removed by a false value or the type `none`.
    #[test]
    fn handlers_are_those_of_the_configuration() {
        let (system, _) = system::scratch();
        let handlers = |text: &str| {
            let mut reporter = Reporter::new(&system, "init");
            reporter.configure(&config(text));
            reporter.sinks.keys().cloned().collect::<Vec<_>>().join(" ")
        };
        for (text, expected) in [
            ("{}", "logging"),
            (
                "reporting: {a: {type: print}, b: {type: hyperv}, c: {type: log, level: INFO}}",
                "a b c logging",
            ),
            ("reporting: {hook: {type: webhook, endpoint: 'http://x/'}}", "hook logging"),
            ("reporting: {hook: {type: webhook}}", "logging"),
            ("reporting: {logging: false, a: {type: print}}", "a"),
            ("reporting: {logging: {type: none}}", ""),
            ("reporting: {logging: {type: unknown}, b: {}}", "logging"),
        ] {
            assert_eq!(handlers(text), expected, "{text}");
        }
    }

    #[test]
    fn messages_are_noted_by_level_and_without_secrets() {
        let noted = Recoverable::default();
        assert!(noted.is_empty());
        noted.note("WARNING", "see http://bob:hunter2@x/".to_owned());
        noted.note("WARNING", "two".to_owned());
        noted.note("ERROR", "three".to_owned());
        assert!(!noted.is_empty());
        let found = noted.noted();
        assert_eq!((found["WARNING"].len(), found["ERROR"].as_slice()), (2, &["three".to_owned()][..]));
        assert!(!found["WARNING"][0].contains("hunter2"), "{found:?}");
    }
}
