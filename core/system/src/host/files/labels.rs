//! What needs a label of the SELinux policy: a new file has its directory's, which may be another.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Exists if the kernel enforces or observes a policy.
const SELINUX: &str = "sys/fs/selinux/enforce";

/// The files and directories created so far.
#[derive(Default)]
pub(super) struct Created {
    has_policy: OnceLock<bool>,
    paths: Mutex<BTreeSet<PathBuf>>,
}

impl Created {
    /// Records a path, without links, of the root.
    pub(super) fn note(&self, root: &Path, path: &Path) {
        if *self.has_policy.get_or_init(|| root.join(SELINUX).exists()) {
            self.paths.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
        }
    }

    /// The recorded paths, once.
    pub(super) fn take(&self) -> BTreeSet<PathBuf> {
        std::mem::take(&mut self.paths.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
