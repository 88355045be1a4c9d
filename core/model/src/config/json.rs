//! Converts between the configuration tree and JSON.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::tree::{Key, Map, Node, Origin, Value};

impl Node {
    /// The tree of a JSON document; all nodes get the same origin.
    pub fn from_json(json: serde_json::Value, origin: &Origin) -> Self {
        let value = match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(value) => Value::Bool(value),
            serde_json::Value::Number(number) => match (number.as_i128(), number.as_f64()) {
                (Some(integer), _) => Value::Int(integer),
                (None, Some(float)) => Value::Float(float),
                (None, None) => Value::Str(number.to_string()),
            },
            serde_json::Value::String(text) => Value::Str(text),
            serde_json::Value::Array(items) => {
                Value::List(items.into_iter().map(|item| Self::from_json(item, origin)).collect())
            }
            serde_json::Value::Object(object) => Value::Map(
                object
                    .into_iter()
                    .map(|(key, item)| (Key::Str(key), Self::from_json(item, origin)))
                    .collect::<Map>(),
            ),
        };
        Self::new(value, origin.clone())
    }

    /// The JSON form of this tree, with keys as Python's `json.dumps` writes them. Integers beyond 64 bits become
    /// floats, dates and binary become strings.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or(serde_json::Value::Null)
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(number) => match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(signed), _) => serializer.serialize_i64(signed),
                (_, Ok(unsigned)) => serializer.serialize_u64(unsigned),
                #[expect(clippy::cast_precision_loss, reason = "beyond u64 JSON has doubles only")]
                _ => serializer.serialize_f64(*number as f64),
            },
            Value::Float(number) => serializer.serialize_f64(*number),
            Value::Str(text) | Value::Timestamp(text) => serializer.serialize_str(text),
            Value::Binary(bytes) => serializer.serialize_str(&String::from_utf8_lossy(bytes)),
            Value::List(items) => serializer.collect_seq(items),
            Value::Map(map) => {
                let mut out = serializer.serialize_map(Some(map.len()))?;
                for (key, item) in map {
                    out.serialize_entry(&key.to_string(), item)?;
                }
                out.end()
            }
        }
    }
}
