//! What the original wrote for some of the usual descriptions, as hashes.

use oracle::identical::digest;

use crate::compare::Files;

/// Of how many of the usual descriptions the hashes are kept.
pub const KEPT: u64 = 300;

/// The file of the hashes: by output, then by the number of the description.
pub const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/identical.json");

/// The hash of paths, modes and contents.
pub fn hash(files: &Files) -> String {
    digest(&serde_json::json!(files).to_string())
}
