//! The description of a network manager: a constant in its own file and a row in [`MANAGERS`].

use model::effects::{FileError, Link, ReadFiles};
use model::{DistroError, System};
use netconfig::NetworkState;

use crate::convert::ConvertError;
use crate::stale::Place;
use crate::{NetworkError, RenderedFile, Settings};

/// What a renderer needs to know about the target machine.
#[allow(dead_code, reason = "the use depends on the renderers in a build")]
pub(crate) struct Surroundings<'a> {
    /// Files that are edited instead of replaced.
    pub(crate) files: &'a dyn ReadFiles,
    /// The machine's devices.
    pub(crate) links: &'a [Link],
    /// Whether iproute2 is installed. This and the next are only determined if needed, because that takes time.
    pub(crate) iproute: &'a dyn Fn() -> bool,
    /// Whether the installed netplan supports `ipv6-mtu`.
    pub(crate) ipv6_mtu: &'a dyn Fn() -> bool,
}

#[allow(dead_code, reason = "the use depends on the renderers in a build")]
impl Surroundings<'_> {
    /// The current content of a file; `None` if it does not exist.
    pub(crate) fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FileError> {
        self.files.read_optional(std::path::Path::new(path))
    }
}

/// A network manager.
pub(crate) struct Manager {
    /// The name in cloud.cfg.
    pub(crate) name: &'static str,
    /// Whether it is available on this system.
    pub(crate) available: fn(&System, &Settings) -> bool,
    /// How it is configured; `None` if it only brings up devices.
    pub(crate) writer: Option<Writer>,
    /// How it brings up devices; `None` if another one or its own service does.
    pub(crate) activator: Option<Activator>,
}

type Render = fn(&NetworkState, &Settings, &Surroundings<'_>) -> Result<Vec<RenderedFile>, ConvertError>;

/// How a network manager is configured.
pub(crate) struct Writer {
    /// Renders the files of a state; pure except for its view of the environment.
    pub(crate) render: Render,
    /// Whether version 2 is its own format, which it receives unchanged.
    pub(crate) takes_version_2: bool,
    /// Whether it matches devices by name only: an entry that matches several devices is then duplicated.
    pub(crate) by_name_only: bool,
    /// Its files that may belong to an earlier configuration; `None` if a single file contains all devices.
    pub(crate) stale: fn(&Settings) -> Option<Place>,
    /// Steps before and after writing.
    pub(crate) around: Option<Around>,
}

#[allow(dead_code, reason = "only used with renderers")]
impl Writer {
    /// A manager that only renders.
    pub(crate) const fn plain(render: Render) -> Self {
        Self { render, takes_version_2: false, by_name_only: false, stale: |_| None, around: None }
    }
}

/// Steps before and after writing files.
pub(crate) struct Around {
    /// Inspects the existing files; returns whether the meaning of any file changes.
    pub(crate) before: fn(&System, &mut [RenderedFile]) -> Result<bool, DistroError>,
    /// Makes the network manager read the files.
    pub(crate) after: fn(&System, &Settings, bool) -> Result<(), DistroError>,
}

/// Waits until a network manager reports the network as up.
type Wait = fn(&System) -> Result<(), DistroError>;

/// How a network manager brings up devices.
pub(crate) struct Activator {
    /// Brings up the devices. Stops at the first failure.
    pub(crate) bring_up: fn(&System, &[String]) -> Result<(), DistroError>,
    /// Brings up one device that has just been configured.
    pub(crate) bring_up_one: fn(&System, &str) -> Result<(), DistroError>,
    /// Waits until the network is up; `None` if no unit reports that.
    pub(crate) wait: Option<Wait>,
}

/// The table: feature, name in cloud.cfg, constant. Its order is the default order.
macro_rules! managers {
    ($($feature:literal $name:literal $manager:path;)*) => {
        /// The network managers of this build.
        pub(crate) static MANAGERS: &[&Manager] = &[
            $(#[cfg(feature = $feature)] &$manager,)*
            &crate::ifconfig::MANAGER,
        ];
        /// The names of all network managers.
        const NAMES: &[&str] = &[$($name,)* "ifconfig"];
    };
}

managers! {
    "interfaces" "eni" crate::interfaces::MANAGER;
    "ifcfg" "sysconfig" crate::ifcfg::MANAGER;
    "netplan" "netplan" crate::netplan::MANAGER;
    "networkmanager" "network-manager" crate::networkmanager::MANAGER;
    "bsd" "freebsd" crate::freebsd::MANAGER;
    "bsd" "netbsd" crate::netbsd::MANAGER;
    "bsd" "openbsd" crate::openbsd::MANAGER;
    "networkd" "networkd" crate::networkd::MANAGER;
}

/// The network manager with a name in this build.
pub(crate) fn named(name: &str) -> Option<&'static Manager> {
    MANAGERS.iter().copied().find(|manager| manager.name == name)
}

/// The names for which `fits` holds, including those that this build omits, which are not available.
pub(crate) fn names(fits: fn(&Manager) -> bool) -> Vec<&'static str> {
    NAMES.iter().copied().filter(|name| named(name).is_none_or(fits)).collect()
}

/// The first available one in a list of names, or in the default order.
///
/// # Errors
///
/// An unknown name.
pub(crate) fn select(
    what: &'static str,
    fits: fn(&Manager) -> bool,
    wanted: Option<&[String]>,
    system: &System,
    settings: &Settings,
) -> Result<Option<&'static Manager>, DistroError> {
    let known = names(fits);
    let order: Vec<&str> = match wanted {
        None => known,
        Some(wanted) => {
            if let Some(name) = wanted.iter().find(|name| !known.contains(&name.as_str())) {
                let (name, known) = (name.clone(), known.join(", "));
                return Err(NetworkError::UnknownName { what, name, known }.into());
            }
            wanted.iter().map(String::as_str).collect()
        }
    };
    Ok(order.into_iter().filter_map(named).find(|manager| (manager.available)(system, settings)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_each_constant_as_it_names_itself() {
        let own: Vec<&str> = MANAGERS.iter().map(|manager| manager.name).collect();
        let named: Vec<&str> = NAMES.iter().copied().filter(|name| own.contains(name)).collect();
        assert_eq!(own, named);
    }
}
