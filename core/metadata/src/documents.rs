//! YAML documents of platforms. Errors have a place, but do not quote the document, which may contain secrets.

use model::Node;
use model::datasource::SourceError;
use serde_json::{Map, Value};

/// A document; null if it is empty.
pub fn yaml(place: &str, bytes: &[u8]) -> Result<Node, SourceError> {
    Node::from_yaml(place, bytes).map(Option::unwrap_or_default).map_err(|error| {
        let at = error.place();
        let place = format!("{place}:{}:{}", at.line, at.column);
        SourceError::Broken { place, reason: error.kind.to_string() }
    })
}

/// A document whose root is a mapping.
pub fn mapping(place: &str, bytes: &[u8]) -> Result<Node, SourceError> {
    let node = yaml(place, bytes)?;
    if node.as_map().is_none() {
        let reason = format!("expected a mapping, found {}", node.value.a_kind());
        return Err(SourceError::Broken { place: place.to_owned(), reason });
    }
    Ok(node)
}

/// The keys of a mapping; empty for anything else.
pub fn object(node: &Node) -> Map<String, Value> {
    match node.to_json() {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_a_place_and_no_content() {
        let node = mapping("meta-data", b"instance-id: i-1\n").expect("a mapping");
        assert_eq!(object(&node)["instance-id"], "i-1");
        for (text, place) in
            [("- a\n", "meta-data: "), ("", "meta-data: "), ("a: b\npw: [hunter2\n", "meta-data:")]
        {
            let error = mapping("meta-data", text.as_bytes()).expect_err(text).to_string();
            assert!(error.starts_with(place) && !error.contains("hunter2"), "{error}");
        }
    }
}
