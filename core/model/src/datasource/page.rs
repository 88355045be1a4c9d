//! The description of a source for people: its page of the reference, and the documents of its example.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::Node;
use crate::config::from_node;

/// The page of a source, a YAML document beside it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Its name for people.
    pub title: String,
    /// One sentence: the platform, and the way its data reaches the machine.
    pub summary: String,
    /// How it is detected without the network.
    pub detection: String,
    /// What else there is to know, in Markdown.
    #[serde(default)]
    pub details: String,
    /// What is read from where: an address, a path or a label, and what it has.
    pub reads: Vec<(String, String)>,
    /// The keys of `datasource.NAME`.
    #[serde(default)]
    pub settings: Vec<Setting>,
    /// An example, with which `plan --data-source NAME` works.
    pub example: Example,
    /// The vendor's documentation.
    #[serde(default)]
    pub links: Vec<String>,
}

/// A key of `datasource.NAME`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// The key.
    pub key: String,
    /// Its default, as written in YAML; empty if there is none.
    #[serde(default)]
    pub default: String,
    /// What it does, with its unit.
    pub meaning: String,
}

/// A made-up machine of the platform.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Example {
    /// Its documents by path, as a directory for `--metadata-tree` has them.
    pub documents: BTreeMap<String, String>,
    /// Files of the machine by absolute path, apart from the evidence in its `About`.
    pub files: BTreeMap<String, String>,
    /// Configuration of the image that it needs.
    pub config: String,
    /// Programs of the machine by absolute path, each with its outputs by arguments; it prints nothing for others.
    pub programs: BTreeMap<String, BTreeMap<String, String>>,
    /// Serial ports by absolute path, each with the host's answers by request. In SmartOS's metadata protocol the request
    /// is a key.
    pub serial: BTreeMap<String, BTreeMap<String, String>>,
}

impl Page {
    /// Reads the page of a source.
    ///
    /// # Errors
    ///
    /// If the text is not a page: the place and the reason.
    pub fn parse(text: &str) -> Result<Self, String> {
        let node = Node::from_yaml("page", text.as_bytes()).map_err(|error| error.to_string())?;
        from_node(&node.unwrap_or_default()).map_err(|error| error.to_string())
    }
}
