//! Capabilities of a distribution that lacks them: all return errors.

use std::path::{Path, PathBuf};

use model::distro::{
    DescribedNetwork, Hostname, Locale, Network, PackageSpec, Packages, Password, Ssh, Time, Users,
};
use model::effects::Owner;
use model::user::{Account, UserSpec};
use model::{DistroError, NetworkConfig};

/// Returns an error for every operation.
pub(crate) struct Bare {
    /// The distribution's name.
    pub(crate) distro: String,
}

impl Bare {
    fn refuse<T>(&self, what: &str) -> Result<T, DistroError> {
        Err(DistroError::Unsupported { distro: self.distro.clone(), what: what.to_owned() })
    }
}

const HOSTNAME: &str = "configuration of the host name";
const USERS: &str = "configuration of accounts";
const PACKAGES: &str = "package management";
const NETWORK: &str = "configuration of the network";
const LOCALE: &str = "configuration of the locale";
const TIME: &str = "configuration of the time zone";
const SSH: &str = "configuration of the SSH server";

impl Hostname for Bare {
    fn choose(&self, hostname: &str, fqdn: &str, prefer_fqdn: Option<bool>) -> String {
        let name = if prefer_fqdn == Some(true) && !fqdn.is_empty() { fqdn } else { hostname };
        name.to_owned()
    }

    fn persisted(&self) -> Result<Option<String>, DistroError> {
        self.refuse(HOSTNAME)
    }

    fn file(&self) -> PathBuf {
        "/etc/hostname".into()
    }

    fn persist(&self, _name: &str) -> Result<(), DistroError> {
        self.refuse(HOSTNAME)
    }

    fn apply(&self, _name: &str) -> Result<(), DistroError> {
        self.refuse(HOSTNAME)
    }

    fn apply_transient(&self, _name: &str) -> Result<(), DistroError> {
        self.refuse(HOSTNAME)
    }
}

impl Users for Bare {
    fn find(&self, _name: &str) -> Result<Option<Account>, DistroError> {
        self.refuse(USERS)
    }

    fn find_group(&self, _name: &str) -> Result<Option<u32>, DistroError> {
        self.refuse(USERS)
    }

    fn add_group(&self, _name: &str, _members: &[String]) -> Result<(), DistroError> {
        self.refuse(USERS)
    }

    fn add_user(&self, _spec: &UserSpec) -> Result<bool, DistroError> {
        self.refuse(USERS)
    }

    fn discard(&self, _users: &[String], _groups: &[String]) -> Result<(), DistroError> {
        self.refuse(USERS)
    }

    fn lock_password(&self, _name: &str) -> Result<(), DistroError> {
        self.refuse(USERS)
    }

    fn expire_password(&self, _name: &str) -> Result<(), DistroError> {
        self.refuse(USERS)
    }

    fn set_passwords(&self, _passwords: &[Password]) -> Result<(), DistroError> {
        self.refuse(USERS)
    }

    fn owner(&self, _text: &str) -> Result<Owner, DistroError> {
        self.refuse(USERS)
    }
}

impl Packages for Bare {
    fn refresh(&self, _force: bool) -> Result<(), DistroError> {
        self.refuse(PACKAGES)
    }

    fn upgrade(&self) -> Result<(), DistroError> {
        self.refuse(PACKAGES)
    }

    fn install(&self, _packages: &[PackageSpec]) -> Result<(), DistroError> {
        self.refuse(PACKAGES)
    }

    fn reboot_markers(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}

impl Network for Bare {
    fn read(&self, _config: &NetworkConfig) -> Result<Box<dyn DescribedNetwork + '_>, DistroError> {
        self.refuse(NETWORK)
    }

    fn bring_up_link(&self, _name: &str) -> Result<(), DistroError> {
        self.refuse(NETWORK)
    }

    fn wait_online(&self) -> Result<(), DistroError> {
        self.refuse(NETWORK)
    }
}

impl Locale for Bare {
    fn apply(&self, _locale: &str, _file: Option<&Path>) -> Result<(), DistroError> {
        self.refuse(LOCALE)
    }

    fn current(&self) -> Result<String, DistroError> {
        self.refuse(LOCALE)
    }
}

impl Time for Bare {
    fn set_timezone(&self, _name: &str) -> Result<(), DistroError> {
        self.refuse(TIME)
    }
}

impl Ssh for Bare {
    fn directory(&self) -> PathBuf {
        "/etc/ssh".into()
    }

    fn restore_context(&self, _path: &Path) -> Result<(), DistroError> {
        Ok(())
    }

    fn key_types(&self) -> &'static [&'static str] {
        &[]
    }

    fn private_key_owner(&self) -> Result<(Owner, u32), DistroError> {
        self.refuse(SSH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The original's `_select_hostname` (cloudinit/distros/__init__.py): the name with its domain where that is preferred and
    /// known. Everything else is refused by the name of the distribution.
    #[test]
    fn a_name_is_chosen_and_nothing_is_done() {
        let bare = Bare { distro: "plan9".to_owned() };
        assert_eq!(bare.choose("h", "h.example.org", None), "h");
        assert_eq!(bare.choose("h", "h.example.org", Some(false)), "h");
        assert_eq!(bare.choose("h", "h.example.org", Some(true)), "h.example.org");
        assert_eq!(bare.choose("h", "", Some(true)), "h");
        let refused = bare.persist("h").expect_err("refused").to_string();
        assert_eq!(refused, "configuration of the host name is not supported on plan9");
        let refused = bare.owner("root:root").expect_err("refused").to_string();
        assert!(refused.ends_with("is not supported on plan9"), "{refused}");
    }
}
