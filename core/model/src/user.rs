//! Accounts as the configuration describes them.

use serde::Deserialize;

use crate::{Node, Secret};

/// An entry of `users:`, or `system_info.default_user`, with its names resolved and nothing else decided.
///
/// Keys: the original's reference page of "Users and Groups".
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct UserSpec {
    /// Login name.
    pub name: String,
    /// Comment field.
    pub gecos: Option<String>,
    /// Further groups: a string with commas, a list, or a mapping whose keys are the groups.
    pub groups: Option<Node>,
    /// Make the groups of `groups` that are not there. True unless said otherwise.
    #[serde(alias = "create-groups")]
    pub create_groups: Option<bool>,
    /// Primary group.
    #[serde(alias = "primary-group")]
    pub primary_group: Option<String>,
    /// Home directory, when it is not the usual one.
    pub homedir: Option<String>,
    /// Login shell.
    pub shell: Option<String>,
    /// User id: a number, or a string of digits.
    pub uid: Option<Node>,
    /// Day on which the account is disabled, YYYY-MM-DD.
    pub expiredate: Option<String>,
    /// Days after a password's end until the account is disabled.
    pub inactive: Option<Node>,
    /// SELinux user of the login.
    #[serde(alias = "selinux-user")]
    pub selinux_user: Option<String>,
    /// No login by password. True unless said otherwise.
    #[serde(alias = "lock-passwd")]
    pub lock_passwd: Option<bool>,
    /// Password hash, set only when the account is made.
    pub passwd: Option<Secret<String>>,
    /// Password hash, set also on an account that is there.
    #[serde(alias = "hashed-passwd")]
    pub hashed_passwd: Option<Secret<String>>,
    /// Password in clear, set also on an account that is there.
    #[serde(alias = "plain_text-passwd", alias = "plain-text-passwd")]
    pub plain_text_passwd: Option<Secret<String>>,
    /// Do not make the home directory.
    #[serde(alias = "no-create-home")]
    pub no_create_home: bool,
    /// Do not make a group of the user's name.
    #[serde(alias = "no-user-group")]
    pub no_user_group: bool,
    /// Do not add the account to lastlog and faillog.
    #[serde(alias = "no-log-init")]
    pub no_log_init: bool,
    /// A system account.
    pub system: bool,
    /// An account of snapd's, by its e-mail address.
    pub snapuser: Option<String>,
    /// sudo rules: a string, a list, null or false.
    pub sudo: Option<Node>,
    /// doas rules.
    pub doas: Option<Vec<String>>,
    /// Keys of ~/.ssh/authorized_keys: a string, a list, or a mapping whose values are keys.
    #[serde(alias = "ssh-authorized-keys")]
    pub ssh_authorized_keys: Option<Node>,
    /// Ids for ssh_import_id.
    #[serde(alias = "ssh-import-id")]
    pub ssh_import_id: Option<Node>,
    /// Give the source's keys to this user, each only to be told to log in as the default user.
    #[serde(alias = "ssh-redirect-user")]
    pub ssh_redirect_user: Option<Node>,
}

/// A line of passwd(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Primary group's id.
    pub gid: u32,
    /// Home directory.
    pub home: std::path::PathBuf,
    /// Login shell.
    pub shell: String,
}
