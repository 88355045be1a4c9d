//! Accounts as described in the configuration.

use serde::Deserialize;

use crate::{Node, Secret, Value};

/// An entry of `users:`, or `system_info.default_user`, with normalized key names.
///
/// See upstream's documentation of "Users and Groups" for the keys.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct UserSpec {
    /// Login name.
    pub name: String,
    /// Comment field.
    pub gecos: Option<String>,
    /// Additional groups: a comma-separated string, a list, or a mapping with groups as keys.
    pub groups: Option<Node>,
    /// Create missing groups of `groups`. True by default.
    #[serde(alias = "create-groups")]
    pub create_groups: Option<bool>,
    /// Primary group.
    #[serde(alias = "primary-group")]
    pub primary_group: Option<String>,
    /// Home directory, if it is not the default.
    pub homedir: Option<String>,
    /// Login shell.
    pub shell: Option<String>,
    /// User ID: a number, or a string of digits.
    pub uid: Option<Node>,
    /// The date on which the account is disabled, YYYY-MM-DD.
    pub expiredate: Option<String>,
    /// The number of days after password expiry until the account is disabled.
    pub inactive: Option<Node>,
    /// SELinux user for logins.
    #[serde(alias = "selinux-user")]
    pub selinux_user: Option<String>,
    /// Disable password login. True by default.
    #[serde(alias = "lock-passwd")]
    pub lock_passwd: Option<bool>,
    /// Password hash, set only when the account is created.
    pub passwd: Option<Secret<String>>,
    /// Password hash, also set on an existing account.
    #[serde(alias = "hashed-passwd")]
    pub hashed_passwd: Option<Secret<String>>,
    /// Plain-text password, also set on an existing account.
    #[serde(alias = "plain_text-passwd", alias = "plain-text-passwd")]
    pub plain_text_passwd: Option<Secret<String>>,
    /// Do not create the home directory.
    #[serde(alias = "no-create-home")]
    pub no_create_home: bool,
    /// Do not create a group with the user's name.
    #[serde(alias = "no-user-group")]
    pub no_user_group: bool,
    /// Do not add the user to lastlog and faillog.
    #[serde(alias = "no-log-init")]
    pub no_log_init: bool,
    /// A system account.
    pub system: bool,
    /// E-mail address of an account managed by snapd.
    pub snapuser: Option<String>,
    /// The account of `snapuser` is in a system-user assertion of this machine.
    pub known: bool,
    /// sudo rules: a string, a list, null or false.
    pub sudo: Option<Node>,
    /// doas rules.
    pub doas: Option<Vec<String>>,
    /// Authorized SSH keys: a string, a list, or a mapping with keys as values.
    #[serde(alias = "ssh-authorized-keys")]
    pub ssh_authorized_keys: Option<Node>,
    /// IDs for ssh_import_id.
    #[serde(alias = "ssh-import-id")]
    pub ssh_import_id: Option<Node>,
    /// Add the source's keys for this user, with a message to log in as the default user.
    #[serde(alias = "ssh-redirect-user")]
    pub ssh_redirect_user: Option<Node>,
}

impl UserSpec {
    /// The names in `groups`.
    pub fn group_names(&self) -> Vec<String> {
        let names: Vec<String> = match self.groups.as_ref().map(|groups| &groups.value) {
            Some(Value::Str(text)) => text.split(',').map(str::to_owned).collect(),
            Some(Value::List(items)) => items.iter().filter_map(Node::scalar_text).collect(),
            Some(Value::Map(map)) => map.keys().map(ToString::to_string).collect(),
            _ => Vec::new(),
        };
        names.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
    }
}

/// A line of passwd(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Primary group ID.
    pub gid: u32,
    /// Home directory.
    pub home: std::path::PathBuf,
    /// Login shell.
    pub shell: String,
}
