//! Debian and its derivatives: a table of differences, and shared implementations.

use capabilities::{
    Accounts, Apt, CertificateFiles, Composed, ConsoleSetup, DebianLocale, HostnameFile, HostnameStyle,
    Manager, OpenSsh, PackageManagers, Settings, ShadowUtils, Snap, Store, TimeClients, Zone, ZoneStyle,
};
use model::distro::{Facts, Family, Init, Optional};
use model::{Distro, DistroError, Node, System};

mod facts;
mod legacy;
mod releases;

pub use releases::RELEASES;

/// Debian and its derivatives.
pub static FAMILY: Family = Family { name: "debian", members: facts::MEMBERS, make };

fn make(system: &System, facts: &'static Facts, system_info: &Node) -> Result<Box<dyn Distro>, DistroError> {
    let settings = Settings::read(system_info)?;
    let init = Init::of(system.files.as_ref());
    let system = system.clone();
    let mut managers: Vec<Box<dyn Manager>> = vec![Box::new(Apt::new(&system, &settings))];
    if facts.snap {
        managers.push(Box::new(Snap));
    }
    let packages = PackageManagers::of(&system, &settings.paths(), managers);
    // Ubuntu Core has accounts in addition to the system's.
    let extra_users = facts.snap && system.files.exists(std::path::Path::new("/var/lib/extrausers/passwd"));
    let network = network_managers::NetworkTools::new(
        system.clone(),
        network_managers::Settings {
            renderers: settings.network.renderers.clone(),
            activators: settings.network.activators.clone(),
            ..network_managers::Settings::of(facts.name)
        },
    );
    let clients =
        TimeClients { system: system.clone(), distro: facts.name.to_owned(), clients: facts.time_clients };
    Ok(Box::new(Composed {
        hostname: Box::new(HostnameFile {
            system: system.clone(),
            style: HostnameStyle::File,
            init,
            prefer_fqdn: settings.prefer_fqdn_over_hostname.unwrap_or(facts.prefer_fqdn),
            create_file: settings.create_hostname_file.unwrap_or(true),
        }),
        users: Box::new(ShadowUtils { system: system.clone(), extra_users }),
        packages: Box::new(packages.clone()),
        network: Box::new(legacy::WithoutEth0 { system: system.clone(), inner: network }),
        locale: Box::new(DebianLocale { system: system.clone(), packages }),
        time: Box::new(Zone { system: system.clone(), style: ZoneStyle::Etc, init }),
        ssh: Box::new(OpenSsh {
            system: system.clone(),
            accounts: Accounts { system: system.clone() },
            key_group: false,
        }),
        optional: Optional {
            trust_store: Some(Box::new(CertificateFiles { system: system.clone(), store: Store::DEBIAN })),
            time_sync: Some(Box::new(clients)),
            keyboard: Some(Box::new(ConsoleSetup { system: system.clone(), init })),
            // apt's sources are managed by the module apt_configure, which is not implemented yet.
            ..Optional::default()
        },
        ..Composed::bare(settings.info(facts), &system, init)
    }))
}
