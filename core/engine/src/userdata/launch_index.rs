//! Parts that are only for the n-th of several instances launched together.

use mime::{Body, Message};
use model::Node;

use super::payload;

/// Notes the index that a cloud-config names inside, as a header; a header that is there counts more.
pub(super) fn note(part: &mut Message) -> Result<(), mime::Error> {
    let header = part.headers.text("Launch-Index");
    let index = match &header {
        Some(text) => text.trim().parse::<i64>().ok(),
        None if part.content_type() == "text/cloud-config" => Node::from_yaml("part", &payload(part))
            .ok()
            .flatten()
            .and_then(|config| match config.get("launch-index") {
                Some(node) => node.scalar_text()?.trim().parse().ok(),
                None => None,
            }),
        None => None,
    };
    match index {
        // The original adds a second header where there is one already.
        Some(index) => part.headers.push("Launch-Index", &index.to_string()),
        None => Ok(()),
    }
}

/// Leaves out the parts of other indices. Without an index of the instance everything stays.
pub fn filter(message: Message, index: Option<i64>) -> Message {
    let Some(wanted) = index else { return message };
    let mut message = message;
    if let Body::Multipart { parts, .. } = &mut message.body {
        parts.retain(|part| match part.headers.text("Launch-Index") {
            Some(text) => text.trim().parse() == Ok(wanted),
            None => true,
        });
    }
    message
}
