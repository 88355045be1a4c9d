//! Any document is judged, as a tree of the configuration and as it was written, and every finding can be shown.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use model::Node;
use schema::{Schema, check};
use serde_json::Value;

static DOCUMENTS: OnceLock<[Value; 3]> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    let documents = DOCUMENTS.get_or_init(|| {
        [modules::cloud_config_schema(), schema::network::v1_schema(), schema::network::v2_schema()]
    });
    let Ok(Some(node)) = Node::from_yaml("fuzz", bytes) else { return };
    for document in documents {
        for finding in check(&Schema::new(document), &node) {
            assert!(!finding.public().is_empty());
        }
    }
});
