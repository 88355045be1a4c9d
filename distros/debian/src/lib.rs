//! Debian and its derivatives: a table of differences, and shared implementations.

use std::path::Path;

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

fn make(system: &System, facts: &'static Facts, system_info: &Node) -> Result<Box<dyn Distro>, DistroError> {
    let settings = Settings::read(system_info)?;
    let init = Init::of(system.files.as_ref());
    let system = system.clone();
    let mut managers: Vec<Box<dyn Manager>> = vec![Box::new(Apt::new(&system, &settings))];
    if facts.snap {
        managers.push(Box::new(Snap));
    }
    let packages = PackageManagers::of(&system, &settings.paths(), managers);
    // Ubuntu Core has accounts in addition to the system's, whose files are read-only.
    let extra_users = facts.snap && is_ubuntu_core(&system);
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
