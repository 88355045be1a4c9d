//! Renderers write what the original wrote for descriptions that `network-oracle --update` asked it about.

use std::path::Path;

use network_oracle::compare::ours;
use network_oracle::generate::{description, simple};
use network_oracle::identical::{FILE, hash};
use network_oracle::{OUTPUTS, ledger};
use oracle::identical::Hashes;

#[test]
fn renderings_are_those_of_the_original() {
    let hashes = Hashes::read(Path::new(FILE)).expect("there");
    let mut compared = 0;
    for output in OUTPUTS {
        for (case, wanted) in hashes.row(output.name) {
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
