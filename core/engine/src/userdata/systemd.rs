//! Data for systemd, which has the same user-data as this program on clouds that it knows (`systemd-imds-import.service`).

use std::collections::BTreeMap;

use serde::de::IgnoredAny;

/// The first line of data for systemd.
const MARK: &str = "#systemd-userdata\n";
/// The beginning of the keys that systemd reads, such as `systemd.credentials`.
const PREFIX: &str = "systemd.";

/// Whether a payload is systemd's by the rules of systemd-imds(1): a JSON object with its keys, or text with its mark.
#[expect(clippy::zero_sized_map_values, reason = "in JSON, a set is a list")]
pub fn is_for_systemd(payload: &[u8]) -> bool {
    let marked = payload.strip_prefix(MARK.as_bytes());
    // The values may be many, and are not ours to keep.
    let object = serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(marked.unwrap_or(payload));
    let Ok(object) = object else { return false };
    marked.is_some() || object.keys().any(|key| key.starts_with(PREFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_with_keys_of_systemd() {
        for (text, expected) in [
            (r#"{"systemd.credentials": [{"name": "a", "text": "b"}]}"#, true),
            (" \n { \"other\": 1, \"systemd.later\": null }\n", true),
            ("#systemd-userdata\n{}", true),
            ("#systemd-userdata\nnot JSON", false),
            (r#"{"systemd": {"credentials": []}}"#, false),
            (r#"["systemd.credentials"]"#, false),
            (r#"{"systemd.credentials": ["#, false),
            ("", false),
        ] {
            assert_eq!(is_for_systemd(text.as_bytes()), expected, "{text}");
        }
    }
}
