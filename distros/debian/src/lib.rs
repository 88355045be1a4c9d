//! Debian and its derivatives: a table of differences, and shared implementations.

use std::path::Path;

use capabilities::{
    Apt, CertificateFiles, Composed, ConsoleSetup, DebianLocale, HostnameFile, HostnameStyle, Manager,
    OpenSsh, PackageManagers, RaspberryKeyboard, RaspberryLocale, RaspberryUsers, Settings, ShadowUtils,
    Snap, Store, TimeClients, Zone, ZoneStyle,
};
use model::distro::{Facts, Family, Init, Keyboard, Locale, Optional, Users};
use model::{Distro, DistroError, Node, System};

mod facts;
mod legacy;
mod releases;

pub use releases::RELEASES;

/// Debian and its derivatives.
pub static FAMILY: Family = Family { name: "debian", members: facts::MEMBERS, make };

/// Whether this is Ubuntu Core, by the signs that the original knows.
fn is_ubuntu_core(system: &System) -> bool {
    let text = |path: &str| system.files.text(Path::new(path)).unwrap_or_default().to_lowercase();
    let is_named = |line: &str| {
        line.trim().strip_prefix("id=").is_some_and(|id| id.trim_matches(['"', '\'']) == "ubuntu-core")
    };
    text("/etc/os-release").lines().any(is_named)
        || text("/proc/cmdline").contains("snap_core=")
        || text("/etc/system-image/channel.ini").contains("ubuntu-core")
        || system.files.is_dir(Path::new("/etc/system-image/config.d"))
}

const RASPBERRY: &str = "raspberry-pi-os";

fn make(system: &System, facts: &'static Facts, system_info: &Node) -> Result<Box<dyn Distro>, DistroError> {
    let settings = Settings::read(system_info)?;
    let init = Init::of(system.files.as_ref());
    let system = system.clone();
    let mut managers: Vec<Box<dyn Manager>> = vec![Box::new(Apt::new(&settings))];
    if facts.snap {
        managers.push(Box::new(Snap));
    }
    let packages = PackageManagers::of(&system, &settings.paths(), managers);
    // Ubuntu Core has accounts in addition to the system's, whose files are read-only.
    let extra_users = facts.snap && is_ubuntu_core(&system);
    let (renderers, activators) =
        (settings.network.renderers.as_deref(), settings.network.activators.as_deref());
    let network = network_managers::NetworkTools::of(&system, facts.name, renderers, activators);
    let clients = TimeClients::of(&system, facts);
    let users = ShadowUtils { system: system.clone(), extra_users };
    let locale = DebianLocale { system: system.clone(), packages: packages.clone() };
    let console = ConsoleSetup { system: system.clone(), init };
    // raspi-config and the first user of its images.
    let (users, locale, keyboard): (Box<dyn Users>, Box<dyn Locale>, Box<dyn Keyboard>) =
        if facts.name == RASPBERRY {
            (
                Box::new(RaspberryUsers { inner: users }),
                Box::new(RaspberryLocale { system: system.clone(), inner: locale }),
                Box::new(RaspberryKeyboard { console }),
            )
        } else {
            (Box::new(users), Box::new(locale), Box::new(console))
        };
    Ok(Box::new(Composed {
        hostname: Box::new(HostnameFile::new(&system, HostnameStyle::File, init, &settings, facts)),
        users,
        packages: Box::new(packages),
        network: Box::new(legacy::WithoutEth0 { system: system.clone(), inner: network }),
        locale,
        time: Box::new(Zone { system: system.clone(), style: ZoneStyle::Etc, init }),
        ssh: Box::new(OpenSsh::new(&system)),
        optional: Optional {
            trust_store: Some(Box::new(CertificateFiles { system: system.clone(), store: Store::DEBIAN })),
            time_sync: Some(Box::new(clients)),
            keyboard: Some(keyboard),
            // The module apt_configure manages apt's sources by itself.
            ..Optional::default()
        },
        ..Composed::bare(settings.info(facts), &system, init)
    }))
}
