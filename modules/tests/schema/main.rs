//! The schema of a cloud-config: the published file is generated from the types. `schema-oracle` compares it
//! with upstream's.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "these tests read and write files of the source tree"
)]

mod layout;

use std::path::Path;

use modules::catalog::{derive_cloud_config_schema, modules};
use serde_json::Value;

/// Set to regenerate the files from the types.
const WRITE: &str = "CLOUD_INIT_WRITE_DERIVED";

/// The number of upstream's modules. All are described, even those that are not built in.
const ALL: usize = 60;

#[test]
fn the_published_schema_is_what_the_types_say() {
    assert!(modules().count() >= ALL, "some modules are not described");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/cloud-config.json");
    let derived = layout::text(&derive_cloud_config_schema());
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, &derived).unwrap();
        return;
    }
    assert!(
        modules::CLOUD_CONFIG_SCHEMA == derived,
        "{} is stale: run this test with {WRITE}=1",
        path.display()
    );
    assert!(modules::cloud_config_schema().is_object());
}

#[test]
fn every_key_has_a_description() {
    fn walk(schema: &Value, path: &str, missing: &mut Vec<String>) {
        match schema {
            Value::Object(object) => {
                for (key, part) in object {
                    if let ("properties", Value::Object(properties)) = (key.as_str(), part) {
                        for (name, property) in properties {
                            if property.get("description").is_none() {
                                missing.push(format!("{path}/{name}"));
                            }
                        }
                    }
                    walk(part, &format!("{path}/{key}"), missing);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, path, missing)),
            _ => {}
        }
    }
    let mut missing = Vec::new();
    walk(&modules::cloud_config_schema()["$defs"], "", &mut missing);
    assert!(missing.is_empty(), "no description: {}", missing.join(", "));
}

#[test]
fn no_null_and_no_width_of_rusts_types_is_left() {
    let text = modules::CLOUD_CONFIG_SCHEMA;
    for word in ["int64", "double", "\"null\"]", "Nullable"] {
        let found = text.lines().find(|line| line.contains(word));
        assert!(found.is_none(), "{word}: {found:?}");
    }
}
