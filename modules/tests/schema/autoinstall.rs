//! What is told about the content of `autoinstall`, by a table of documents. The table was compared with the schema that
//! the installer publishes.

use std::collections::BTreeSet;

use model::Node;
use model::config::{Key, Map, Origin, Value};
use schema::{Finding, Schema, Severity};
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    accepted: Option<Node>,
    rejected: Option<Node>,
    #[serde(default)]
    at: Vec<String>,
}

fn rows() -> Vec<Row> {
    let text = include_bytes!("../../testdata/autoinstall.yaml");
    let node = Node::from_yaml("examples", text).expect("YAML").expect("a table");
    model::config::from_node(&node).expect("rows")
}

/// A cloud-config with this content of `autoinstall`, and with a version.
fn cloud_config(content: &Node) -> Node {
    let mut answers = content.clone();
    let version = Node::new(Value::Int(1), Origin::whole("version"));
    let map = answers.as_map_mut().expect("a mapping");
    if map.get("version").is_none() {
        map.insert(Key::from("version"), version);
    }
    let mut top = Map::new();
    top.insert(Key::from("autoinstall"), answers);
    Node::new(Value::Map(top), Origin::whole("example"))
}

fn told(content: &Node) -> Vec<String> {
    let config = cloud_config(content);
    let schema = modules::cloud_config_schema();
    let errors = schema::check(&Schema::new(&schema), &config);
    assert!(errors.is_empty(), "upstream's schema accepts any content: {errors:?}");
    let found = modules::ubuntu_autoinstall::advise(&config);
    assert!(found.iter().all(|finding| finding.severity == Severity::Advice));
    let mut told: Vec<String> = found.iter().map(Finding::public).collect();
    told.sort();
    told
}

#[test]
fn what_the_installer_accepts_gets_no_advice_and_the_rest_gets_it_in_its_place() {
    let mut wrong = String::new();
    let mut seen = [BTreeSet::new(), BTreeSet::new()];
    for row in rows() {
        let (content, which) = match (row.accepted, row.rejected) {
            (Some(content), None) => (content, 0),
            (None, Some(content)) => (content, 1),
            _ => panic!("a row is either accepted or rejected"),
        };
        let (told, mut wanted) = (told(&content), row.at);
        wanted.sort();
        let is_as_told = told.len() == wanted.len()
            && told.iter().zip(&wanted).all(|(told, wanted)| told.starts_with(wanted.as_str()));
        if !is_as_told || (which == 1) == wanted.is_empty() {
            wrong.push_str(&format!("{told:#?} instead of {wanted:#?}\n"));
        }
        let keys = content.as_map().into_iter().flat_map(Map::iter);
        seen[which].extend(keys.filter_map(|(key, _)| key.as_str().map(str::to_owned)));
    }
    assert!(wrong.is_empty(), "{wrong}");
    let schema = modules::autoinstall_schema();
    for key in schema["$defs"]["autoinstall"]["properties"].as_object().expect("keys").keys() {
        // The version is added to what is accepted; the old name is not accepted without advice.
        assert!(seen[0].contains(key) || ["version", "ubuntu-advantage"].contains(&key.as_str()), "{key}");
        assert!(seen[1].contains(key), "no example of a wrong {key}");
    }
}

#[test]
fn a_secret_is_not_repeated() {
    let text = b"identity: {password: [hunter2]}\nubuntu-pro: {token: hunter2}\n";
    let content = Node::from_yaml("example", text).expect("YAML").expect("a mapping");
    let found = modules::ubuntu_autoinstall::advise(&cloud_config(&content));
    assert!(found.len() >= 3, "{found:?}");
    let page = Some("ubuntu_autoinstall.md".to_owned());
    assert!(found.iter().all(|finding| finding.page() == page), "where it is explained: {found:?}");
    assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
}

#[test]
fn a_configuration_without_answers_gets_no_advice() {
    let config =
        Node::from_yaml("example", b"packages: [1]\nautoinstal: {}\n").expect("YAML").expect("a mapping");
    assert!(modules::ubuntu_autoinstall::advise(&config).is_empty());
}
