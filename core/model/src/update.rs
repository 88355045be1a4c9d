//! When the network is reconfigured: `updates:` in the configuration, and the source's default.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::effects::ReadFiles;
use crate::module::Finding;
use crate::{Instance, Node, Paths};

/// An event that may reconfigure the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The first boot of an instance.
    BootNewInstance,
    /// Every boot, once.
    Boot,
    /// Every boot, in each stage that configures the network.
    BootLegacy,
    /// A hot-plugged network device.
    Hotplug,
}

impl Event {
    const ALL: &[Self] = &[Self::BootNewInstance, Self::Boot, Self::BootLegacy, Self::Hotplug];

    /// The name in `updates.network.when`.
    pub fn name(self) -> &'static str {
        match self {
            Self::BootNewInstance => "boot-new-instance",
            Self::Boot => "boot",
            Self::BootLegacy => "boot-legacy",
            Self::Hotplug => "hotplug",
        }
    }
}

/// How a source handles hot-plugged network devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hotplug {
    /// Lines of a udev rule that skip devices which the source does not manage.
    pub udev_rules: Option<String>,
    /// The device's MAC address must be in the metadata before the network is configured.
    pub detects: bool,
    /// The metadata is updated with an unknown delay: it is read again at this interval, for this time.
    pub again: Option<(u64, u64)>,
}

impl Default for Hotplug {
    fn default() -> Self {
        Self { udev_rules: None, detects: true, again: None }
    }
}

/// Where `devel hotplug-hook enable` records that hotplug is enabled.
pub fn hotplug_enabled_file(paths: &Paths) -> PathBuf {
    paths.cloud_dir.join("hotplug.enabled")
}

/// The scopes in that file (`network`); empty if it is missing or invalid.
pub fn hotplug_scopes(files: &dyn ReadFiles, paths: &Paths) -> Vec<String> {
    let read = files.read_optional(&hotplug_enabled_file(paths)).ok().flatten();
    let document: Option<serde_json::Value> = read.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let scopes = document.as_ref().and_then(|document| document.get("scopes")?.as_array());
    scopes.into_iter().flatten().filter_map(|scope| scope.as_str().map(str::to_owned)).collect()
}

/// The user's policy for network updates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The events in `updates.network.when`; `None` if not set, for the source's default.
    pub events: Option<Vec<Event>>,
    /// Errors in it.
    pub findings: Vec<Finding>,
}

impl Policy {
    /// Reads `updates:`. Like upstream, an unknown event invalidates the list.
    pub fn read(config: &Node) -> Self {
        let mut policy = Self::default();
        let Some(updates) = config.get("updates") else { return policy };
        let mut tell = |node: &Node, message: String| {
            policy.findings.push(Finding { origin: Some(node.origin.clone()), message });
        };
        for (scope, node) in updates.as_map().into_iter().flatten() {
            if scope.as_str() != Some("network") {
                tell(node, format!("ignoring unknown scope '{scope}' of updates; expected network"));
            }
        }
        let Some(network) = updates.get("network") else { return policy };
        let Some(list) = network.get("when").and_then(Node::as_list) else {
            tell(
                network,
                "ignoring updates.network: the key 'when' with a list of events is missing".to_owned(),
            );
            return policy;
        };
        let known =
            |node: &Node| Event::ALL.iter().copied().find(|event| node.as_str() == Some(event.name()));
        if let Some(node) = list.iter().find(|node| known(node).is_none()) {
            let name = node.scalar_text().unwrap_or_default();
            let names: Vec<_> = Event::ALL.iter().copied().map(Event::name).collect();
            let names = names.join(", ");
            tell(node, format!("ignoring updates.network.when: unknown event '{name}'; expected {names}"));
            policy.events = Some(Vec::new());
            return policy;
        }
        policy.events = Some(list.iter().filter_map(known).collect());
        policy
    }

    /// Whether an event reconfigures the network.
    pub fn allows(&self, instance: &Instance, event: Event) -> bool {
        match &self.events {
            Some(events) => events.contains(&event),
            None => instance.network_events.iter().any(|name| name == event.name()),
        }
    }

    /// Whether hot-plugged network devices are configured: by the policy, or because `devel hotplug-hook enable` was
    /// run.
    pub fn allows_hotplug(&self, files: &dyn ReadFiles, paths: &Paths, instance: &Instance) -> bool {
        self.allows(instance, Event::Hotplug)
            || hotplug_scopes(files, paths).iter().any(|scope| scope == "network")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(text: &str) -> Policy {
        Policy::read(&Node::from_yaml("user-data", text.as_bytes()).expect("YAML").expect("a document"))
    }

    #[test]
    fn what_the_user_says_takes_the_place_of_the_sources_habit() {
        // doc/rtd/explanation/events.rst: the default of most sources, and of Ec2.
        let ec2 = Instance {
            network_events: vec!["boot-new-instance".into(), "hotplug".into()],
            ..Instance::default()
        };
        let silent = policy("users: []");
        assert!(silent.allows(&ec2, Event::Hotplug) && !silent.allows(&ec2, Event::Boot));
        let boot = policy("updates: {network: {when: [boot]}}");
        assert!(boot.allows(&ec2, Event::Boot) && !boot.allows(&ec2, Event::Hotplug));
        assert!(boot.findings.is_empty());
    }

    #[test]
    fn an_unknown_event_voids_the_list_and_is_told_with_its_place() {
        let wrong = policy("updates:\n  network:\n    when: [boot, hotplugg]\n");
        assert_eq!(wrong.events, Some(Vec::new()));
        let finding = &wrong.findings[0];
        assert_eq!(finding.origin.as_ref().map(ToString::to_string).as_deref(), Some("user-data:3:18"));
        assert!(finding.message.contains("'hotplugg'"), "{}", finding.message);
        let scope = policy("updates: {storage: {when: [boot]}}");
        assert_eq!((scope.events, scope.findings.len()), (None, 1));
    }
}
