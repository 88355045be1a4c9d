//! User-data, merges and templates become what the original made of them when `userdata-oracle --update` asked it.
#![allow(clippy::disallowed_methods, reason = "the hashes are in a file")]

use userdata_oracle::rows::{FILE, Hashes, hash};

fn row(name: &str, least: usize) {
    let text = std::fs::read_to_string(FILE).expect("there");
    let hashes: Hashes = serde_json::from_str(&text).expect("hashes");
    let kept = &hashes[name];
    assert!(kept.len() > least, "{}", kept.len());
    for (case, wanted) in kept {
        let found = hash(1, name, *case);
        assert_eq!(found, *wanted, "cargo run --package userdata-oracle -- {name} --case {case}");
    }
}

#[test]
fn user_data() {
    row("user-data", 200);
}

#[test]
fn merges() {
    row("merge-pairs", 500);
    row("merge-layers", 150);
}

#[test]
fn templates() {
    row("jinja", 200);
    row("basic", 70);
}
