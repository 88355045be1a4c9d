//! What content is, by its first characters.

use model::Node;

/// First characters and the content type that they mean; the longest match counts.
const PREFIXES: [(&str, &str); 9] = [
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

/// The content type of a payload, in any case and after white space; `None` where its head says nothing, or where it
/// is no text at all.
pub fn content_type_of(payload: &[u8]) -> Option<&'static str> {
    content_type_of_text(std::str::from_utf8(payload).ok()?)
}

/// The content type of a part that says it is text: only its head has to be.
pub(super) fn content_type_of_part(payload: &[u8]) -> Option<&'static str> {
    let head = &payload[..payload.len().min(4096)];
    content_type_of_text(&String::from_utf8_lossy(head))
}

fn content_type_of_text(text: &str) -> Option<&'static str> {
    // Python's white space has the separators of ASCII in it.
    let text =
        text.trim_start_matches(|letter: char| letter.is_whitespace() || ('\x1c'..='\x1f').contains(&letter));
    PREFIXES
        .iter()
        .find(|(prefix, _)| text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix)))
        .map(|(_, content_type)| *content_type)
}

/// Whether raw data may need the network in the network stage, and why; the original's rule for `.skip-network`.
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
    fn what_needs_the_network() {
        assert!(!needs_network(Some(b"#cloud-config\nusers: [x]\n")).0);
        assert!(!needs_network(None).0);
        assert!(needs_network(Some(b"#!/bin/sh\n")).0);
        assert!(needs_network(Some(b"#cloud-config\nbootcmd: [ls]\n")).0);
        assert!(needs_network(Some(b"#cloud-config\nwrite_files: [{source: {uri: 'http://x'}}]\n")).0);
        assert!(!needs_network(Some(b"#cloud-config\nwrite_files: [{source: {uri: 'file:///x'}}]\n")).0);
    }
}
