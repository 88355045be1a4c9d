//! Links that appear while the machine runs: their source is asked again, and the network written anew.

use std::path::Path;
use std::time::Duration;

use model::datasource::SourceStage;
use model::effects::Attributes;
use model::update::{Event, Policy, hotplug_enabled_file, hotplug_scopes};
use model::{Frequency, Instance, NetworkConfig, SourceError};
use netconfig::{NetError, NetworkState};
use serde_json::json;

use super::{Boot, BootError, ModuleEntry};

/// The pauses between the tries, in seconds: metadata follows a new link with a delay.
const PAUSES: &[u64] = &[1, 3, 5, 10];

/// A link that could not be dealt with.
#[derive(Debug, thiserror::Error)]
pub enum HotplugError {
    /// No boot has found an instance.
    #[error("Unable to determine hotplug state. No datasource detected")]
    NoInstance,
    /// This build cannot ask the source that the instance came from.
    #[error("this program was built without the data source {0}, which the instance came from")]
    NoSource(String),
    /// This build has no module that writes the udev rule.
    #[error("this program was built without the module that writes the udev rule")]
    NoInstaller,
    /// The module that writes the udev rule failed.
    #[error("the udev rule was not written: {0}")]
    Installer(String),
    /// The source could not be read.
    #[error(transparent)]
    Source(Box<SourceError>),
    /// The source needs the network, which is not up yet.
    #[error("{0} can only be asked when the network is up")]
    NotNow(String),
    /// The source is not here any more.
    #[error("{0} has no metadata any more")]
    Gone(String),
    /// The source answers for another instance.
    #[error(
        "{source_name} now describes the instance {found}, but this is {known}: a boot has to take it over"
    )]
    OtherInstance {
        /// The source.
        source_name: String,
        /// The instance that it describes.
        found: String,
        /// The one that this machine is.
        known: String,
    },
    /// The metadata does not describe a network.
    #[error("{0} does not describe a network")]
    NoNetwork(String),
    /// The link is gone, or has no address to be told by.
    #[error("{0}: the kernel shows no such link")]
    NoLink(String),
    /// The metadata does not know the link yet.
    #[error("Failed to detect {mac} in updated metadata")]
    NotDescribed {
        /// The link's address.
        mac: String,
    },
    /// The description makes no sense.
    #[error(transparent)]
    Description(Box<NetError>),
    /// The network could not be written or brought up, or state not kept.
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

    /// Whether links that appear are configured on this machine.
    pub fn hotplug_enabled(&mut self) -> Result<bool, HotplugError> {
        let instance = self.known_instance()?;
        let allowed = self.update_policy().allows_hotplug(self.system.files.as_ref(), &self.paths, &instance);
        Ok(super::network::noted(Event::Hotplug, allowed))
    }

    /// What the user says of the network's updates; what is wrong with it is told.
    pub(super) fn update_policy(&self) -> Policy {
        let policy = Policy::read(&self.config);
        for finding in &policy.findings {
            tracing::warn!("{finding}");
        }
        policy
    }

    /// Has links that appear configured from now on. Gives false when that was so already.
    pub fn enable_hotplug(&mut self) -> Result<bool, HotplugError> {
        self.known_instance()?;
        let mut scopes = hotplug_scopes(self.system.files.as_ref(), &self.paths);
        if scopes.iter().any(|scope| scope == "network") {
            return Ok(false);
        }
        let installer = self.registry.modules.iter().find(|module| module.installs_hotplug());
        let installer = installer.ok_or(HotplugError::NoInstaller)?.name();
        scopes.push("network".to_owned());
        // One line with a space behind each sign, as the original's json.dumps writes it.
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

    /// Configures a link that has appeared. `devpath` is its path in /sys, whose last part is its name. Gives false
    /// where the policy forbids it.
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

    /// Tries until the metadata describes the link and the network is written; the last failure counts.
    fn try_hotplug(&mut self, link: &str) -> Result<(), HotplugError> {
        for &pause in PAUSES {
            let Err(error) = self.hotplug(link) else { return Ok(()) };
            tracing::debug!("{link}: asking again in {pause} s: {error}");
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

    /// The link has to be in the description, by its MAC address.
    fn detect(&self, link: &str, network: &NetworkConfig) -> Result<(), HotplugError> {
        let links = self.system.links.links().map_err(model::DistroError::from)?;
        let mac = links.iter().find(|known| known.name == link).map(|known| known.mac.to_lowercase());
        let mac = mac.filter(|mac| !mac.is_empty()).ok_or_else(|| HotplugError::NoLink(link.to_owned()))?;
        let state = NetworkState::read(network, &links)?;
        let described = state.interfaces.values().any(|known| known.mac.as_deref() == Some(&mac));
        if described { Ok(()) } else { Err(HotplugError::NotDescribed { mac }) }
    }

    /// The instance as its source describes it now. Where the network is up, no address has to be held for it.
    pub(super) fn asked_again(&self, stage: SourceStage) -> Result<Instance, HotplugError> {
        let known = self.instance.as_ref().ok_or(HotplugError::NoInstance)?;
        let source = self
            .registry
            .source(&known.source)
            .ok_or_else(|| HotplugError::NoSource(known.source.clone()))?;
        // Once the network is up, the sources of the local stage can be asked still.
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
        // It stays the source of this boot, by whichever of its classes that was found.
        (found.class, found.detail) = (known.class.clone(), known.detail.clone());
        Ok(found)
    }
}
