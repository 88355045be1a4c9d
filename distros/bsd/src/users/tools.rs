//! The commands of each system's account tools.

use model::distro::Password;
use model::effects::Command;
use model::user::UserSpec;
use model::{DistroError, Node};

use crate::facts::AccountTools;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Reads a password from standard input, hashes it, and stores the hash; without a hash the account is unchanged.
fn hashing(program: &str) -> String {
    format!("set -e; hash=$({program}); [ -n \"$hash\" ]; usermod -p \"$hash\" \"$1\"")
}

/// A date as useradd(8) of NetBSD and OpenBSD (`month day year`), and pw(8) (`dd-mmm-yyyy`) read it.
fn date(spec: &UserSpec, pw: bool) -> Result<Option<String>, DistroError> {
    let Some(text) = spec.expiredate.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    let number = |part: Option<&str>| part.and_then(|part| part.parse::<usize>().ok());
    let month = number(month).and_then(|month| MONTHS.get(month.wrapping_sub(1)));
    match (number(year), month, number(day)) {
        (Some(year), Some(month), Some(day @ 1..=31)) if pw => {
            Ok(Some(format!("{day:02}-{}-{year}", &month[..3])))
        }
        (Some(year), Some(month), Some(day @ 1..=31)) => Ok(Some(format!("{month} {day} {year}"))),
        _ => Err(DistroError::BadFile {
            path: "/etc/master.passwd".into(),
            reason: format!("expiredate of user {}: expected YYYY-MM-DD, found '{text}'", spec.name),
        }),
    }
}

impl AccountTools {
    /// The command that creates an account. Options of Linux' useradd that these tools do not have are reported.
    pub(super) fn create(self, spec: &UserSpec, groups: &[String]) -> Result<Command, DistroError> {
        let pw = self == Self::Pw;
        for (key, set) in [
            ("inactive", spec.inactive.as_ref().is_some_and(|value| !value.is_null())),
            ("no_log_init", spec.no_log_init),
            ("selinux_user", spec.selinux_user.is_some()),
            ("no_user_group", spec.no_user_group && spec.primary_group.is_none()),
        ] {
            if set {
                tracing::warn!("ignoring {key} of user {}: not supported on this system", spec.name);
            }
        }
        let uid = spec.uid.as_ref().filter(|uid| !uid.is_null()).and_then(Node::scalar_text);
        let homeless = spec.no_create_home || spec.system;
        let home = spec.homedir.clone().filter(|home| !home.is_empty());
        let own_home = || home.clone().unwrap_or_else(|| format!("/home/{}", spec.name));
        let home = match (pw, homeless) {
            (true, true) => Some("/nonexistent".to_owned()),
            (true, false) => Some(own_home()),
            (false, _) => home.clone(),
        };
        let mut command =
            if pw { Command::line(["pw", "useradd", "-n", &spec.name]) } else { Command::new("useradd") };
        for (option, value) in [
            ("-e", date(spec, pw)?),
            ("-c", spec.gecos.clone()),
            ("-G", Some(groups.join(","))),
            ("-g", spec.primary_group.clone()),
            ("-s", spec.shell.clone()),
            ("-u", uid),
            ("-d", home),
        ] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                command = command.args([option.to_owned(), value]);
            }
        }
        if !homeless {
            command = command.arg("-m");
        }
        Ok(if pw { command } else { command.arg(&spec.name) })
    }

    /// Without the home directory.
    pub(super) fn remove(self, name: &str) -> Command {
        match self {
            Self::Pw => Command::line(["pw", "userdel", "-n", name]),
            Self::NetBsd | Self::OpenBsd => Command::line(["userdel", name]),
        }
    }

    pub(super) fn remove_group(self, name: &str) -> Command {
        match self {
            Self::Pw => Command::line(["pw", "groupdel", name]),
            Self::NetBsd | Self::OpenBsd => Command::line(["groupdel", name]),
        }
    }

    pub(super) fn create_group(self, name: &str) -> Command {
        match self {
            Self::Pw => Command::line(["pw", "group", "add", name]),
            Self::NetBsd | Self::OpenBsd => Command::line(["groupadd", name]),
        }
    }

    /// pw's `usermod -G` would remove the account from its other groups.
    pub(super) fn add_member(self, member: &str, group: &str) -> Command {
        match self {
            Self::Pw => Command::line(["pw", "groupmod", group, "-m", member]),
            Self::NetBsd | Self::OpenBsd => Command::line(["usermod", "-G", group, member]),
        }
    }

    /// Passwords are passed by standard input where the tools can; usermod takes the hash as an argument only.
    pub(super) fn set_password(self, password: &Password) -> Command {
        let (user, value) = (password.user.as_str(), password.value.expose());
        let hashed = |program: &str| {
            Command::line(["sh", "-c", &hashing(program), "sh", user]).stdin(format!("{value}\n"))
        };
        match (self, password.hashed) {
            (Self::Pw, true) => Command::line(["pw", "usermod", user, "-H", "0"]).stdin(value.clone()),
            (Self::Pw, false) => Command::line(["pw", "usermod", user, "-h", "0"]).stdin(value.clone()),
            (_, true) => Command::line(["usermod", "-p"]).secret_arg(value).arg(user),
            (Self::NetBsd, false) => hashed("pwhash -b 8"),
            (Self::OpenBsd, false) => hashed("encrypt -b a"),
        }
    }

    pub(super) fn lock(self, name: &str) -> Command {
        match self {
            Self::Pw => Command::line(["pw", "usermod", name, "-w", "no"]),
            Self::NetBsd => Command::line(["usermod", "-C", "yes", name]),
            Self::OpenBsd => Command::line(["usermod", "-p", "*", name]),
        }
    }

    /// `None` if a lock replaces the password: setting one ends it.
    pub(super) fn unlock(self, name: &str) -> Option<Command> {
        match self {
            Self::NetBsd => Some(Command::line(["usermod", "-C", "no", name])),
            Self::Pw | Self::OpenBsd => {
                tracing::debug!("password lock is not reversible, ignoring unlock for user {name}");
                None
            }
        }
    }

    pub(super) fn expire(self, name: &str) -> Result<Command, DistroError> {
        match self {
            Self::Pw => Ok(Command::line(["pw", "usermod", name, "-p", "01-Jan-1970"])),
            Self::NetBsd => Ok(Command::line(["usermod", "-F", name])),
            Self::OpenBsd => Err(DistroError::Unsupported {
                distro: "openbsd".to_owned(),
                what: format!("expiring the password of user {name}"),
            }),
        }
    }

    /// passwd(5): empty, or one of the marks of an account without a password.
    pub(super) fn is_empty_hash(self, hash: &str) -> bool {
        const STARS: &str = "*************";
        match self {
            Self::Pw => ["", "*", "*LOCKED*"].contains(&hash),
            Self::NetBsd => ["", STARS].contains(&hash) || hash.strip_prefix("*LOCKED*") == Some(STARS),
            Self::OpenBsd => ["", "*", STARS].contains(&hash),
        }
    }
}
