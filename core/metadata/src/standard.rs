//! What every source derives from its metadata in the same way.

use model::datasource::{About, SourceStage};
use model::instance::DsMode;
use model::{Instance, InstanceId};
use serde_json::{Map, Value};

use crate::user_keys;

/// The ID if the metadata has none.
const NO_ID: &str = "iid-datasource";

/// A scalar in the format of Python's `str()`; `None` for lists and mappings.
pub fn text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => return None,
    })
}

/// A scalar that is neither null nor empty.
fn said(value: Option<&Value>) -> Option<String> {
    value.filter(|value| !value.is_null()).and_then(text).filter(|text| !text.is_empty())
}

/// An instance of a source, with the metadata under the usual names.
pub fn instance(about: &About, stage: SourceStage, metadata: Map<String, Value>) -> Instance {
    let source = about.name;
    let name = metadata.get("cloud-name").and_then(Value::as_str).filter(|name| !name.is_empty());
    let zone = said(metadata.get("availability-zone"))
        .or_else(|| said(metadata.get("availability_zone")))
        .or_else(|| said(metadata.get("placement").and_then(|placement| placement.get("availability-zone"))));
    Instance {
        source: source.to_owned(),
        class: about.class(stage).unwrap_or_default().to_owned(),
        cloud_name: name.unwrap_or(source).to_lowercase(),
        platform: source.to_lowercase(),
        subplatform: "unknown".to_owned(),
        instance_id: InstanceId::new(
            metadata.get("instance-id").and_then(text).unwrap_or_else(|| NO_ID.to_owned()),
        ),
        hostname: said(metadata.get("local-hostname")),
        public_keys: user_keys::normalise(metadata.get("public-keys")),
        availability_zone: zone,
        region: said(metadata.get("region")),
        launch_index: metadata.get("launch-index").and_then(integer),
        network_events: about.event_names(),
        metadata: Value::Object(metadata),
        ..Instance::default()
    }
}

/// An integer, or text that contains one.
pub fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// The first mode that is set; the default if it is invalid.
pub fn dsmode<'v>(candidates: impl IntoIterator<Item = Option<&'v Value>>) -> DsMode {
    let Some(given) = candidates.into_iter().flatten().find(|value| !value.is_null()) else {
        return DsMode::Net;
    };
    match given.as_str() {
        Some("net") => DsMode::Net,
        Some("local") => DsMode::Local,
        Some("pass") => DsMode::Pass,
        Some("disabled") => DsMode::Disabled,
        _ => {
            tracing::warn!("invalid dsmode '{}', using default=net", text(given).unwrap_or_default());
            DsMode::Net
        }
    }
}

/// Parses a mode.
pub fn mode_name(mode: DsMode) -> &'static str {
    match mode {
        DsMode::Net => "net",
        DsMode::Local => "local",
        DsMode::Pass => "pass",
        DsMode::Disabled => "disabled",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().expect("a mapping").clone()
    }

    #[test]
    fn an_id_is_spelled_as_python_spells_it() {
        let id = |value: Value| {
            instance(&About::named("X"), SourceStage::Local, object(json!({"instance-id": value})))
                .instance_id
        };
        assert_eq!(id(json!(83)).as_str(), "83");
        assert_eq!(id(json!(true)).as_str(), "True");
        assert_eq!(
            instance(&About::named("X"), SourceStage::Local, Map::new()).instance_id.as_str(),
            "iid-datasource"
        );
    }
}
