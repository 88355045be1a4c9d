//! Wireless connections: one for each network of a device.
//!
//! Facts: nm-settings-keyfile(5), sections wifi, wifi-security and 802-1x; netplan's YAML reference, "Properties for
//! device type wifis:".

use indexmap::IndexMap;
use netconfig::{AccessPoint, InterfaceKind, NetworkState, Scalar};

use super::keyfile::Keyfile;

/// Completes the connections of wireless devices; those for additional networks are copies of the first.
pub(super) fn connections(state: &NetworkState, connections: &mut IndexMap<String, Keyfile>) {
    for link in state.of_kind(InterfaceKind::Wifi) {
        let Some(plain) = connections.get(link.key()).cloned() else { continue };
        if link.access_points.is_empty() {
            // NetworkManager rejects a wireless connection without a network.
            connections.shift_remove(link.key());
        }
        for (number, point) in link.access_points.iter().enumerate() {
            let (mut file, mut key) = (plain.clone(), link.key().to_owned());
            if number > 0 {
                key = format!("{key}-{number}");
                file.rename(&format!("{} {}", link.name, point.ssid));
            }
            network(&mut file, point);
            connections.insert(key, file);
        }
    }
}

fn network(file: &mut Keyfile, point: &AccessPoint) {
    let text = |key: &str| point.settings.get(key).map(Scalar::to_string);
    // A list of bytes, if text would be interpreted as one.
    let bytes = || {
        let numbers: Vec<String> = point.ssid.bytes().map(|byte| byte.to_string()).collect();
        numbers.join(";") + ";"
    };
    let plain = !point.ssid.contains([';', '\\']) && point.ssid.trim() == point.ssid;
    file.set("wifi", "ssid", &if plain { point.ssid.clone() } else { bytes() });
    let mode = text("mode").unwrap_or_else(|| "infrastructure".to_owned());
    file.set("wifi", "mode", &mode);
    if point.settings.get("hidden").is_some_and(Scalar::is_true) {
        file.set("wifi", "hidden", "true");
    }
    if let Some(bssid) = text("bssid") {
        file.set("wifi", "bssid", &super::mac_address(&bssid));
    }
    match text("band").as_deref() {
        Some("5GHz" | "5G") => file.set("wifi", "band", "a"),
        Some("2.4GHz" | "2.4G") => file.set("wifi", "band", "bg"),
        _ => {}
    }
    if let Some(channel) = text("channel") {
        file.set("wifi", "channel", &channel);
    }
    security(file, point, text("password"));
}

/// Settings of `auth` that are written unchanged.
const EAP: &[(&str, &str)] = &[
    ("identity", "identity"),
    ("anonymous-identity", "anonymous-identity"),
    ("password", "password"),
    ("ca-certificate", "ca-cert"),
    ("client-certificate", "client-cert"),
    ("client-key", "private-key"),
    ("client-key-password", "private-key-password"),
    ("phase2-auth", "phase2-auth"),
];

fn security(file: &mut Keyfile, point: &AccessPoint, password: Option<String>) {
    let auth = |key: &str| point.auth.get(key).map(Scalar::to_string);
    // A password alone means a network with a pre-shared key.
    let usual = if password.is_some() || point.auth.contains_key("password") { "psk" } else { "none" };
    let management = match auth("key-management").as_deref().unwrap_or(usual) {
        "psk" => "wpa-psk",
        "sae" => "sae",
        "eap" | "eap-sha256" => "wpa-eap",
        "eap-suite-b-192" => "wpa-eap-suite-b-192",
        "802.1x" => "ieee8021x",
        _ => return,
    };
    file.set("wifi-security", "key-mgmt", management);
    let with_key = matches!(management, "wpa-psk" | "sae");
    if let Some(key) = auth("password").or(password).filter(|_| with_key) {
        file.set("wifi-security", "psk", &key);
    }
    if with_key {
        return;
    }
    if let Some(method) = auth("method") {
        file.set("802-1x", "eap", &format!("{method};"));
    }
    for &(key, option) in EAP {
        if let Some(value) = auth(key) {
            // netplan spells MSCHAPV2 like wpa_supplicant, NetworkManager in lower case.
            let value = if option == "phase2-auth" { value.to_lowercase() } else { value };
            file.set("802-1x", option, &value);
        }
    }
}
