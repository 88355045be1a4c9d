//! Detects the network managers of a system.

use std::path::Path;

use model::System;
use model::effects::FileKind;

/// Whether one of the directories contains an executable with that name.
pub(crate) fn program(system: &System, name: &str, directories: &[&str]) -> bool {
    directories.iter().any(|directory| {
        let found = system.files.stat(&Path::new(directory).join(name)).ok().flatten();
        found.is_some_and(|found| found.kind == FileKind::File && found.mode & 0o111 != 0)
    })
}

/// Whether NetworkManager is installed and, with systemd, enabled.
#[cfg(any(feature = "networkmanager", feature = "netplan"))]
pub(crate) fn network_manager(system: &System) -> bool {
    use model::distro::Init;
    let systemd = Init::of(system.files.as_ref()) == Init::Systemd;
    // `Services` starts and stops; only systemd knows whether a service is enabled.
    let enabled = || {
        let words = ["systemctl", "is-enabled", "NetworkManager.service"];
        system.commands.run(&model::effects::Command::line(words)).is_ok()
    };
    system.commands.which("nmcli").is_some() && (!systemd || enabled())
}

/// NetworkManager's plugin for ifcfg files.
#[cfg(any(feature = "networkmanager", feature = "ifcfg"))]
pub(crate) fn ifcfg_plugin(system: &System) -> bool {
    let list = |path: &Path| system.files.list(path).unwrap_or_default();
    let usr = Path::new("/usr");
    list(usr).iter().filter(|name| name.starts_with("lib")).any(|library| {
        let manager = usr.join(library).join("NetworkManager");
        list(&manager).iter().any(|version| {
            system.files.exists(&manager.join(version).join("libnm-settings-plugin-ifcfg-rh.so"))
        })
    })
}
