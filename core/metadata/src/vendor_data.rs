//! OpenStack's vendor-data documents: text, a list, or a mapping with one of these in the key `cloud-init`.

use model::instance::{Bytes, VendorData};
use serde_json::Value;

/// The vendor-data in a document; `name` is for the log.
pub fn read(name: &str, document: Option<&Value>) -> Option<VendorData> {
    match convert(document, true) {
        Ok(found) => found,
        Err(reason) => {
            tracing::warn!("Invalid content in {name}: {reason}");
            None
        }
    }
}

fn convert(document: Option<&Value>, outermost: bool) -> Result<Option<VendorData>, String> {
    let piece = |text: &str| Bytes(text.as_bytes().to_vec());
    match document {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok((!text.is_empty()).then(|| VendorData::One(piece(text)))),
        Some(Value::Array(items)) if items.is_empty() => Ok(None),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| {
                item.as_str().map(piece).ok_or_else(|| format!("expected a list of strings, found {item}"))
            })
            .collect::<Result<Vec<_>, _>>()
            .map(|pieces| Some(VendorData::Many(pieces))),
        Some(Value::Object(map)) if map.is_empty() => Ok(None),
        Some(Value::Object(map)) if outermost => convert(map.get("cloud-init"), false),
        Some(Value::Object(_)) => Err("vendordata['cloud-init'] cannot be dict".to_owned()),
        Some(other) => Err(format!("Unknown data type for vendordata: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(text: &str) -> VendorData {
        VendorData::One(Bytes(text.as_bytes().to_vec()))
    }

    #[test]
    fn the_key_of_ours_counts_and_others_do_not() {
        let read = |document: Value| read("vendor-data", Some(&document));
        assert_eq!(read(json!("#!/bin/sh")), Some(one("#!/bin/sh")));
        assert_eq!(read(json!({"cloud-init": "#cloud-config\n{}"})), Some(one("#cloud-config\n{}")));
        assert_eq!(read(json!({"ovh": {"x": 1}})), None);
        assert_eq!(read(json!({"cloud-init": {"x": 1}})), None);
        let both = VendorData::Many(vec![Bytes(b"a".to_vec()), Bytes(b"b".to_vec())]);
        assert_eq!(read(json!({"cloud-init": ["a", "b"]})), Some(both));
        assert_eq!(read(json!({})), None);
    }
}
