//! Accounts and groups: pw(8) of FreeBSD and DragonFly, useradd(8) and usermod(8) of NetBSD and OpenBSD.

mod tools;

use std::path::Path;

use capabilities::{
    Accounts, RuleFiles, ShadowUtils, add_group_with, create_groups, discard_with, fits_a_line,
    set_own_passwords,
};
use model::distro::{Password, Users};
use model::effects::{Command, Owner};
use model::user::{Account, UserSpec};
use model::{DistroError, System};

use crate::facts::AccountTools;

/// master.passwd(5), with the hashes of all accounts.
const SHADOW: &str = "/etc/master.passwd";

/// The accounts of a BSD.
pub(crate) struct BsdUsers {
    pub(crate) system: System,
    pub(crate) tools: AccountTools,
    /// Where sudo and doas read rules.
    pub(crate) rules: RuleFiles,
}

impl BsdUsers {
    fn accounts(&self) -> Accounts {
        Accounts { system: self.system.clone() }
    }

    fn run(&self, command: Command) -> Result<(), DistroError> {
        self.system.commands.run(&command)?;
        Ok(())
    }

    fn create(&self, spec: &UserSpec) -> Result<(), DistroError> {
        let groups = ShadowUtils::groups_of(spec);
        create_groups(self, spec, &groups)?;
        self.run(self.tools.create(spec, &groups)?)?;
        match spec.passwd.as_ref().filter(|hash| !hash.expose().is_empty()) {
            Some(hash) => {
                self.set_passwords(&[Password { user: spec.name.clone(), value: hash.clone(), hashed: true }])
            }
            None => Ok(()),
        }
    }

    /// Whether an account has no password, locked or not (passwd(5) of each system).
    fn has_empty_password(&self, name: &str) -> Result<bool, DistroError> {
        let bytes = self.system.files.read_optional(Path::new(SHADOW))?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut lines = text.lines().map(|line| line.split(':'));
        let hash =
            lines.find_map(|mut fields| if fields.next() == Some(name) { fields.next() } else { None });
        Ok(hash.is_some_and(|hash| self.tools.is_empty_hash(hash)))
    }

    /// Locks the password, or unlocks an existing one with `lock_passwd: false`.
    fn settle_lock(&self, spec: &UserSpec, new: bool) -> Result<(), DistroError> {
        let name = spec.name.as_str();
        if spec.lock_passwd.unwrap_or(true) {
            return self.lock_password(name);
        }
        let given = spec.plain_text_passwd.is_some() || spec.hashed_passwd.is_some();
        let unlockable = given || if new { spec.passwd.is_some() } else { !self.has_empty_password(name)? };
        if unlockable {
            return self.tools.unlock(name).map_or(Ok(()), |command| self.run(command));
        }
        tracing::warn!(
            "Not unlocking password for user {name}. 'lock_passwd: false' present in user-data but no \
             'passwd'/'plain_text_passwd'/'hashed_passwd' provided in user-data"
        );
        Ok(())
    }
}

impl Users for BsdUsers {
    fn find(&self, name: &str) -> Result<Option<Account>, DistroError> {
        self.accounts().find(name)
    }

    fn find_group(&self, name: &str) -> Result<Option<u32>, DistroError> {
        self.accounts().find_group(name)
    }

    fn add_group(&self, name: &str, members: &[String]) -> Result<(), DistroError> {
        let create = || self.tools.create_group(name);
        let add_member = |member: &str| self.tools.add_member(member, name);
        add_group_with(self, (name, members), |command| self.run(command), create, add_member)
    }

    fn add_user(&self, spec: &UserSpec) -> Result<bool, DistroError> {
        let rules = self.rules.check(&self.system, spec)?;
        let new = self.find(&spec.name)?.is_none();
        if new {
            self.create(spec)?;
        } else {
            tracing::info!("User {} already exists, skipping.", spec.name);
        }
        set_own_passwords(self, spec)?;
        self.settle_lock(spec, new)?;
        self.rules.write(&self.system, &rules)?;
        Ok(new)
    }

    fn discard(&self, users: &[String], groups: &[String]) -> Result<(), DistroError> {
        let (user, group) =
            (|name: &str| self.tools.remove(name), |name: &str| self.tools.remove_group(name));
        discard_with(self, &self.system, (users, groups), |command| self.run(command), user, group)
    }

    fn lock_password(&self, name: &str) -> Result<(), DistroError> {
        self.run(self.tools.lock(name))
    }

    fn expire_password(&self, name: &str) -> Result<(), DistroError> {
        self.run(self.tools.expire(name)?)
    }

    fn set_passwords(&self, passwords: &[Password]) -> Result<(), DistroError> {
        passwords.iter().try_for_each(fits_a_line)?;
        for password in passwords {
            self.run(self.tools.set_password(password))?;
            if self.tools == AccountTools::NetBsd {
                self.tools.unlock(&password.user).map_or(Ok(()), |command| self.run(command))?;
            }
        }
        Ok(())
    }

    fn owner(&self, text: &str) -> Result<Owner, DistroError> {
        self.accounts().owner(text)
    }
}
