//! The udev rules that name devices by MAC.

use netconfig::{InterfaceKind, NetworkState};

/// `70-persistent-net.rules`: one line per device with a MAC.
pub(crate) fn persistent_names(state: &NetworkState) -> String {
    let mut out = String::new();
    for link in state.of_kind(InterfaceKind::Physical) {
        let Some(mac) = link.mac.as_deref().filter(|mac| !mac.is_empty()) else { continue };
        let driver = link.driver().unwrap_or_else(|| "?*".to_owned());
        out.push_str(&format!(
            "SUBSYSTEM==\"net\", ACTION==\"add\", DRIVERS==\"{driver}\", ATTR{{address}}==\"{mac}\", NAME=\"{}\"\n",
            link.name
        ));
    }
    out
}
