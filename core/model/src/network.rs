//! A network's description as it arrived, before `core/netconfig` reads it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Node;
use crate::config::Origin;

/// Where a network description came from, in words that messages and the log use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkSource {
    /// `network-config=` or `ip=` on the kernel command line.
    Cmdline,
    /// klibc's or dracut's files of the initial ramdisk.
    Initramfs,
    /// `network:` of the system's configuration.
    SystemCfg,
    /// The data source.
    Ds,
    /// Nobody said anything: DHCP on the first usable link.
    Fallback,
}

impl NetworkSource {
    /// As the original's configuration and log name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cmdline => "cmdline",
            Self::Initramfs => "initramfs",
            Self::SystemCfg => "system_cfg",
            Self::Ds => "ds",
            Self::Fallback => "fallback",
        }
    }
}

/// Network config v1 or v2 as a tree. It is kept whole, since netplan is handed a v2 config as it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NetworkConfig {
    /// The tree: a mapping with `version: 1` or `version: 2` at its top, or `config: disabled`.
    #[serde(flatten)]
    pub tree: Tree,
}

/// The tree, transparent in JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Tree(pub Node);

impl NetworkConfig {
    /// A config from a tree. A `network:` key around it is taken off.
    pub fn new(node: Node) -> Self {
        let inner = node.get("network").filter(|inner| inner.as_map().is_some()).cloned();
        Self { tree: Tree(inner.unwrap_or(node)) }
    }

    /// A config from JSON that a source wrote itself.
    pub fn from_json(json: serde_json::Value, source: &str) -> Self {
        Self::new(Node::from_json(json, &Origin::whole(source)))
    }

    /// The tree.
    pub fn node(&self) -> &Node {
        &self.tree.0
    }

    /// `version`, where the tree has one.
    pub fn version(&self) -> Option<i128> {
        self.node().get("version")?.as_int()
    }

    /// Whether it says `config: disabled`.
    pub fn is_disabled(&self) -> bool {
        self.node().get("config").and_then(Node::as_str) == Some("disabled")
    }
}

impl<'de> Deserialize<'de> for NetworkConfig {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = serde_json::Value::deserialize(deserializer)?;
        Ok(Self::from_json(json, "cached network config"))
    }
}

/// A file that a renderer wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Its name, for the log (`netplan`).
    pub renderer: &'static str,
    /// The files.
    pub files: Vec<std::path::PathBuf>,
}

impl Rendered {
    /// Whether a path is among the files.
    pub fn has(&self, path: &Path) -> bool {
        self.files.iter().any(|file| file == path)
    }
}
