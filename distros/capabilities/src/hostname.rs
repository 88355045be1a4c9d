//! Sets the host name: in a file, in the kernel, or with hostnamectl, depending on the system.

use std::path::PathBuf;

use model::distro::{Hostname, Init};
use model::effects::{Attributes, Command};
use model::{DistroError, System};

/// Where a system stores its host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostnameStyle {
    /// A file with the name on a line (`/etc/hostname`).
    File,
    /// hostnamectl under systemd, else `HOSTNAME=` in /etc/sysconfig/network.
    Sysconfig,
}

/// The host name of a system.
pub struct HostnameFile {
    /// Effects.
    pub system: System,
    /// Where it is stored.
    pub style: HostnameStyle,
    /// The init system.
    pub init: Init,
    /// Whether the FQDN is the default (RHEL).
    pub prefer_fqdn: bool,
    /// Whether to write the file, or only to set the kernel's name.
    pub create_file: bool,
}

const HOSTNAME: &str = "/etc/hostname";
const SYSCONFIG: &str = "/etc/sysconfig/network";

impl HostnameFile {
    fn systemd(&self) -> bool {
        self.init == Init::Systemd
    }

    fn write_file(&self, name: &str) -> Result<(), DistroError> {
        let path = self.file();
        let before = self.system.files.read_optional(&path)?;
        if before.is_none() && !self.create_file {
            tracing::info!("create_hostname_file is False; hostname file not created");
            return Ok(());
        }
        let invalid = |reason: String| DistroError::BadFile { path: path.clone(), reason };
        let text = if path.as_os_str() == SYSCONFIG {
            super::locale::with_variable(&self.system, before.as_deref(), "HOSTNAME", name)
                .map_err(|error| invalid(error.to_string()))?
        } else {
            let mut file = etc_files::hostname::Hostname::parse(before.as_deref().unwrap_or_default())
                .or_else(|_| etc_files::hostname::Hostname::parse(b""))
                .map_err(|error| invalid(error.to_string()))?;
            file.set(name).map_err(|error| invalid(error.to_string()))?;
            file.write()
        };
        Ok(self.system.files.write(&path, &text, &Attributes::mode(0o644))?)
    }

    fn tell_kernel(&self, name: &str) {
        if let Err(error) = self.system.commands.run(&Command::line(["hostname", name])) {
            tracing::warn!("Failed to non-persistently adjust the system hostname to {name}: {error}");
        }
    }
}

impl Hostname for HostnameFile {
    fn choose(&self, hostname: &str, fqdn: &str, prefer_fqdn: Option<bool>) -> String {
        if (prefer_fqdn.unwrap_or(self.prefer_fqdn) && !fqdn.is_empty()) || hostname.is_empty() {
            fqdn.to_owned()
        } else {
            hostname.to_owned()
        }
    }

    fn persisted(&self) -> Result<Option<String>, DistroError> {
        match self.style {
            HostnameStyle::Sysconfig if self.systemd() => {
                let name = self.system.environment.uname().node;
                Ok(Some(name).filter(|name| !name.is_empty()))
            }
            HostnameStyle::Sysconfig => {
                let bytes = self.system.files.read_optional(&self.file())?.unwrap_or_default();
                let found = ifcfg::Document::parse(&bytes).ok().and_then(|file| file.get("HOSTNAME"));
                Ok(found.filter(|name| !name.is_empty()))
            }
            HostnameStyle::File => {
                let bytes = self.system.files.read_optional(&self.file())?.unwrap_or_default();
                let found = etc_files::hostname::Hostname::parse(&bytes)
                    .ok()
                    .and_then(|file| file.get().map(str::to_owned));
                Ok(found)
            }
        }
    }

    fn file(&self) -> PathBuf {
        match self.style {
            HostnameStyle::Sysconfig if !self.systemd() => SYSCONFIG.into(),
            _ => HOSTNAME.into(),
        }
    }

    fn persist(&self, name: &str) -> Result<(), DistroError> {
        if self.style == HostnameStyle::File || !self.systemd() {
            return self.write_file(name);
        }
        let mut command = Command::line(["hostnamectl", "set-hostname"]);
        if !self.create_file {
            command = command.arg("--transient");
        }
        match self.system.commands.run(&command.arg(name)) {
            Ok(_) => Ok(()),
            // hostnamectl needs D-Bus, which may not be running yet; the file can be written directly.
            Err(error) if self.create_file => {
                tracing::debug!("{error}; writing {HOSTNAME} instead");
                self.write_file(name)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn apply(&self, name: &str) -> Result<(), DistroError> {
        self.persist(name)?;
        self.tell_kernel(name);
        Ok(())
    }

    fn apply_transient(&self, name: &str) -> Result<(), DistroError> {
        self.tell_kernel(name);
        Ok(())
    }
}
