//! Which parts of a file with secrets are shown.

use std::path::Path;

use engine::explain::is_secret_key;
use system::Content;

/// Directories of network managers. Their files are lines of keys and values, of which only some are secrets: hiding a
/// complete configuration because of one password would make the plan useless.
const NETWORK: &[&str] = &[
    "/etc/netplan",
    "/etc/NetworkManager/system-connections",
    "/etc/network",
    "/etc/sysconfig/network-scripts",
    "/etc/systemd/network",
];

/// The replacement of a secret.
const MASK: &str = "*****";

/// The part of a file's content that can be shown; `None` if nothing can.
pub(super) fn shown_content(path: &Path, content: &Content, secret: bool) -> Option<Vec<u8>> {
    if !secret {
        return Some(content.to_vec());
    }
    if !NETWORK.iter().any(|directory| path.starts_with(directory)) {
        return None;
    }
    Some(masked(std::str::from_utf8(&content.to_vec()).ok()?).into_bytes())
}

/// The lines of keys and values (`key: value`, `key=value`, `key value`), without the values of secret keys and without
/// what is indented below them.
fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut below: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let content = line.trim_start_matches([' ', '-']);
        let indentation = line.len() - content.len();
        let end = content.find([':', '=', ' ']).unwrap_or(content.trim_end().len());
        let is_deeper = below.is_some_and(|key| indentation > key);
        let is_secret = is_secret_key(content[..end].trim_matches(['"', '\'']));
        if is_deeper || is_secret {
            if !is_deeper {
                below = Some(indentation);
            }
            let kept = if is_secret { (end + 1).min(content.trim_end().len()) } else { 0 };
            out.push_str(&line[..indentation + kept]);
            if kept > 0 && content[..kept].ends_with(':') {
                out.push(' ');
            }
            out.push_str(MASK);
            out.push('\n');
        } else {
            below = None;
            out.push_str(line);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_of_a_network_is_hidden() {
        let netplan = Path::new("/etc/netplan/50-cloud-init.yaml");
        let text = "wifis:\n  wl0:\n    access-points:\n      home:\n        password: a b\n          c\n    dhcp4: true\n";
        let shown = shown_content(netplan, &Content::new(text.into()), true).expect("shown");
        assert_eq!(
            String::from_utf8_lossy(&shown),
            "wifis:\n  wl0:\n    access-points:\n      home:\n        password: *****\n          *****\n    dhcp4: true\n"
        );
        assert_eq!(
            masked("[wifi-security]\npsk=x\nkey-mgmt=wpa-psk\n"),
            "[wifi-security]\npsk=*****\nkey-mgmt=wpa-psk\n"
        );
        assert!(shown_content(Path::new("/etc/shadow"), &Content::new(b"x".into()), true).is_none());
    }
}
