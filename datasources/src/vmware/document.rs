//! Metadata documents, in JSON or YAML, with a network configuration of their own encoding.

use metadata::documents;
use model::datasource::SourceError;
use serde_json::{Map, Value, json};

/// A mapping in JSON or YAML; anything else is reported and ignored.
pub(super) fn read(place: &str, bytes: &[u8]) -> Map<String, Value> {
    if let Ok(Value::Object(map)) = model::config::bounded_json(bytes) {
        return map;
    }
    match documents::mapping(place, bytes) {
        Ok(node) => documents::object(&node),
        Err(error) => {
            tracing::warn!("Failed loading yaml blob. {error}");
            Map::new()
        }
    }
}

/// The metadata with its network configuration below `network.config`.
pub(super) fn with_network(mut metadata: Map<String, Value>) -> Result<Map<String, Value>, SourceError> {
    let network = metadata.shift_remove("network");
    let encoding = metadata.shift_remove("network.encoding");
    let config = match network {
        None | Some(Value::Null) => return Ok(metadata),
        Some(Value::String(text)) if text.is_empty() => return Ok(metadata),
        Some(Value::Object(map)) if map.is_empty() => return Ok(metadata),
        Some(Value::Object(map)) => Value::Object(map),
        Some(Value::String(text)) => {
            let place = "metadata.network";
            let encoding = encoding.as_ref().and_then(Value::as_str);
            Value::Object(read(place, &super::transport::decode(place, encoding, &text)?))
        }
        Some(_) => {
            return Err(SourceError::Broken {
                place: "metadata.network".to_owned(),
                reason: "expected a mapping or an encoded document".to_owned(),
            });
        }
    };
    metadata.insert("network".to_owned(), json!({"config": config}));
    Ok(metadata)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Value) {
        let found = with_network(read("guestinfo.metadata", text.as_bytes())).expect("valid");
        assert_eq!(Value::Object(found), expected);
    }

    #[test]
    fn networks_of_each_form() {
        check("{\"a\": 1,\n\t\"b\": 2}", json!({"a": 1, "b": 2}));
        check("network: {version: 2}\n", json!({"network": {"config": {"version": 2}}}));
        check("network: dmVyc2lvbjogMg==\nnetwork.encoding: base64\n", json!({"network": {"config": {"version": 2}}}));
        check("- a list\n", json!({}));
        check("network: {}\n", json!({}));
        assert!(with_network(read("m", b"network: [1]\n")).is_err());
    }
}
