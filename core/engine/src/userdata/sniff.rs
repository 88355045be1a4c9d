//! Detects the content type from the first characters.

use model::Node;
use model::gzip::is_gzip;

/// Prefixes and their content types; the longest match is used.
const PREFIXES: &[(&str, &str)] = &[
    ("#cloud-config-archive", "text/cloud-config-archive"),
    ("#cloud-config-jsonp", "text/cloud-config-jsonp"),
    ("## template: jinja", "text/jinja2"),
    ("#cloud-boothook", "text/cloud-boothook"),
    ("#include-once", "text/x-include-once-url"),
    ("#cloud-config", "text/cloud-config"),
    ("#part-handler", "text/part-handler"),
    ("#include", "text/x-include-url"),
    ("#!", "text/x-shellscript"),
];

/// The content type of a payload, ignoring case and leading white space; `None` if its beginning is unknown, or if it
/// is not text.
pub fn content_type_of(payload: &[u8]) -> Option<&'static str> {
    content_type_of_text(std::str::from_utf8(payload).ok()?)
}

/// The content type of a part declared as text: only its beginning must be valid.
pub(super) fn content_type_of_part(payload: &[u8]) -> Option<&'static str> {
    let head = &payload[..payload.len().min(4096)];
    content_type_of_text(&String::from_utf8_lossy(head))
}

fn content_type_of_text(text: &str) -> Option<&'static str> {
    // Python's white space includes ASCII's separators.
    let text =
        text.trim_start_matches(|letter: char| letter.is_whitespace() || ('\x1c'..='\x1f').contains(&letter));
    PREFIXES
        .iter()
        .find(|(prefix, _)| text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix)))
        .map(|(_, content_type)| *content_type)
}

/// Describes data with an unknown first line and how to fix it, if its bytes show the cause: a byte order mark, UTF-16,
/// a compression other than gzip, corrupt gzip, base64.
pub fn mistaken_form(payload: &[u8]) -> Option<String> {
    let say = |what: &str| Some(what.to_owned());
    match payload {
        [0xef, 0xbb, 0xbf, ..] => {
            return say("the file starts with a byte order mark: save it as UTF-8 without one");
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return say("it is UTF-16 text: save the file as UTF-8"),
        _ if is_gzip(payload) => {
            return say("it is corrupt gzip, possibly truncated");
        }
        [0xfd, b'7', b'z', b'X', b'Z', ..] => {
            return say("it is xz: use gzip or no compression");
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => return say("it is zstd: use gzip or no compression"),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => {
            return say("it is bzip2: use gzip or no compression");
        }
        [b'P', b'K', 3, 4, ..] => {
            return say("it is a zip archive: use gzip or no compression");
        }
        _ => {}
    }
    let mut text: Vec<u8> = payload.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    if text.len() < 16 || !text.iter().all(is_letter) {
        return None;
    }
    // The beginning is enough, in complete groups of four.
    text.truncate(4096.min(text.len() / 4 * 4));
    let decoded = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, &text).ok()?;
    let inside = match content_type_of(&decoded) {
        Some(_) => "user-data in base64",
        None if is_gzip(&decoded) => "gzip in base64",
        None if decoded.starts_with(b"Content-Type:") || decoded.starts_with(b"MIME-Version:") => {
            "a MIME message in base64"
        }
        None => return None,
    };
    Some(format!("it is {inside}, which is not decoded here: use the decoded data"))
}

/// Whether raw data may need the network in the network stage, and why; upstream's rule for `.skip-network`.
pub fn needs_network(raw: Option<&[u8]>) -> (bool, &'static str) {
    let Some(raw) = raw.filter(|raw| !raw.is_empty()) else { return (false, "no configuration found") };
    if content_type_of(raw) != Some("text/cloud-config") {
        return (true, "non-cloud-config user data found");
    }
    let config = match Node::from_yaml("user-data", raw) {
        Ok(Some(config)) if config.as_map().is_some() => config,
        Ok(_) => return (true, "parsed config not in cloud-config format"),
        Err(_) => return (true, "failed to parse user data as yaml"),
    };
    let remote = |entry: &Node| {
        let uri = entry.at(&["source", "uri"]).and_then(Node::as_str).unwrap_or_default();
        !uri.is_empty() && !uri.starts_with('/') && !uri.starts_with("file:")
    };
    if config.get("write_files").and_then(Node::as_list).is_some_and(|entries| entries.iter().any(remote)) {
        return (true, "write_files with source uri found");
    }
    if config.get("bootcmd").is_some_and(Node::is_truthy) {
        return (true, "bootcmd found");
    }
    if config.at(&["random_seed", "command"]).is_some_and(Node::is_truthy) {
        return (true, "random_seed command found");
    }
    if config.get("mounts").is_some_and(Node::is_truthy) {
        return (true, "mounts found");
    }
    (false, "cloud-config does not contain network requiring elements")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_head_wins() {
        for (text, expected) in [
            ("#cloud-config\na: 1", Some("text/cloud-config")),
            ("  \n#Cloud-Config-Archive\n", Some("text/cloud-config-archive")),
            ("#include-once\nhttp://x", Some("text/x-include-once-url")),
            ("#include http://x", Some("text/x-include-url")),
            ("#!/bin/sh", Some("text/x-shellscript")),
            ("#upstart-job\nstart on x", None),
            ("## template: jinja\n#cloud-config", Some("text/jinja2")),
            ("##template: jinja\n#cloud-config", None),
            ("\u{feff}#cloud-config", None),
            ("hello", None),
        ] {
            assert_eq!(content_type_of(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn bytes_of_another_form_are_named() {
        for (bytes, expected) in [
            (b"\xef\xbb\xbf#cloud-config\n".as_slice(), Some("byte order mark")),
            (b"\xff\xfe#\0", Some("UTF-16")),
            (b"\x1f\x8b\x08cut", Some("corrupt gzip")),
            (b"I2Nsb3VkLWNvbmZpZwpob3N0bmFtZTogd2ViMQpwYWNrYWdlczogW3ZpbV0K\n", Some("user-data in base64")),
            (
                b"H4sIAAAAAAACA1NOzskvTdFNzs9Ly0znysgvLslLzE21UihPTTLkKkhMzk5MTy22Uoguy8yN5QIA",
                Some("gzip in base64"),
            ),
            (b"hostname: x\n", None),
            (b"abcdefghijklmnop", None),
            (b"\xfe\xff\0#", Some("UTF-16")),
            (b"\xfd7zXZ\0", Some("it is xz")),
            (b"\x28\xb5\x2f\xfd", Some("it is zstd")),
            (b"BZh91AY", Some("it is bzip2")),
            (b"BZh0", None),
            (b"PK\x03\x04", Some("zip archive")),
            (b"PK\x03\x05", None),
            // `Content-Type: multipart/mixed` and `MIME-Version: 1.0`.
            (b"Q29udGVudC1UeXBlOiBtdWx0aXBhcnQvbWl4ZWQ=", Some("a MIME message in base64")),
            (b"TUlNRS1WZXJzaW9uOiAxLjAK", Some("a MIME message in base64")),
            (b"I2Nsb3VkLWNvbmZpZwphOiAx!", None),
            // `#include` in base64, but too short to be told from a word.
            (b"I2luY2x1ZGU=", None),
        ] {
            let found = mistaken_form(bytes);
            assert_eq!(found.is_some(), expected.is_some(), "{found:?}");
            assert!(found.unwrap_or_default().contains(expected.unwrap_or_default()), "{expected:?}");
        }
    }

    #[test]
    fn what_needs_the_network() {
        assert!(!needs_network(Some(b"#cloud-config\nusers: [x]\n")).0);
        assert!(!needs_network(None).0);
        assert!(needs_network(Some(b"#!/bin/sh\n")).0);
        assert!(needs_network(Some(b"#cloud-config\nbootcmd: [ls]\n")).0);
        assert!(needs_network(Some(b"#cloud-config\nwrite_files: [{source: {uri: 'http://x'}}]\n")).0);
        assert!(!needs_network(Some(b"#cloud-config\nwrite_files: [{source: {uri: 'file:///x'}}]\n")).0);
        // Upstream's `_should_wait_via_user_data`.
        for (text, needed) in [
            ("write_files: [{path: /x}, {source: {uri: 'https://x'}}]", true),
            ("write_files: [{source: {uri: /x}}, {source: {}}, {path: /y}]", false),
            ("random_seed: {command: [x]}", true),
            ("random_seed: {file: /x}", false),
            ("mounts: [[a, b]]", true),
            ("mounts: []", false),
            ("bootcmd: []", false),
            ("- a", true),
            ("a: [", true),
        ] {
            assert_eq!(
                needs_network(Some(format!("#cloud-config\n{text}\n").as_bytes())).0,
                needed,
                "{text}"
            );
        }
        assert!(!needs_network(Some(b"")).0);
    }

    /// A part is text if its beginning is; a document is, if all of it is.
    #[test]
    fn only_the_beginning_of_a_part_counts() {
        let mut bytes = b"#!/bin/sh\n".to_vec();
        bytes.extend([b' '; 5000]);
        bytes.push(0xff);
        assert_eq!(content_type_of_part(&bytes), Some("text/x-shellscript"));
        assert_eq!(content_type_of(&bytes), None);
        assert_eq!(content_type_of_part(b"\x1c \x1f#!/bin/sh"), Some("text/x-shellscript"));
        assert_eq!(content_type_of_part(b"\x1b#!/bin/sh"), None);
    }
}
