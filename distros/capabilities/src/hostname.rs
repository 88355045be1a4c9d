//! Sets the host name: in a file, in the kernel, or with hostnamectl, depending on the system.

use std::path::PathBuf;

use model::distro::{Facts, Hostname, Init};
use model::effects::{Attributes, Command};
use model::{DistroError, System};

use crate::Settings;

/// Where a system stores its host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostnameStyle {
    /// A file with the name on a line (`/etc/hostname`).
    File,
    /// The same, and hostnamectl for the kernel's name (Arch has no hostname(1)).
    FileWithHostnamectl,
    /// `hostname=` in /etc/conf.d/hostname, which OpenRC reads; with systemd a file (Gentoo).
    ConfD,
    /// hostnamectl under systemd, else `HOSTNAME=` in /etc/sysconfig/network (RHEL).
    Sysconfig,
    /// hostnamectl under systemd, else /etc/HOSTNAME (SUSE).
    UpperCase,
    /// hostnamectl (Photon, AOSC).
    Hostnamectl,
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
const CONF_D: &str = "/etc/conf.d/hostname";
const UPPER_CASE: &str = "/etc/HOSTNAME";

/// The assignment in /etc/conf.d/hostname, which a shell reads.
fn assigned(line: &str) -> Option<&str> {
    line.trim().strip_prefix("hostname=").map(|value| value.trim_matches(['"', '\'']))
}

/// /etc/conf.d/hostname with another name.
fn with_assignment(before: &str, name: &str) -> Vec<u8> {
    let wanted = format!("hostname=\"{name}\"");
    let mut lines: Vec<&str> = before.lines().collect();
    match lines.iter_mut().find(|line| assigned(line).is_some()) {
        Some(line) => *line = &wanted,
        None => lines.push(&wanted),
    }
    (lines.join("\n") + "\n").into_bytes()
}

/// The host name to use of the short one and the FQDN.
pub fn preferred_name(hostname: &str, fqdn: &str, prefer_fqdn: bool) -> String {
    let name = if (prefer_fqdn && !fqdn.is_empty()) || hostname.is_empty() { fqdn } else { hostname };
    name.to_owned()
}

/// Sets the kernel's host name with a command, which may fail without consequences for the next boot.
pub fn set_kernel_name(system: &System, name: &str, command: &Command) {
    if let Err(error) = system.commands.run(command) {
        tracing::warn!("Failed to non-persistently adjust the system hostname to {name}: {error}");
    }
}

impl HostnameFile {
    /// The host name of a distribution, with its facts and the settings in `system_info`.
    pub fn new(
        system: &System,
        style: HostnameStyle,
        init: Init,
        settings: &Settings,
        facts: &Facts,
    ) -> Self {
        Self {
            system: system.clone(),
            style,
            init,
            prefer_fqdn: settings.prefer_fqdn_over_hostname.unwrap_or(facts.prefer_fqdn),
            create_file: settings.create_hostname_file.unwrap_or(true),
        }
    }

    fn systemd(&self) -> bool {
        self.init == Init::Systemd
    }

    /// Whether hostnamectl sets the name.
    fn by_hostnamectl(&self) -> bool {
        match self.style {
            HostnameStyle::Sysconfig | HostnameStyle::UpperCase => self.systemd(),
            HostnameStyle::Hostnamectl => true,
            HostnameStyle::File | HostnameStyle::FileWithHostnamectl | HostnameStyle::ConfD => false,
        }
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
        } else if path.as_os_str() == CONF_D {
            if name.contains(['"', '\\', '$', '`', '\n']) {
                return Err(invalid(format!("invalid host name '{name}'")));
            }
            with_assignment(&String::from_utf8_lossy(before.as_deref().unwrap_or_default()), name)
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
        let command = if self.style == HostnameStyle::FileWithHostnamectl {
            Command::line(["hostnamectl", "--transient", "set-hostname", name])
        } else {
            Command::line(["hostname", name])
        };
        set_kernel_name(&self.system, name, &command);
    }
}

impl Hostname for HostnameFile {
    fn choose(&self, hostname: &str, fqdn: &str, prefer_fqdn: Option<bool>) -> String {
        preferred_name(hostname, fqdn, prefer_fqdn.unwrap_or(self.prefer_fqdn))
    }

    fn persisted(&self) -> Result<Option<String>, DistroError> {
        if self.by_hostnamectl() {
            let name = self.system.environment.uname().node;
            return Ok(Some(name).filter(|name| !name.is_empty()));
        }
        let path = self.file();
        let bytes = self.system.files.read_optional(&path)?.unwrap_or_default();
        let found = if path.as_os_str() == SYSCONFIG {
            ifcfg::Document::parse(&bytes).ok().and_then(|file| file.get("HOSTNAME"))
        } else if path.as_os_str() == CONF_D {
            String::from_utf8_lossy(&bytes).lines().find_map(|line| assigned(line).map(str::to_owned))
        } else {
            let file = etc_files::hostname::Hostname::parse(&bytes).ok();
            file.and_then(|file| file.get().map(str::to_owned))
        };
        Ok(found.filter(|name| !name.is_empty()))
    }

    fn file(&self) -> PathBuf {
        match self.style {
            HostnameStyle::Sysconfig if !self.systemd() => SYSCONFIG.into(),
            HostnameStyle::UpperCase if !self.systemd() => UPPER_CASE.into(),
            HostnameStyle::ConfD if !self.systemd() => CONF_D.into(),
            _ => HOSTNAME.into(),
        }
    }

    fn persist(&self, name: &str) -> Result<(), DistroError> {
        if !self.by_hostnamectl() {
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
