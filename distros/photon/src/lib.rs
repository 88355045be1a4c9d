//! Photon OS and CBL-Mariner: tdnf, and systemd with networkd.

use capabilities::{
    CertificateFiles, Composed, HostnameFile, HostnameStyle, InitSystem, LocaleFile, Localectl, OpenSsh,
    PackageManagers, Settings, ShadowUtils, Store, TDNF, TimeClients, YumRepositories, Zone, ZoneStyle,
};
use model::distro::{Facts, Family, Init, Optional};
use model::{Distro, DistroError, Node, System};

mod facts;
mod releases;

pub use releases::RELEASES;

/// Photon OS and CBL-Mariner.
pub static FAMILY: Family = Family { name: "photon", members: facts::MEMBERS, make };

fn make(system: &System, facts: &'static Facts, system_info: &Node) -> Result<Box<dyn Distro>, DistroError> {
    let settings = Settings::read(system_info)?;
    let init = Init::of(system.files.as_ref());
    let system = system.clone();
    let locale = LocaleFile { service: Some("systemd-localed"), ..LocaleFile::systemd(&system) };
    let store = if facts.name == "photon" { Store::PHOTON } else { Store::COMMON };
    let (renderers, activators) =
        (settings.network.renderers.as_deref(), settings.network.activators.as_deref());
    let network = network_managers::NetworkTools::of(&system, facts.name, renderers, activators);
    let clients = TimeClients::of(&system, facts);
    Ok(Box::new(Composed {
        hostname: Box::new(HostnameFile::new(&system, HostnameStyle::Hostnamectl, init, &settings, facts)),
        users: Box::new(ShadowUtils { system: system.clone(), extra_users: false }),
        packages: Box::new(PackageManagers::of(&system, &settings.paths(), vec![Box::new(TDNF)])),
        // They have systemd only; it counts even if it is not running.
        services: Box::new(InitSystem { system: system.clone(), init: Init::Systemd }),
        network: Box::new(network),
        locale: Box::new(locale),
        time: Box::new(Zone { system: system.clone(), style: ZoneStyle::Etc, init }),
        ssh: Box::new(OpenSsh::new(&system)),
        optional: Optional {
            trust_store: Some(Box::new(CertificateFiles { system: system.clone(), store })),
            time_sync: Some(Box::new(clients)),
            keyboard: Some(Box::new(Localectl::new(&system, facts, init))),
            repositories: Some(Box::new(YumRepositories { system: system.clone() })),
        },
        ..Composed::bare(settings.info(facts), &system, init)
    }))
}
