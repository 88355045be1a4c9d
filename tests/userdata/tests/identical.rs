//! User-data, merges and templates become what the original made of them when `userdata-oracle --update` asked it.

use std::path::Path;

use oracle::identical::Hashes;
use userdata_oracle::rows::{FILE, hash};

fn row(name: &str, least: usize) {
    let hashes = Hashes::read(Path::new(FILE)).expect("there");
    let kept = hashes.row(name);
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
