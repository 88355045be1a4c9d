//! Accounts of Alpine: Busybox's adduser, addgroup and passwd, or those of the package shadow if it is installed.

use std::path::Path;

use etc_files::accounts::{Shadow, ShadowUser};
use model::distro::{Password, Users};
use model::effects::{Attributes, Command, Owner, days_since_epoch};
use model::user::{Account, UserSpec};
use model::{DistroError, Node, System};

use crate::users::{AccountTools, add_group_with, create_groups, discard_with};
use crate::{Accounts, ShadowUtils};

const SHADOW: &str = "/etc/shadow";

/// Busybox's programs, or shadow-utils.
pub struct AlpineUsers {
    system: System,
    shadow: ShadowUtils,
}

fn given(node: Option<&Node>) -> Option<String> {
    node.filter(|node| !node.is_null()).and_then(Node::scalar_text)
}

/// The days from 1970-01-01 to a date, YYYY-MM-DD.
fn days(date: &str) -> Option<i64> {
    let mut fields = date.split('-').map(|field| field.parse::<i64>().ok());
    let (year, month, day) = (fields.next()??, fields.next()??, fields.next()??);
    if fields.next().is_some() || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    Some(days_since_epoch(year, month, day))
}

impl AlpineUsers {
    /// The accounts of a root.
    pub fn of(system: &System) -> Self {
        Self { system: system.clone(), shadow: ShadowUtils { system: system.clone(), extra_users: false } }
    }

    fn accounts(&self) -> Accounts {
        Accounts { system: self.system.clone() }
    }

    fn run(&self, command: Command) -> Result<(), DistroError> {
        self.system.commands.run(&command)?;
        Ok(())
    }

    fn installed(&self, program: &str) -> bool {
        self.system.commands.which(program).is_some()
    }

    /// Whether passwd is Busybox's: a link to its set-user-ID part or, without this package, to itself.
    fn has_busybox_passwd(&self) -> bool {
        let target = self.system.files.read_link(Path::new("/usr/bin/passwd"));
        target
            .is_ok_and(|target| target.file_name().is_some_and(|name| name == "bbsuid" || name == "busybox"))
    }

    /// Changes an account's line in /etc/shadow.
    fn change_shadow(&self, name: &str, change: impl FnOnce(&mut ShadowUser)) -> Result<(), DistroError> {
        let path = Path::new(SHADOW);
        let mut table = Shadow::parse(&self.system.files.read(path)?);
        let invalid = |reason: String| DistroError::BadFile { path: path.to_owned(), reason };
        let mut user =
            table.get(name).cloned().ok_or_else(|| invalid(format!("no entry for user {name}")))?;
        change(&mut user);
        table.set(user).map_err(|error| invalid(error.to_string()))?;
        let attributes = Attributes { secret: true, ..Attributes::default() };
        Ok(self.system.files.write(path, &table.write(), &attributes)?)
    }

    fn adduser(&self, spec: &UserSpec) -> Result<(), DistroError> {
        let groups = ShadowUtils::groups_of(spec);
        let expires = match spec.expiredate.as_deref().filter(|date| !date.is_empty()) {
            Some(date) => Some(days(date).ok_or_else(|| DistroError::BadFile {
                path: SHADOW.into(),
                reason: format!("expiredate of user {}: expected YYYY-MM-DD, found '{date}'", spec.name),
            })?),
            None => None,
        };
        create_groups(self, spec, &groups)?;
        let mut command = Command::line(["adduser", "-D"]);
        for (option, value) in [
            ("-g", spec.gecos.clone()),
            ("-h", spec.homedir.clone()),
            ("-G", spec.primary_group.clone()),
            ("-s", spec.shell.clone()),
        ] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                command = command.args([option.to_owned(), value]);
            }
        }
        if spec.system {
            command = command.arg("-S");
        }
        if let Some(uid) = given(spec.uid.as_ref()) {
            command = command.args(["-u".to_owned(), uid]);
        }
        if spec.no_create_home || spec.system {
            command = command.arg("-H");
        }
        self.run(command.arg(&spec.name))?;
        for group in &groups {
            self.run(Command::line(["addgroup", &spec.name, group]))?;
        }
        if let Some(hash) = spec.passwd.clone().filter(|hash| !hash.expose().is_empty()) {
            self.set_passwords(&[Password { user: spec.name.clone(), value: hash, hashed: true }])?;
        }
        let inactive = given(spec.inactive.as_ref()).and_then(|days| days.trim().parse().ok());
        // Busybox sets the limits of a password's age, unlike useradd.
        self.change_shadow(&spec.name, |user| {
            (user.min_days, user.max_days, user.warn_days) = (None, None, None);
            user.expires = expires.or(user.expires);
            user.inactive_days = inactive.or(user.inactive_days);
        })
    }

    /// Runs Busybox's passwd, which exits with 1 if there is nothing to change.
    fn passwd(&self, option: &str, name: &str) -> Result<(), DistroError> {
        self.run(Command::line(["passwd", option, name]).accept(&[0, 1]))
    }
}

impl AccountTools for AlpineUsers {
    fn create(&self, spec: &UserSpec) -> Result<(), DistroError> {
        let mut spec = spec.clone();
        if spec.selinux_user.take().is_some() {
            tracing::warn!("Ignoring selinux_user parameter for Alpine Linux");
        }
        if self.installed("useradd") { self.shadow.create(&spec) } else { self.adduser(&spec) }
    }

    fn lock(&self, name: &str) -> Result<(), DistroError> {
        if self.has_busybox_passwd() { self.passwd("-l", name) } else { self.shadow.lock(name) }
    }

    fn unlock(&self, name: &str) -> Result<(), DistroError> {
        if self.has_busybox_passwd() { self.passwd("-u", name) } else { self.shadow.unlock(name) }
    }
}

impl Users for AlpineUsers {
    fn find(&self, name: &str) -> Result<Option<Account>, DistroError> {
        self.accounts().find(name)
    }

    fn find_group(&self, name: &str) -> Result<Option<u32>, DistroError> {
        self.accounts().find_group(name)
    }

    fn add_group(&self, name: &str, members: &[String]) -> Result<(), DistroError> {
        if self.installed("groupadd") {
            return self.shadow.add_group(name, members);
        }
        let create = || Command::line(["addgroup", name]);
        let add_member = |member: &str| Command::line(["addgroup", member, name]);
        add_group_with(self, (name, members), |command| self.run(command), create, add_member)
    }

    fn add_user(&self, spec: &UserSpec) -> Result<bool, DistroError> {
        self.shadow.add_with(self, spec)
    }

    fn discard(&self, users: &[String], groups: &[String]) -> Result<(), DistroError> {
        if self.installed("userdel") {
            return self.shadow.discard(users, groups);
        }
        let (user, group) =
            (|name: &str| Command::line(["deluser", name]), |name: &str| Command::line(["delgroup", name]));
        discard_with(self, &self.system, (users, groups), |command| self.run(command), user, group)
    }

    fn lock_password(&self, name: &str) -> Result<(), DistroError> {
        self.lock(name)
    }

    fn expire_password(&self, name: &str) -> Result<(), DistroError> {
        if !self.has_busybox_passwd() {
            return self.shadow.expire_password(name);
        }
        // Busybox's passwd has no option for it.
        self.change_shadow(name, |user| user.last_change = Some(0))
    }

    fn set_passwords(&self, passwords: &[Password]) -> Result<(), DistroError> {
        self.shadow.set_passwords(passwords)
    }

    fn owner(&self, text: &str) -> Result<Owner, DistroError> {
        self.accounts().owner(text)
    }
}

#[cfg(test)]
mod tests {
    use super::days;

    /// Python's `(date.fromisoformat(x) - date(1970, 1, 1)).days`.
    #[test]
    fn dates_are_days_of_the_epoch() {
        for (date, expected) in [
            ("1970-01-01", 0),
            ("2032-09-01", 22889),
            ("2024-02-29", 19782),
            ("1969-12-31", -1),
            ("2000-03-01", 11017),
        ] {
            assert_eq!(days(date), Some(expected), "{date}");
        }
        for wrong in ["2032-13-01", "tomorrow", "2032-09", "2032-09-01-1"] {
            assert_eq!(days(wrong), None, "{wrong}");
        }
    }
}
