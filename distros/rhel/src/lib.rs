//! Red Hat Enterprise Linux and its derivatives: a table of differences, and shared implementations.

use capabilities::{
    CertificateFiles, Composed, DNF_OR_YUM, HostnameFile, HostnameStyle, InitSystem, Listed, LocaleFile,
    Localectl, OpenSsh, PackageManagers, Settings, ShadowUtils, Store, TimeClients, YumRepositories, Zone,
    ZoneStyle,
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
    let (renderers, activators) =
        (settings.network.renderers.as_deref(), settings.network.activators.as_deref());
    let network = network_managers::NetworkTools::of(&system, facts.name, renderers, activators);
    let manager = if facts.lists_on_demand { Listed { refresh: None, ..DNF_OR_YUM } } else { DNF_OR_YUM };
    let locale = if init == Init::Systemd {
        LocaleFile::systemd(&system)
    } else {
        LocaleFile { file: "/etc/sysconfig/i18n", ..LocaleFile::systemd(&system) }
    };
    // Azure Linux has systemd only; it counts even if it is not running.
    let services = if facts.name == "azurelinux" { Init::Systemd } else { init };
    let clients = TimeClients::of(&system, facts);
    let keyboard = Localectl::new(&system, facts, init);
    Ok(Box::new(Composed {
        hostname: Box::new(HostnameFile::new(&system, HostnameStyle::Sysconfig, init, &settings, facts)),
        users: Box::new(ShadowUtils { system: system.clone(), extra_users: false }),
        packages: Box::new(PackageManagers::of(&system, &settings.paths(), vec![Box::new(manager)])),
        services: Box::new(InitSystem { system: system.clone(), init: services }),
        network: Box::new(network),
        locale: Box::new(locale),
        time: Box::new(Zone { system: system.clone(), style: ZoneStyle::Sysconfig, init }),
        ssh: Box::new(OpenSsh { key_group: facts.ssh_key_group, ..OpenSsh::new(&system) }),
        optional: Optional {
            repositories: Some(Box::new(YumRepositories { system: system.clone() })),
            trust_store: Some(Box::new(CertificateFiles { system: system.clone(), store: Store::RHEL })),
            time_sync: Some(Box::new(clients)),
            keyboard: Some(Box::new(keyboard)),
        },
        ..Composed::bare(settings.info(facts), &system, init)
    }))
}
