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
    /// known.
    #[test]
    fn a_name_is_chosen() {
        let bare = Bare { distro: "plan9".to_owned() };
        assert_eq!(bare.choose("h", "h.example.org", None), "h");
        assert_eq!(bare.choose("h", "h.example.org", Some(false)), "h");
        assert_eq!(bare.choose("h", "h.example.org", Some(true)), "h.example.org");
        assert_eq!(bare.choose("h", "", Some(true)), "h");
        let refused = bare.owner("root:root").expect_err("refused").to_string();
        assert_eq!(refused, "configuration of accounts is not supported on plan9");
    }

    /// Nothing is done silently: whatever changes a machine is refused. A question that needs no machine has the answer
    /// that most distributions give.
    #[test]
    fn each_operation_is_refused() {
        let bare = Bare { distro: "plan9".to_owned() };
        let spec = UserSpec::default();
        let config = NetworkConfig::new(model::Node::empty_map(model::Origin::whole("t")));
        let refusals = [
            (HOSTNAME, bare.persisted().err()),
            (HOSTNAME, bare.persist("h").err()),
            (HOSTNAME, Hostname::apply(&bare, "h").err()),
            (HOSTNAME, bare.apply_transient("h").err()),
            (USERS, bare.find("root").err()),
            (USERS, bare.find_group("root").err()),
            (USERS, bare.add_group("g", &[]).err()),
            (USERS, bare.add_user(&spec).err()),
            (USERS, bare.lock_password("u").err()),
            (USERS, bare.expire_password("u").err()),
            (USERS, bare.set_passwords(&[]).err()),
            (USERS, bare.owner("root:root").err()),
            (PACKAGES, bare.refresh(true).err()),
            (PACKAGES, bare.upgrade().err()),
            (PACKAGES, bare.install(&[]).err()),
            (NETWORK, bare.read(&config).err()),
            (NETWORK, bare.bring_up_link("eth0").err()),
            (NETWORK, bare.wait_online().err()),
            (LOCALE, Locale::apply(&bare, "C.UTF-8", None).err()),
            (LOCALE, bare.current().err()),
            (TIME, bare.set_timezone("UTC").err()),
            (SSH, bare.private_key_owner().err()),
        ];
        for (at, (what, refusal)) in refusals.into_iter().enumerate() {
            let found = refusal.unwrap_or_else(|| panic!("operation {at} was not refused")).to_string();
            assert_eq!(found, format!("{what} is not supported on plan9"), "operation {at}");
        }
        assert_eq!(bare.file(), Path::new("/etc/hostname"));
        assert_eq!(bare.directory(), Path::new("/etc/ssh"));
        assert!(bare.reboot_markers().is_empty());
        assert!(bare.key_types().is_empty());
        assert!(bare.restore_context(Path::new("/etc/ssh")).is_ok());
    }
}
