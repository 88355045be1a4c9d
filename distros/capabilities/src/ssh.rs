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
    /// Whether private host keys belong to the group `ssh_keys`, if it exists (RHEL 9 and older).
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
        let Some(gid) = group else { return Ok((Owner::ROOT, 0o600)) };
        // Not an option of sshd: it prints its version with the usage.
        let asked = self.system.commands.run(&Command::line(["sshd", "-V"]).accept(&[0, 1]));
        let told = asked.map(|output| output.stderr).unwrap_or_default();
        Ok((Owner::new(0, gid), group_key_mode(&String::from_utf8_lossy(&told))))
    }
}

/// The mode of a host key with a group, by what `sshd -V` prints: RHEL's sshd-keygen lets the group read it before OpenSSH
/// 9, of which ssh-keysign is set-user-ID again.
fn group_key_mode(version: &str) -> u32 {
    let number = version.lines().find_map(|line| line.strip_prefix("OpenSSH_"));
    let major: Option<u32> = number.and_then(|text| text.split('.').next()?.parse().ok());
    if major.is_some_and(|major| major >= 9) { 0o600 } else { 0o640 }
}

#[cfg(test)]
mod tests {
    use super::group_key_mode;

    #[test]
    fn the_group_reads_host_keys_before_openssh_9() {
        for (version, mode) in [
            ("unknown option -- V\nOpenSSH_8.7p1, OpenSSL 3.0.7 1 Nov 2022\nusage: sshd", 0o640),
            ("OpenSSH_7.4p1, OpenSSL 1.0.2k-fips  26 Jan 2017\n", 0o640),
            ("OpenSSH_9.9p1, OpenSSL 3.2.2 4 Jun 2024\n", 0o600),
            ("OpenSSH_10.0p2 Debian-7, OpenSSL 3.5.1 1 Jul 2025\n", 0o600),
            ("", 0o640),
        ] {
            assert_eq!(group_key_mode(version), mode, "{version}");
        }
    }
}
