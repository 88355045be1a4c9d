//! What the original wrote for some descriptions, as hashes: a change of a renderer shows without the original.

use std::collections::BTreeMap;

use crate::compare::Files;

/// Of how many of the usual descriptions the hashes are kept.
pub const KEPT: u64 = 300;

/// The file of the hashes: by output, then by the number of the description.
pub const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/identical.json");

/// The hashes by output and number.
pub type Hashes = BTreeMap<String, BTreeMap<u64, String>>;

/// The hash of paths, modes and contents.
pub fn hash(files: &Files) -> String {
    oracle::digest(&serde_json::json!(files).to_string())
}
