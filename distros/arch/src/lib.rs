//! Arch Linux: pacman, locale-gen, and systemd.

use capabilities::{
    ArchLocale, CertificateFiles, Composed, HostnameFile, HostnameStyle, InitSystem, Localectl, OpenSsh,
    PACMAN, PackageManagers, Settings, ShadowUtils, Store, TimeClients, Zone, ZoneStyle,
};
use model::distro::{Facts, Family, Init, Optional};
use model::{Distro, DistroError, Node, System};

mod facts;
mod releases;

pub use releases::RELEASES;

/// Arch Linux.
pub static FAMILY: Family = Family { name: "arch", members: facts::MEMBERS, make };

fn make(system: &System, facts: &'static Facts, system_info: &Node) -> Result<Box<dyn Distro>, DistroError> {
    let settings = Settings::read(system_info)?;
    let init = Init::of(system.files.as_ref());
    let system = system.clone();
    let (renderers, activators) =
        (settings.network.renderers.as_deref(), settings.network.activators.as_deref());
    let network = network_managers::NetworkTools::of(&system, facts.name, renderers, activators);
    let clients = TimeClients::of(&system, facts);
    Ok(Box::new(Composed {
        hostname: Box::new(HostnameFile::new(
            &system,
            HostnameStyle::FileWithHostnamectl,
            init,
            &settings,
            facts,
        )),
        users: Box::new(ShadowUtils { system: system.clone(), extra_users: false }),
        packages: Box::new(PackageManagers::of(&system, &settings.paths(), vec![Box::new(PACMAN)])),
        // Arch has systemd only; it counts even if it is not running.
        services: Box::new(InitSystem { system: system.clone(), init: Init::Systemd }),
        network: Box::new(network),
        locale: Box::new(ArchLocale { system: system.clone() }),
        time: Box::new(Zone { system: system.clone(), style: ZoneStyle::Etc, init }),
        ssh: Box::new(OpenSsh::new(&system)),
        optional: Optional {
            trust_store: Some(Box::new(CertificateFiles { system: system.clone(), store: Store::COMMON })),
            time_sync: Some(Box::new(clients)),
            keyboard: Some(Box::new(Localectl::new(&system, facts, init))),
            ..Optional::default()
        },
        ..Composed::bare(settings.info(facts), &system, init)
    }))
}
