//! `#cloud-config-archive`: a YAML list of parts.

use mime::Message;
use model::{Node, Value};

use super::budget::MAX_PARTS;
use super::{UserDataError, content_type_of};

/// Headers that the archive's other keys set.
const OWN_KEYS: &[&str] = &[
    "content",
    "filename",
    "type",
    "launch-index",
    "content-disposition",
    "number-attachments",
    "content-type",
];

/// The parts of an archive, in order. Entries that are neither text nor mappings are skipped, and so, with a warning,
/// is a document that is not a list.
pub(super) fn parts(name: &str, payload: &[u8]) -> Result<Vec<Message>, UserDataError> {
    let tree = match Node::from_yaml(name, payload) {
        Ok(Some(tree)) if !tree.is_null() => tree,
        Ok(_) => return Ok(Vec::new()),
        Err(error) => {
            tracing::warn!("skipping the archive: {}", error.without_text());
            return Ok(Vec::new());
        }
    };
    let Some(entries) = tree.as_list() else {
        let found = tree.value.a_kind();
        tracing::warn!("{}: skipping the archive: expected a list of parts, found {found}", tree.origin);
        return Ok(Vec::new());
    };
    if entries.len() > MAX_PARTS {
        return Err(UserDataError::Parts(name.to_owned()));
    }
    entries.iter().filter_map(|entry| part(entry).transpose()).collect()
}

fn part(entry: &Node) -> Result<Option<Message>, UserDataError> {
    let content = match &entry.value {
        Value::Str(_) => Some(entry),
        Value::Map(_) => entry.get("content"),
        _ => return Ok(None),
    };
    let bytes = match content.map(|content| &content.value) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Binary(bytes)) => bytes.clone(),
        Some(_) => content.and_then(Node::scalar_text).unwrap_or_default().into_bytes(),
    };
    let binary = matches!(content.map(|content| &content.value), Some(Value::Binary(_)));
    let default = if binary { "application/octet-stream" } else { "text/cloud-config" };
    let declared = entry.get("type").and_then(Node::as_str).filter(|declared| !declared.is_empty());
    let content_type = declared.unwrap_or_else(|| content_type_of(&bytes).unwrap_or(default));
    let broken = |error: mime::Error| UserDataError::Message {
        name: entry.origin.to_string(),
        reason: error.to_string(),
    };
    let mut message = match (content_type.strip_prefix("text/"), String::from_utf8(bytes)) {
        (Some(subtype), Ok(text)) => Message::text(subtype, &text).map_err(broken)?,
        (_, Ok(text)) => Message::part(content_type, text).map_err(broken)?,
        (_, Err(error)) => Message::base64(content_type, error.as_bytes()).map_err(broken)?,
    };
    for (key, value) in entry.as_map().into_iter().flatten() {
        let (Some(key), Some(text)) = (key.as_str(), value.scalar_text()) else { continue };
        match key.to_ascii_lowercase().as_str() {
            "filename" => message.set_filename(&text).map_err(broken)?,
            "launch-index" => message.headers.push("Launch-Index", &text).map_err(broken)?,
            own if OWN_KEYS.contains(&own) => {}
            _ => message.headers.push(key, &text).map_err(broken)?,
        }
    }
    Ok(Some(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_of_more_parts_than_the_limit_is_refused() {
        let archive = |count: usize| format!("[{}]", vec!["x"; count].join(","));
        let found = parts("archive", archive(MAX_PARTS).as_bytes()).map(|found| found.len());
        assert_eq!(found.ok(), Some(MAX_PARTS));
        for more in [1, 2, MAX_PARTS] {
            let refused = parts("archive", archive(MAX_PARTS + more).as_bytes());
            assert!(matches!(refused, Err(UserDataError::Parts(name)) if name == "archive"), "{more}");
        }
    }

    /// Upstream's `_explode_archive` (cloudinit/user_data.py).
    #[test]
    fn each_entry_is_a_part() {
        for (entry, content_type, content) in [
            ("'#!/bin/sh'", "text/x-shellscript", "#!/bin/sh"),
            ("'x: 1'", "text/cloud-config", "x: 1"),
            ("{content: 'x: 1'}", "text/cloud-config", "x: 1"),
            ("{content: 'x: 1', type: ''}", "text/cloud-config", "x: 1"),
            ("{content: 'x: 1', type: text/jinja2}", "text/jinja2", "x: 1"),
            ("{content: '#!/bin/sh', type: text/x-own}", "text/x-own", "#!/bin/sh"),
            ("{content: 7}", "text/cloud-config", "7"),
            ("{content: null}", "text/cloud-config", ""),
            ("{type: application/json, content: '[]'}", "application/json", "[]"),
            ("{content: !!binary '/wA='}", "application/octet-stream", "/wA="),
        ] {
            let found = parts("archive", format!("[{entry}]").as_bytes()).expect(entry);
            assert_eq!(found.len(), 1, "{entry}");
            assert_eq!(found[0].content_type(), content_type, "{entry}");
            let text = String::from_utf8(found[0].write()).expect("text");
            assert!(text.trim_end().ends_with(content), "{entry}: {text}");
        }
        for entry in ["7", "[x]", "null"] {
            assert_eq!(
                parts("archive", format!("[{entry}]").as_bytes()).map(|found| found.len()).ok(),
                Some(0),
                "{entry}"
            );
        }
        let text = "[{filename: a.txt, launch-index: 3, X-Own: 'yes', merge_type: list(append), content: x, type: text/plain}]";
        let headers =
            String::from_utf8(parts("archive", text.as_bytes()).expect("valid")[0].write()).expect("text");
        for wanted in ["filename=\"a.txt\"", "Launch-Index: 3", "X-Own: yes", "merge_type: list(append)"] {
            assert!(headers.contains(wanted), "{wanted}: {headers}");
        }
        assert!(!headers.to_lowercase().contains("\ntype:") && !headers.contains("\ncontent:"), "{headers}");
    }
}
