//! The schema of a cloud-config: the published file is generated from the types. `schema-oracle` compares it
//! with upstream's.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "these tests read and write files of the source tree"
)]

mod autoinstall;
mod layout;

use std::path::Path;

use modules::catalog::{derive_autoinstall_schema, derive_cloud_config_schema, modules};
use serde_json::Value;

/// Set to regenerate the files from the types.
const WRITE: &str = "CLOUD_INIT_WRITE_DERIVED";

/// The number of upstream's modules. All are described, even those that are not built in.
const ALL: usize = 60;

#[test]
fn the_published_schema_is_what_the_types_say() {
    assert!(modules().count() >= ALL, "some modules are not described");
    for (name, published, derived) in [
        ("cloud-config", modules::CLOUD_CONFIG_SCHEMA, derive_cloud_config_schema()),
        ("autoinstall", modules::AUTOINSTALL_SCHEMA, derive_autoinstall_schema()),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schema/{name}.json"));
        let derived = layout::text(&derived);
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(&path, &derived).unwrap();
            continue;
        }
        assert!(published == derived, "{} is stale: run this test with {WRITE}=1", path.display());
    }
    assert!(modules::cloud_config_schema().is_object() && modules::autoinstall_schema().is_object());
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
    for schema in [modules::cloud_config_schema(), modules::autoinstall_schema()] {
        walk(&schema["$defs"], "", &mut missing);
    }
    assert!(missing.is_empty(), "no description: {}", missing.join(", "));
}

#[test]
fn no_null_and_no_width_of_rusts_types_is_left() {
    for text in [modules::CLOUD_CONFIG_SCHEMA, modules::AUTOINSTALL_SCHEMA] {
        for word in ["int64", "double", "\"null\"]", "Nullable"] {
            let found = text.lines().find(|line| line.contains(word));
            assert!(found.is_none(), "{word}: {found:?}");
        }
    }
}

fn read(text: &str) -> model::Node {
    model::Node::from_yaml("user-data", text.as_bytes()).expect("YAML").expect("a document")
}

/// A stage reads only the part of the schema that the document needs.
#[test]
fn the_part_for_a_document_finds_what_the_whole_schema_finds() {
    let whole = modules::cloud_config_schema();
    let told = |schema: &Value, config: &model::Node| -> Vec<String> {
        let findings = schema::check(&schema::Schema::new(schema), config);
        findings
            .iter()
            .map(|found| format!("{:?} {:?} {}", found.severity, found.origin, found.public()))
            .collect()
    };
    let mut texts = vec![
        "- a list\n".to_owned(),
        "runcmd: {a: b}\nusrs: []\nhostname: 7\ninstance-id: x\nntp: {wrong: 1, runcmd: []}\n".to_owned(),
        "users: [{name: 7, wrong: 1}]\napt_update: maybe\nca-certs: {trusted: [1]}\nnetwork: {}\n1: 2\n"
            .to_owned(),
    ];
    for example in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")).unwrap() {
        let text = std::fs::read_to_string(example.unwrap().path()).unwrap();
        // The same keys, with values that hardly any of them may have.
        let node = read(&text);
        let keys =
            node.as_map().into_iter().flat_map(model::config::Map::iter).filter_map(|(key, _)| key.as_str());
        let wrong: Vec<String> = keys.map(|key| format!("{key}: [{{wrong: 1}}]\n")).collect();
        texts.push(wrong.concat());
        texts.push(text);
    }
    let mut found = 0;
    for text in &texts {
        let config = read(text);
        let part = schema::needed(modules::CLOUD_CONFIG_SCHEMA, &config).unwrap();
        let expected = told(&whole, &config);
        found += expected.len();
        assert_eq!(told(&part, &config), expected, "{text}");
        if config.as_map().is_some() {
            let definitions = |schema: &Value| schema["$defs"].as_object().unwrap().len();
            assert!(definitions(&part) < definitions(&whole) / 2, "{text}");
        }
    }
    assert!(found > texts.len() / 2, "{found} findings in {} documents", texts.len());
}
