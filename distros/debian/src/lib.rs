//! Debian and its derivatives: a table of what differs, over what distributions share.

use capabilities::{
    Apt, Composed, DebianLocale, HostnameFile, HostnameStyle, InitSystem, Manager, OpenSsh, PackageManagers,
    Settings, ShadowUtils, Snap, Zone, ZoneStyle,
};
use model::{Distro, DistroError, Node, System};

mod legacy;

/// Distributions of this family.
pub const NAMES: &[&str] = &["debian", "ubuntu"];

/// What differs between the members of the family.
struct Derivative {
    name: &'static str,
    /// snap stands beside apt.
    snap: bool,
}

const DERIVATIVES: [Derivative; 2] =
    [Derivative { name: "debian", snap: false }, Derivative { name: "ubuntu", snap: true }];

/// Makes the distribution of a name in [`NAMES`] from `system_info`.
pub fn make(system: &System, name: &str, system_info: &Node) -> Result<Box<dyn Distro>, DistroError> {
    let derivative = DERIVATIVES.iter().find(|derivative| derivative.name == name).ok_or_else(|| {
        DistroError::Failed(format!("'{name}' is not of Debian's family: {}", NAMES.join(", ")))
    })?;
    let settings = Settings::read(system_info)?;
    let apt = Apt::new(system, &settings);
    let mut managers: Vec<Box<dyn Manager>> = vec![Box::new(apt.clone())];
    if derivative.snap {
        managers.push(Box::new(Snap));
    }
    // Ubuntu Core keeps accounts of its own beside the system's.
    let extra_users =
        derivative.snap && system.files.exists(std::path::Path::new("/var/lib/extrausers/passwd"));
    let users = ShadowUtils { system: system.clone(), extra_users };
    let network = network_managers::NetworkTools::new(
        system.clone(),
        network_managers::Settings {
            renderers: settings.network.renderers.clone(),
            activators: settings.network.activators.clone(),
            ..network_managers::Settings::of(name)
        },
    );
    Ok(Box::new(Composed {
        info: settings.info(system, name, "debian"),
        hostname: Box::new(HostnameFile {
            system: system.clone(),
            style: HostnameStyle::File,
            prefer_fqdn: settings.prefer_fqdn_over_hostname.unwrap_or(false),
            create_file: settings.create_hostname_file.unwrap_or(true),
        }),
        users: Box::new(users.clone()),
        packages: Box::new(PackageManagers::of(system, managers)),
        services: Box::new(InitSystem { system: system.clone() }),
        network: Box::new(legacy::WithoutEth0 { system: system.clone(), inner: network }),
        locale: Box::new(DebianLocale { system: system.clone(), apt }),
        time: Box::new(Zone { system: system.clone(), style: ZoneStyle::Etc }),
        ssh: Box::new(OpenSsh { system: system.clone(), users, key_group: false }),
    }))
}
