//! What happens during a boot, as other people and programs see it: the start and the end of every step, and the
//! warnings that make a boot «degraded».

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::{Node, System};

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

/// Where the events of a boot go: `reporting:` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Sink {
    /// To the log, with this level.
    Log(tracing::Level),
    /// To standard output.
    Print,
}

/// Reports steps.
#[derive(Clone)]
pub struct Reporter {
    system: System,
    sinks: BTreeMap<String, Sink>,
    stage: &'static str,
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
        let sinks = BTreeMap::from([("logging".to_owned(), Sink::Log(tracing::Level::DEBUG))]);
        // status.json has another name for this one stage.
        let stage = if stage == "init" { "init-network" } else { stage };
        Self { system: system.clone(), sinks, stage }
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
                Some("log") => {
                    let level = match value
                        .get("level")
                        .and_then(Node::as_str)
                        .map(str::to_ascii_uppercase)
                        .as_deref()
                    {
                        Some("INFO") => tracing::Level::INFO,
                        Some("WARN" | "WARNING") => tracing::Level::WARN,
                        Some("ERROR" | "CRITICAL") => tracing::Level::ERROR,
                        _ => tracing::Level::DEBUG,
                    };
                    self.sinks.insert(name, Sink::Log(level));
                }
                Some("print") => {
                    self.sinks.insert(name, Sink::Print);
                }
                Some("none") => {
                    self.sinks.remove(&name);
                }
                other => tracing::warn!(
                    "{}: reporting.{name}: this program cannot report by '{}': use log or print",
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

    fn event(&self, text: &str) {
        for sink in self.sinks.values() {
            match sink {
                Sink::Log(tracing::Level::INFO) => tracing::info!(target: "handlers.py", "{text}"),
                Sink::Log(tracing::Level::WARN) => tracing::warn!(target: "handlers.py", "{text}"),
                Sink::Log(tracing::Level::ERROR) => tracing::error!(target: "handlers.py", "{text}"),
                Sink::Log(_) => tracing::debug!(target: "handlers.py", "{text}"),
                Sink::Print => self.system.environment.print(&format!("{text}\n")),
            }
        }
    }

    /// The stage itself begins.
    pub fn stage_started(&self, description: &str) {
        self.event(&format!("start: {}: {description}", self.stage));
    }

    /// The stage itself is over.
    pub fn stage_finished(&self, description: &str, ok: bool) {
        self.event(&format!("finish: {}: {}: {description}", self.stage, word(ok)));
    }

    /// A step begins.
    pub fn start(&self, name: &str, description: &str) -> Step<'_> {
        self.event(&format!("start: {}/{name}: {description}", self.stage));
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
        self.reporter.event(&format!("finish: {}/{}: {}: {text}", self.reporter.stage, self.name, word(ok)));
    }
}
