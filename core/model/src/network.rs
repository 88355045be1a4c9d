//! A network configuration as received, before `core/netconfig` reads it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Node;
use crate::config::Origin;

/// The origin of a network configuration, for messages and the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkSource {
    /// `network-config=` or `ip=` on the kernel command line.
    Cmdline,
    /// `klibc`'s or dracut's files in the initramfs.
    Initramfs,
    /// `network:` in the system configuration.
    SystemCfg,
    /// The data source.
    Ds,
    /// The fallback: DHCP on the first usable device.
    Fallback,
}

impl NetworkSource {
    /// The name in upstream's configuration and log.
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

/// A network config v1 or v2 as a tree. It is kept unchanged, because netplan receives a v2 config as is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NetworkConfig {
    /// The tree: a mapping with a top-level `version: 1` or `version: 2`, or `config: disabled`.
    #[serde(flatten)]
    pub tree: Tree,
}

/// The tree, transparent in JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Tree(pub Node);

impl NetworkConfig {
    /// Creates a config from a tree. A surrounding `network:` key is removed.
    pub fn new(node: Node) -> Self {
        let inner = node.get("network").filter(|inner| inner.as_map().is_some()).cloned();
        Self { tree: Tree(inner.unwrap_or(node)) }
    }

    /// Creates a config from JSON that a source generated.
    pub fn from_json(json: serde_json::Value, source: &str) -> Self {
        Self::new(Node::from_json(json, &Origin::whole(source)))
    }

    /// The tree.
    pub fn node(&self) -> &Node {
        &self.tree.0
    }

    /// `version`, if set.
    pub fn version(&self) -> Option<i128> {
        self.node().get("version")?.as_int()
    }

    /// Whether it contains `config: disabled`.
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

/// The files written by a renderer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The renderer's name, for the log (`netplan`).
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
