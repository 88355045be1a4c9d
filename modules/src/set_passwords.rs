//! Passwords, and whether the SSH server accepts them.

use model::distro::Password;
use model::effects::Environment;
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Origin, Secret, Spanned, Value, Stage};
use schema::forms::Either;
use schema::notes::{changed, deprecated, untyped};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::accounts::{Accounts, valid};
use crate::lenient::{Flag, Text};
use crate::random::below;
use crate::{console, sshd_config};

/// Sets passwords.
pub struct SetPasswords;

/// Passwords of users, their expiry, and whether the SSH server accepts passwords.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Password authentication of sshd: true, false, or `unchanged` (default). Strings for booleans are deprecated.
    #[schemars(with = "Either<Flag, OldFlag>")]
    pub ssh_pwauth: Option<Node>,
    /// Passwords of users.
    pub chpasswd: Option<Chpasswd>,
    /// The password of the default user, unless `chpasswd` sets passwords.
    pub password: Option<Secret<Text>>,
}

/// `chpasswd`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(inline, deny_unknown_fields)]
pub struct Chpasswd {
    /// Require users to change the passwords at the first login. Default: true.
    #[schemars(extend("default" = true))]
    pub expire: Flag,
    /// Users and their passwords.
    #[schemars(with = "Vec<EntryForms>")]
    pub users: Option<Vec<Spanned<Entry>>>,
    /// Deprecated: lines `user:password`, as a list or a string. R and RANDOM request a random password.
    #[schemars(with = "Secret<Either<Text, Vec<Line>>>", extend("minItems" = 1))]
    #[schemars(transform = deprecated("22.2", "Use users."))]
    pub list: Option<Spanned<Secret<Lines>>>,
}

impl Default for Chpasswd {
    fn default() -> Self {
        Self { expire: Flag::yes(), users: None, list: None }
    }
}

/// A user of `chpasswd.users`.
#[derive(Debug, Deserialize)]
pub struct Entry {
    /// The user name.
    pub name: Text,
    /// The type of `password`; RANDOM generates one. Default: hash.
    #[serde(default, rename = "type")]
    pub kind: Kind,
    /// The password, plain or hashed; not used with RANDOM.
    pub password: Option<Secret<Text>>,
}

/// An entry with a random password, or with a given one.
#[derive(JsonSchema)]
#[schemars(inline, extend("type" = "object", "minItems" = 1))]
#[serde(untagged)]
#[allow(dead_code, reason = "one type reads both; these types describe the forms")]
enum EntryForms {
    /// The password is generated.
    Random(RandomEntry),
    /// The password is given.
    Given(GivenEntry),
}

/// An entry with a random password.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields, transform = untyped)]
#[allow(dead_code, reason = "as above")]
struct RandomEntry {
    /// The user name.
    name: String,
    /// Generate a random password, which is shown on the console only.
    #[schemars(extend("enum" = ["RANDOM"]))]
    r#type: String,
}

/// An entry with a given password.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields, transform = untyped)]
#[allow(dead_code, reason = "as above")]
struct GivenEntry {
    /// The user name.
    name: String,
    /// The type of `password`: a crypt(3) hash, or plain text. Default: hash.
    #[schemars(extend("enum" = ["hash", "text"], "default" = "hash"))]
    r#type: Option<String>,
    /// The password, hashed or plain.
    password: Secret<String>,
}

/// A boolean as a string.
#[derive(JsonSchema)]
#[schemars(inline, with = "String", transform = changed("22.3", "Use a boolean without quotes."))]
struct OldFlag;

/// `user:password`.
#[derive(JsonSchema)]
#[schemars(inline, with = "String", extend("pattern" = "^.+:.+$"))]
struct Line;

/// The type of an entry's password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Kind {
    /// A crypt(3) hash.
    #[default]
    #[serde(rename = "hash")]
    Hash,
    /// Plain text.
    #[serde(rename = "text")]
    Text,
    /// To be generated, and shown on the console only.
    #[serde(rename = "RANDOM")]
    Random,
}

/// The lines of `chpasswd.list`.
#[derive(Debug, Default)]
pub struct Lines {
    /// Whether they were written as one string.
    pub one_string: bool,
    /// The lines.
    pub lines: Vec<String>,
}

impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        match &node.value {
            Value::List(items) => {
                let lines = items.iter().filter_map(Node::scalar_text).collect();
                Ok(Self { one_string: false, lines })
            }
            _ => {
                let text = node.scalar_text().filter(|_| node.is_truthy()).unwrap_or_default();
                Ok(Self { one_string: true, lines: text.lines().map(str::to_owned).collect() })
            }
        }
    }
}

/// Passwords to set, and the generated ones to show.
#[derive(Default)]
struct Wanted {
    clear: Vec<Password>,
    hashed: Vec<Password>,
    random: Vec<String>,
    /// Entries that are left out.
    refused: Vec<ModuleError>,
}

impl Wanted {
    /// Whether chpasswd would read an entry as it is meant; notes why not.
    fn accepts(&mut self, user: &str, password: &str, hashed: bool, origin: &Origin) -> bool {
        let why = valid::not_a_name(user)
            .map(|why| format!("invalid user name, {why}"))
            .or_else(|| valid::not_a_password(password, hashed).map(str::to_owned));
        let Some(why) = why else { return true };
        let message = format!("cannot set the password of user {}: {why}", valid::shown(user));
        self.refused.push(ModuleError::Invalid { origin: origin.clone(), message });
        false
    }

    fn add_clear(&mut self, user: &str, password: String) {
        self.clear.push(Password { user: user.to_owned(), value: Secret::new(password), hashed: false });
    }

    fn add_hashed(&mut self, user: &str, hash: String) {
        self.hashed.push(Password { user: user.to_owned(), value: Secret::new(hash), hashed: true });
    }

    fn add_random(&mut self, user: &str, environment: &dyn Environment) {
        let password = random_password(environment, 20);
        self.random.push(format!("{user}:{password}"));
        self.add_clear(user, password);
    }
}

impl Described for SetPasswords {
    const NAME: &'static str = "set_passwords";
    const STAGE: Stage = Stage::Network;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    const OWN_KEYS: &'static [&'static str] = &["password", "chpasswd", "ssh_pwauth"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Passwords";
    const SUMMARY: &'static str = "Sets passwords, and enables or disables SSH password authentication.";
    const DETAILS: &'static str = "Random passwords are shown on the console only. Prefer SSH keys to passwords.";
    type Config = Config;
}

impl Module for SetPasswords {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let (wanted, expire) = wanted(context, &config, report)?;
        let outcome = apply(context, &wanted, expire, report);
        let outcome = wanted.refused.into_iter().next().map_or(outcome, Err);
        ssh_password_authentication(context, config.ssh_pwauth.as_ref(), report)?;
        outcome
    }
}

fn wanted(
    context: &Context<'_>,
    config: &Config,
    report: &mut Report,
) -> Result<(Wanted, bool), ModuleError> {
    let environment = context.system.environment.as_ref();
    let mut wanted = Wanted::default();
    let none = Chpasswd::default();
    let chpasswd = config.chpasswd.as_ref().unwrap_or(&none);
    let entries = chpasswd.users.as_deref().unwrap_or_default();
    for kind in [Kind::Text, Kind::Hash, Kind::Random] {
        for Spanned { value: entry, origin } in entries.iter().filter(|entry| entry.value.kind == kind) {
            let password = || match &entry.password {
                Some(password) => Ok(password.expose().0.clone()),
                None => Err(ModuleError::Invalid {
                    origin: origin.clone(),
                    message: format!("user {} has no password: set password, or type: RANDOM", entry.name.0),
                }),
            };
            let name = entry.name.0.as_str();
            let given = if kind == Kind::Random { String::new() } else { password()? };
            if !wanted.accepts(name, &given, kind == Kind::Hash, origin) {
                continue;
            }
            match kind {
                Kind::Text => wanted.add_clear(name, given),
                Kind::Hash => wanted.add_hashed(name, given),
                Kind::Random => wanted.add_random(name, environment),
            }
        }
    }
    // A password on the command line replaces the list.
    let list = chpasswd
        .list
        .as_ref()
        .filter(|list| context.args.is_empty() && !list.value.expose().lines.is_empty());
    if let Some(list) = list {
        report.deprecate(Some(&list.origin), "chpasswd.list is deprecated since 22.3: use chpasswd.users");
        let Lines { one_string, lines } = list.value.expose();
        if *one_string {
            report.deprecate(
                Some(&list.origin),
                "a string for chpasswd.list is deprecated since 22.2: use a list",
            );
        }
        for (index, line) in lines.iter().enumerate() {
            let (user, password) = line.split_once(':').ok_or_else(|| ModuleError::Invalid {
                origin: list.origin.clone(),
                message: format!("line {} of chpasswd.list has no ':' between user and password", index + 1),
            })?;
            if !wanted.accepts(user, password, is_hash(password), &list.origin) {
                continue;
            }
            if is_hash(password) {
                wanted.add_hashed(user, password.to_owned());
            } else if matches!(password, "R" | "RANDOM") {
                wanted.add_random(user, environment);
            } else {
                wanted.add_clear(user, password.to_owned());
            }
        }
    }
    let password = context
        .args
        .first()
        .cloned()
        .or_else(|| config.password.as_ref().map(|text| text.expose().0.clone()));
    if entries.is_empty()
        && list.is_none()
        && let Some(password) = password.filter(|password| !password.is_empty())
    {
        let accounts = Accounts::read(context, &mut Report::default())?;
        let origin = context.config.get("password").map_or_else(Origin::built_in, |node| node.origin.clone());
        match accounts.default_name() {
            Some(user) if !wanted.accepts(user, &password, is_hash(&password), &origin) => {}
            Some(user) if is_hash(&password) => wanted.add_hashed(user, password),
            Some(user) if matches!(password.as_str(), "R" | "RANDOM") => wanted.add_random(user, environment),
            Some(user) => wanted.add_clear(user, password),
            None => report.warn(None, "No default or defined user to change password for."),
        }
    }
    Ok((wanted, chpasswd.expire.0))
}

/// A crypt(3) hash according to upstream's pattern: `$ID$SALT$HASH` with one of five IDs.
fn is_hash(password: &str) -> bool {
    let Some((id, rest)) = password.strip_prefix('$').and_then(|rest| rest.split_once('$')) else {
        return false;
    };
    let salted = rest.char_indices().skip(1).any(|(at, c)| c == '$' && at + 1 < rest.len());
    matches!(id, "1" | "2a" | "2y" | "5" | "6") && salted && !password.contains(':')
}

/// Sets all passwords; returns the last error.
fn apply(
    context: &Context<'_>,
    wanted: &Wanted,
    expire: bool,
    report: &mut Report,
) -> Result<(), ModuleError> {
    let users = context.distro.users();
    let mut failure = None;
    for passwords in [&wanted.clear, &wanted.hashed] {
        if passwords.is_empty() {
            continue;
        }
        if let Err(error) = users.set_passwords(passwords) {
            let names: Vec<&str> = passwords.iter().map(|password| password.user.as_str()).collect();
            report.warn(None, format!("cannot set the passwords of {}: {error}", names.join(", ")));
            failure = Some(error);
        }
    }
    if !wanted.random.is_empty() {
        let text = format!("Set the following 'random' passwords\n\n{}\n", wanted.random.join("\n"));
        console::write(context.system, &text, true);
    }
    if expire {
        for password in wanted.clear.iter().chain(&wanted.hashed) {
            if let Err(error) = users.expire_password(&password.user) {
                report.warn(None, format!("cannot expire the password of {}: {error}", password.user));
                failure = Some(error);
            }
        }
    }
    failure.map_or(Ok(()), |error| Err(error.into()))
}

/// `PasswordAuthentication` of sshd, and a restart if it changed and sshd is running.
fn ssh_password_authentication(
    context: &Context<'_>,
    wanted: Option<&Node>,
    report: &mut Report,
) -> Result<(), ModuleError> {
    let Some(node) = wanted else { return Ok(()) };
    let text = node.scalar_text().unwrap_or_else(|| node.value.kind().to_owned());
    if matches!(node.value, Value::Str(_)) {
        report.deprecate(
            Some(&node.origin),
            "a string for ssh_pwauth is deprecated since 22.2: use a boolean",
        );
    }
    let value = match boolean::strict(&text) {
        Some(true) => "yes",
        Some(false) => "no",
        None => {
            if !text.eq_ignore_ascii_case("unchanged") {
                let message =
                    format!("ssh_pwauth must be true, false or unchanged, not '{text}'; not changing sshd");
                report.warn(Some(&node.origin), message);
            }
            return Ok(());
        }
    };
    if !sshd_config::set(context, &[("PasswordAuthentication", value)])? {
        tracing::debug!("No need to restart SSH service, PasswordAuthentication not updated.");
        return Ok(());
    }
    let service = context.distro.info().ssh_service.as_str();
    let services = context.distro.services();
    // A stopped service reads its configuration when it starts. Only systemd can report its state.
    if services.uses_systemd() && !services.is_active(service)? {
        return Ok(());
    }
    let restarted = services.restart_unordered(service);
    if let Err(error) = restarted {
        report
            .warn(Some(&node.origin), format!("ssh_pwauth takes effect at the next start of sshd: {error}"));
    }
    Ok(())
}

const DIGITS: &[u8] = b"0123456789";
const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const PUNCTUATION: &[u8] = b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// A password of `length` characters, with at least one of each class.
fn random_password(environment: &dyn Environment, length: usize) -> String {
    let all = [DIGITS, LOWER, UPPER, PUNCTUATION].concat();
    let pick = |from: &[u8]| from[below(environment, from.len())];
    let mut password: Vec<u8> = [DIGITS, LOWER, UPPER, PUNCTUATION].into_iter().map(pick).collect();
    password.extend((password.len()..length).map(|_| pick(&all)));
    for last in (1..password.len()).rev() {
        password.swap(last, below(environment, last + 1));
    }
    password.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_told_from_passwords_by_the_documented_pattern() {
        for hash in ["$6$salt$hash", "$2a$10$abc", "$1$x$y$z"] {
            assert!(is_hash(hash), "{hash}");
        }
        for password in ["$6$salt$", "$6$$hash", "$7$a$b", "plain", "$6$a$b:c", "$y$j9T$a$b"] {
            assert!(!is_hash(password), "{password}");
        }
    }

    /// An environment whose random bytes are given.
    struct Bytes(std::sync::Mutex<Vec<u8>>);

    impl Environment for Bytes {
        fn var(&self, _name: &str) -> Option<String> {
            None
        }
        fn pid(&self) -> u32 {
            1
        }
        fn uid(&self) -> u32 {
            0
        }
        fn uname(&self) -> model::effects::Uname {
            model::effects::Uname::default()
        }
        fn random(&self, buffer: &mut [u8]) {
            let mut bytes = self.0.lock().expect("no panic holds it");
            buffer.fill_with(|| bytes.remove(0));
        }
        fn tell(&self, _text: &str) {}
    }

    /// By arithmetic: of 256 bytes, the last `256 % count` would make the first values more likely.
    #[test]
    fn choices_are_uniform() {
        for (count, bytes, chosen, left) in [
            (10, &[249, 7][..], 9, 1),
            (10, &[250, 255, 23], 3, 0),
            (94, &[187], 93, 0),
            (94, &[188, 5], 5, 0),
            (256, &[255], 255, 0),
            (1, &[200], 0, 0),
        ] {
            let environment = Bytes(std::sync::Mutex::new(bytes.to_vec()));
            assert_eq!(below(&environment, count), chosen, "{count} {bytes:?}");
            assert_eq!(environment.0.lock().expect("no panic holds it").len(), left, "{count} {bytes:?}");
        }
    }

    #[test]
    fn a_random_password_has_every_class() {
        let (system, _) = system::scratch();
        for _ in 0..200 {
            let password = random_password(system.environment.as_ref(), 20);
            assert_eq!(password.len(), 20);
            for class in [DIGITS, LOWER, UPPER, PUNCTUATION] {
                assert!(password.bytes().any(|byte| class.contains(&byte)), "{password}");
            }
        }
    }
}
