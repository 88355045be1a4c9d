//! The schemas of network-config: the published files are generated from the types.
#![allow(clippy::disallowed_methods, reason = "these tests read and write files of the source tree")]

use std::path::Path;

use schema::network::{V1, V2, derive_v1, derive_v2, v1_schema, v2_schema};
use serde_json::Value;

/// Set to regenerate the files from the types.
const WRITE: &str = "CLOUD_INIT_WRITE_DERIVED";

fn held(name: &str, published: &str, derived: &Value) {
    let text = format!("{derived:#}\n");
    if std::env::var_os(WRITE).is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name);
        std::fs::write(path, text).expect("written");
        return;
    }
    assert!(published == text, "{name} is stale: run this test with {WRITE}=1");
}

#[test]
fn the_published_schemas_are_what_the_types_say() {
    held("network-config-v1.json", V1, &derive_v1());
    held("network-config-v2.json", V2, &derive_v2());
    assert!(v1_schema().is_object() && v2_schema().is_object());
}
