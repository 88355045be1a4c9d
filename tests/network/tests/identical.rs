//! Renderers write what the original wrote for descriptions that `network-oracle --update` asked it about.
#![allow(clippy::disallowed_methods, reason = "the hashes are in a file")]

use network_oracle::compare::ours;
use network_oracle::generate::{description, simple};
use network_oracle::identical::{FILE, Hashes, hash};
use network_oracle::{OUTPUTS, ledger};

#[test]
fn renderings_are_those_of_the_original() {
    let text = std::fs::read_to_string(FILE).expect("there");
    let hashes: Hashes = serde_json::from_str(&text).expect("hashes");
    let mut compared = 0;
    for output in OUTPUTS {
        for (case, wanted) in &hashes[output.name] {
            let config = if output.simple { simple } else { description }(ledger::SEED, *case);
            let files = ours(&config, *output);
            assert_eq!(
                files.as_ref().map(hash).as_ref(),
                Ok(wanted),
                "cargo run --package network-oracle -- {} --case {case}: {files:?}",
                output.name
            );
            compared += 1;
        }
    }
    assert!(compared > 1500, "{compared}");
}
