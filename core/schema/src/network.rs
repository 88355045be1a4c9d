//! The schemas of network-config versions 1 and 2, and the choice between them.

mod advice;
pub mod v1;
pub mod v2;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use crate::compare::is_equal;
use crate::document;
use crate::instance::Instance;

pub use advice::advise;

/// The published schema of version 1.
pub const V1: &str = include_str!("../schemas/network-config-v1.json");

/// The published schema of version 2.
pub const V2: &str = include_str!("../schemas/network-config-v2.json");

/// The schema of version 1.
pub fn v1_schema() -> Value {
    serde_json::from_str(V1).expect("the schema's own test reads it")
}

/// The schema of version 2.
pub fn v2_schema() -> Value {
    serde_json::from_str(V2).expect("the schema's own test reads it")
}

/// The version of a network-config, 1 or 2; `None` for any other.
pub fn version<'d>(config: impl Into<Instance<'d>>) -> Option<u8> {
    let config: Instance<'d> = config.into();
    let inner = config.as_map()?.get("network").unwrap_or(config);
    let version = inner.as_map()?.get("version")?;
    [1_u8, 2].into_iter().find(|number| is_equal(version, &Value::from(*number)))
}

/// Generates [`V1`] from the types.
pub fn derive_v1() -> Value {
    derive::<v1::Config>(&mut generator())
}

/// Generates [`V2`] from the types.
pub fn derive_v2() -> Value {
    let mut generator = generator();
    // Referenced where the types cannot do so.
    let _ = generator.subschema_for::<v2::Mapping>();
    derive::<v2::Config>(&mut generator)
}

fn generator() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/$defs".into();
        settings.meta_schema = None;
    });
    settings.into_generator()
}

/// A document: the configuration itself, or below the key `network`.
fn derive<C: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    let config = generator.subschema_for::<C>();
    let mut document = schemars::json_schema!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$defs": generator.take_definitions(false),
        "oneOf": [
            config,
            {"required": ["network"], "properties": {"network": config}, "additionalProperties": false},
        ],
    });
    document::plain(&mut document);
    json!(document)
}
