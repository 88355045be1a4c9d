//! Changes accounts and groups with shadow-utils.

use std::path::Path;

use model::distro::{Password, Users};
use model::effects::{Command, Owner};
use model::user::{Account, UserSpec};
use model::{DistroError, Node, System, Value};

use crate::{Accounts, RuleFiles};

/// The programs of a system that create and lock accounts; everything else about an account is common.
pub(crate) trait AccountTools {
    /// Creates an account.
    fn create(&self, spec: &UserSpec) -> Result<(), DistroError>;

    /// Disables password login.
    fn lock(&self, name: &str) -> Result<(), DistroError>;

    /// Enables password login.
    fn unlock(&self, name: &str) -> Result<(), DistroError>;
}

/// shadow-utils.
#[derive(Clone)]
pub struct ShadowUtils {
    /// Effects.
    pub system: System,
    /// Whether this is Ubuntu Core, which stores accounts in /var/lib/extrausers (`--extrausers`).
    pub extra_users: bool,
}

impl ShadowUtils {
    fn accounts(&self) -> Accounts {
        Accounts { system: self.system.clone() }
    }

    fn run(&self, command: Command) -> Result<(), DistroError> {
        self.system.commands.run(&command)?;
        Ok(())
    }

    /// The first of several commands whose program is installed.
    fn first_of(&self, what: &str, tools: Vec<Command>) -> Result<Command, DistroError> {
        let names: Vec<String> = tools.iter().map(|tool| tool.program.clone()).collect();
        tools
            .into_iter()
            .find(|tool| self.system.commands.which(&tool.program).is_some())
            .ok_or_else(|| DistroError::NoTool { action: what.to_owned(), tried: names.join(", ") })
    }

    /// The additional groups of an account; a deprecated form is a warning.
    pub fn groups_of(spec: &UserSpec) -> Vec<String> {
        if spec.groups.as_ref().is_some_and(|groups| matches!(groups.value, Value::Map(_))) {
            tracing::warn!(
                "The user {} has a 'groups' config value of type dict. It is deprecated in 22.3: use a \
                 comma-delimited string or a list",
                spec.name
            );
        }
        spec.group_names()
    }

    fn useradd(&self, spec: &UserSpec) -> Result<(), DistroError> {
        let groups = Self::groups_of(spec);
        create_groups(self, spec, &groups)?;
        let text =
            |node: &Option<Node>| node.as_ref().filter(|node| !node.is_null()).and_then(Node::scalar_text);
        let mut command = Command::line(["useradd", &spec.name]);
        if self.extra_users {
            command = command.arg("--extrausers");
        }
        // In upstream's order, which is sorted by key.
        let joined = Some(groups.join(",")).filter(|joined| !joined.is_empty());
        for (option, value) in [
            ("--expiredate", spec.expiredate.clone()),
            ("--comment", spec.gecos.clone()),
            ("--groups", joined),
            ("--home", spec.homedir.clone()),
            ("--inactive", text(&spec.inactive)),
        ] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                command = command.args([option.to_owned(), value]);
            }
        }
        if spec.no_log_init {
            command = command.arg("--no-log-init");
        }
        if spec.no_user_group {
            command = command.arg("--no-user-group");
        }
        let hash = spec.passwd.as_ref().filter(|hash| !hash.expose().is_empty());
        // Every user can read a command's arguments, so the hash goes in by standard input: chpasswd does not know
        // Ubuntu Core's accounts, though, and may be missing.
        let as_argument = self.extra_users || self.system.commands.which("chpasswd").is_none();
        if let Some(hash) = hash.filter(|_| as_argument) {
            command = command.arg("--password").secret_arg(hash.expose());
        }
        for (option, value) in [
            ("--gid", spec.primary_group.clone()),
            ("--selinux-user", spec.selinux_user.clone()),
            ("--shell", spec.shell.clone()),
        ] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                command = command.args([option.to_owned(), value]);
            }
        }
        if spec.system {
            command = command.arg("--system");
        }
        if let Some(uid) = text(&spec.uid) {
            command = command.args(["--uid".to_owned(), uid]);
        }
        let no_home = spec.no_create_home || spec.system;
        self.run(command.arg(if no_home { "-M" } else { "-m" }))?;
        match hash.filter(|_| !as_argument) {
            Some(hash) => {
                self.set_passwords(&[Password { user: spec.name.clone(), value: hash.clone(), hashed: true }])
            }
            None => Ok(()),
        }
    }

    /// Locks the password, or unlocks an existing one with `lock_passwd: false`.
    fn settle_lock(&self, tools: &dyn AccountTools, spec: &UserSpec, new: bool) -> Result<(), DistroError> {
        let name = spec.name.as_str();
        if spec.lock_passwd.unwrap_or(true) {
            return tools.lock(name);
        }
        let given = spec.plain_text_passwd.is_some() || spec.hashed_passwd.is_some();
        let unlockable = if new {
            given || spec.passwd.is_some()
        } else {
            if spec.passwd.is_some() && !given {
                tracing::warn!("'passwd' in user-data is ignored for existing user {name}");
            }
            given || !self.accounts().has_empty_password(name)?
        };
        if unlockable {
            return tools.unlock(name);
        }
        if new {
            tracing::warn!(
                "Not unlocking password for user {name}. 'lock_passwd: false' present in user-data but no \
                 'passwd'/'plain_text_passwd'/'hashed_passwd' provided in user-data"
            );
        } else {
            tracing::warn!(
                "Not unlocking blank password for existing user {name}. 'lock_passwd: false' present in user-data but \
                 no existing password set and no 'plain_text_passwd'/'hashed_passwd' provided in user-data"
            );
        }
        Ok(())
    }

    /// Creates or changes an account with these tools.
    pub(crate) fn add_with(&self, tools: &dyn AccountTools, spec: &UserSpec) -> Result<bool, DistroError> {
        if let Some(mail) = &spec.snapuser {
            self.add_snap_user(spec, mail)?;
            return Ok(true);
        }
        // Before anything is done: what is invalid leaves no account without its rules.
        let rules = RuleFiles::USUAL.check(&self.system, spec)?;
        let new = self.find(&spec.name)?.is_none();
        if new {
            tools.create(spec)?;
        } else {
            tracing::info!("User {} already exists, skipping.", spec.name);
        }
        set_own_passwords(self, spec)?;
        self.settle_lock(tools, spec, new)?;
        RuleFiles::USUAL.write(&self.system, &rules)?;
        if let Some(rules) = spec.sudo.as_ref().filter(|rules| rules.as_bool() == Some(false)) {
            tracing::warn!(target: "deprecated", "{}: sudo: false of user {} is deprecated in 22.2: use null", rules.origin, spec.name);
        }
        Ok(new)
    }

    fn add_snap_user(&self, spec: &UserSpec, mail: &str) -> Result<(), DistroError> {
        let mut command = Command::line(["snap", "create-user", "--sudoer", "--json"]);
        if spec.known {
            command = command.arg("--known");
        }
        self.run(command.arg(mail))
    }
}

/// Creates the missing groups of an account, unless `create_groups` is false.
///
/// # Errors
///
/// If a group cannot be looked up or created.
pub fn create_groups(users: &dyn Users, spec: &UserSpec, groups: &[String]) -> Result<(), DistroError> {
    if !spec.create_groups.unwrap_or(true) || groups.is_empty() {
        return Ok(());
    }
    for group in groups.iter().chain(&spec.primary_group) {
        if users.find_group(group)?.is_none() {
            users.add_group(group, &[])?;
        }
    }
    Ok(())
}

/// Removes the accounts and groups that exist with these commands, accounts first. What cannot be removed is a warning: a user
/// may have logged in. A home directory without content goes with its account: it may have no owner yet.
///
/// # Errors
///
/// If an account or group cannot be looked up.
pub fn discard_with(
    users: &dyn Users,
    system: &System,
    (names, groups): (&[String], &[String]),
    run: impl Fn(Command) -> Result<(), DistroError>,
    remove_user: impl Fn(&str) -> Command,
    remove_group: impl Fn(&str) -> Command,
) -> Result<(), DistroError> {
    for name in names {
        let Some(account) = users.find(name)? else { continue };
        if let Err(error) = run(remove_user(name)) {
            tracing::warn!("Failed to remove user {name}, who may be half made: {error}");
        } else if system.files.list(&account.home).is_ok_and(|content| content.is_empty()) {
            system.files.remove(&account.home)?;
        }
    }
    for name in groups {
        if users.find_group(name)?.is_some()
            && let Err(error) = run(remove_group(name))
        {
            tracing::warn!("Failed to remove group {name}, which may be half made: {error}");
        }
    }
    Ok(())
}

/// The files that shadow-utils locks, each by a file with `.lock` behind its name and the ID of the process in it
/// (lckpwdf(3) has another one, which ends with its process).
const TABLES: [&str; 6] = ["passwd", "shadow", "group", "gshadow", "subuid", "subgid"];

/// Removes the locks of a tool that a power cut ended: after the boot, another process may have its ID, and every tool would
/// wait for that one.
fn remove_stale_locks(system: &System) -> Result<(), DistroError> {
    let Some(uptime) = system.clock.uptime() else { return Ok(()) };
    let booted = system.clock.now().0.saturating_sub(uptime).as_secs();
    for table in TABLES {
        let lock = format!("/etc/{table}.lock");
        let found = system.files.lstat(Path::new(&lock))?;
        if found.is_some_and(|found| u64::try_from(found.modified).unwrap_or_default() < booted) {
            tracing::info!("Removing {lock} of a process of an earlier boot");
            system.files.remove(Path::new(&lock))?;
        }
    }
    Ok(())
}

/// Creates a group unless it exists, and adds its members that exist, with the commands for both.
///
/// # Errors
///
/// If a group or account cannot be looked up, or a member cannot be added. A group that cannot be created is a warning.
pub fn add_group_with(
    users: &dyn Users,
    (name, members): (&str, &[String]),
    run: impl Fn(Command) -> Result<(), DistroError>,
    create: impl FnOnce() -> Command,
    add_member: impl Fn(&str) -> Command,
) -> Result<(), DistroError> {
    if users.find_group(name)?.is_some() {
        tracing::warn!("Skipping creation of existing group '{name}'");
    } else {
        // Like upstream: the accounts are still created.
        if let Err(error) = run(create()) {
            tracing::warn!("Failed to create group {name}: {error}");
        }
    }
    for member in members {
        if users.find(member)?.is_none() {
            tracing::warn!("Unable to add group member '{member}' to group '{name}'; user does not exist.");
            continue;
        }
        run(add_member(member))?;
    }
    Ok(())
}

/// Sets the passwords in `plain_text_passwd` and `hashed_passwd`.
///
/// # Errors
///
/// If a password cannot be set.
pub fn set_own_passwords(users: &dyn Users, spec: &UserSpec) -> Result<(), DistroError> {
    for (value, hashed) in [(&spec.plain_text_passwd, false), (&spec.hashed_passwd, true)] {
        if let Some(value) = value.clone().filter(|value| !value.expose().is_empty()) {
            users.set_passwords(&[Password { user: spec.name.clone(), value, hashed }])?;
        }
    }
    Ok(())
}

impl AccountTools for ShadowUtils {
    fn create(&self, spec: &UserSpec) -> Result<(), DistroError> {
        self.useradd(spec)
    }

    fn lock(&self, name: &str) -> Result<(), DistroError> {
        let tools = vec![Command::line(["passwd", "-l", name]), Command::line(["usermod", "--lock", name])];
        self.run(self.first_of(&format!("lock user account '{name}'"), tools)?)
    }

    fn unlock(&self, name: &str) -> Result<(), DistroError> {
        let tools = vec![Command::line(["passwd", "-u", name]), Command::line(["usermod", "--unlock", name])];
        let tool = self.first_of(&format!("unlock user account '{name}'"), tools)?;
        let output = self.system.commands.run(&tool.accept(&[0, 3]))?;
        if output.stderr.is_empty() {
            return Ok(());
        }
        // The tools refuse to unlock an account without a password: it gets an empty one.
        let tools =
            vec![Command::line(["passwd", "-d", name]), Command::line(["usermod", "--password", "", name])];
        self.run(self.first_of(&format!("set blank password for user account '{name}'"), tools)?)
    }
}

/// Checks what chpasswd(8) and others read as lines: a line break in a password would set another user's.
///
/// # Errors
///
/// If the user name or the password contains a character that is not allowed there.
pub fn fits_a_line(password: &Password) -> Result<(), DistroError> {
    let (user, value) = (&password.user, password.value.expose());
    let breaks = |text: &str| text.contains(['\n', '\0']);
    let separated = user.contains(':') || (password.hashed && value.contains(':'));
    if !separated && !breaks(user) && !breaks(value) {
        return Ok(());
    }
    Err(DistroError::BadFile {
        path: "/etc/shadow".into(),
        reason: format!(
            "cannot store the password of user {}: it or the user name contains a character that is not allowed there",
            user.escape_default()
        ),
    })
}

impl Users for ShadowUtils {
    fn find(&self, name: &str) -> Result<Option<Account>, DistroError> {
        self.accounts().find(name)
    }

    fn find_group(&self, name: &str) -> Result<Option<u32>, DistroError> {
        self.accounts().find_group(name)
    }

    fn add_group(&self, name: &str, members: &[String]) -> Result<(), DistroError> {
        let create = || {
            let command = Command::line(["groupadd", name]);
            if self.extra_users { command.arg("--extrausers") } else { command }
        };
        let add_member = |member: &str| Command::line(["usermod", "-a", "-G", name, member]);
        add_group_with(self, (name, members), |command| self.run(command), create, add_member)
    }

    fn add_user(&self, spec: &UserSpec) -> Result<bool, DistroError> {
        self.add_with(self, spec)
    }

    fn discard(&self, users: &[String], groups: &[String]) -> Result<(), DistroError> {
        remove_stale_locks(&self.system)?;
        let command = |program: &str, name: &str| {
            let command = Command::line([program, name]);
            if self.extra_users { command.arg("--extrausers") } else { command }
        };
        let (user, group) = (|name: &str| command("userdel", name), |name: &str| command("groupdel", name));
        discard_with(self, &self.system, (users, groups), |command| self.run(command), user, group)
    }

    fn lock_password(&self, name: &str) -> Result<(), DistroError> {
        self.lock(name)
    }

    fn expire_password(&self, name: &str) -> Result<(), DistroError> {
        self.run(Command::line(["passwd", "--expire", name]))
    }

    fn set_passwords(&self, passwords: &[Password]) -> Result<(), DistroError> {
        passwords.iter().try_for_each(fits_a_line)?;
        for hashed in [false, true] {
            let lines: Vec<String> = passwords
                .iter()
                .filter(|password| password.hashed == hashed)
                .map(|password| format!("{}:{}", password.user, password.value.expose()))
                .collect();
            if lines.is_empty() {
                continue;
            }
            let mut command = Command::new("chpasswd");
            if hashed {
                // Busybox and SLES 11 only support the short option.
                command = command.arg("-e");
            }
            self.run(command.stdin(lines.join("\n") + "\n"))?;
        }
        Ok(())
    }

    fn owner(&self, text: &str) -> Result<Owner, DistroError> {
        self.accounts().owner(text)
    }
}

/// Raspberry Pi OS: a new account takes the place of the image's first user.
pub struct RaspberryUsers {
    /// shadow-utils.
    pub inner: ShadowUtils,
}

impl Users for RaspberryUsers {
    fn find(&self, name: &str) -> Result<Option<Account>, DistroError> {
        self.inner.find(name)
    }

    fn find_group(&self, name: &str) -> Result<Option<u32>, DistroError> {
        self.inner.find_group(name)
    }

    fn add_group(&self, name: &str, members: &[String]) -> Result<(), DistroError> {
        self.inner.add_group(name, members)
    }

    fn add_user(&self, spec: &UserSpec) -> Result<bool, DistroError> {
        let new = self.inner.add_user(spec)?;
        if new {
            let rename = Command::line(["/usr/bin/rename-user", "-f", "-s"]).env("SUDO_USER", &spec.name);
            if let Err(error) = self.inner.run(rename) {
                tracing::error!("Failed to setup user: {error}");
            }
        }
        Ok(new)
    }

    fn discard(&self, users: &[String], groups: &[String]) -> Result<(), DistroError> {
        self.inner.discard(users, groups)
    }

    fn lock_password(&self, name: &str) -> Result<(), DistroError> {
        self.inner.lock_password(name)
    }

    fn expire_password(&self, name: &str) -> Result<(), DistroError> {
        self.inner.expire_password(name)
    }

    fn set_passwords(&self, passwords: &[Password]) -> Result<(), DistroError> {
        self.inner.set_passwords(passwords)
    }

    fn owner(&self, text: &str) -> Result<Owner, DistroError> {
        self.inner.owner(text)
    }
}
