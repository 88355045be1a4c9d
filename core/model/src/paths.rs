//! The directories of the state on disk, with upstream's names.

use std::path::{Path, PathBuf};

use crate::InstanceId;

/// The state paths, as the configured machine sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// `/var/lib/cloud`, unless `system_info.paths.cloud_dir` overrides it.
    pub cloud_dir: PathBuf,
    /// `/run/cloud-init` (`run_dir`).
    pub run_dir: PathBuf,
    /// `/etc/cloud/templates` (`templates_dir`).
    pub templates_dir: PathBuf,
    /// `/usr/share/doc/cloud-init` (`docs_dir`).
    pub docs_dir: PathBuf,
}

impl Default for Paths {
    fn default() -> Self {
        Self {
            cloud_dir: "/var/lib/cloud".into(),
            run_dir: "/run/cloud-init".into(),
            templates_dir: "/etc/cloud/templates".into(),
            docs_dir: "/usr/share/doc/cloud-init".into(),
        }
    }
}

impl Paths {
    /// The link to the current instance's directory.
    pub fn instance_link(&self) -> PathBuf {
        self.cloud_dir.join("instance")
    }

    /// A file of the current instance, through the link.
    pub fn instance(&self, name: impl AsRef<Path>) -> PathBuf {
        self.instance_link().join(name)
    }

    /// The directory of an instance.
    pub fn instance_dir(&self, id: &InstanceId) -> PathBuf {
        self.cloud_dir.join("instances").join(id.directory())
    }

    /// A file below data/.
    pub fn data(&self, name: &str) -> PathBuf {
        self.cloud_dir.join("data").join(name)
    }

    /// Where state is kept for this boot that `cloud_dir`'s file system refuses.
    pub fn kept(&self) -> PathBuf {
        self.run("state")
    }

    /// The seed directory of a source.
    pub fn seed(&self, name: &str) -> PathBuf {
        self.cloud_dir.join("seed").join(name)
    }

    /// A directory of scripts: `per-boot`, `per-instance`, `per-once` or `vendor`.
    pub fn scripts(&self, name: &str) -> PathBuf {
        self.cloud_dir.join("scripts").join(name)
    }

    /// A file below the run directory.
    pub fn run(&self, name: impl AsRef<Path>) -> PathBuf {
        self.run_dir.join(name)
    }
}
