//! Merges of values by each strategy, with what upstream's mergers (cloudinit/mergers, release 26.2) make of them: strategy,
//! old value, new value, result, and whether there is one.

use engine::merge::Strategy;
use model::Node;
use serde_json::Value;

#[test]
fn values_merge_as_upstream_merges_them() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../testdata/merges.json")).expect("JSON");
    let node = |value: &Value| {
        Node::from_yaml("t", value.to_string().as_bytes()).expect("JSON is YAML").expect("a document")
    };
    let mut wrong = Vec::new();
    for case in &cases {
        let strategy = match case[0].as_str().expect("text") {
            "" => Strategy::default(),
            text => Strategy::parse(text).expect("valid"),
        };
        let (old, new) = (node(&case[1]), node(&case[2]));
        let fits = strategy.fits(&old, &new).is_ok();
        let found = strategy.merge(old, new).map(|merged| merged.to_json());
        let right = match &found {
            Ok(merged) => case[4] == true && *merged == case[3],
            Err(_) => case[4] == false,
        };
        if !right || fits != found.is_ok() {
            wrong.push(format!("{case}\n  fits: {fits}, found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert_eq!(cases.len(), 540);
}
