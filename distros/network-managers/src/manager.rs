//! What a network manager is: a constant in its own file and a row in [`MANAGERS`].

use model::effects::{FileError, Link, ReadFiles};
use model::{DistroError, System};
use netconfig::NetworkState;

use crate::convert::ConvertError;
use crate::stale::Place;
use crate::{NetworkError, RenderedFile, Settings};

/// What a renderer wants to know of the machine that it writes for.
#[allow(dead_code, reason = "a build with some of the renderers asks for some of it")]
pub(crate) struct Surroundings<'a> {
    /// Files that are changed, not replaced.
    pub(crate) files: &'a dyn ReadFiles,
    /// The machine's links.
    pub(crate) links: &'a [Link],
    /// Whether iproute2 is there. This and the next are asked only where they matter: an answer takes time.
    pub(crate) iproute: &'a dyn Fn() -> bool,
    /// Whether this netplan knows `ipv6-mtu`.
    pub(crate) ipv6_mtu: &'a dyn Fn() -> bool,
}

#[allow(dead_code, reason = "a build with some of the renderers asks for some of it")]
impl Surroundings<'_> {
    /// A file as it is; `None` where there is none.
    pub(crate) fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FileError> {
        self.files.read_optional(std::path::Path::new(path))
    }
}

/// A network manager.
pub(crate) struct Manager {
    /// Its name in cloud.cfg.
    pub(crate) name: &'static str,
    /// Whether this system has it.
    pub(crate) available: fn(&System, &Settings) -> bool,
    /// How it is written for; `None` where it only brings links up.
    pub(crate) writer: Option<Writer>,
    /// How it brings links up; `None` where another or its own service does.
    pub(crate) activator: Option<Activator>,
}

type Render = fn(&NetworkState, &Settings, &Surroundings<'_>) -> Result<Vec<RenderedFile>, ConvertError>;

/// How a network manager is written for.
pub(crate) struct Writer {
    /// The files of a state; pure but for what it is told of its surroundings.
    pub(crate) render: Render,
    /// Version 2 is its own format, which it is handed as it is.
    pub(crate) takes_version_2: bool,
    /// It knows links by name alone: an entry that matches several devices becomes one for each.
    pub(crate) by_name_only: bool,
    /// Which of its files may be of an earlier description; `None` where one file holds all links.
    pub(crate) stale: fn(&Settings) -> Option<Place>,
    /// What goes on around the writing.
    pub(crate) around: Option<Around>,
}

#[allow(dead_code, reason = "a build without renderers writes nothing")]
impl Writer {
    /// One that renders and does nothing else.
    pub(crate) const fn plain(render: Render) -> Self {
        Self { render, takes_version_2: false, by_name_only: false, stale: |_| None, around: None }
    }
}

/// What goes on around the writing of files.
pub(crate) struct Around {
    /// Looks at what is there; says whether any file means something else than before.
    pub(crate) before: fn(&System, &mut [RenderedFile]) -> Result<bool, DistroError>,
    /// Makes the network manager read the files.
    pub(crate) after: fn(&System, &Settings, bool) -> Result<(), DistroError>,
}

/// Waits until a network manager says that the network is up.
type Wait = fn(&System) -> Result<(), DistroError>;

/// How a network manager brings links up.
pub(crate) struct Activator {
    /// Brings the links up. The first that does not come up ends it.
    pub(crate) bring_up: fn(&System, &[String]) -> Result<(), DistroError>,
    /// Brings one link up that has just been written.
    pub(crate) bring_up_one: fn(&System, &str) -> Result<(), DistroError>,
    /// Waits until the network is up; `None` where no unit says so.
    pub(crate) wait: Option<Wait>,
}

/// The table: feature, name in cloud.cfg, the constant. Its order is that in which they are tried where cloud.cfg has none.
macro_rules! managers {
    ($($feature:literal $name:literal $manager:path;)*) => {
        /// The network managers of this build.
        pub(crate) static MANAGERS: &[&Manager] = &[
            $(#[cfg(feature = $feature)] &$manager,)*
            &crate::ifconfig::MANAGER,
        ];
        /// The names that a build may have.
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

/// The network manager of a name in this build.
pub(crate) fn named(name: &str) -> Option<&'static Manager> {
    MANAGERS.iter().copied().find(|manager| manager.name == name)
}

/// The names that may be given where `fits` holds; one that this build leaves out is among them, and is not available.
pub(crate) fn names(fits: fn(&Manager) -> bool) -> Vec<&'static str> {
    NAMES.iter().copied().filter(|name| named(name).is_none_or(fits)).collect()
}

/// The first of a list of names that this system has, in the usual order where none is given.
///
/// # Errors
///
/// A name that is none.
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
