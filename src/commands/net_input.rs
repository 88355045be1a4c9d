//! Network configurations in all supported formats, from files named by the user.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use model::effects::{Link, Reading};
use model::{NetworkConfig, Node};
use serde_json::Value;
use system::Host;

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// interfaces(5).
    Eni,
    /// Network config version 1 or 2.
    Yaml,
    /// Azure's metadata.
    #[value(name = "azure-imds")]
    AzureImds,
    /// OpenStack's network_data.json.
    #[value(name = "network_data.json")]
    NetworkData,
    /// A VMware customization file.
    #[value(name = "vmware-imc")]
    VmwareImc,
}

/// An unusable network configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    #[error(transparent)]
    File(#[from] model::effects::FileError),
    #[error("{path}: {source}")]
    Directory { path: PathBuf, source: std::io::Error },
    #[error("{path}: not valid JSON: {source}")]
    Json { path: PathBuf, source: serde_json::Error },
    #[error(transparent)]
    Yaml(#[from] yaml::Error),
    #[error("{path}: {source}")]
    Eni { path: PathBuf, source: netconfig::eni::Error },
    #[error("{path}: the file is empty")]
    Empty { path: PathBuf },
    #[error(transparent)]
    Net(#[from] netconfig::NetError),
    #[error("cannot read the network devices of this machine: {0}; name the target's with --mac")]
    Links(#[from] model::effects::LinkError),
}

/// The most likely format of the content.
fn guess(text: &str) -> Kind {
    if text.trim_start().starts_with('{') {
        let document: Value = serde_json::from_str(text).unwrap_or_default();
        if document.get("links").is_some() && document.get("networks").is_some() {
            return Kind::NetworkData;
        }
        if document.pointer("/network/interface").is_some() {
            return Kind::AzureImds;
        }
    }
    let lines = || text.lines().map(str::trim);
    if lines().any(|line| line == "[NETWORK]") {
        return Kind::VmwareImc;
    }
    let stanza =
        |line: &str| ["auto ", "iface ", "allow-", "source "].iter().any(|word| line.starts_with(word));
    if lines().any(stanza) { Kind::Eni } else { Kind::Yaml }
}

/// Network devices given as `NAME,MAC`: in addition to this machine's or, for formats that name no others, instead of
/// them.
fn links(kind: Kind, named: &[(String, String)]) -> Result<Vec<Link>, InputError> {
    let told = named.iter().map(|(name, mac)| Link {
        name: name.clone(),
        mac: mac.to_lowercase(),
        hardware_type: 1,
        ..Link::default()
    });
    let told: Vec<Link> = told.collect();
    if kind == Kind::NetworkData && !told.is_empty() {
        return Ok(told);
    }
    let own = super::host().links.links()?;
    let hidden = |link: &Link| told.iter().any(|known| known.name == link.name || known.mac == link.mac);
    let kept: Vec<Link> = own.into_iter().filter(|link| !hidden(link)).collect();
    Ok(kept.into_iter().chain(told).collect())
}

/// A user's path as seen from the root.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, InputError> {
    system::absolute(path).map_err(|source| InputError::Directory { path: path.to_owned(), source })
}

/// The network configuration in a file, and the devices it is for.
pub(crate) fn read(
    path: &Path,
    kind: Option<Kind>,
    named: &[(String, String)],
) -> Result<(NetworkConfig, Vec<Link>, Kind), InputError> {
    let bytes = Host::root(None).read_with(&absolute(path)?, &Reading::any_kind())?;
    let text = String::from_utf8_lossy(&bytes);
    let kind = kind.unwrap_or_else(|| guess(&text));
    let links = links(kind, named)?;
    let name = path.display().to_string();
    let json = || -> Result<Value, InputError> {
        serde_json::from_slice(&bytes).map_err(|source| InputError::Json { path: path.to_owned(), source })
    };
    let config = match kind {
        Kind::Yaml => {
            let node = Node::from_yaml(&name, &bytes)?;
            NetworkConfig::new(node.ok_or_else(|| InputError::Empty { path: path.to_owned() })?)
        }
        Kind::Eni => netconfig::eni::convert(&bytes)
            .map_err(|source| InputError::Eni { path: path.to_owned(), source })?,
        Kind::NetworkData => netconfig::openstack::convert(&json()?, &links)?,
        Kind::AzureImds => netconfig::azure::convert(&json()?, &links, netconfig::azure::Options::default())?,
        Kind::VmwareImc => netconfig::vmware::convert(&name, &text)?,
    };
    Ok((config, links, kind))
}

/// `NAME,MAC` or `NAME=MAC`.
pub(crate) fn named(text: &str) -> Result<(String, String), String> {
    let pair =
        text.split_once([',', '=']).filter(|(name, mac)| !name.is_empty() && mac.split(':').count() >= 6);
    pair.map(|(name, mac)| (name.to_owned(), mac.to_owned()))
        .ok_or_else(|| "expected NAME,MAC, such as eth0,52:54:00:12:34:56".to_owned())
}
