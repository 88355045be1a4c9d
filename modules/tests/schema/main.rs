//! The schema of a cloud-config: the published file is what the types say, and what they say is what the original says.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "these tests read and write files of the source tree"
)]

mod layout;
mod normal;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use modules::catalog::{derive_cloud_config_schema, modules};
use serde_json::Value;

/// Set to write files anew that are made from the types.
const WRITE: &str = "CLOUD_INIT_WRITE_DERIVED";
/// The original's schema of a cloud-config: a file, as its package has it.
const ORIGINAL: &str = "CLOUD_INIT_ORIGINAL_SCHEMA";

/// How many modules the original has. A build with fewer features describes fewer.
const ALL: usize = 60;

#[test]
fn the_published_schema_is_what_the_types_say() {
    if modules().count() < ALL {
        return;
    }
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

fn original() -> Option<Value> {
    let path = std::env::var_os(ORIGINAL).map(PathBuf::from);
    let Some(path) = path else {
        assert!(std::env::var_os("CLOUD_INIT_REQUIRE_ORACLE").is_none(), "{ORIGINAL} is not set");
        return None;
    };
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_slice(&bytes).expect("JSON"))
}

/// Each module's keys, with their forms, limits, deprecations and versions, are the original's; texts, titles and
/// defaults are not compared.
#[test]
fn every_module_has_the_originals_schema() {
    let Some(original) = original() else { return };
    let ours = modules::cloud_config_schema();
    let sections = |document: &Value| -> BTreeSet<String> {
        let all = document["allOf"].as_array().expect("allOf");
        all.iter().map(|part| part["$ref"].as_str().expect("$ref").replace("#/$defs/", "")).collect()
    };
    let keys = |document: &Value| -> BTreeSet<String> {
        document["properties"].as_object().expect("properties").keys().cloned().collect()
    };
    assert_eq!(sections(&original), sections(&ours));
    assert_eq!(keys(&original), keys(&ours));
    assert_eq!(original["additionalProperties"], ours["additionalProperties"]);
    assert_eq!(original["$schema"], ours["$schema"]);
    let mut differing = Vec::new();
    for name in sections(&original) {
        let of = |document: &Value| normal::normal(&document["$defs"][&name], &document["$defs"]);
        let before = differing.len();
        normal::differences(&of(&original), &of(&ours), &name, &mut differing);
        println!("{name:40} {}", if differing.len() == before { "equal" } else { "differs" });
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
