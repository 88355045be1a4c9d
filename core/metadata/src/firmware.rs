//! Documents that a host gives its virtual machine in the firmware: OEM strings of SMBIOS, and files of QEMU's fw_cfg.

use std::path::{Path, PathBuf};

use model::Platform;
use model::datasource::SourceError;

use crate::encoding::base64_lenient;
use crate::seed;

/// The names of documents.
pub const DOCUMENTS: [&str; 4] = ["meta-data", "user-data", "vendor-data", "network-config"];
/// The structures of SMBIOS; those with OEM strings begin with `11-`.
const ENTRIES: &str = "/sys/firmware/dmi/entries";
/// `PREFIX:TEXT` is for this program. Hosts that are configured for several guests use the short one.
const PREFIXES: [&str; 2] = ["io.cloud-init:", "cloud-init:"];
/// A document in base64.
const BINARY: &str = "io.cloud-init.binary:";
/// The directory of this program's files in fw_cfg: QEMU reserves `opt/DOMAIN/` for its users.
const FW_CFG: &str = "/sys/firmware/qemu_fw_cfg/by_name/opt/io.cloud-init/cloud-init";

/// What the OEM strings have for this program.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Oem {
    /// `ds=…`, as on the kernel command line.
    pub lines: Vec<String>,
    documents: Vec<(&'static str, Vec<u8>)>,
}

impl Oem {
    /// Reads all structures. What is damaged is reported and skipped.
    pub fn read(platform: &Platform<'_>) -> Self {
        let mut found = Self::default();
        if platform.container {
            return found;
        }
        let entries = Path::new(ENTRIES);
        let names = platform.files().list(entries).unwrap_or_default();
        for name in names.iter().filter(|name| name.starts_with("11-")) {
            let path = entries.join(name).join("raw");
            let Ok(raw) = platform.files().read(&path) else { continue };
            match smbios::oem_strings(&raw) {
                Ok(strings) => strings.into_iter().for_each(|text| found.add(&path, text)),
                Err(error) => tracing::warn!("ignoring {}: {error}", path.display()),
            }
        }
        found
    }

    fn add(&mut self, path: &Path, text: &[u8]) {
        // Strings for other programs need not be text.
        let Ok(text) = std::str::from_utf8(text) else { return };
        if let Some(rest) = text.strip_prefix(BINARY) {
            let Some((name, encoded)) = rest.split_once('=') else { return };
            match base64_lenient(encoded) {
                Ok(bytes) => self.document(path, name, bytes),
                Err(_) => tracing::warn!("ignoring {BINARY}{name} in {}: not valid base64", path.display()),
            }
        } else if let Some(rest) = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix)) {
            match rest.split_once('=') {
                Some(("ds", _)) => self.lines.push(rest.to_owned()),
                Some((name, value)) => self.document(path, name, value.as_bytes().to_vec()),
                None => {
                    tracing::warn!("ignoring an OEM string for cloud-init without '=' in {}", path.display());
                }
            }
        }
    }

    fn document(&mut self, path: &Path, name: &str, bytes: Vec<u8>) {
        let path = path.display();
        let Some(known) = DOCUMENTS.iter().find(|known| **known == name) else {
            let names = DOCUMENTS.join(", ");
            tracing::warn!("ignoring the OEM string '{name}' in {path}; expected ds, {names}");
            return;
        };
        if self.documents.iter().any(|(first, _)| first == known) {
            tracing::warn!("ignoring a second OEM string '{name}' in {path}");
            return;
        }
        self.documents.push((known, bytes));
    }

    /// Whether there is a seed: user-data or meta-data.
    pub fn has_seed(&self) -> bool {
        DOCUMENTS[..2].iter().any(|name| self.get(name).is_some())
    }

    /// A document.
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.documents.iter().find(|(known, _)| *known == name).map(|(_, bytes)| bytes.clone())
    }
}

/// The path of a document in fw_cfg.
pub fn fw_cfg_path(name: &str) -> PathBuf {
    Path::new(FW_CFG).join(name).join("raw")
}

/// Whether fw_cfg has a seed: user-data or meta-data.
pub fn fw_cfg_has_seed(platform: &Platform<'_>) -> bool {
    let has = |name: &&str| platform.files().exists(&fw_cfg_path(name));
    !platform.container && DOCUMENTS[..2].iter().any(has)
}

/// A document in fw_cfg.
pub fn fw_cfg(platform: &Platform<'_>, name: &str) -> Result<Option<Vec<u8>>, SourceError> {
    if platform.container {
        return Ok(None);
    }
    seed::read_file(platform, &fw_cfg_path(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(texts: &[&str]) -> Oem {
        let mut found = Oem::default();
        for text in texts {
            found.add(Path::new("11-0/raw"), text.as_bytes());
        }
        found
    }

    #[test]
    fn strings_of_each_form() {
        let found = strings(&[
            "anaconda:method=http://x/",
            "cloud-init:ds=nocloud;s=http://10.0.0.1/",
            "io.cloud-init:meta-data={instance-id: i-1}",
            "io.cloud-init.binary:user-data=I2Nsb3VkLWNvbmZpZwo=",
            "io.cloud-init:user-data=second",
            "io.cloud-init:other=x",
            "io.cloud-init.binary:vendor-data=Y",
        ]);
        assert_eq!(found.lines, ["ds=nocloud;s=http://10.0.0.1/"]);
        assert_eq!(found.get("meta-data").as_deref(), Some(&b"{instance-id: i-1}"[..]));
        assert_eq!(found.get("user-data").as_deref(), Some(&b"#cloud-config\n"[..]));
        assert_eq!((found.get("vendor-data"), found.has_seed()), (None, true));
        assert!(!strings(&["io.systemd.credential:a=b"]).has_seed());
    }
}
