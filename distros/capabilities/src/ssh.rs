//! The OpenSSH server.

use std::path::{Path, PathBuf};

use model::distro::Ssh;
use model::effects::{Command, Owner};
use model::{DistroError, System};

use crate::Accounts;

/// OpenSSH.
pub struct OpenSsh {
    /// Effects.
    pub system: System,
    /// For looking up the group of host keys, if any.
    pub accounts: Accounts,
    /// Whether private host keys belong to the group `ssh_keys`, if it exists (RHEL 8 and older).
    pub key_group: bool,
}

impl OpenSsh {
    /// The server of a distribution whose host keys have no group.
    pub fn new(system: &System) -> Self {
        Self { system: system.clone(), accounts: Accounts { system: system.clone() }, key_group: false }
    }
}

impl Ssh for OpenSsh {
    fn directory(&self) -> PathBuf {
        "/etc/ssh".into()
    }

    fn restore_context(&self, path: &Path) -> Result<(), DistroError> {
        // SELinux is enabled if its file system is mounted.
        if self.system.files.exists(Path::new("/sys/fs/selinux/enforce"))
            && self.system.commands.which("restorecon").is_some()
        {
            self.system.commands.run(&Command::line(["restorecon", "-R"]).arg(path.display().to_string()))?;
        }
        Ok(())
    }

    fn key_types(&self) -> &'static [&'static str] {
        &["rsa", "ecdsa", "ed25519"]
    }

    fn private_key_owner(&self) -> Result<(Owner, u32), DistroError> {
        let group = if self.key_group { self.accounts.find_group("ssh_keys")? } else { None };
        Ok(match group {
            Some(gid) => (Owner::new(0, gid), 0o640),
            None => (Owner::ROOT, 0o600),
        })
    }
}
