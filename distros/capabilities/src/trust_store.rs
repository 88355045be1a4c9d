//! Trusted CA certificates: files, and a program that generates bundles from them.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use model::distro::TrustStore;
use model::effects::{Attributes, Command};
use model::{DistroError, System};

/// How the distribution's CA certificates are removed.
#[derive(Clone, Copy, Debug)]
pub enum Defaults {
    /// A `!` is added to each line of a file (update-ca-certificates(8)), and debconf may be told not to select new ones.
    Deselect {
        /// The file.
        file: &'static str,
        /// Whether debconf is told.
        debconf: bool,
    },
    /// They are kept: upstream knows no way to remove them.
    Keep,
    /// The files in the directories are removed.
    Empty {
        /// The directories.
        directories: &'static [&'static str],
    },
}

/// A trust store's row.
#[derive(Clone, Copy, Debug)]
pub struct Store {
    /// The directory of added certificates.
    pub directory: &'static str,
    /// The administrator's directory, for systems whose /usr is read-only.
    pub own: Option<&'static str>,
    /// The ending of their names.
    pub suffix: &'static str,
    /// The program that generates the bundles.
    pub update: &'static str,
    /// The distribution's certificates.
    pub defaults: Defaults,
}

impl Store {
    /// ca-certificates of Debian: update-ca-certificates(8).
    pub const DEBIAN: Self = Self {
        directory: "/usr/local/share/ca-certificates",
        own: None,
        suffix: ".crt",
        update: "update-ca-certificates",
        defaults: Defaults::Deselect { file: "/etc/ca-certificates.conf", debconf: true },
    };
    /// ca-certificates of RHEL: update-ca-trust(8).
    pub const RHEL: Self = Self {
        directory: "/usr/share/pki/ca-trust-source/anchors",
        own: Some("/etc/pki/ca-trust/source/anchors"),
        suffix: ".crt",
        update: "update-ca-trust",
        defaults: Defaults::Empty { directories: &["/etc/pki/ca-trust", "/usr/share/pki/ca-trust-source"] },
    };
    /// ca-certificates of Alpine, without debconf.
    pub const ALPINE: Self = Self {
        defaults: Defaults::Deselect { file: "/etc/ca-certificates.conf", debconf: false },
        ..Self::DEBIAN
    };
    /// ca-certificates elsewhere.
    pub const COMMON: Self = Self { defaults: Defaults::Keep, ..Self::DEBIAN };
    /// ca-certificates of SUSE: update-ca-certificates(8).
    pub const SUSE: Self = Self {
        directory: "/usr/share/pki/trust/anchors",
        own: Some("/etc/pki/trust/anchors"),
        defaults: Defaults::Keep,
        ..Self::DEBIAN
    };
    /// ca-certs of AOSC.
    pub const AOSC: Self = Self {
        directory: "/etc/ssl/certs",
        own: None,
        suffix: ".pem",
        update: "update-ca-bundle",
        defaults: Defaults::Deselect { file: "/etc/ca-certificates/conf.d/cloud-init.conf", debconf: false },
    };
    /// ca-certificates-pki of Photon.
    pub const PHOTON: Self = Self {
        directory: "/etc/ssl/certs",
        own: None,
        suffix: ".pem",
        update: "rehash_ca_certificates.sh",
        defaults: Defaults::Empty { directories: &["/etc/pki/tls/certs", "/etc/ssl/certs"] },
    };
}

/// The trust store of a system.
pub struct CertificateFiles {
    /// Effects.
    pub system: System,
    /// Its row.
    pub store: Store,
}

const NOTE: &str = "# Modified by cloud-init to deselect certs due to user-data";

impl CertificateFiles {
    fn deselect(&self, file: &Path, debconf: bool) -> Result<(), DistroError> {
        let before = self.system.files.text(file).unwrap_or_default();
        if !before.is_empty() {
            let mut noted = false;
            let mut text = String::new();
            for line in before.lines() {
                noted |= line == NOTE;
                if line.is_empty() || line.starts_with(['#', '!']) {
                    text.push_str(&format!("{line}\n"));
                    continue;
                }
                if !noted {
                    text.push_str(&format!("{NOTE}\n"));
                    noted = true;
                }
                text.push_str(&format!("!{line}\n"));
            }
            self.system.files.write(file, text.as_bytes(), &Attributes::mode(0o644))?;
        }
        if !debconf {
            return Ok(());
        }
        let answer = "ca-certificates ca-certificates/trust_new_crts select no";
        self.system.commands.run(&Command::line(["debconf-set-selections", "-"]).stdin(answer.to_owned()))?;
        Ok(())
    }

    /// Writes a certificate; to the administrator's directory if the other one is read-only.
    fn put(&self, name: &str, certificate: &str) -> Result<PathBuf, DistroError> {
        let write = |directory: &str| {
            let path = Path::new(directory).join(name);
            self.system.files.write(&path, certificate.as_bytes(), &Attributes::mode(0o644)).map(|()| path)
        };
        match (write(self.store.directory), self.store.own) {
            (Err(error), Some(own)) if error.source.kind() == ErrorKind::ReadOnlyFilesystem => {
                Ok(write(own)?)
            }
            (outcome, _) => Ok(outcome?),
        }
    }

    fn empty(&self, directory: &Path) -> Result<(), DistroError> {
        if !self.system.files.is_dir(directory) {
            return Ok(());
        }
        for name in self.system.files.list(directory)? {
            self.system.files.remove(&directory.join(name))?;
        }
        Ok(())
    }
}

impl TrustStore for CertificateFiles {
    fn add(&self, certificates: &[String]) -> Result<Vec<PathBuf>, DistroError> {
        let mut written = Vec::new();
        for (index, certificate) in certificates.iter().enumerate() {
            let name = format!("cloud-init-ca-cert-{}{}", index + 1, self.store.suffix);
            written.push(self.put(&name, certificate)?);
        }
        Ok(written)
    }

    fn remove_defaults(&self) -> Result<(), DistroError> {
        match self.store.defaults {
            Defaults::Deselect { file, debconf } => self.deselect(Path::new(file), debconf),
            Defaults::Keep => {
                tracing::warn!("the default CA certificates of this distribution cannot be removed");
                Ok(())
            }
            Defaults::Empty { directories } => {
                directories.iter().try_for_each(|directory| self.empty(Path::new(directory)))
            }
        }
    }

    fn update(&self) -> Result<(), DistroError> {
        self.system.commands.run(&Command::new(self.store.update).inherit_output())?;
        Ok(())
    }
}
