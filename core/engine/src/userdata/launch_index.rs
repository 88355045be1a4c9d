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
