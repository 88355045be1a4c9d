//! Red Hat Enterprise Linux and its derivatives: a table of what differs, over what distributions share.

use capabilities::{
    Composed, HostnameFile, HostnameStyle, InitSystem, OpenSsh, PackageManagers, Settings, ShadowUtils,
    SysconfigLocale, Yum, Zone, ZoneStyle,
};
use model::{Distro, DistroError, Node, System};

/// Distributions of this family.
pub const NAMES: &[&str] = &["rhel", "centos", "rocky", "almalinux", "fedora", "amazon"];

/// Makes the distribution of a name in [`NAMES`] from `system_info`.
pub fn make(system: &System, name: &str, system_info: &Node) -> Result<Box<dyn Distro>, DistroError> {
    if !NAMES.contains(&name) {
        return Err(DistroError::Failed(format!("'{name}' is not of RHEL's family: {}", NAMES.join(", "))));
    }
    let settings = Settings::read(system_info)?;
    let users = ShadowUtils { system: system.clone(), extra_users: false };
    let network = network_managers::NetworkTools::new(
        system.clone(),
        network_managers::Settings {
            renderers: settings.network.renderers.clone(),
            activators: settings.network.activators.clone(),
            ..network_managers::Settings::of(name)
        },
    );
    // Amazon Linux fetches its lists of packages when it needs them.
    let yum = Yum { lists_on_demand: name == "amazon" };
    Ok(Box::new(Composed {
        info: settings.info(system, name, "redhat"),
        hostname: Box::new(HostnameFile {
            system: system.clone(),
            style: HostnameStyle::Sysconfig,
            prefer_fqdn: settings.prefer_fqdn_over_hostname.unwrap_or(true),
            create_file: settings.create_hostname_file.unwrap_or(true),
        }),
        users: Box::new(users.clone()),
        packages: Box::new(PackageManagers::of(system, vec![Box::new(yum)])),
        services: Box::new(InitSystem { system: system.clone() }),
        network: Box::new(network),
        locale: Box::new(SysconfigLocale { system: system.clone() }),
        time: Box::new(Zone { system: system.clone(), style: ZoneStyle::Sysconfig }),
        ssh: Box::new(OpenSsh { system: system.clone(), users, key_group: true }),
    }))
}
