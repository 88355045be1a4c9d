//! The contract of a data source: where an instance learns who it is.

use crate::effects::System;
use crate::{DistroError, Instance, InstanceId, Node, Paths, Platform};

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
    /// What the stage before or the boot before found, where there is something.
    pub cached: Option<&'a Instance>,
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
    /// Its name in `datasource_list`.
    fn name(&self) -> &'static str;

    /// In which stages it can be asked.
    fn stages(&self) -> &'static [SourceStage];

    /// Whether it is here. Reads files, devices' labels, DMI, the kernel command line and configuration; asks no
    /// network (CVE-2024-6174: no link-local address is asked unless this says it may be).
    fn identify(&self, platform: &Platform<'_>) -> Identified;

    /// Reads everything. `None` where it turns out not to be here.
    fn crawl(&self, crawl: &mut Crawl<'_>) -> Result<Option<Instance>, SourceError>;

    /// Whether an instance that was cached is still this machine, judged without any network; a source that cannot
    /// tell says no, and is crawled again.
    fn still_same(&self, platform: &Platform<'_>, cached: &InstanceId) -> bool;
}
