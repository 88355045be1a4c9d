//! FreeBSD, DragonFly BSD, NetBSD and OpenBSD: a table of differences, their account tools, package managers, host name
//! and login classes. The program is not built for them yet; plans and image roots are.

use capabilities::{Composed, OpenSsh, PackageManagers, RcServices, Settings, TimeClients, Zone, ZoneStyle};
use model::distro::{Facts, Family, Init, Optional};
use model::{Distro, DistroError, Node, System};

mod facts;
mod hostname;
mod locale;
mod packages;
mod releases;
mod users;

pub use releases::RELEASES;

/// FreeBSD, DragonFly BSD, NetBSD and OpenBSD.
pub static FAMILY: Family = Family { name: "bsd", members: facts::MEMBERS, make };

fn make(system: &System, facts: &'static Facts, system_info: &Node) -> Result<Box<dyn Distro>, DistroError> {
    let settings = Settings::read(system_info)?;
    let row = facts::system(facts);
    let system = system.clone();
    let (renderers, activators) =
        (settings.network.renderers.as_deref(), settings.network.activators.as_deref());
    let network = network_managers::NetworkTools::of(&system, facts.name, renderers, activators);
    let manager = packages::BsdPackages { manager: row.packages, system: facts.name };
    let clients = TimeClients::of(&system, facts);
    Ok(Box::new(Composed {
        hostname: Box::new(hostname::BsdHostname {
            system: system.clone(),
            myname: row.myname,
            prefer_fqdn: settings.prefer_fqdn_over_hostname.unwrap_or(facts.prefer_fqdn),
            create_file: settings.create_hostname_file.unwrap_or(true),
        }),
        users: Box::new(users::BsdUsers { system: system.clone(), tools: row.accounts, rules: row.rules }),
        packages: Box::new(PackageManagers::of(&system, &settings.paths(), vec![Box::new(manager)])),
        services: Box::new(RcServices { system: system.clone(), rc: row.rc }),
        network: Box::new(network),
        locale: Box::new(locale::LoginClass { system: system.clone(), used: row.login_conf }),
        time: Box::new(Zone { system: system.clone(), style: ZoneStyle::Etc, init: Init::Bsd }),
        ssh: Box::new(OpenSsh::new(&system)),
        optional: Optional {
            time_sync: (!facts.time_clients.is_empty()).then(|| Box::new(clients) as Box<_>),
            ..Optional::default()
        },
        ..Composed::bare(settings.info(facts), &system, Init::Bsd)
    }))
}
