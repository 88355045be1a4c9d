//! What to validate: the named file, or the data of this machine.

use std::path::{Path, PathBuf};

use model::{Paths, System};

/// The type of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    UserData,
    VendorData,
    Vendor2Data,
    NetworkConfig,
}

impl Kind {
    /// The name printed to the user.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::UserData => "user-data",
            Self::VendorData => "vendor-data",
            Self::Vendor2Data => "vendor2-data",
            Self::NetworkConfig => "network-config",
        }
    }

    /// The schema it must match.
    pub(super) fn schema(self) -> &'static str {
        if self == Self::NetworkConfig { "network-config" } else { "cloud-config" }
    }
}

/// A file to validate.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) kind: Kind,
    pub(super) path: PathBuf,
}

/// Resolves a path given by the user.
pub(super) fn whole(path: &Path) -> PathBuf {
    system::current_directory().unwrap_or_default().join(path)
}

pub(super) fn exists(system: &System, path: &Path) -> bool {
    !path.as_os_str().is_empty() && system.files.exists(&whole(path))
}

/// The user-data, which is required, and the machine's other data.
pub(super) fn of_machine(system: &System, paths: &Paths) -> Vec<Part> {
    let link = paths.instance_link();
    // The instance names it, as upstream does.
    let directory = system.files.read_link(&link).map_or_else(
        |_| link.clone(),
        |target| if target.is_absolute() { target } else { paths.cloud_dir.join(target) },
    );
    let size = |path: &Path| system.files.stat(path).ok().flatten().map(|found| found.len);
    // The processed data, unless it is empty: then the raw data explains why.
    let either = |processed: &str, raw: &str| {
        let (processed, raw) = (directory.join(processed), directory.join(raw));
        let empty = size(&processed) == Some(0) && size(&raw).is_some_and(|size| size > 0);
        if empty { raw } else { processed }
    };
    let further = [
        Part { kind: Kind::VendorData, path: either("vendor-cloud-config.txt", "vendor-data.txt") },
        Part { kind: Kind::Vendor2Data, path: either("vendor2-cloud-config.txt", "vendor-data2.txt") },
        Part { kind: Kind::NetworkConfig, path: directory.join("network-config.json") },
    ];
    let user = Part { kind: Kind::UserData, path: either("cloud-config.txt", "user-data.txt") };
    std::iter::once(user).chain(further.into_iter().filter(|part| exists(system, &part.path))).collect()
}
