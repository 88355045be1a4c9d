//! Parts that are only for the n-th of several instances launched together.

use mime::{Body, Message};
use model::{Node, Value};

use super::payload;

/// Notes the index that a cloud-config names inside, as a header; a header that is there counts more.
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
                            reason = "a cast saturates, and no launch is so late"
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
        // The original adds a second header where there is one already.
        Some(index) => part.headers.push("Launch-Index", &index.to_string()),
        None => Ok(()),
    }
}

/// Whether a cloud-config can have the key at all: nothing has to be read where its letters are not there, and no
/// escape hides them.
fn may_name_one(payload: &[u8]) -> bool {
    let holds = |word: &[u8]| payload.windows(word.len()).any(|window| window == word);
    holds(b"launch-index") || payload.contains(&b'\\') || payload.contains(&0)
}

/// A text as Python's `int()` reads it, but for digits of other scripts.
fn integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let well_placed = !text.starts_with('_') && !text.ends_with('_') && !text.contains("__");
    well_placed.then(|| text.replace('_', "").parse().ok()).flatten()
}

/// Leaves out the parts of other indices. Without an index of the instance everything stays.
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
