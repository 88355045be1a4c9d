//! What the original wrote for some descriptions, as hashes: a change of a renderer shows without the original.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::compare::Files;

/// Of how many of the usual descriptions the hashes are kept.
pub const KEPT: u64 = 300;

/// The file of the hashes: by output, then by the number of the description.
pub const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/identical.json");

/// The hashes by output and number.
pub type Hashes = BTreeMap<String, BTreeMap<u64, String>>;

/// The hash of paths, modes and contents.
pub fn hash(files: &Files) -> String {
    let text = Value::from_iter(files.iter().map(|(path, file)| (path.clone(), serde_json::json!(file))))
        .to_string();
    Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
