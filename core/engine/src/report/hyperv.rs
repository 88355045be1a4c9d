//! Events to the host of a Hyper-V machine, through the file that its daemon reads: `type: hyperv`.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use metadata::hyperv::{self, POOL, Pool};
use model::{Node, System};

use super::{Event, Sink};

/// The file, opened with the first event.
pub(super) struct HyperV {
    path: PathBuf,
    /// The kinds of events to write; all if empty.
    kinds: Vec<String>,
    pool: OnceLock<Option<Pool>>,
}

impl HyperV {
    /// Reads a handler's settings.
    pub(super) fn read(settings: &Node) -> Self {
        let path = settings.get("kvp_file_path").and_then(Node::as_str).unwrap_or(POOL);
        let kinds = settings.get("event_types").and_then(Node::as_list).unwrap_or_default();
        Self {
            path: Path::new(path).to_owned(),
            kinds: kinds.iter().filter_map(Node::as_str).map(str::to_owned).collect(),
            pool: OnceLock::new(),
        }
    }

    fn pool(&self, system: &System) -> Option<&Pool> {
        let open = || {
            Pool::open(system, &self.path)
                .map_err(|error| tracing::warn!("failed to truncate kvp pool file, {error}"))
                .ok()
        };
        self.pool.get_or_init(open).as_ref()
    }
}

impl Sink for HyperV {
    fn publish(&self, system: &System, event: &Event<'_>) {
        let kind = event.kind();
        if !self.kinds.is_empty() && !self.kinds.iter().any(|wanted| wanted == kind) {
            return;
        }
        let Some(pool) = self.pool(system) else { return };
        let event = hyperv::Event {
            kind,
            name: &event.name,
            description: event.description,
            result: event.end.map(|end| super::word(end.ok)),
            duration: event.end.map(|end| (end.after.as_secs_f64() * 1e4).round() / 1e4),
        };
        if let Err(error) = pool.publish(system, &event) {
            tracing::warn!("failed posting events to kvp, {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use system::Scratch;

    use super::super::{End, Reporter};
    use super::*;

    #[test]
    fn events_reach_the_file() {
        let pool = "/pool";
        let (system, _) = Scratch::new().file(pool, "").system();
        let config = Node::from_yaml(
            "t",
            b"reporting: {telemetry: {type: hyperv, kvp_file_path: /pool, event_types: [finish]}}\n",
        );
        let mut reporter = Reporter::new(&system, "init-local");
        reporter.configure(&config.expect("valid").unwrap_or_default());
        reporter.stage_started("searching");
        reporter.stage_finished("searching", true);
        let text = system.files.text(Path::new(pool)).expect("there");
        assert_eq!(text.len(), 2560);
        assert!(text.starts_with("CLOUD_INIT|") && text.contains("|finish|init-local|"), "{text}");
        assert!(text.contains(r#""result":"SUCCESS""#), "{text}");
        let end = End { ok: true, after: Duration::ZERO };
        let gone = HyperV::read(&Node::default());
        gone.publish(&system, &Event { name: "n".into(), description: "d", end: Some(end) });
    }
}
