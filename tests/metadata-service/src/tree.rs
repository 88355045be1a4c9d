//! What is served: directories and documents.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::Error;

/// The entry with a directory's own document, where a service has both at one path.
const OWN: &str = "_";

/// One path of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// Answered with a listing, one entry a line.
    Directory {
        /// Name of each entry. EC2 lists keys as `0=name` and serves them below `0`.
        entries: BTreeMap<String, Node>,
        /// Whether the listing marks directories with a slash at their end, as EC2's does and OpenStack's does not.
        slashes: bool,
    },
    /// Answered with these bytes.
    Document(Vec<u8>),
}

impl Node {
    /// An empty directory whose listing marks directories with a slash.
    pub fn directory() -> Self {
        Self::Directory { entries: BTreeMap::new(), slashes: true }
    }

    /// An empty directory whose listing has bare names.
    pub fn bare_directory() -> Self {
        Self::Directory { entries: BTreeMap::new(), slashes: false }
    }

    /// A document of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Document(text.into().into_bytes())
    }

    /// Puts `node` at `path`, making the directories on the way; a document that stands in the way is replaced.
    pub fn insert(&mut self, path: &str, node: Self) {
        match path.trim_matches('/').split_once('/') {
            Some((first, rest)) => self.child(first).insert(rest, node),
            None => *self.child(path.trim_matches('/')) = node,
        }
    }

    fn child(&mut self, name: &str) -> &mut Self {
        if let Self::Document(_) = self {
            *self = Self::directory();
        }
        let Self::Directory { entries, .. } = self else { unreachable!("made a directory above") };
        entries.entry(name.to_owned()).or_insert_with(Self::directory)
    }

    /// The node at a URL path; empty segments mean nothing.
    pub fn find(&self, path: &str) -> Option<&Self> {
        let mut node = self;
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            let Self::Directory { entries, .. } = node else { return None };
            node = entries.get(segment).or_else(|| {
                let indexed = |(name, _): &(&String, &Self)| {
                    name.split_once('=').is_some_and(|(index, _)| index == segment)
                };
                entries.iter().find(indexed).map(|(_, node)| node)
            })?;
        }
        Some(node)
    }

    /// The bytes that answer a GET: a directory's are those of its entry `_`, or else its listing.
    pub fn body(&self) -> Vec<u8> {
        match self {
            Self::Document(bytes) => bytes.clone(),
            Self::Directory { entries, slashes } => {
                if let Some(Self::Document(bytes)) = entries.get(OWN) {
                    return bytes.clone();
                }
                let line = |(name, node): (&String, &Self)| match node {
                    Self::Directory { .. } if *slashes && !name.contains('=') => format!("{name}/"),
                    _ => name.clone(),
                };
                entries.iter().map(line).collect::<Vec<_>>().join("\n").into_bytes()
            }
        }
    }

    /// Reads a directory whose paths are URLs.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Read { path: path.to_owned(), source };
        if !fs::metadata(path).map_err(failed)?.is_dir() {
            return Ok(Self::Document(fs::read(path).map_err(failed)?));
        }
        let mut entries = BTreeMap::new();
        for entry in fs::read_dir(path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            entries.insert(entry.file_name().to_string_lossy().into_owned(), Self::read(&entry.path())?);
        }
        Ok(Self::Directory { entries, slashes: true })
    }

    /// Makes a tree of a JSON document: objects are directories, arrays are lines, scalars are text; an object whose
    /// only key is `$json` is a document with that value as JSON.
    pub fn from_json(value: &Value) -> Self {
        match value {
            Value::Object(map) if map.len() == 1 && map.contains_key("$json") => {
                Self::text(format!("{:#}", map["$json"]))
            }
            Value::Object(map) => {
                let entries = map.iter().map(|(name, value)| (name.clone(), Self::from_json(value)));
                Self::Directory { entries: entries.collect(), slashes: true }
            }
            Value::Array(items) => Self::text(items.iter().map(scalar).collect::<Vec<_>>().join("\n")),
            other => Self::text(scalar(other)),
        }
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_like_ec2() {
        let node = Node::from_json(&serde_json::json!({
            "ami-id": "ami-1", "placement": {"region": "r"}, "public-keys": {"0=my-key": {"openssh-key": "ssh-rsa A"}},
            "security-groups": ["a", "b"],
        }));
        assert_eq!(node.body(), b"ami-id\nplacement/\npublic-keys/\nsecurity-groups");
        // Documented form: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
        assert_eq!(node.find("public-keys/").map(Node::body), Some(b"0=my-key".to_vec()));
        assert_eq!(node.find("/public-keys/0/openssh-key").map(Node::body), Some(b"ssh-rsa A".to_vec()));
        assert_eq!(node.find("security-groups").map(Node::body), Some(b"a\nb".to_vec()));
        assert_eq!(node.find("placement/zone"), None);
        assert_eq!(node.find("ami-id/below"), None);
    }

    #[test]
    fn reads_a_directory() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(directory.path().join("a/b")).expect("directories");
        fs::write(directory.path().join("a/b/c"), "text").expect("a file");
        let node = Node::read(directory.path()).expect("a tree");
        assert_eq!(node.find("/a/b/c").map(Node::body), Some(b"text".to_vec()));
        assert_eq!(node.body(), b"a/");
    }

    #[test]
    fn inserts_below_a_document() {
        let mut node = Node::directory();
        node.insert("/a", Node::text("x"));
        node.insert("/a/b", Node::text("y"));
        assert_eq!(node.find("a/b").map(Node::body), Some(b"y".to_vec()));
    }
}
