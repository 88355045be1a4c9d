//! Parts for a certain launch index, among instances launched together.

use mime::{Body, Message};
use model::{Node, Value};

use super::payload;

/// Adds the index in a cloud-config as a header; an existing header takes precedence.
pub(super) fn note(part: &mut Message) -> Result<(), mime::Error> {
    let header = part.headers.text("Launch-Index");
    let index = match &header {
        Some(text) => integer(text),
        None if part.content_type() == "text/cloud-config" && may_name_one(&payload(part)) => {
            Node::from_yaml("part", &payload(part)).ok().flatten().and_then(|config| {
                match config.get("launch-index") {
                    Some(node) => match node.value {
                        Value::Bool(value) => Some(i64::from(value)),
                        Value::Int(number) => i64::try_from(number).ok(),
                        #[expect(
                            clippy::cast_possible_truncation,
                            reason = "a cast saturates, and no index is so large"
                        )]
                        Value::Float(number) if number.is_finite() => Some(number as i64),
                        _ => integer(node.as_str()?),
                    },
                    None => None,
                }
            })
        }
        None => None,
    };
    match index {
        // Upstream adds a second header if one exists.
        Some(index) => part.headers.push("Launch-Index", &index.to_string()),
        None => Ok(()),
    }
}

/// Whether a cloud-config may contain the key: the document is only read if the name occurs in it, unless an escape may
/// hide it.
fn may_name_one(payload: &[u8]) -> bool {
    let holds = |word: &[u8]| payload.windows(word.len()).any(|window| window == word);
    holds(b"launch-index") || payload.contains(&b'\\') || payload.contains(&0)
}

/// Parses like Python's `int()`, except for digits of other scripts.
fn integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let well_placed = !text.starts_with('_') && !text.ends_with('_') && !text.contains("__");
    well_placed.then(|| text.replace('_', "").parse().ok()).flatten()
}

/// Removes the parts for other indexes. All parts are kept for an instance without an index.
pub fn filter(message: Message, index: Option<i64>) -> Message {
    let Some(wanted) = index else { return message };
    let mut message = message;
    retain(&mut message, wanted);
    message
}

/// Depth is bounded by the reader's limit.
fn retain(message: &mut Message, wanted: i64) {
    if let Body::Multipart { parts, .. } = &mut message.body {
        parts.retain(|part| {
            part.headers.text("Launch-Index").is_none_or(|text| integer(&text) == Some(wanted))
        });
        for part in parts {
            retain(part, wanted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Upstream's handling of `launch-index` in userdata.py: what Python's `int()` makes of the value.
    #[test]
    fn an_index_is_what_python_reads_as_a_number() {
        for (text, expected) in [
            ("5", Some(5)),
            (" -3\n", Some(-3)),
            ("1_000", Some(1000)),
            ("+7", Some(7)),
            ("_1", None),
            ("1_", None),
            ("1__0", None),
            ("1.5", None),
            ("", None),
        ] {
            assert_eq!(integer(text), expected, "{text:?}");
        }
        let noted = |content_type: &str, body: &str, header: Option<&str>| {
            let mut part = Message::part(content_type, body).expect("a part");
            if let Some(header) = header {
                part.headers.push("Launch-Index", header).expect("valid");
            }
            note(&mut part).expect("valid");
            let names = part.headers.iter().filter(|header| header.name == "Launch-Index");
            names.map(|header| String::from_utf8_lossy(&header.value).trim().to_owned()).collect::<Vec<_>>()
        };
        let config = "text/cloud-config";
        for (body, expected) in [
            ("#cloud-config\nlaunch-index: 3\n", &["3"][..]),
            ("#cloud-config\nlaunch-index: '4'\n", &["4"]),
            ("#cloud-config\nlaunch-index: 2.9\n", &["2"]),
            ("#cloud-config\nlaunch-index: true\n", &["1"]),
            ("#cloud-config\nlaunch-index: x\n", &[]),
            ("#cloud-config\n\"launch\\x2dindex\": 6\n", &["6"]),
            ("#cloud-config\nother: 3\n", &[]),
            ("#cloud-config\nlaunch-index: [\n", &[]),
        ] {
            assert_eq!(noted(config, body, None), expected, "{body}");
        }
        assert_eq!(noted("text/x-shellscript", "launch-index: 3\n", None), [] as [String; 0]);
        assert_eq!(noted(config, "launch-index: 3\n", Some("8")), ["8", "8"]);
        assert_eq!(noted(config, "launch-index: 3\n", Some("x")), ["x"]);
    }

    #[test]
    fn parts_of_other_indexes_are_removed_at_every_depth() {
        let indexed = |index: Option<&str>, name: &str| {
            let mut part = Message::part("text/plain", name).expect("a part");
            if let Some(index) = index {
                part.headers.push("Launch-Index", index).expect("valid");
            }
            part
        };
        let whole = || {
            let mut inner = Message::multipart("mixed", "b").expect("valid");
            inner.attach(indexed(Some("1"), "inner one"));
            inner.attach(indexed(Some("2"), "inner two"));
            let mut whole = Message::multipart("mixed", "b").expect("valid");
            whole.attach(indexed(None, "all"));
            whole.attach(indexed(Some("1"), "one"));
            whole.attach(indexed(Some("x"), "none"));
            whole.attach(inner);
            whole
        };
        let texts = |message: &Message| {
            let mut found = Vec::new();
            let mut waiting = vec![message];
            while let Some(message) = waiting.pop() {
                match &message.body {
                    Body::Leaf(_) => found.push(String::from_utf8(payload(message)).expect("text")),
                    Body::Multipart { parts, .. } => waiting.extend(parts.iter().rev()),
                }
            }
            found
        };
        assert_eq!(texts(&filter(whole(), Some(1))), ["all", "one", "inner one"]);
        assert_eq!(texts(&filter(whole(), Some(2))), ["all", "inner two"]);
        assert_eq!(texts(&filter(whole(), None)).len(), 5);
    }
}
