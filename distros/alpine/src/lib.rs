//! Alpine Linux: OpenRC, apk, and the accounts of Busybox or shadow.

use capabilities::{
    APK, AlpineLocale, AlpineServices, AlpineUsers, CertificateFiles, Composed, HostnameFile, HostnameStyle,
    InitSystem, OpenSsh, PackageManagers, Settings, SetupKeymap, Store, TimeClients, Zone, ZoneStyle,
};
use model::distro::{Facts, Family, Init, Optional};
use model::{Distro, DistroError, Node, System};

mod facts;
mod releases;

pub use releases::RELEASES;

/// Alpine Linux.
pub static FAMILY: Family = Family { name: "alpine", members: facts::MEMBERS, make };

fn make(system: &System, facts: &'static Facts, system_info: &Node) -> Result<Box<dyn Distro>, DistroError> {
    let settings = Settings::read(system_info)?;
    let init = Init::OpenRc;
    let system = system.clone();
    let (renderers, activators) =
        (settings.network.renderers.as_deref(), settings.network.activators.as_deref());
    let network = network_managers::NetworkTools::of(&system, facts.name, renderers, activators);
    let clients = TimeClients::of(&system, facts);
    Ok(Box::new(Composed {
        hostname: Box::new(HostnameFile::new(&system, HostnameStyle::File, init, &settings, facts)),
        users: Box::new(AlpineUsers::of(&system)),
        packages: Box::new(PackageManagers::of(&system, &settings.paths(), vec![Box::new(APK)])),
        services: Box::new(AlpineServices { inner: InitSystem { system: system.clone(), init } }),
        network: Box::new(network),
        locale: Box::new(AlpineLocale { system: system.clone() }),
        time: Box::new(Zone { system: system.clone(), style: ZoneStyle::Etc, init }),
        ssh: Box::new(OpenSsh::new(&system)),
        optional: Optional {
            trust_store: Some(Box::new(CertificateFiles { system: system.clone(), store: Store::ALPINE })),
            time_sync: Some(Box::new(clients)),
            keyboard: Some(Box::new(SetupKeymap { system: system.clone() })),
            ..Optional::default()
        },
        ..Composed::bare(settings.info(facts), &system, init)
    }))
}
