//! When the network is configured anew: `updates:` of the configuration, and what a source does by itself.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::effects::ReadFiles;
use crate::module::Finding;
use crate::{Instance, Node, Paths};

/// Something that may make the network be configured anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The first boot of an instance.
    BootNewInstance,
    /// Every boot, once.
    Boot,
    /// Every stage of every boot that configures the network.
    BootLegacy,
    /// A link that appears while the machine runs.
    Hotplug,
}

impl Event {
    const ALL: &[Self] = &[Self::BootNewInstance, Self::Boot, Self::BootLegacy, Self::Hotplug];

    /// Its name in `updates.network.when`.
    pub fn name(self) -> &'static str {
        match self {
            Self::BootNewInstance => "boot-new-instance",
            Self::Boot => "boot",
            Self::BootLegacy => "boot-legacy",
            Self::Hotplug => "hotplug",
        }
    }
}

/// How a source deals with links that appear while the machine runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hotplug {
    /// Lines of a udev rule that pass over links which are not the source's business.
    pub udev_rules: Option<String>,
    /// The link's MAC address has to be in the metadata before the network is configured.
    pub detects: bool,
    /// The metadata follows with a delay that nothing tells: it is read again every so many seconds, for so many.
    pub again: Option<(u64, u64)>,
}

impl Default for Hotplug {
    fn default() -> Self {
        Self { udev_rules: None, detects: true, again: None }
    }
}

/// Where `devel hotplug-hook enable` notes that links are configured when they appear.
pub fn hotplug_enabled_file(paths: &Paths) -> PathBuf {
    paths.cloud_dir.join("hotplug.enabled")
}

/// The scopes that file lists (`network`); none where it is missing or broken.
pub fn hotplug_scopes(files: &dyn ReadFiles, paths: &Paths) -> Vec<String> {
    let read = files.read_optional(&hotplug_enabled_file(paths)).ok().flatten();
    let document: Option<serde_json::Value> = read.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let scopes = document.as_ref().and_then(|document| document.get("scopes")?.as_array());
    scopes.into_iter().flatten().filter_map(|scope| scope.as_str().map(str::to_owned)).collect()
}

/// What the user says of the network's updates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The events of `updates.network.when`; `None` where nothing is said, and the source's habit counts.
    pub events: Option<Vec<Event>>,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

impl Policy {
    /// Reads `updates:`. An event that is not known voids the list, as with the original.
    pub fn read(config: &Node) -> Self {
        let mut policy = Self::default();
        let Some(updates) = config.get("updates") else { return policy };
        let mut tell = |node: &Node, message: String| {
            policy.findings.push(Finding { origin: Some(node.origin.clone()), message });
        };
        for (scope, node) in updates.as_map().into_iter().flatten() {
            if scope.as_str() != Some("network") {
                tell(node, format!("updates has no scope '{scope}', it is ignored; there is: network"));
            }
        }
        let Some(network) = updates.get("network") else { return policy };
        let Some(list) = network.get("when").and_then(Node::as_list) else {
            tell(network, "updates.network is ignored: it needs the key 'when', a list of events".to_owned());
            return policy;
        };
        let known =
            |node: &Node| Event::ALL.iter().copied().find(|event| node.as_str() == Some(event.name()));
        if let Some(node) = list.iter().find(|node| known(node).is_none()) {
            let name = node.scalar_text().unwrap_or_default();
            let names: Vec<_> = Event::ALL.iter().copied().map(Event::name).collect();
            let names = names.join(", ");
            tell(
                node,
                format!(
                    "updates.network.when: no event counts, since there is no '{name}'; there are: {names}"
                ),
            );
            policy.events = Some(Vec::new());
            return policy;
        }
        policy.events = Some(list.iter().filter_map(known).collect());
        policy
    }

    /// Whether an event has the network configured anew.
    pub fn allows(&self, instance: &Instance, event: Event) -> bool {
        match &self.events {
            Some(events) => events.contains(&event),
            None => instance.network_events.iter().any(|name| name == event.name()),
        }
    }

    /// Whether links that appear while the machine runs are configured: by the policy, or since
    /// `devel hotplug-hook enable` has switched it on.
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
