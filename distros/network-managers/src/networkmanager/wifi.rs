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

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(points: &str) -> Vec<(String, String)> {
        let text = format!("{{version: 2, wifis: {{wlan0: {{dhcp4: true, access-points: {points}}}}}}}");
        let node = model::Node::from_yaml("t", text.as_bytes()).expect("valid").expect("there");
        let state = NetworkState::read(&model::NetworkConfig::new(node), &[]).expect("valid");
        let files = crate::networkmanager::render(&state).expect("rendered");
        let files = files.into_iter().map(|file| (file.path.display().to_string(), file.content));
        files.filter(|(path, _)| path.ends_with(".nmconnection")).collect()
    }

    /// The lines of a section.
    fn section(text: &str, name: &str) -> Vec<String> {
        let from = text.lines().skip_while(|line| *line != format!("[{name}]")).skip(1);
        from.take_while(|line| !line.starts_with('['))
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// nm-settings-keyfile(5): `band` is `a` or `bg`; netplan's reference: `band` is 5GHz or 2.4GHz.
    #[test]
    fn networks() {
        for (point, lines) in [
            ("{home: {}}", &["mode=infrastructure", "ssid=home"][..]),
            ("{home: {mode: adhoc, hidden: true}}", &["hidden=true", "mode=adhoc", "ssid=home"]),
            ("{home: {hidden: false}}", &["mode=infrastructure", "ssid=home"]),
            (
                "{home: {band: 5GHz, channel: 36}}",
                &["band=a", "channel=36", "mode=infrastructure", "ssid=home"],
            ),
            ("{home: {band: 2.4GHz}}", &["band=bg", "mode=infrastructure", "ssid=home"]),
            ("{home: {band: 2.4G}}", &["band=bg", "mode=infrastructure", "ssid=home"]),
            ("{home: {band: 5G}}", &["band=a", "mode=infrastructure", "ssid=home"]),
            ("{home: {band: 6GHz}}", &["mode=infrastructure", "ssid=home"]),
            ("{'a;b': {}}", &["mode=infrastructure", "ssid=97;59;98;"]),
            ("{' a': {}}", &["mode=infrastructure", "ssid=32;97;"]),
        ] {
            let files = rendered(point);
            let [(_, text)] = files.as_slice() else { panic!("{files:?}") };
            let mut found = section(text, "wifi");
            found.retain(|line| !line.starts_with("mac-address"));
            found.sort();
            assert_eq!(found, lines, "{point}: {text}");
        }
    }

    /// The values of `key-management` in netplan's reference, and those of `key-mgmt` in nm-settings-keyfile(5).
    #[test]
    fn keys() {
        for (point, wifi, eap) in [
            ("{}", &[][..], &[][..]),
            ("{password: s3cret}", &["key-mgmt=wpa-psk", "psk=s3cret"], &[]),
            ("{auth: {password: s3cret}}", &["key-mgmt=wpa-psk", "psk=s3cret"], &[]),
            ("{auth: {key-management: none}}", &[], &[]),
            ("{auth: {key-management: psk, password: s3cret}}", &["key-mgmt=wpa-psk", "psk=s3cret"], &[]),
            ("{auth: {key-management: sae, password: s3cret}}", &["key-mgmt=sae", "psk=s3cret"], &[]),
            (
                "{auth: {key-management: eap, method: ttls, identity: me, anonymous-identity: '@x', password: p, phase2-auth: MSCHAPV2}}",
                &["key-mgmt=wpa-eap"],
                &["anonymous-identity=@x", "eap=ttls;", "identity=me", "password=p", "phase2-auth=mschapv2"],
            ),
            (
                "{auth: {key-management: eap-sha256, method: tls, identity: ME}}",
                &["key-mgmt=wpa-eap"],
                &["eap=tls;", "identity=ME"],
            ),
            (
                "{auth: {key-management: eap-suite-b-192, method: tls}}",
                &["key-mgmt=wpa-eap-suite-b-192"],
                &["eap=tls;"],
            ),
            (
                "{auth: {key-management: 802.1x, ca-certificate: /ca, client-certificate: /c, client-key: /k, client-key-password: q}}",
                &["key-mgmt=ieee8021x"],
                &["ca-cert=/ca", "client-cert=/c", "private-key-password=q", "private-key=/k"],
            ),
        ] {
            let files = rendered(&format!("{{home: {point}}}"));
            let [(_, text)] = files.as_slice() else { panic!("{files:?}") };
            for (name, expected) in [("wifi-security", wifi), ("802-1x", eap)] {
                let mut found = section(text, name);
                found.sort();
                assert_eq!(found, expected, "{point}: {text}");
            }
        }
    }

    #[test]
    fn each_network_has_a_connection() {
        let directory = "/etc/NetworkManager/system-connections/cloud-init-wlan0";
        let found = rendered("{one: {}, two: {}, three: {}}");
        let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths.len(), 3, "{paths:?}");
        for (number, ssid) in [(0, "one"), (1, "two"), (2, "three")] {
            let end = if number == 0 { String::new() } else { format!("-{number}") };
            let path = format!("{directory}{end}.nmconnection");
            let (_, text) = found
                .iter()
                .find(|(known, _)| *known == path)
                .unwrap_or_else(|| panic!("{path} in {paths:?}"));
            assert!(text.contains(&format!("\nssid={ssid}\n")), "{text}");
            let id = if number == 0 {
                "id=cloud-init wlan0".to_owned()
            } else {
                format!("id=cloud-init wlan0 {ssid}")
            };
            assert!(text.contains(&format!("\n{id}\n")), "{text}");
        }
        assert!(rendered("{}").is_empty(), "NetworkManager rejects a connection without a network");
    }
}
