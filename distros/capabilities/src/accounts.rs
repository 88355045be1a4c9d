//! Reads accounts and groups from a root's files and directory services, independently of the tools that change them.

use std::path::Path;

use etc_files::accounts::{Group, ShadowUser, Table, User};
use model::effects::{Command, Owner};
use model::user::Account;
use model::{DistroError, System};

/// Reads accounts without changing them.
#[derive(Clone)]
pub struct Accounts {
    /// Effects.
    pub system: System,
}

impl Accounts {
    /// The lines of one name. The others are not parsed: each of many accounts is looked up several times.
    fn lines_of<R: etc_files::accounts::Record>(
        &self,
        path: &str,
        name: &str,
    ) -> Result<Table<R>, DistroError> {
        let bytes = self.system.files.read_optional(Path::new(path))?.unwrap_or_default();
        let head = format!("{name}:");
        let is_line = |at: &usize| *at == 0 || bytes[*at - 1] == b'\n';
        let starts = memchr::memmem::find_iter(&bytes, head.as_bytes()).filter(is_line);
        let lines: Vec<&[u8]> =
            starts.filter_map(|at| bytes[at..].split(|byte| *byte == b'\n').next()).collect();
        Ok(Table::parse(&lines.join(&b'\n')))
    }

    /// A line of a database, for directory service accounts that are in no file.
    fn getent(&self, database: &str, key: &str) -> Option<Vec<u8>> {
        let switch = self.system.files.text(Path::new("/etc/nsswitch.conf"));
        if switch.is_some_and(|text| has_only_files(&text, database)) {
            return None;
        }
        self.system.commands.which("getent")?;
        let output = self.system.commands.run(&Command::line(["getent", database, key])).ok()?;
        (!output.stdout.is_empty()).then_some(output.stdout)
    }

    /// Whether the account has no password, locked or not.
    pub fn has_empty_password(&self, name: &str) -> Result<bool, DistroError> {
        let shadow: Table<ShadowUser> = self.lines_of("/etc/shadow", name)?;
        Ok(shadow.get(name).is_some_and(|user| user.password.is_empty() || user.password == "!"))
    }

    /// Looks up an account, in the root's passwd and then with `getent`.
    pub fn find(&self, name: &str) -> Result<Option<Account>, DistroError> {
        let passwd: Table<User> = self.lines_of("/etc/passwd", name)?;
        let found = passwd.get(name).cloned().or_else(|| {
            let line = self.getent("passwd", name)?;
            Table::<User>::parse(&line).get(name).cloned()
        });
        Ok(found.map(|user| Account {
            name: name.to_owned(),
            uid: user.uid,
            gid: user.gid,
            home: user.home.into(),
            shell: user.shell,
        }))
    }

    /// Looks up a group ID, in the root's group and then with `getent`.
    pub fn find_group(&self, name: &str) -> Result<Option<u32>, DistroError> {
        let groups: Table<Group> = self.lines_of("/etc/group", name)?;
        let found = groups.get(name).cloned().or_else(|| {
            let line = self.getent("group", name)?;
            Table::<Group>::parse(&line).get(name).cloned()
        });
        Ok(found.map(|group| group.gid))
    }

    /// The IDs for `user:group`, `user` or `:group`; numeric names are IDs.
    pub fn owner(&self, text: &str) -> Result<Owner, DistroError> {
        let (user, group) = text.split_once(':').map_or((text, None), |(user, group)| (user, Some(group)));
        let meaningful = |name: &str| !name.is_empty() && name != "-1" && !name.eq_ignore_ascii_case("none");
        let unknown =
            |kind, name: &str| DistroError::NoOwner { kind, name: name.to_owned(), owner: text.to_owned() };
        let uid = match user.trim() {
            name if !meaningful(name) => None,
            name => match name.parse() {
                Ok(uid) => Some(uid),
                Err(_) => Some(self.find(name)?.ok_or_else(|| unknown("user or UID", name))?.uid),
            },
        };
        let gid = match group.map(str::trim) {
            Some(name) if meaningful(name) => match name.parse() {
                Ok(gid) => Some(gid),
                Err(_) => Some(self.find_group(name)?.ok_or_else(|| unknown("group or GID", name))?),
            },
            _ => None,
        };
        Ok(Owner { uid, gid })
    }
}

/// Whether nsswitch.conf(5) names no other service than the files for a database. Without an entry, the C library decides.
fn has_only_files(switch: &str, database: &str) -> bool {
    let services = switch.lines().filter_map(|line| {
        let (name, services) = line.split('#').next()?.split_once(':')?;
        (name.trim() == database).then_some(services)
    });
    let mut services = services.flat_map(str::split_whitespace).peekable();
    services.peek().is_some() && services.all(|service| service == "files")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let passwd = "ann:x:1:10::/a:/bin/sh\nhann:x:2:20::/h:/bin/sh\nbob:x:3:30:ann:/ann:/bin/sh";
        let (system, _) = system::Scratch::new().file("/etc/passwd", passwd).system();
        let accounts = Accounts { system };
        let uid = |name: &str| accounts.find(name).expect("read").map(|account| account.uid);
        assert_eq!([uid("ann"), uid("hann"), uid("bob")], [Some(1), Some(2), Some(3)]);
        assert_eq!([uid("an"), uid("nn"), uid("nobody")], [None; 3]);
    }

    /// Only a directory service knows more than the files.
    #[test]
    fn getent_is_asked_where_other_services_are_configured() {
        for (switch, asked) in [
            ("passwd: files\ngroup:\tfiles # ldap\n", false),
            ("passwd:         files systemd\ngroup: files systemd\n", true),
            ("passwd: files [NOTFOUND=return]\ngroup: compat\n", true),
            ("hosts: files\n", true),
            ("passwd:\ngroup:\n", true),
        ] {
            for database in ["passwd", "group"] {
                assert_eq!(!has_only_files(switch, database), asked, "{switch}");
            }
        }
    }
}
