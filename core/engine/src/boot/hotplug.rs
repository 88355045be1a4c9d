//! Hot-plugged network devices: queries the data source again and rewrites the network configuration.

use std::path::Path;
use std::time::Duration;

use model::datasource::SourceStage;
use model::effects::Attributes;
use model::update::{Event, Policy, hotplug_enabled_file, hotplug_scopes};
use model::{Frequency, Instance, NetworkConfig, SourceError};
use netconfig::{NetError, NetworkState};
use serde_json::json;

use super::{Boot, BootError, ModuleEntry};

/// The delays between attempts in seconds: metadata lists a new device with a delay.
const PAUSES: &[u64] = &[1, 3, 5, 10];

/// A device that could not be configured.
#[derive(Debug, thiserror::Error)]
pub enum HotplugError {
    /// No boot has found an instance.
    #[error("Unable to determine hotplug state. No datasource detected")]
    NoInstance,
    /// This build does not include the instance's data source.
    #[error("this build does not include {0}, the data source of the instance")]
    NoSource(String),
    /// This build does not include the module that writes the udev rule.
    #[error("this build does not include the module install_hotplug, which writes the udev rule")]
    NoInstaller,
    /// The module that writes the udev rule failed.
    #[error("cannot write the udev rule: {0}")]
    Installer(String),
    /// The data source cannot be read.
    #[error(transparent)]
    Source(Box<SourceError>),
    /// The data source needs the network, which is not up yet.
    #[error("{0} is only available when the network is up")]
    NotNow(String),
    /// The data source no longer exists.
    #[error("{0} no longer has metadata")]
    Gone(String),
    /// The data source describes another instance.
    #[error("{source_name} now describes instance {found} instead of {known}: reboot to apply it")]
    OtherInstance {
        /// The data source.
        source_name: String,
        /// The instance that it describes.
        found: String,
        /// The current instance.
        known: String,
    },
    /// The metadata has no network configuration.
    #[error("{0} does not describe a network")]
    NoNetwork(String),
    /// The device is gone, or has no address to identify it.
    #[error("{0}: no such network device")]
    NoLink(String),
    /// The metadata does not list the device yet.
    #[error("Failed to detect {mac} in updated metadata")]
    NotDescribed {
        /// The device's MAC address.
        mac: String,
    },
    /// The configuration is invalid.
    #[error(transparent)]
    Description(Box<NetError>),
    /// The network could not be configured, or state could not be written.
    #[error(transparent)]
    Boot(Box<BootError>),
}

impl From<SourceError> for HotplugError {
    fn from(error: SourceError) -> Self {
        Self::Source(Box::new(error))
    }
}

impl From<NetError> for HotplugError {
    fn from(error: NetError) -> Self {
        Self::Description(Box::new(error))
    }
}

impl<E: Into<BootError>> From<E> for HotplugError {
    fn from(error: E) -> Self {
        Self::Boot(Box::new(error.into()))
    }
}

impl Boot<'_> {
    fn known_instance(&mut self) -> Result<Instance, HotplugError> {
        if !self.restore() {
            return Err(HotplugError::NoInstance);
        }
        self.instance.clone().ok_or(HotplugError::NoInstance)
    }

    /// Whether hotplug is enabled on this machine.
    pub fn hotplug_enabled(&mut self) -> Result<bool, HotplugError> {
        let instance = self.known_instance()?;
        let allowed = self.update_policy().allows_hotplug(self.system.files.as_ref(), &self.paths, &instance);
        Ok(super::network::noted(Event::Hotplug, allowed))
    }

    /// The user's policy for network updates; errors in it are reported.
    pub(super) fn update_policy(&self) -> Policy {
        let policy = Policy::read(&self.config);
        for finding in &policy.findings {
            tracing::warn!("{finding}");
        }
        policy
    }

    /// Enables hotplug. Returns false if it is already enabled.
    pub fn enable_hotplug(&mut self) -> Result<bool, HotplugError> {
        self.known_instance()?;
        let mut scopes = hotplug_scopes(self.system.files.as_ref(), &self.paths);
        if scopes.iter().any(|scope| scope == "network") {
            return Ok(false);
        }
        let installer = self.registry.modules.iter().find(|module| module.installs_hotplug());
        let installer = installer.ok_or(HotplugError::NoInstaller)?.name();
        scopes.push("network".to_owned());
        // A single line in the format of upstream's json.dumps.
        let quoted: Vec<String> = scopes.iter().map(|scope| json!(scope).to_string()).collect();
        let text = format!("{{\"scopes\": [{}]}}", quoted.join(", "));
        let path = hotplug_enabled_file(&self.paths);
        self.system.files.write(&path, text.as_bytes(), &Attributes::mode(0o640))?;
        let entry =
            ModuleEntry { name: installer.to_owned(), frequency: Some(Frequency::Always), args: Vec::new() };
        match self.run_named(&entry, model::Stage::Final) {
            Some(Err(reason)) => Err(HotplugError::Installer(reason)),
            _ => Ok(true),
        }
    }

    /// Configures a new device. `devpath` is its path in /sys, whose last component is the name. Returns false if the
    /// policy forbids it.
    pub fn handle_hotplug(&mut self, devpath: &str) -> Result<bool, HotplugError> {
        if !self.hotplug_enabled()? {
            tracing::debug!("hotplug not enabled for event of type net");
            return Ok(false);
        }
        let link = Path::new(devpath).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let again = self.instance.as_ref().and_then(|instance| instance.hotplug.again);
        let Some((period, total)) = again else { return self.try_hotplug(&link).map(|()| true) };
        let begun = self.system.clock.monotonic();
        loop {
            self.try_hotplug(&link)?;
            let pause = Duration::from_secs(period);
            let spent = self.system.clock.monotonic().saturating_sub(begun) + pause;
            if spent >= Duration::from_secs(total) {
                return Ok(true);
            }
            tracing::debug!("Gathering network configuration again due to IMDS limitations.");
            self.system.clock.sleep(pause);
        }
    }

    /// Retries until the metadata lists the device and the network is configured; returns the last error.
    fn try_hotplug(&mut self, link: &str) -> Result<(), HotplugError> {
        for &pause in PAUSES {
            let Err(error) = self.hotplug(link) else { return Ok(()) };
            tracing::debug!("{link}: trying again in {pause} s: {error}");
            self.system.clock.sleep(Duration::from_secs(pause));
        }
        self.hotplug(link)
    }

    fn hotplug(&mut self, link: &str) -> Result<(), HotplugError> {
        let instance = self.asked_again(SourceStage::Network)?;
        let network =
            instance.network.clone().ok_or_else(|| HotplugError::NoNetwork(instance.source.clone()))?;
        if instance.hotplug.detects {
            self.detect(link, &network)?;
        }
        self.distro.network().read(&network)?.render()?;
        self.distro.network().bring_up_link(link)?;
        self.instance = Some(instance);
        self.persist_instance_data(true);
        Ok(self.write_cache()?)
    }

    /// Checks that the configuration contains the device, by MAC address.
    fn detect(&self, link: &str, network: &NetworkConfig) -> Result<(), HotplugError> {
        let links = self.system.links.links().map_err(model::DistroError::from)?;
        let mac = links.iter().find(|known| known.name == link).map(|known| known.mac.to_lowercase());
        let mac = mac.filter(|mac| !mac.is_empty()).ok_or_else(|| HotplugError::NoLink(link.to_owned()))?;
        let state = NetworkState::read(network, &links)?;
        let described = state.interfaces.values().any(|known| known.mac.as_deref() == Some(&mac));
        if described { Ok(()) } else { Err(HotplugError::NotDescribed { mac }) }
    }

    /// The instance as its data source describes it now. If the network is up, no temporary address is needed.
    pub(super) fn asked_again(&self, stage: SourceStage) -> Result<Instance, HotplugError> {
        let known = self.instance.as_ref().ok_or(HotplugError::NoInstance)?;
        let source = self
            .registry
            .source(&known.source)
            .ok_or_else(|| HotplugError::NoSource(known.source.clone()))?;
        // Sources of the local stage are also available when the network is up.
        let about = source.about();
        let stage = match (about.is_asked_in(stage), about.is_asked_in(SourceStage::Local)) {
            (true, _) => stage,
            (false, true) => SourceStage::Local,
            (false, false) => return Err(HotplugError::NotNow(known.source.clone())),
        };
        let platform = self.platform();
        tracing::debug!("Refreshing metadata of {}", known.source);
        let found = self.crawl(source, &platform, stage)?;
        let mut found = found.ok_or_else(|| HotplugError::Gone(known.source.clone()))?;
        if found.instance_id != known.instance_id {
            return Err(HotplugError::OtherInstance {
                source_name: known.source.clone(),
                found: found.instance_id.to_string(),
                known: known.instance_id.to_string(),
            });
        }
        // The source keeps the class under which this boot found it.
        found.class.clone_from(&known.class);
        Ok(found)
    }
}
