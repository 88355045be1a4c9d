//! The contract of a data source: where an instance learns who it is.

use crate::effects::System;
use crate::update::Event;
use crate::{DistroError, Instance, Node, Paths, Platform};

/// What detection finds without any network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Identified {
    /// It is not here.
    No,
    /// It cannot be excluded.
    Maybe,
    /// It is here.
    Found,
}

/// When a source can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceStage {
    /// With the file system alone (a source may still hold an ephemeral address).
    Local,
    /// With the network configured.
    Network,
}

/// What a source is, apart from what it does: one constant per source.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Its name in `datasource_list`.
    pub name: &'static str,
    /// The class that the original would name in `instance/datasource` when it is found in the local stage; `None`
    /// where it is not asked then.
    pub local: Option<&'static str>,
    /// The same for the network stage.
    pub network: Option<&'static str>,
    /// The events at which the network is configured anew unless the user says otherwise.
    pub events: &'static [Event],
    /// Its own order of the network's sources (`cmdline`, `initramfs`, `system_cfg`, `ds`), where it is not the usual
    /// one.
    pub network_order: Option<&'static [&'static str]>,
    /// Whether it is only there so that a machine without any source gets its keys and users. It never takes the place
    /// of an instance that is known.
    pub last_resort: bool,
    /// What a machine that has it would show.
    pub evidence: Evidence,
}

impl About {
    /// A source that no stage asks yet and nothing shows: what the constants of the sources start from.
    pub const fn named(name: &'static str) -> Self {
        Self {
            name,
            local: None,
            network: None,
            events: &[Event::BootNewInstance],
            network_order: None,
            last_resort: false,
            evidence: Evidence { dmi: &[], medium: Medium::Configuration, tree: &[] },
        }
    }

    /// The class in a stage; `None` where the source is not asked in it.
    pub fn class(&self, stage: SourceStage) -> Option<&'static str> {
        match stage {
            SourceStage::Local => self.local,
            SourceStage::Network => self.network,
        }
    }

    /// Whether a stage asks it.
    pub fn is_asked_in(&self, stage: SourceStage) -> bool {
        self.class(stage).is_some()
    }

    /// The events' names, as an instance carries them.
    pub fn event_names(&self) -> Vec<String> {
        self.events.iter().map(|event| event.name().to_owned()).collect()
    }
}

/// What a machine that has a source would show; `plan` lays it over a root.
#[derive(Clone, Copy, Debug)]
pub struct Evidence {
    /// Files of /sys/class/dmi/id and what is in them.
    pub dmi: &'static [(&'static str, &'static str)],
    /// How its documents reach the machine.
    pub medium: Medium,
    /// Paths that a directory of its documents has, all of them; with none, such a directory has to be given with the
    /// source's name.
    pub tree: &'static [&'static str],
}

/// How the documents of a source reach a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// Over HTTP.
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
    /// In the system configuration alone: there is no directory of documents.
    Configuration,
}

/// What a source works with while it crawls.
pub struct Crawl<'a> {
    /// The evidence; also holds effects, paths and configuration.
    pub platform: &'a Platform<'a>,
    /// In which stage it is asked.
    pub stage: SourceStage,
    /// The link to use for an ephemeral address, as the fallback config would choose it.
    pub fallback_link: Option<String>,
    /// `system_info.network.dhcp_client_priority`, or the built-in order.
    pub dhcp_clients: Vec<String>,
}

impl Crawl<'_> {
    /// The machine's effects.
    pub fn system(&self) -> &System {
        self.platform.system
    }

    /// Where seeds are.
    pub fn paths(&self) -> &Paths {
        self.platform.paths
    }

    /// `datasource.<name>`, or null.
    pub fn config(&self, name: &str) -> Node {
        self.platform.source_config(name).cloned().unwrap_or_default()
    }
}

/// The machine once its instance is known, for what a source does beside being read.
pub struct Settled<'a> {
    /// The machine.
    pub platform: &'a Platform<'a>,
    /// Its instance.
    pub instance: &'a Instance,
    /// Whether this boot is the instance's first.
    pub new: bool,
}

/// A host key's public half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey {
    /// `ssh-ed25519`.
    pub kind: String,
    /// The key, in base64.
    pub key: String,
}

/// Why a source that is here could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The service did not answer as it should.
    #[error(transparent)]
    Http(#[from] crate::effects::HttpError),
    /// No address to ask from.
    #[error(transparent)]
    Ephemeral(#[from] crate::effects::EphemeralError),
    /// A device could not be read.
    #[error(transparent)]
    Device(#[from] crate::effects::DeviceError),
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] crate::effects::FileError),
    /// The links could not be read.
    #[error(transparent)]
    Link(#[from] crate::effects::LinkError),
    /// The distro refused something.
    #[error(transparent)]
    Distro(#[from] DistroError),
    /// The source's configuration is wrong.
    #[error(transparent)]
    Config(#[from] crate::ConfigError),
    /// What it gave makes no sense.
    #[error("{place}: {reason}")]
    Broken {
        /// Which document (`openstack/latest/meta_data.json`).
        place: String,
        /// What is wrong with it, with line and column where it has lines.
        reason: String,
    },
}

/// A data source.
pub trait DataSource: Send + Sync {
    /// What it is.
    fn about(&self) -> &'static About;

    /// Whether it is here. Reads files, devices' labels, DMI, the kernel command line and configuration; asks no
    /// network (CVE-2024-6174: no link-local address is asked unless this says it may be).
    fn identify(&self, platform: &Platform<'_>) -> Identified;

    /// Reads everything. `None` where it turns out not to be here.
    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError>;

    /// Whether an instance that was cached is still this machine, judged without any network; a source that cannot
    /// tell says no, and is crawled again.
    fn still_same(&self, platform: &Platform<'_>, cached: &Instance) -> bool;

    /// Called when the instance is kept on disk and the network is up, before user-data is read: where a service is
    /// told that the password was taken. An error is a warning.
    fn set_up(&self, settled: &Settled<'_>) -> Result<(), SourceError> {
        let _ = settled;
        Ok(())
    }

    /// Called when user-data and vendor-data are consumed, before the first module. An error is a warning.
    fn activate(&self, settled: &Settled<'_>) -> Result<(), SourceError> {
        let _ = settled;
        Ok(())
    }

    /// Hands the public host keys to the platform, once the module that makes them has run. An error is a warning.
    fn publish_host_keys(&self, settled: &Settled<'_>, keys: &[HostKey]) -> Result<(), SourceError> {
        let _ = (settled, keys);
        Ok(())
    }

    /// Called at the end of the last stage: where a platform waits to hear that the machine is ready. `errors` are
    /// the boot's. An error of its own is a warning.
    fn report_ready(&self, settled: &Settled<'_>, errors: &[String]) -> Result<(), SourceError> {
        let _ = (settled, errors);
        Ok(())
    }
}
