//! The OVF environment: properties in a section of an XML document.

use metadata::{encoding, xml};
use model::datasource::SourceError;
use serde_json::{Map, Value, json};

/// The namespace of the document's elements and attributes.
pub(super) const NAMESPACE: &str = "http://schemas.dmtf.org/ovf/environment/1";

/// Properties that are metadata.
const METADATA: &[&str] = &["seedfrom", "local-hostname", "public-keys", "instance-id"];

/// The properties in the document's order.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Environment(Vec<(String, String)>);

/// Reads a document; `place` is for errors.
pub(super) fn read(place: &str, text: &str) -> Result<Environment, SourceError> {
    let broken = |reason: String| SourceError::Broken { place: place.to_owned(), reason };
    // Some hosts put a line break before the declaration.
    let document = xml::parse(place, text.trim_start_matches(['\u{feff}', ' ', '\r', '\n', '\t']))?;
    let root = document.root_element();
    if root.tag_name().name() != "Environment" {
        return Err(broken(format!("expected the element Environment, found {}", root.tag_name().name())));
    }
    let section = xml::child(root, "PropertySection");
    let section = section.ok_or_else(|| broken("the element PropertySection is missing".to_owned()))?;
    let mut properties = Vec::new();
    for element in xml::children(section, "Property") {
        let attribute = |name: &str| {
            element.attribute((NAMESPACE, name)).map(str::to_owned).ok_or_else(|| {
                let row = document.text_pos_at(element.range().start).row;
                SourceError::Broken {
                    place: format!("{place}:{row}"),
                    reason: format!("a property without the attribute {name}"),
                }
            })
        };
        properties.push((attribute("key")?, attribute("value")?));
    }
    Ok(Environment(properties))
}

impl Environment {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The metadata; `hostname` is another name of `local-hostname`.
    pub(super) fn metadata(&self) -> Map<String, Value> {
        let mut found = Map::new();
        for (key, value) in &self.0 {
            let key = if key == "hostname" { "local-hostname" } else { key };
            if METADATA.contains(&key) {
                found.insert(key.to_owned(), value.as_str().into());
            }
        }
        found
    }

    /// The configuration: the default user's password.
    pub(super) fn config(&self) -> Value {
        self.get("password").map_or_else(|| json!({}), |password| json!({"password": password}))
    }

    /// The user-data, which is base64 or plain text.
    pub(super) fn user_data(&self) -> Option<Vec<u8>> {
        let text = self.get("user-data")?;
        let compact: String = text.split_ascii_whitespace().collect();
        let plain = || text.as_bytes().to_vec();
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        if !compact.bytes().all(is_letter) {
            return Some(plain());
        }
        Some(encoding::base64_lenient(&compact).unwrap_or_else(|_| plain()))
    }

    /// The network configuration; null if its document has none.
    pub(super) fn network(&self) -> Option<Value> {
        let encoded = self.get("network-config")?;
        super::network_of(encoded)
            .map_err(|reason| tracing::warn!("ignoring the OVF property network-config: {reason}"))
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(properties: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Environment xmlns=\"{NAMESPACE}\" xmlns:oe=\"{NAMESPACE}\">\n\
             <PropertySection>\n{properties}</PropertySection>\n</Environment>\n"
        )
    }

    #[test]
    fn properties_of_each_kind() {
        let text = document(
            "<Property oe:key=\"hostname\" oe:value=\"box\"/>\n<Property oe:key=\"password\" oe:value=\"a&amp;b\"/>\n\
             <Property oe:key=\"user-data\" oe:value=\"I2Nsb3VkLWNv\nbmZpZwo=\"/>\n<Property oe:key=\"other\" oe:value=\"x\"/>\n",
        );
        let found = read("ovf-env.xml", &text).expect("valid");
        assert_eq!(Value::Object(found.metadata()), json!({"local-hostname": "box"}));
        assert_eq!(found.config(), json!({"password": "a&b"}));
        assert_eq!(found.user_data().as_deref(), Some(&b"#cloud-config\n"[..]));
        assert_eq!(found.network(), None);
    }

    #[test]
    fn plain_user_data_is_no_base64() {
        let text = document("<Property oe:key=\"user-data\" oe:value=\"#!/bin/sh&#10;true\"/>\n");
        let found = read("ovf-env.xml", &text).expect("valid").user_data();
        assert_eq!(found.as_deref(), Some(&b"#!/bin/sh\ntrue"[..]));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (text, expected) in [
            ("<a/>".to_owned(), "env: expected the element Environment, found a"),
            (format!("<Environment xmlns=\"{NAMESPACE}\"/>"), "env: the element PropertySection is missing"),
            (document("<Property oe:key=\"a\"/>\n"), "env:4: a property without the attribute value"),
            ("no XML".to_owned(), "env:1:1: not a well-formed XML document"),
        ] {
            assert_eq!(read("env", &text).expect_err(&text).to_string(), expected);
        }
    }
}
