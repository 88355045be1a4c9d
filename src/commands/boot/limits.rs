//! `timeouts` of cloud.cfg: the time limits of stages and of commands.

use std::time::Duration;

use model::{Map, Node, nearest};
use system::Limits;

/// The keys of `timeouts.stages`, the stages' names in status.json.
const STAGES: &[&str] = &["init-local", "init", "modules-config", "modules-final"];
/// The keys of `timeouts.commands`.
const COMMANDS: &[&str] = &["service", "package", "disk", "script", "other"];

/// What was applied: the configuration is read several times in a stage.
#[derive(Default)]
pub(super) struct Applied(Option<Node>);

impl Applied {
    /// Applies the limits to this process, which runs `stage`.
    pub(super) fn apply(&mut self, config: &Node, stage: &str) {
        let wanted = config.get("timeouts").cloned().unwrap_or_default();
        if self.0.as_ref() == Some(&wanted) {
            return;
        }
        commands(section(&wanted, "commands", COMMANDS)).apply();
        let stages = section(&wanted, "stages", STAGES);
        let limit = stages.and_then(|stages| seconds("stages", stage, stages.get(stage)?));
        if let Some(limit) = limit.filter(|limit| !limit.is_zero())
            && let Err(error) = system::end_after(limit)
        {
            tracing::warn!("timeouts.stages.{stage} has no effect: {error}");
        }
        self.0 = Some(wanted);
    }
}

fn commands(section: Option<&Map>) -> Limits {
    let usual = Limits::default();
    let read = |name: &str, usual: Option<Duration>| {
        let node = section.and_then(|section| section.get(name));
        let limit = node.and_then(|node| seconds("commands", name, node));
        limit.map_or(usual, |limit| Some(limit).filter(|limit| !limit.is_zero()))
    };
    Limits {
        service: read("service", usual.service),
        package: read("package", usual.package),
        disk: read("disk", usual.disk),
        script: read("script", usual.script),
        other: read("other", usual.other),
    }
}

/// A mapping of `timeouts`; unknown keys are reported.
fn section<'n>(timeouts: &'n Node, name: &str, known: &[&str]) -> Option<&'n Map> {
    let node = timeouts.get(name).filter(|node| !node.is_null())?;
    let Some(map) = node.as_map() else {
        tracing::warn!("{}: timeouts.{name}: expected a mapping, found {}", node.origin, node.value.a_kind());
        return None;
    };
    for (key, value) in map {
        let key = key.to_string();
        if !known.contains(&key.as_str()) {
            let hint = nearest(&key, known.iter().copied());
            let hint = hint.map_or_else(
                || format!("expected {}", known.join(", ")),
                |near| format!("did you mean {near}?"),
            );
            tracing::warn!("{}: timeouts.{name}: unknown key '{key}'; {hint}", value.key_origin());
        }
    }
    Some(map)
}

/// A limit, of which 0 is none; `None` if it is invalid, which is reported.
fn seconds(section: &str, name: &str, node: &Node) -> Option<Duration> {
    let number = node.scalar_text().and_then(|text| text.parse::<f64>().ok());
    let limit = number.and_then(|number| Duration::try_from_secs_f64(number).ok());
    if limit.is_none() {
        tracing::warn!(
            "{}: timeouts.{section}.{name}: expected a number of seconds, 0 for no limit; found {}",
            node.origin,
            node.value.a_kind()
        );
    }
    limit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_seconds_and_zero_is_none() {
        let text = b"{timeouts: {commands: {service: 1.5, package: 0, disk: x, script: -1}}}";
        let config = Node::from_yaml("t", text).expect("valid").expect("there");
        let timeouts = config.get("timeouts").expect("there");
        let usual = Limits::default();
        assert_eq!(
            commands(section(timeouts, "commands", COMMANDS)),
            Limits { service: Some(Duration::from_millis(1500)), package: None, ..usual }
        );
        assert_eq!(commands(section(&Node::default(), "commands", COMMANDS)), usual);
    }
}
