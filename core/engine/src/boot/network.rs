//! Selects the network configuration, and decides when to apply it.

use std::path::PathBuf;

use base64::Engine as _;
use model::effects::Attributes;
use model::gzip::{gunzip, is_gzip};
use model::module::Semaphores as _;
use model::network::NetworkSource;
use model::update::Event;
use model::{Frequency, Instance, NetworkConfig, Node};
use serde_json::Value;

use super::{Boot, BootError, HotplugError};
use crate::config::kernel_command_line;
use crate::json;
use crate::semaphore::FileSemaphores;

/// The default order.
const ORDER: &[&str] = &["cmdline", "initramfs", "system_cfg", "ds"];
/// The semaphore in the run directory for a network configured in this boot.
const APPLIED: &str = "apply_network_config";
/// The maximum decompressed size of the kernel command line's configuration, in bytes.
const MAX_UNPACKED: u64 = 1 << 20;

/// `network-config=` on the kernel command line: YAML in base64, optionally compressed.
fn from_cmdline(cmdline: &str) -> Result<Option<NetworkConfig>, String> {
    let word =
        cmdline.split_ascii_whitespace().filter_map(|word| word.strip_prefix("network-config=")).next_back();
    let Some(value) = word else { return Ok(None) };
    if value == "disabled" {
        let disabled = serde_json::json!({"config": "disabled"});
        return Ok(Some(NetworkConfig::from_json(disabled, "kernel command line network-config=")));
    }
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(value)
        .map_err(|error| format!("network-config= is not valid base64: {error}"))?;
    let text = if is_gzip(&bytes) {
        gunzip(&bytes, MAX_UNPACKED).map_err(|error| format!("cannot decompress network-config=: {error}"))?
    } else {
        bytes
    };
    let node =
        Node::from_yaml("kernel command line network-config=", &text).map_err(|error| error.to_string())?;
    Ok(node.filter(Node::is_truthy).map(NetworkConfig::new))
}

/// The MAC addresses that match devices; not those assigned to virtual ones.
fn hardware_addresses(value: &Value, found: &mut Vec<String>) {
    let mut take = |value: Option<&Value>| found.extend(value.and_then(Value::as_str).map(str::to_owned));
    match value {
        Value::Object(map) => {
            if map.get("type").is_some_and(|kind| kind == "physical") {
                take(map.get("mac_address"));
            }
            take(map.get("match").and_then(|rules| rules.get("macaddress")));
            map.values().for_each(|value| hardware_addresses(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| hardware_addresses(value, found)),
        _ => {}
    }
}

/// Logs whether an event is allowed, in upstream's words, which its acceptance tests match.
pub(super) fn noted(event: Event, allowed: bool) -> bool {
    let name = event.name();
    if allowed {
        tracing::debug!(target: "stages.py", "Event Allowed: scope=network EventType={name}");
    } else {
        tracing::debug!(target: "stages.py", "Event Denied: scopes=['network'] EventType={name}");
    }
    allowed
}

impl Boot<'_> {
    /// The effective configuration and its origin; `None` if the network must not be configured.
    fn find_network(
        &self,
        instance: Option<&Instance>,
    ) -> Result<Option<(NetworkConfig, NetworkSource)>, BootError> {
        let upgraded = self.paths.data("upgraded-network");
        if self.system.files.exists(&upgraded) {
            tracing::info!("network config is disabled by {}", upgraded.display());
            return Ok(None);
        }
        let failed =
            |source: NetworkSource, reason: String| BootError::Network { source_name: source.name(), reason };
        let order = instance
            .and_then(|instance| self.registry.source(&instance.source)?.network_order(instance))
            .unwrap_or(ORDER);
        let words = kernel_command_line(self.system);
        let mut cmdline = from_cmdline(&words).map_err(|reason| failed(NetworkSource::Cmdline, reason))?;
        let mut initramfs = netconfig::initramfs::config(self.system.files.as_ref(), &words)
            .map_err(|error| failed(NetworkSource::Initramfs, error.to_string()))?;
        let mut system =
            self.config.get("network").filter(|node| node.is_truthy()).cloned().map(NetworkConfig::new);
        let mut ds = instance.and_then(|instance| instance.network.clone());
        for name in order {
            let (source, found) = match *name {
                "cmdline" => (NetworkSource::Cmdline, cmdline.take()),
                "initramfs" => (NetworkSource::Initramfs, initramfs.take()),
                "system_cfg" => (NetworkSource::SystemCfg, system.take()),
                "ds" => (NetworkSource::Ds, ds.take()),
                other => {
                    tracing::warn!("data source specifies an unavailable network cfg_source: {other}");
                    continue;
                }
            };
            match found {
                Some(config) if config.is_disabled() => {
                    tracing::info!("network config is disabled by {}", source.name());
                    return Ok(None);
                }
                Some(config) if config.node().is_truthy() => return Ok(Some((config, source))),
                _ => {}
            }
        }
        if self.config.get("network").is_some_and(|node| !node.is_truthy()) {
            tracing::warn!("Empty network config found");
        }
        let links = self.system.links.links().map_err(model::DistroError::from)?;
        // The ramdisk's settings, which upstream does not read, so that they come after everything it does.
        match netconfig::dracut::config(&words, &links) {
            Ok(Some(config)) => return Ok(Some((config, NetworkSource::Initramfs))),
            Ok(None) => {}
            Err(error) => tracing::warn!("{error}"),
        }
        if self.distro.info().own_network {
            tracing::info!("Skipping generation of fallback network config: the image has its own");
            return Ok(None);
        }
        let chosen = instance.and_then(|instance| instance.reached_over.as_deref());
        let fallback = netconfig::fallback::config(&links, chosen, &words);
        Ok(fallback.map(|config| (config, NetworkSource::Fallback)))
    }

    /// Selects the configuration, and applies it for a new instance or if an event requires it.
    pub(super) fn apply_network(&mut self, bring_up: bool) -> Result<(), BootError> {
        let outcome = self.configure_network(bring_up);
        // Also after a failure, which the next stage does not repeat: only a power cut leaves the mark.
        let mark = self.network_mark();
        if self.instance.is_some() && self.system.files.exists(&mark) {
            self.system.files.settle()?;
            self.system.files.remove(&mark)?;
        }
        outcome
    }

    /// Exists from the time an instance becomes current until its network has been configured.
    pub(super) fn network_mark(&self) -> PathBuf {
        self.paths.instance("network-pending")
    }

    /// Whether an event requires reconfiguring a known instance's network; the data source is then queried again.
    fn updated(&mut self, instance: &Instance, already: bool) -> bool {
        let policy = self.update_policy();
        let once = !already && noted(Event::Boot, policy.allows(instance, Event::Boot));
        let legacy = || noted(Event::BootLegacy, policy.allows(instance, Event::BootLegacy));
        (once || legacy()) && self.refreshed()
    }

    /// Queries the data source of a cached instance again. If it is unavailable in this stage or does not answer,
    /// nothing changes, and it is not waited for again in this boot.
    fn refreshed(&mut self) -> bool {
        if !self.restored {
            return true;
        }
        if self.is_silent() {
            tracing::info!(
                "Keeping the network configuration: its data source has not answered in this boot"
            );
            return false;
        }
        match self.asked_again(super::source_stage(self.stage)) {
            Ok(found) => {
                self.instance = Some(found);
                self.persist_instance_data(true);
                if let Err(error) = self.write_cache() {
                    tracing::warn!("{error}");
                }
                true
            }
            Err(HotplugError::NotNow(source)) => {
                tracing::debug!("{source} is not available in this stage");
                false
            }
            Err(error) => {
                tracing::warn!("Keeping the network configuration: {error}");
                self.note_silence();
                false
            }
        }
    }

    fn configure_network(&mut self, bring_up: bool) -> Result<(), BootError> {
        if self.instance.is_none() && self.is_at_home()? {
            tracing::info!("Keeping the network configuration: its data source has not answered yet");
            return Ok(());
        }
        let Some((mut config, mut source)) = self.find_network(self.instance.as_ref())? else {
            return Ok(());
        };
        let once = FileSemaphores::at(self.system, &self.paths.run("sem"));
        if let Some(instance) = self.instance.clone() {
            let already = once.has_run(APPLIED, Frequency::Once);
            let new = self.is_new_instance() || self.system.files.exists(&self.network_mark());
            if !new {
                if !self.updated(&instance, already) {
                    tracing::debug!(
                        "No network config applied. Neither a new instance nor datasource network update allowed"
                    );
                    let read = self.distro.network().read(&config);
                    if let Err(error) = read.and_then(|mut network| network.rename_links()) {
                        tracing::warn!("Failed to rename devices: {error}");
                    }
                    return Ok(());
                }
                // The data source may have returned another configuration.
                let Some(found) = self.find_network(self.instance.as_ref())? else { return Ok(()) };
                (config, source) = found;
            }
        }
        self.keep_network_config(&config)?;
        #[cfg(feature = "schema")]
        self.check_network(config.node());
        let mut network = self.distro.network().read(&config)?;
        network.wait_for_links()?;
        if let Err(error) = network.rename_links() {
            tracing::warn!("Failed to rename devices: {error}");
        }
        tracing::info!("Applying network configuration from {} bringup={bring_up}", source.name());
        let rendered = network.render()?;
        tracing::debug!("{} wrote {} files", rendered.renderer, rendered.files.len());
        once.note(APPLIED, Frequency::Once)?;
        if bring_up && let Err(error) = network.activate() {
            tracing::warn!("Failed to bring up the network: {error}");
        }
        Ok(())
    }

    /// Whether this is probably the machine whose network was configured before: its data source may be present, and
    /// the devices in its configuration are. A clone has others, and needs the fallback to reach its data source.
    fn is_at_home(&self) -> Result<bool, BootError> {
        let remembered = self.remembered().filter(|instance| self.cache_is_plausible(instance));
        if remembered.is_none() || self.system.files.exists(&self.network_mark()) {
            return Ok(false);
        }
        let mut named = Vec::new();
        if let Some(applied) = json::read(self.system, &self.paths.instance("network-config.json")) {
            hardware_addresses(&applied, &mut named);
        }
        let links = self.system.links.links().map_err(model::DistroError::from)?;
        let is_here = |mac: &String| {
            links.iter().any(|link| {
                link.mac.eq_ignore_ascii_case(mac)
                    || link.permanent_mac.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(mac))
            })
        };
        Ok(named.iter().all(is_here))
    }

    /// Stores the applied configuration as instance/network-config.json, once there is an instance.
    fn keep_network_config(&self, config: &NetworkConfig) -> Result<(), BootError> {
        if self.system.files.read_link(&self.paths.instance_link()).is_err() || self.instance.is_none() {
            return Ok(());
        }
        let path = self.paths.instance("network-config.json");
        let value = config.node().to_json();
        if json::read(self.system, &path).as_ref() != Some(&value) {
            json::write(self.system, &path, &value, &Attributes::secret())?;
        }
        let link = self.paths.run("network-config.json");
        if self.system.files.read_link(&link).is_err() {
            self.system.files.symlink(&path, &link)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_command_line_carries_yaml() {
        // base64 of "network: {version: 2}\n", then the same through gzip.
        let plain = from_cmdline("ro network-config=bmV0d29yazoge3ZlcnNpb246IDJ9Cg== quiet").expect("valid");
        assert_eq!(plain.expect("there").version(), Some(2));
        assert!(from_cmdline("network-config=disabled").expect("valid").expect("there").is_disabled());
        // The last one counts; an empty document is none.
        let last = "network-config=bmV0d29yazoge3ZlcnNpb246IDJ9Cg== network-config=disabled";
        assert!(from_cmdline(last).expect("valid").expect("there").is_disabled());
        assert_eq!(from_cmdline("network-config=e30K").expect("valid"), None, "{{}}");
        assert_eq!(from_cmdline("xnetwork-config=disabled").expect("valid"), None);
        // The same document by gzip(1), and one that is cut off.
        let packed = "H4sIAAAAAAAC/8tLLSnPL8q2UqguSy0qzszPs1IwquUCANV3AsIWAAAA";
        let found = from_cmdline(&format!("network-config={packed}")).expect("valid").expect("there");
        assert_eq!(found.version(), Some(2));
        let error = from_cmdline(&format!("network-config={}", &packed[..40])).expect_err("cut off");
        assert!(error.contains("cannot decompress"), "{error}");
        let error = from_cmdline("network-config=e2E6").expect_err("no YAML");
        assert!(error.contains("kernel command line network-config="), "{error}");
        let error = from_cmdline("network-config=%%%").expect_err("no base64");
        assert!(error.contains("network-config"), "{error}");
        assert_eq!(from_cmdline("ro quiet").expect("valid"), None);
    }

    /// Version 1 has `mac_address` of physical devices, version 2 `match.macaddress`; a bond's own is assigned.
    #[test]
    fn addresses_of_devices_are_found_in_both_versions() {
        let found = |value: Value| {
            let mut found = Vec::new();
            hardware_addresses(&value, &mut found);
            found
        };
        let v1 = serde_json::json!({"version": 1, "config": [
            {"type": "physical", "name": "a", "mac_address": "aa:1"},
            {"type": "bond", "name": "b", "mac_address": "aa:2"},
            {"type": "physical", "name": "c"}]});
        assert_eq!(found(v1), ["aa:1"]);
        let v2 = serde_json::json!({"version": 2, "ethernets": {"a": {"match": {"macaddress": "aa:3"}}, "b": {"match": {"name": "x"}}},
            "bonds": {"c": {"macaddress": "aa:4"}}});
        assert_eq!(found(v2), ["aa:3"]);
        assert_eq!(found(serde_json::json!("aa:5")), [] as [String; 0]);
    }
}
