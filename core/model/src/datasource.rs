//! The contract of a data source: where an instance learns who it is.

mod page;

use crate::effects::System;
use crate::update::Event;
use crate::{DistroError, Instance, Node, Paths, Platform};

pub use page::{Example, Page, Setting};

/// The result of detection, which does not use the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Identified {
    /// It is not present.
    No,
    /// It cannot be ruled out.
    Maybe,
    /// It is present.
    Found,
}

impl Identified {
    /// Present or not, where nothing is left in doubt.
    pub fn when(found: bool) -> Self {
        if found { Self::Found } else { Self::No }
    }
}

/// When a source can be queried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceStage {
    /// With local file systems only (a source may still use a temporary address).
    Local,
    /// With the network configured.
    Network,
}

/// The description of a source: one constant per source.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Its name in `datasource_list`.
    pub name: &'static str,
    /// Upstream's class name in `instance/datasource` if it is found in the local stage; `None` if it is not queried
    /// there.
    pub local: Option<&'static str>,
    /// The same for the network stage.
    pub network: Option<&'static str>,
    /// The events on which the network is reconfigured by default.
    pub events: &'static [Event],
    /// The source's own precedence of network configurations (`cmdline`, `initramfs`, `system_cfg`, `ds`), if it
    /// differs from the default.
    pub network_order: Option<&'static [&'static str]>,
    /// Whether it is a fallback that only sets up keys and users on a machine without any source. It never replaces a
    /// known instance.
    pub last_resort: bool,
    /// The evidence on a machine that has it.
    pub evidence: Evidence,
    /// Its description, see [`Page`].
    pub page: &'static str,
}

impl About {
    /// A source that no stage queries and without evidence: the base of the sources' constants.
    pub const fn named(name: &'static str) -> Self {
        Self {
            name,
            local: None,
            network: None,
            events: &[Event::BootNewInstance],
            network_order: None,
            last_resort: false,
            evidence: Evidence { dmi: &[], medium: Medium::Configuration, tree: &[] },
            page: "",
        }
    }

    /// The class in a stage; `None` if the source is not queried there.
    pub fn class(&self, stage: SourceStage) -> Option<&'static str> {
        match stage {
            SourceStage::Local => self.local,
            SourceStage::Network => self.network,
        }
    }

    /// Whether a stage queries it.
    pub fn is_asked_in(&self, stage: SourceStage) -> bool {
        self.class(stage).is_some()
    }

    /// The names of its events, as stored in an instance.
    pub fn event_names(&self) -> Vec<String> {
        self.events.iter().map(|event| event.name().to_owned()).collect()
    }
}

/// The evidence of a source on a machine; `plan` lays it over a root.
#[derive(Clone, Copy, Debug)]
pub struct Evidence {
    /// Files of /sys/class/dmi/id and their contents.
    pub dmi: &'static [(&'static str, &'static str)],
    /// How its documents reach the machine.
    pub medium: Medium,
    /// Paths that all exist in a directory of its documents; if empty, the source's name must be given with such a
    /// directory.
    pub tree: &'static [&'static str],
}

/// How the documents of a source reach a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// By HTTP.
    Service,
    /// On a device.
    Device {
        /// The label of its file system.
        label: &'static str,
        /// The file system (`vfat`, `iso9660`).
        filesystem: &'static str,
    },
    /// In a directory below `seed/` of the state directory.
    Seed(&'static str),
    /// Only in the system configuration: there is no directory of documents.
    Configuration,
}

/// The context of a crawl.
pub struct Crawl<'a> {
    /// The evidence; also contains effects, paths and configuration.
    pub platform: &'a Platform<'a>,
    /// The stage.
    pub stage: SourceStage,
    /// The instance whose source is queried again, if it is known to be this machine.
    pub known: Option<&'a Instance>,
    /// The device for a temporary address, as the fallback configuration would select it.
    pub fallback_link: Option<String>,
    /// `system_info.network.dhcp_client_priority`, or the built-in order.
    pub dhcp_clients: Vec<String>,
    /// The version of this program, which some services are told.
    pub version: String,
    /// Reads the variant of the operating system (`debian`, `centos`, `linux`), which some services are told.
    pub variant: &'a dyn Fn() -> String,
}

impl Crawl<'_> {
    /// The machine's effects.
    pub fn system(&self) -> &System {
        self.platform.system
    }

    /// The seed directory.
    pub fn paths(&self) -> &Paths {
        self.platform.paths
    }

    /// `datasource.<name>`, or null.
    pub fn config(&self, name: &str) -> Node {
        self.platform.source_config(name).cloned().unwrap_or_default()
    }
}

/// The machine with a known instance, for hooks of the source.
pub struct Settled<'a> {
    /// The machine.
    pub platform: &'a Platform<'a>,
    /// Its instance.
    pub instance: &'a Instance,
    /// Whether this is the instance's first boot.
    pub new: bool,
}

/// The public half of a host key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey {
    /// `ssh-ed25519`.
    pub kind: String,
    /// The key, in base64.
    pub key: String,
}

/// Why a present source could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The service's response was an error.
    #[error(transparent)]
    Http(#[from] crate::effects::HttpError),
    /// No address to query from.
    #[error(transparent)]
    Ephemeral(#[from] crate::effects::EphemeralError),
    /// A device could not be read.
    #[error(transparent)]
    Device(#[from] crate::effects::DeviceError),
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] crate::effects::FileError),
    /// A serial port could not be used.
    #[error(transparent)]
    Serial(#[from] crate::effects::SerialError),
    /// The network devices could not be read.
    #[error(transparent)]
    Link(#[from] crate::effects::LinkError),
    /// The distribution reported an error.
    #[error(transparent)]
    Distro(#[from] DistroError),
    /// The source's configuration is invalid.
    #[error(transparent)]
    Config(#[from] crate::ConfigError),
    /// Its data is invalid.
    #[error("{place}: {reason}")]
    Broken {
        /// The document (`openstack/latest/meta_data.json`).
        place: String,
        /// The reason, with line and column for text documents.
        reason: String,
    },
}

/// A data source.
pub trait DataSource: Send + Sync {
    /// What it is.
    fn about(&self) -> &'static About;

    /// Whether it is present. Reads files, device labels, DMI, the kernel command line and configuration, but does not
    /// use the network (CVE-2024-6174: no link-local address is queried unless this method allows it).
    fn identify(&self, platform: &Platform<'_>) -> Identified;

    /// Whether the stages query it although [`DataSource::identify`] finds nothing: evidence, such as its own
    /// configuration, that upstream's ds-identify does not look for.
    fn is_configured(&self, platform: &Platform<'_>) -> bool {
        let _ = platform;
        false
    }

    /// A line of configuration that ds-identify writes for the stages if it selects this source without being sure.
    fn detected(&self, platform: &Platform<'_>) -> Option<String> {
        let _ = platform;
        None
    }

    /// Reads everything. `None` if it turns out not to be present.
    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError>;

    /// Whether a cached instance is still this machine, determined without the network; a source that cannot determine
    /// it returns false, and is crawled again.
    fn still_same(&self, platform: &Platform<'_>, cached: &Instance) -> bool;

    /// Whether the data of a cached instance was given for one boot only, so that finding none at a later one keeps it.
    fn is_given_once(&self, platform: &Platform<'_>, cached: &Instance) -> bool {
        let _ = (platform, cached);
        false
    }

    /// The precedence of network configurations for an instance of this source; `None` for the default. Differs from
    /// that of [`About`] if it depends on the stage that found the instance.
    fn network_order(&self, instance: &Instance) -> Option<&'static [&'static str]> {
        let _ = instance;
        self.about().network_order
    }

    /// Called when the instance has been stored and the network is up, before user-data is read: here a service is told
    /// that the password was retrieved. Errors are warnings.
    fn set_up(&self, settled: &Settled<'_>) -> Result<(), SourceError> {
        let _ = settled;
        Ok(())
    }

    /// The instance with what only the running network shows, if the source adds such metadata: called after
    /// [`DataSource::set_up`]. Errors are warnings.
    fn complete(&self, settled: &Settled<'_>) -> Result<Option<Instance>, SourceError> {
        let _ = settled;
        Ok(None)
    }

    /// Called when user-data and vendor-data have been consumed, before the first module. Errors are warnings.
    fn activate(&self, settled: &Settled<'_>) -> Result<(), SourceError> {
        let _ = settled;
        Ok(())
    }

    /// Publishes the public host keys to the platform, after the module that creates them has run. Errors are warnings.
    fn publish_host_keys(&self, settled: &Settled<'_>, keys: &[HostKey]) -> Result<(), SourceError> {
        let _ = (settled, keys);
        Ok(())
    }

    /// Called at the end of the last stage: here a platform is told that the machine is ready. `errors` are the boot's.
    /// Errors of this method are warnings.
    fn report_ready(&self, settled: &Settled<'_>, errors: &[String]) -> Result<(), SourceError> {
        let _ = (settled, errors);
        Ok(())
    }
}
