//! The OpenStack metadata service, from the documents of one version.
//!
//! Source of the versions and of the document each brought: "Metadata service", OpenStack Compute (nova) user guide.

use std::collections::BTreeMap;
use std::path::Path;

use crate::{Error, Node};

/// The dated versions, oldest first.
pub const VERSIONS: &[&str] = &[
    "2012-08-10",
    "2013-04-04",
    "2013-10-17",
    "2015-10-15",
    "2016-06-30",
    "2016-10-06",
    "2017-02-22",
    "2018-08-27",
];

/// Which version brought each document.
const SINCE: &[(&str, &str)] = &[
    ("meta_data.json", "2012-08-10"),
    ("user_data", "2012-08-10"),
    ("vendor_data.json", "2013-10-17"),
    ("network_data.json", "2015-10-15"),
    ("vendor_data2.json", "2016-10-06"),
];

/// An OpenStack server.
#[derive(Debug, Clone)]
pub struct OpenStack {
    /// Versions that are listed and served; `latest` comes on top.
    pub versions: Vec<String>,
    /// Content by name: `meta_data.json`, `user_data`, `vendor_data.json`, `vendor_data2.json`, `network_data.json`.
    pub documents: BTreeMap<String, Vec<u8>>,
}

impl OpenStack {
    /// A small server with DHCP on one link and no user-data.
    pub fn example() -> Self {
        let mut server = Self::new(include_str!("../examples/meta_data.json"));
        server.set("network_data.json", include_str!("../examples/network_data.json"));
        server
    }

    /// A server with this `meta_data.json` and nothing else, in all versions.
    pub fn new(meta_data: &str) -> Self {
        let versions = VERSIONS.iter().map(ToString::to_string).collect();
        let mut server = Self { versions, documents: BTreeMap::new() };
        server.set("meta_data.json", meta_data);
        server
    }

    /// Sets a document.
    pub fn set(&mut self, name: &str, content: &str) {
        self.documents.insert(name.to_owned(), content.as_bytes().to_vec());
    }

    /// Reads the documents from a directory; all but `meta_data.json` may be missing.
    pub fn read(directory: &Path) -> Result<Self, Error> {
        let mut server = Self::new("");
        for (name, _) in SINCE {
            let path = directory.join(name);
            match std::fs::read(&path) {
                Ok(content) => drop(server.documents.insert((*name).to_owned(), content)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && *name != "meta_data.json" => {}
                Err(source) => return Err(Error::Read { path, source }),
            }
        }
        Ok(server)
    }

    pub(crate) fn add_to(&self, root: &mut Node) {
        let mut openstack = Node::bare_directory();
        let newest = self.versions.iter().max().map_or("2012-08-10", String::as_str);
        let served = self.versions.iter().map(|version| (version.as_str(), version.as_str()));
        for (name, version) in served.chain([("latest", newest)]) {
            let mut documents = Node::bare_directory();
            for (document, since) in SINCE {
                if let Some(content) = self.documents.get(*document).filter(|_| version >= *since) {
                    documents.insert(document, Node::Document(content.clone()));
                }
            }
            openstack.insert(name, documents);
        }
        root.insert("openstack", openstack);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_come_with_their_version() {
        let mut server = OpenStack::example();
        server.set("user_data", "#!/bin/sh\n");
        server.set("vendor_data2.json", "{}");
        let mut root = Node::directory();
        server.add_to(&mut root);
        let listing = |path: &str| root.find(path).map(|node| String::from_utf8(node.body()).expect("text"));
        let versions = "2012-08-10\n2013-04-04\n2013-10-17\n2015-10-15\n2016-06-30\n2016-10-06\n2017-02-22\n2018-08-27\nlatest";
        assert_eq!(listing("/openstack").as_deref(), Some(versions));
        assert_eq!(listing("/openstack/2012-08-10/").as_deref(), Some("meta_data.json\nuser_data"));
        assert_eq!(
            listing("/openstack/latest").as_deref(),
            Some("meta_data.json\nnetwork_data.json\nuser_data\nvendor_data2.json")
        );
        assert_eq!(listing("/openstack/2016-06-30/vendor_data2.json"), None);
    }

    #[test]
    fn metadata_is_needed() {
        let directory = tempfile::tempdir().expect("a directory");
        let refused = OpenStack::read(directory.path()).expect_err("refused").to_string();
        assert!(refused.contains("meta_data.json"), "{refused}");
        std::fs::write(directory.path().join("meta_data.json"), "{}").expect("written");
        assert_eq!(OpenStack::read(directory.path()).expect("read").documents.len(), 1);
    }
}
