//! The EC2 instance metadata service, from a JSON document.
//!
//! Source of its behaviour: "Use the Instance Metadata Service to access instance metadata", Amazon EC2 User Guide.

use std::path::Path;

use serde_json::Value;

use crate::{Error, Node};

/// Dated versions under which the tree is served beside `latest`.
const VERSIONS: &[&str] = &["1.0", "2009-04-04", "2016-09-02", "2018-09-24", "2021-03-23", "latest"];

/// How the service stands to session tokens (IMDSv2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tokens {
    /// A GET without a token is refused with 401.
    #[default]
    Required,
    /// Tokens are given out; a GET without one is answered too.
    Optional,
    /// An old service: asking for a token is 404.
    Absent,
    /// The service refuses tokens with 403, as where HTTP tokens are switched off.
    Forbidden,
}

impl Tokens {
    /// Reads the value of `--tokens`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "required" => Ok(Self::Required),
            "optional" => Ok(Self::Optional),
            "absent" => Ok(Self::Absent),
            "forbidden" => Ok(Self::Forbidden),
            _ => Err(Error::Option {
                option: "--tokens",
                value: text.to_owned(),
                expected: "give required, optional, absent or forbidden",
            }),
        }
    }
}

/// An EC2 instance.
#[derive(Debug, Clone)]
pub struct Ec2 {
    /// Stand on session tokens.
    pub tokens: Tokens,
    /// `{"meta-data": {…}, "user-data": "…", "dynamic": {…}}`, as [`Node::from_json`] reads it.
    pub document: Value,
}

impl Ec2 {
    /// A small instance with one network interface and one key.
    pub fn example() -> Self {
        let document = serde_json::from_str(include_str!("../examples/ec2.json"))
            .expect("the embedded document is JSON: a unit test reads it");
        Self { tokens: Tokens::Required, document }
    }

    /// Reads the document from a file.
    pub fn read(path: &Path, tokens: Tokens) -> Result<Self, Error> {
        let text = std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let document: Value =
            serde_json::from_slice(&text).map_err(|source| Error::Json { path: path.to_owned(), source })?;
        if !document.get("meta-data").is_some_and(Value::is_object) {
            let what = path.display().to_string();
            return Err(Error::Shape { what, expected: "has to be an object with an object `meta-data`" });
        }
        Ok(Self { tokens, document })
    }

    /// Sets the user-data.
    #[must_use]
    pub fn with_user_data(mut self, user_data: &str) -> Self {
        self.document["user-data"] = Value::from(user_data);
        self
    }

    pub(crate) fn add_to(&self, root: &mut Node) {
        let tree = Node::from_json(&self.document);
        for version in VERSIONS {
            root.insert(version, tree.clone());
        }
        if let Node::Directory { slashes, .. } = root {
            *slashes = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_has_the_tree() {
        let mut root = Node::directory();
        Ec2::example().add_to(&mut root);
        assert_eq!(root.body(), b"1.0\n2009-04-04\n2016-09-02\n2018-09-24\n2021-03-23\nlatest");
        for version in VERSIONS {
            let id = root.find(&format!("/{version}/meta-data/instance-id")).map(Node::body);
            assert_eq!(id, Some(b"i-0a1b2c3d4e5f60718".to_vec()), "{version}");
        }
        let document = root.find("/latest/dynamic/instance-identity/document").expect("a document").body();
        let document: Value = serde_json::from_slice(&document).expect("JSON");
        assert_eq!(document["instanceId"], "i-0a1b2c3d4e5f60718");
    }

    #[test]
    fn user_data_is_served_as_given() {
        let mut root = Node::directory();
        Ec2::example().with_user_data("#!/bin/sh\n").add_to(&mut root);
        assert_eq!(root.find("/latest/user-data").map(Node::body), Some(b"#!/bin/sh\n".to_vec()));
    }

    #[test]
    fn refuses_a_document_without_metadata() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "{}").expect("written");
        let refused = Ec2::read(file.path(), Tokens::Required).expect_err("refused").to_string();
        assert!(refused.ends_with("has to be an object with an object `meta-data`"), "{refused}");
    }
}
