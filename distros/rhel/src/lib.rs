//! Red Hat Enterprise Linux and its derivatives: a table of differences, and shared implementations.

use capabilities::{
    Accounts, CertificateFiles, Composed, DNF_OR_YUM, HostnameFile, HostnameStyle, Listed, Localectl,
    OpenSsh, PackageManagers, Settings, ShadowUtils, Store, SysconfigLocale, TimeClients, YumRepositories,
    Zone, ZoneStyle,
};
use model::distro::{Facts, Family, Init, Optional};
use model::{Distro, DistroError, Node, System};

mod facts;
mod releases;

pub use releases::RELEASES;

/// Red Hat Enterprise Linux and its derivatives.
pub static FAMILY: Family = Family { name: "redhat", members: facts::MEMBERS, make };

fn make(system: &System, facts: &'static Facts, system_info: &Node) -> Result<Box<dyn Distro>, DistroError> {
    let settings = Settings::read(system_info)?;
    let init = Init::of(system.files.as_ref());
    let system = system.clone();
    let network = network_managers::NetworkTools::new(
        system.clone(),
        network_managers::Settings {
            renderers: settings.network.renderers.clone(),
            activators: settings.network.activators.clone(),
            ..network_managers::Settings::of(facts.name)
        },
    );
    let manager = if facts.lists_on_demand { Listed { refresh: None, ..DNF_OR_YUM } } else { DNF_OR_YUM };
    let clients =
        TimeClients { system: system.clone(), distro: facts.name.to_owned(), clients: facts.time_clients };
    let keyboard = Localectl { system: system.clone(), distro: facts.name.to_owned(), init };
    Ok(Box::new(Composed {
        hostname: Box::new(HostnameFile {
            system: system.clone(),
            style: HostnameStyle::Sysconfig,
            init,
            prefer_fqdn: settings.prefer_fqdn_over_hostname.unwrap_or(facts.prefer_fqdn),
            create_file: settings.create_hostname_file.unwrap_or(true),
        }),
        users: Box::new(ShadowUtils { system: system.clone(), extra_users: false }),
        packages: Box::new(PackageManagers::of(&system, &settings.paths(), vec![Box::new(manager)])),
        network: Box::new(network),
        locale: Box::new(SysconfigLocale { system: system.clone(), init }),
        time: Box::new(Zone { system: system.clone(), style: ZoneStyle::Sysconfig, init }),
        ssh: Box::new(OpenSsh {
            system: system.clone(),
            accounts: Accounts { system: system.clone() },
            key_group: true,
        }),
        optional: Optional {
            repositories: Some(Box::new(YumRepositories { system: system.clone() })),
            trust_store: Some(Box::new(CertificateFiles { system: system.clone(), store: Store::RHEL })),
            time_sync: Some(Box::new(clients)),
            keyboard: Some(Box::new(keyboard)),
        },
        ..Composed::bare(settings.info(facts), &system, init)
    }))
}
