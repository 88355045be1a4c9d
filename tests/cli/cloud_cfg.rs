//! The cloud.cfg of each variant against upstream's.
//!
//! cloud-cfg.json has what PyYAML reads from upstream's config/cloud.cfg.tmpl (26.2), rendered for each variant of its
//! tools/render-template.

use model::Node;

use crate::{cloud_init, out};

#[test]
fn each_variant_says_what_upstreams_says() {
    let upstream: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(include_str!("cloud-cfg.json")).expect("JSON");
    assert_eq!(upstream.len(), 30);
    for (variant, expected) in upstream {
        let text = out(&cloud_init(&["generate", "cloud-cfg", &variant]));
        let ours = Node::from_yaml("cloud.cfg", text.as_bytes()).expect("valid YAML").expect("a document");
        assert_eq!(ours.to_json(), expected, "{variant}");
    }
}
