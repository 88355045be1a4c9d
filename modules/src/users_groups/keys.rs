//! The forms of `users`, `user` and `groups`, for the schema; `accounts` reads them from the tree.
#![allow(dead_code, reason = "these types describe the forms; nothing is read into them")]
#![allow(clippy::struct_field_names, reason = "the field names are the keys")]

use std::borrow::Cow;

use model::Secret;
use schema::forms::{Either, Object, OneOfThree};
use schema::notes::{changed, deprecated};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::lenient::{Flag, Text};

/// A user.
#[derive(JsonSchema)]
#[schemars(rename = "users_groups.user", deny_unknown_fields, transform = any_name)]
struct User {
    /// The login name. An entry without a name modifies the default user.
    name: Option<Text>,
    /// Rules for doas(1), which must be installed.
    #[schemars(extend("minItems" = 1))]
    doas: Option<Vec<Text>>,
    /// The date on which the account is disabled, YYYY-MM-DD. Default: never.
    #[schemars(extend("format" = "date"))]
    expiredate: Option<Text>,
    /// The comment of the account, usually the full name.
    gecos: Option<Text>,
    /// Additional groups: comma-separated names, or a list.
    groups: Option<OneOfThree<Text, Names, OldGroups>>,
    /// The home directory. Default: /home/NAME.
    #[schemars(extend("default" = "/home/NAME"))]
    homedir: Option<Text>,
    /// The number of days after password expiry until the account is disabled, as a string.
    inactive: Option<Text>,
    /// Old spelling of lock_passwd.
    #[schemars(rename = "lock-passwd", transform = deprecated("22.3", "Use lock_passwd."))]
    old_lock_passwd: Option<Flag>,
    /// Disable password login. Default: true.
    #[schemars(extend("default" = true))]
    lock_passwd: Option<Flag>,
    /// Old spelling of no_create_home.
    #[schemars(rename = "no-create-home", transform = deprecated("24.2", "Use no_create_home."))]
    old_no_create_home: Option<Flag>,
    /// Do not create the home directory. Default: false.
    #[schemars(extend("default" = false))]
    no_create_home: Option<Flag>,
    /// Old spelling of no_log_init.
    #[schemars(rename = "no-log-init", transform = deprecated("24.2", "Use no_log_init."))]
    old_no_log_init: Option<Flag>,
    /// Do not add the user to lastlog and faillog. Default: false.
    #[schemars(extend("default" = false))]
    no_log_init: Option<Flag>,
    /// Old spelling of no_user_group.
    #[schemars(rename = "no-user-group", transform = deprecated("24.2", "Use no_user_group."))]
    old_no_user_group: Option<Flag>,
    /// Do not create a group with the user's name. Default: false.
    #[schemars(extend("default" = false))]
    no_user_group: Option<Flag>,
    /// The password hash (crypt(3), as printed by `mkpasswd --method=SHA-512`), set only when the account is created.
    /// Everyone who can read the metadata can read it.
    passwd: Option<Secret<Text>>,
    /// Old spelling of hashed_passwd.
    #[schemars(rename = "hashed-passwd", transform = deprecated("24.2", "Use hashed_passwd."))]
    old_hashed_passwd: Option<Secret<Text>>,
    /// The password hash, also set on an existing account.
    hashed_passwd: Option<Secret<Text>>,
    /// Old spelling of plain_text_passwd.
    #[schemars(rename = "plain-text-passwd", transform = deprecated("24.2", "Use plain_text_passwd."))]
    old_plain_text_passwd: Option<Secret<Text>>,
    /// The password in plain text, also set on an existing account. Prefer an SSH key or a hash.
    plain_text_passwd: Option<Secret<Text>>,
    /// Old spelling of create_groups.
    #[schemars(rename = "create-groups", transform = deprecated("24.2", "Use create_groups."))]
    old_create_groups: Option<Flag>,
    /// Create missing groups of `groups`. Default: true.
    #[schemars(extend("default" = true))]
    create_groups: Option<Flag>,
    /// Old spelling of primary_group.
    #[schemars(rename = "primary-group", transform = deprecated("24.2", "Use primary_group."))]
    old_primary_group: Option<Text>,
    /// The primary group. Default: a group with the user's name.
    #[schemars(extend("default" = "NAME"))]
    primary_group: Option<Text>,
    /// Old spelling of selinux_user.
    #[schemars(rename = "selinux-user", transform = deprecated("24.2", "Use selinux_user."))]
    old_selinux_user: Option<Text>,
    /// The SELinux user for logins. Default: the system's.
    selinux_user: Option<Text>,
    /// The login shell. Default: the system's.
    shell: Option<Text>,
    /// An e-mail address known to Ubuntu's single sign-on: the account is created by `snap create-user`.
    snapuser: Option<Text>,
    /// Public keys for ~/.ssh/authorized_keys.
    #[schemars(extend("minItems" = 1))]
    ssh_authorized_keys: Option<Vec<Text>>,
    /// Old spelling of ssh_authorized_keys.
    #[schemars(rename = "ssh-authorized-keys", extend("minItems" = 1))]
    #[schemars(transform = deprecated("18.3", "Use ssh_authorized_keys."))]
    old_ssh_authorized_keys: Option<Vec<Text>>,
    /// Old spelling of ssh_import_id.
    #[schemars(rename = "ssh-import-id", extend("minItems" = 1))]
    #[schemars(transform = deprecated("24.2", "Use ssh_import_id."))]
    old_ssh_import_id: Option<Vec<Text>>,
    /// IDs whose public keys ssh-import-id(1) imports: `gh:NAME`, `lp:NAME`.
    #[schemars(extend("minItems" = 1))]
    ssh_import_id: Option<Vec<Text>>,
    /// Old spelling of ssh_redirect_user.
    #[schemars(rename = "ssh-redirect-user", transform = deprecated("24.2", "Use ssh_redirect_user."))]
    old_ssh_redirect_user: Option<Flag>,
    /// Add the metadata's keys for this user, with a command that prints a message to log in as the default user.
    /// Cannot be combined with ssh_authorized_keys or ssh_import_id. Default: false.
    #[schemars(extend("default" = false))]
    ssh_redirect_user: Option<Flag>,
    /// Create a system account, without a home directory. Default: false.
    #[schemars(extend("default" = false))]
    system: Option<Flag>,
    /// Rules for sudo: a string, or a list. Default: none.
    sudo: Option<OneOfThree<Rule, Vec<Rule>, NoRule>>,
    /// The user ID. Default: chosen by the system.
    uid: Option<Either<i64, OldUid>>,
}

/// A user has one of two names; its schema has no type, because it is combined with one that does.
fn any_name(schema: &mut Schema) {
    schema.remove("type");
    schema
        .insert("oneOf".to_owned(), serde_json::json!([{"required": ["name"]}, {"required": ["snapuser"]}]));
}

/// Names.
#[derive(JsonSchema)]
#[schemars(inline, extend("minItems" = 1))]
struct Names(Vec<Text>);

/// Groups as the keys of a mapping.
#[derive(JsonSchema)]
#[schemars(inline, with = "Object", transform = old_groups)]
struct OldGroups;

fn old_groups(schema: &mut Schema) {
    let mut group = json_schema!({"type": "null", "minItems": 1});
    deprecated("23.1", "Use a string or a list of strings.")(&mut group);
    *schema = json_schema!({"type": "object", "patternProperties": {"^.+$": group}});
}

/// A rule, or null for none.
#[derive(JsonSchema)]
#[schemars(inline, with = "Text", extend("type" = ["null", "string"]))]
struct Rule;

/// No rule.
#[derive(JsonSchema)]
#[schemars(inline, with = "Flag", transform = changed("22.2", "Use null instead of false."))]
struct NoRule;

/// A user ID as a string.
#[derive(JsonSchema)]
#[schemars(inline, with = "Text", transform = changed("22.3", "Use an integer."))]
struct OldUid;

/// A user as a mapping.
#[derive(JsonSchema)]
#[schemars(inline, extend("type" = "object"))]
pub(super) struct UserMapping(User);

/// `users`: names or mappings.
pub(super) struct Users;

impl JsonSchema for Users {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Users".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let user = generator.subschema_for::<UserMapping>();
        json_schema!({
            "type": ["string", "array", "object"],
            "items": {"oneOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}},
                user
            ]}
        })
    }
}

/// `groups`: names, mappings of a name to its members, or a list of both.
pub(super) struct Groups;

impl JsonSchema for Groups {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Groups".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut group = generator.subschema_for::<GroupsByName>();
        let mut whole = group.clone();
        group.insert("type".to_owned(), serde_json::json!(["string", "object"]));
        whole.insert("type".to_owned(), serde_json::json!(["string", "object", "array"]));
        whole.insert("items".to_owned(), group.into());
        whole.insert("minItems".to_owned(), 1.into());
        whole
    }
}

/// Groups by their names.
struct GroupsByName;

impl JsonSchema for GroupsByName {
    fn schema_name() -> Cow<'static, str> {
        "users_groups.groups_by_groupname".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "additionalProperties": false,
            "patternProperties": {"^.+$": {
                "description": "A user, or a list of users, to add to the group.",
                "type": ["string", "array"],
                "items": {"type": "string"},
                "minItems": 1
            }}
        })
    }
}
