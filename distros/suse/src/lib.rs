//! SUSE Linux Enterprise and openSUSE: zypper or transactional-update, and systemd or, on old releases, sysvinit.

use std::path::Path;

use capabilities::{
    CertificateFiles, Composed, HostnameFile, HostnameStyle, LocaleFile, Localectl, OpenSsh, PackageManagers,
    Settings, ShadowUtils, Store, TimeClients, Zone, ZoneStyle, Zypper,
};
use model::distro::{DistroInfo, Facts, Family, Init, Optional, TimeClient};
use model::{Distro, DistroError, Node, System};

mod facts;
mod releases;

pub use releases::RELEASES;

/// SUSE Linux Enterprise and openSUSE.
pub static FAMILY: Family = Family { name: "suse", members: facts::MEMBERS, make };

/// The preferred order of NTP clients: releases before 15 have ntp.
fn time_clients(system: &System) -> &'static [TimeClient] {
    let text = system.files.text(Path::new("/etc/os-release")).unwrap_or_default();
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='));
        line.unwrap_or_default().trim_matches(['"', '\''])
    };
    let major: Option<u32> = value("VERSION_ID").split('.').next().and_then(|major| major.parse().ok());
    let old = major.is_some_and(|major| major < 15) && !value("ID").to_lowercase().contains("micro");
    if old { facts::OLD_TIME_CLIENTS } else { facts::TIME_CLIENTS }
}

fn make(system: &System, facts: &'static Facts, system_info: &Node) -> Result<Box<dyn Distro>, DistroError> {
    let settings = Settings::read(system_info)?;
    let init = Init::of(system.files.as_ref());
    let system = system.clone();
    let locale = if init == Init::Systemd {
        LocaleFile::systemd(&system)
    } else {
        LocaleFile { file: "/etc/sysconfig/language", variable: "RC_LANG", ..LocaleFile::systemd(&system) }
    };
    let info = settings.info(facts);
    // Upstream restarts the service by this name.
    let info = match info.ssh_service.as_str() {
        "sshd" if init == Init::Systemd => DistroInfo { ssh_service: "sshd.service".to_owned(), ..info },
        _ => info,
    };
    let (renderers, activators) =
        (settings.network.renderers.as_deref(), settings.network.activators.as_deref());
    let network = network_managers::NetworkTools::of(&system, facts.name, renderers, activators);
    let clients = TimeClients { clients: time_clients(&system), ..TimeClients::of(&system, facts) };
    Ok(Box::new(Composed {
        hostname: Box::new(HostnameFile::new(&system, HostnameStyle::UpperCase, init, &settings, facts)),
        users: Box::new(ShadowUtils { system: system.clone(), extra_users: false }),
        packages: Box::new(PackageManagers::of(&system, &settings.paths(), vec![Box::new(Zypper)])),
        network: Box::new(network),
        locale: Box::new(locale),
        time: Box::new(Zone { system: system.clone(), style: ZoneStyle::Suse, init }),
        ssh: Box::new(OpenSsh::new(&system)),
        optional: Optional {
            trust_store: Some(Box::new(CertificateFiles { system: system.clone(), store: Store::SUSE })),
            time_sync: Some(Box::new(clients)),
            keyboard: Some(Box::new(Localectl::new(&system, facts, init))),
            ..Optional::default()
        },
        ..Composed::bare(info, &system, init)
    }))
}
