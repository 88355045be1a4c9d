//! `users`, `user`, `groups`: accounts and their authorized SSH keys.

mod keys;
mod unfinished;

use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Origin, Value, Stage};
use schema::forms::Either;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::accounts::{Accounts, User, valid};
use crate::authorized_keys::{self, REDIRECT_OPTIONS, redirect};

/// Creates groups, then users.
pub struct UsersGroups;

/// Accounts and groups of this machine, with privileges, passwords and SSH keys. `accounts` normalizes their many
/// forms, so this type accepts anything. There is no `Debug`, since a user's keys may contain a password.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Users: `default`, names, or mappings. Deprecated forms: a comma-separated string, a mapping of names. Default:
    /// no users are created.
    #[schemars(with = "keys::Users")]
    pub users: Option<Node>,
    /// Overrides the distribution's default user (deprecated: a name).
    #[schemars(with = "Either<String, keys::UserMapping>")]
    pub user: Option<Node>,
    /// Groups to create: names, or mappings of a name to its members.
    #[schemars(with = "keys::Groups")]
    pub groups: Option<Node>,
}

impl Described for UsersGroups {
    const NAME: &'static str = "users_groups";
    const STAGE: Stage = Stage::Network;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    const OWN_KEYS: &'static [&'static str] = &["users", "groups"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Users and groups";
    const SUMMARY: &'static str = "Creates groups and users, with passwords, sudo rules and SSH keys.";
    const DETAILS: &'static str = "The entry `default` is the distribution's default user, who is not created without it. An existing account gets new SSH keys and passwords, but no new shell or home directory.";
    type Config = Config;
}

impl Module for UsersGroups {
    fn run(&self, context: &Context<'_>, _config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let accounts = Accounts::read(context, report)?;
        let unfinished = unfinished::discard(context)?;
        unfinished::begin(context, &accounts, unfinished)?;
        let made = make_all(context, &accounts, report);
        // Only what ends the program leaves accounts half made.
        unfinished::finish(context)?;
        made
    }
}

fn make_all(context: &Context<'_>, accounts: &Accounts, report: &mut Report) -> Result<(), ModuleError> {
        let place = context.config.get("groups").map_or_else(Origin::built_in, |node| node.origin.clone());
        // What is invalid is left out as a whole, and the rest is created.
        let mut refused = Vec::new();
        for (name, members) in &accounts.groups {
            match valid::group(name, members, &place) {
                Ok(()) => context.distro.users().add_group(name, members)?,
                Err(error) => refused.push(error),
            }
        }
        for user in &accounts.users {
            match valid::user(user) {
                Ok(()) => make(context, user, accounts.default_name(), report)?,
                Err(error) => refused.push(error),
            }
        }
        let mut refused = refused.into_iter();
        let first = refused.next();
        refused.for_each(|error| report.warn(None, error.to_string()));
        first.map_or(Ok(()), Err)
}

/// Keys that a user without a home directory cannot have.
const NEED_HOME: &[&str] = &["ssh_authorized_keys", "ssh_import_id", "ssh_redirect_user"];
const NO_HOME: &[&str] = &["no_create_home", "system"];

fn make(
    context: &Context<'_>,
    user: &User,
    default: Option<&str>,
    report: &mut Report,
) -> Result<(), ModuleError> {
    let name = &user.spec.name;
    let refuse = |why: String| ModuleError::Invalid {
        origin: user.origin.clone(),
        message: format!("cannot create user {name}: {why}"),
    };
    let set = |keys: &[&'static str]| {
        let set = |key: &&&str| user.written.get(**key).is_some_and(Node::is_truthy);
        keys.iter().filter(set).copied().collect::<Vec<_>>().join(", ")
    };
    let (homeless, needing) = (set(NO_HOME), set(NEED_HOME));
    if !homeless.is_empty() && !needing.is_empty() {
        return Err(refuse(format!("{needing} cannot be combined with {homeless}")));
    }
    let redirected = wants_redirect(user).map_err(refuse)?;
    context.distro.users().add_user(&user.spec)?;
    if user.spec.snapuser.is_some() {
        // snapd manages the account: its keys come from the store.
        return Ok(());
    }
    if let Some(keys) = &user.spec.ssh_authorized_keys {
        authorized_keys::add(context, &listed_keys(keys, name, report), name, "")?;
    }
    if !redirected {
        return Ok(());
    }
    let keys = &context.instance.public_keys;
    match default {
        None => {
            let message =
                format!("ignoring ssh_redirect_user of {name}: 'users' has no default user");
            report.warn(Some(&user.origin), message);
        }
        Some(default) if keys.is_empty() => {
            let message =
                format!("cannot redirect SSH logins of {name} to {default}: the data source has no public keys");
            report.warn(Some(&user.origin), message);
        }
        Some(default) => {
            authorized_keys::add(context, keys, name, &redirect(REDIRECT_OPTIONS, default, name))?;
        }
    }
    Ok(())
}

fn wants_redirect(user: &User) -> Result<bool, String> {
    let Some(node) = user.spec.ssh_redirect_user.as_ref().filter(|node| node.is_truthy()) else {
        return Ok(false);
    };
    if user.written.contains_key("ssh_authorized_keys") || user.written.contains_key("ssh_import_id") {
        return Err("ssh_redirect_user cannot be combined with ssh_import_id or ssh_authorized_keys".into());
    }
    match &node.value {
        Value::Bool(true) => Ok(true),
        Value::Str(text) if text == "default" => Ok(true),
        _ => Err("ssh_redirect_user must be true, default or false".into()),
    }
}

/// A single key, a list, or the values of a mapping.
fn listed_keys(keys: &Node, name: &str, report: &mut Report) -> Vec<String> {
    match &keys.value {
        Value::Str(key) => vec![key.clone()],
        Value::List(items) => items.iter().filter_map(Node::scalar_text).collect(),
        Value::Map(map) => map.values().filter_map(Node::scalar_text).collect(),
        other => {
            let message = format!(
                "ssh_authorized_keys of {name} must be a key, a list or a mapping, found {}",
                other.kind()
            );
            report.warn(Some(&keys.origin), message);
            Vec::new()
        }
    }
}
