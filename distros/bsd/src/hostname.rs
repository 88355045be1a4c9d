//! The host name: `hostname=` in rc.conf, or OpenBSD's /etc/myname.

use std::path::{Path, PathBuf};

use capabilities::{preferred_name, set_kernel_name};
use ifcfg::RcConf;
use model::distro::Hostname;
use model::effects::{Attributes, Command};
use model::{DistroError, System};

/// The host name of a BSD.
pub(crate) struct BsdHostname {
    pub(crate) system: System,
    /// Whether it is in /etc/myname.
    pub(crate) myname: bool,
    pub(crate) prefer_fqdn: bool,
    /// Whether to write the file, or only to set the kernel's name.
    pub(crate) create_file: bool,
}

impl BsdHostname {
    fn text(&self) -> Result<Option<String>, DistroError> {
        let bytes = self.system.files.read_optional(&self.file())?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn tell_kernel(&self, name: &str) {
        set_kernel_name(&self.system, name, &Command::line(["hostname", name]));
    }
}

impl Hostname for BsdHostname {
    fn choose(&self, hostname: &str, fqdn: &str, prefer_fqdn: Option<bool>) -> String {
        preferred_name(hostname, fqdn, prefer_fqdn.unwrap_or(self.prefer_fqdn))
    }

    fn persisted(&self) -> Result<Option<String>, DistroError> {
        let text = self.text()?.unwrap_or_default();
        let name = if self.myname {
            text.lines().next().map(|line| line.trim().to_owned())
        } else {
            RcConf::parse(&text).get("hostname")
        };
        Ok(name.filter(|name| !name.is_empty()))
    }

    fn file(&self) -> PathBuf {
        Path::new(if self.myname { "/etc/myname" } else { "/etc/rc.conf" }).into()
    }

    fn persist(&self, name: &str) -> Result<(), DistroError> {
        let before = self.text()?;
        if before.is_none() && !self.create_file {
            tracing::info!("create_hostname_file is False; hostname file not created");
            return Ok(());
        }
        let text = if self.myname {
            format!("{name}\n")
        } else {
            let mut file = RcConf::parse(before.as_deref().unwrap_or_default());
            file.set("hostname", name);
            file.write()
        };
        Ok(self.system.files.write(&self.file(), text.as_bytes(), &Attributes::mode(0o644))?)
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
