//! Advice by the schema of another program, which reads a part of the document: it may be newer than the schema.

use serde_json::Value;

use crate::finding::{Finding, Severity, check};
use crate::instance::Instance;
use crate::validate::Schema;

/// What a document's schema finds wrong, as advice; the schema is only read if the document has this key.
pub fn advise_by<'d>(
    document: impl Into<Instance<'d>>,
    key: &str,
    schema: impl FnOnce() -> Value,
) -> Vec<Finding> {
    let document = document.into();
    if document.as_map().is_none_or(|map| map.get(key).is_none()) {
        return Vec::new();
    }
    let schema = schema();
    let details = check(&Schema::new(&schema), document).into_iter().filter(|finding| !finding.summary);
    details.map(|finding| Finding { severity: Severity::Advice, ..finding }).collect()
}
