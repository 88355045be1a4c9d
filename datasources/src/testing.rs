//! A machine in memory for tests of the sources.

use std::path::Path;
use std::sync::Arc;

use model::datasource::{SourceError, SourceStage};
use model::effects::Http;
use model::{Crawl, DataSource, Identified, Instance, Node, Paths, Platform, System};
use system::{Recording, Scratch};

/// A machine and what is known of it.
pub(crate) struct Machine {
    pub system: System,
    pub recording: Recording,
    config: Node,
    paths: Paths,
}

impl Machine {
    /// Nothing answers its requests.
    pub fn new(scratch: Scratch) -> Self {
        let (system, recording) = scratch.system();
        Self { system, recording, config: Node::default(), paths: Paths::default() }
    }

    /// `http` answers.
    pub fn with_http(scratch: Scratch, http: Arc<dyn Http>) -> Self {
        let (system, recording) = scratch.system_with(http);
        Self { system, recording, config: Node::default(), paths: Paths::default() }
    }

    /// The system configuration.
    pub fn config(mut self, yaml: &str) -> Self {
        self.config = Node::from_yaml("cloud.cfg", yaml.as_bytes()).expect("valid YAML").unwrap_or_default();
        self
    }

    /// Its evidence; the kernel command line is that of /proc/cmdline.
    pub fn platform(&self) -> Platform<'_> {
        Platform {
            system: &self.system,
            paths: &self.paths,
            config: &self.config,
            cmdline: self.system.files.text(Path::new("/proc/cmdline")).unwrap_or_default(),
            devices: self.system.devices.block_devices().expect("no error"),
            virtualization: "kvm".to_owned(),
            container: false,
        }
    }

    /// What a source says of it.
    pub fn identify(&self, source: &dyn DataSource) -> Identified {
        source.identify(&self.platform())
    }

    /// Reads a source.
    pub fn crawl(
        &self,
        source: &dyn DataSource,
        stage: SourceStage,
    ) -> Result<Option<Instance>, SourceError> {
        let platform = self.platform();
        source.crawl(&mut Crawl {
            platform: &platform,
            stage,
            fallback_link: Some("eth0".to_owned()),
            dhcp_clients: vec!["dhclient".to_owned()],
            cached: None,
        })
    }
}

/// What `status --long` and `instance/datasource` call an instance.
pub(crate) fn described(instance: &Instance) -> String {
    format!("{}{}", instance.class, instance.detail)
}
