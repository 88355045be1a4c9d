//! Merges cloud-configs like a boot does, keeping the place where each value was written.

use std::fmt;

use engine::explain::{self, PathError};
use engine::handlers::cloud_config::Merging;
use model::Node;

use crate::parse::Part;

/// Several cloud-configs merged into one.
pub struct Merged {
    config: Option<Node>,
    refused: Vec<String>,
}

impl fmt::Debug for Merged {
    /// Shows counts only: values may be passwords.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.config.as_ref().and_then(Node::as_map).map_or(0, model::config::Map::len);
        write!(out, "{keys} keys, {} parts refused", self.refused.len())
    }
}

/// A configuration value and the place where it was written.
#[derive(Clone, PartialEq)]
pub struct Setting {
    /// The value.
    pub value: serde_json::Value,
    /// The part: `user-data part-001`.
    pub source: String,
    /// The line within the part, starting at 1.
    pub line: u32,
    /// The column in characters, starting at 1.
    pub column: u32,
}

impl fmt::Debug for Setting {
    /// Shows the place only: the value may be a password.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}", self.source, self.line, self.column)
    }
}

/// Merges the parts that are cloud-configs or JSON patches of one, in order and by the rules they set (`merge_how`);
/// other parts are skipped.
///
/// ```
/// let data = b"#cloud-config-archive\n\
///     - '#cloud-config\n\n  packages: [vim]'\n\
///     - '#cloud-config\n\n  hostname: web1'\n";
/// let merged = cloud_init::merge::parts(&cloud_init::parse::user_data(data)?);
/// let hostname = merged.get("hostname").expect("set");
/// assert_eq!(hostname.value, "web1");
/// assert_eq!(hostname.source, "user-data part-002");
/// assert_eq!(merged.get("packages.0").expect("set").value, "vim");
/// # Ok::<(), cloud_init::parse::ParseError>(())
/// ```
pub fn parts(parts: &[Part]) -> Merged {
    let mut merging = Merging::default();
    let mut refused = Vec::new();
    let is_config = |part: &&Part| {
        ["text/cloud-config", engine::handlers::cloud_config::PATCH].contains(&part.content_type())
    };
    for part in parts.iter().filter(is_config) {
        refused.extend(merging.add(&part.0, &mut ()).err());
    }
    Merged { config: merging.merged().cloned(), refused }
}

impl Merged {
    /// The value at a path such as `hostname`, `users.0.name` or `write_files[1].path`.
    pub fn get(&self, path: &str) -> Option<Setting> {
        self.find(path).ok().flatten()
    }

    fn find(&self, path: &str) -> Result<Option<Setting>, PathError> {
        let Some(config) = &self.config else { return Ok(None) };
        let path = explain::resolve(&[config], &explain::parse(path)?)?;
        Ok(explain::value_at(config, &path).map(|node| Setting {
            value: node.to_json(),
            source: node.origin.source.to_string(),
            line: node.origin.line,
            column: node.origin.column,
        }))
    }

    /// The complete configuration as JSON; null if no part was a cloud-config.
    pub fn to_json(&self) -> serde_json::Value {
        self.config.as_ref().map(Node::to_json).unwrap_or_default()
    }

    /// Why parts were left out, each with its place.
    pub fn refused(&self) -> &[String] {
        &self.refused
    }
}
