//! The public keys of accounts by HTTPS, for images without ssh-import-id(1). The IDs, the services' interfaces and the
//! comments are that program's.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use etc_files::authorized_keys::{AuthorizedKeys, KeyLine};
use model::effects::{HttpError, Reading, Request};
use model::{Context, ModuleError};
use serde::Deserialize;

use crate::authorized_keys;

/// The maximum size of an answer.
const MAX_BYTES: u64 = 1 << 20;
/// The time limit of an attempt.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The pause before the second attempt: the services limit requests.
const PAUSE: Duration = Duration::from_millis(500);

/// An account of a service.
#[derive(Debug, PartialEq, Eq)]
enum Account<'a> {
    Launchpad(&'a str),
    GitHub(&'a str),
}

impl<'a> Account<'a> {
    fn parse(id: &'a str) -> Result<Self, String> {
        let (service, name) = id.split_once(':').unwrap_or(("lp", id));
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || "-_.+".contains(letter);
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(format!("'{id}' is not an account: expected gh:NAME or lp:NAME"));
        }
        match service {
            "lp" => Ok(Self::Launchpad(name)),
            "gh" => Ok(Self::GitHub(name)),
            _ => Err(format!("'{id}' is of an unknown service: expected gh:NAME or lp:NAME")),
        }
    }

    fn url(&self) -> String {
        match self {
            Self::Launchpad(name) => format!("https://launchpad.net/~{name}/+sshkeys"),
            Self::GitHub(name) => format!("https://api.github.com/users/{name}/keys"),
        }
    }

    fn id(&self) -> String {
        match self {
            Self::Launchpad(name) => format!("lp:{name}"),
            Self::GitHub(name) => format!("gh:{name}"),
        }
    }

    /// The keys in the service's answer.
    fn keys(&self, body: &[u8]) -> Result<Vec<String>, String> {
        match self {
            Self::Launchpad(_) => {
                let text = String::from_utf8_lossy(body);
                Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
            }
            Self::GitHub(name) => {
                let keys: Vec<GitHubKey> = serde_json::from_slice(body)
                    .map_err(|_| format!("the answer for {} is not a list of keys", self.id()))?;
                let line = |key: GitHubKey| format!("{} {name}@github/{}", key.key.trim(), key.id);
                Ok(keys.into_iter().map(line).collect())
            }
        }
    }
}

/// A key in GitHub's list.
#[derive(Deserialize)]
struct GitHubKey {
    id: u64,
    key: String,
}

/// Adds the keys of the accounts to the user's file; an account that cannot be used does not keep others from it.
pub(super) fn import(context: &Context<'_>, user: &str, ids: &[String]) -> Result<(), ModuleError> {
    let (mut keys, mut failed) = (Vec::new(), Vec::new());
    for id in ids {
        match lines(context, id) {
            Ok(found) => keys.extend(found),
            Err(why) => failed.push(why),
        }
    }
    if !keys.is_empty() {
        let known = known(context, user)?;
        keys.retain(|line: &KeyLine| line.key.as_ref().is_some_and(|key| !known.contains(&key.base64)));
        let lines: Vec<String> = keys.iter().map(KeyLine::write).collect();
        authorized_keys::add(context, &lines, user, "")?;
    }
    if failed.is_empty() { Ok(()) } else { Err(ModuleError::Failed(failed.join("; "))) }
}

/// The keys that the user's file contains already, with the options that they have there.
fn known(context: &Context<'_>, user: &str) -> Result<Vec<String>, ModuleError> {
    let account = authorized_keys::account(context, user)?;
    let path = authorized_keys::file(context, &account)?;
    let bytes = match context.system.files.read_with(&path, &Reading::guarded()) {
        Err(error) if error.is_not_found() => Vec::new(),
        read => read?,
    };
    Ok(AuthorizedKeys::parse(&bytes).keys().map(|key| key.base64.clone()).collect())
}

/// The lines for the keys of an ID.
fn lines(context: &Context<'_>, id: &str) -> Result<Vec<KeyLine>, String> {
    let account = Account::parse(id)?;
    let mut request = Request::get(account.url()).public().timeout(TIMEOUT).retries(1).pause(PAUSE);
    // GitHub refuses requests without it.
    request = request.header("User-Agent", "cloud-init");
    request.max_bytes = MAX_BYTES;
    let body = match context.system.http.send(&request) {
        Err(HttpError::NotAsked { .. })
            if context.system.journal.note(&format!("the keys of {id} are fetched when the machine boots")) =>
        {
            return Ok(Vec::new());
        }
        answer => answer.map_err(|error| error.to_string())?.body,
    };
    let lines: Vec<KeyLine> = account.keys(&body)?.iter().filter_map(|line| key(line, &account.id())).collect();
    if lines.is_empty() { Err(format!("{id} has no keys")) } else { Ok(lines) }
}

/// A key without options, which are not the service's to set.
fn key(line: &str, id: &str) -> Option<KeyLine> {
    let mut parsed = KeyLine::parse(line, "");
    let key = parsed.key.as_mut()?;
    if !key.options.is_empty() || STANDARD.decode(&key.base64).is_err() {
        return None;
    }
    let comment = format!("{} # ssh-import-id {id}", key.comment);
    comment.trim_start().clone_into(&mut key.comment);
    Some(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts() {
        assert_eq!(Account::parse("gh:octo-cat"), Ok(Account::GitHub("octo-cat")));
        assert_eq!(Account::parse("lp:a.b+c"), Ok(Account::Launchpad("a.b+c")));
        assert_eq!(Account::parse("alice"), Ok(Account::Launchpad("alice")));
        for wrong in ["", "gh:", "gh:a/b", "gl:alice", "lp:~alice", "https://example.com/x"] {
            assert!(Account::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn answers_of_the_services() {
        let body = br#"[{"id": 7, "key": "ssh-ed25519 AAAA"}, {"id": 8, "key": "ssh-rsa BBBB"}]"#;
        let keys = Account::GitHub("alice").keys(body).expect("a list");
        assert_eq!(keys, ["ssh-ed25519 AAAA alice@github/7", "ssh-rsa BBBB alice@github/8"]);
        assert!(Account::GitHub("alice").keys(b"{\"message\": \"Not Found\"}").is_err());
        let keys = Account::Launchpad("bob").keys(b"ssh-ed25519 AAAA bob@home\n\nssh-rsa BBBB\n");
        assert_eq!(keys.expect("lines"), ["ssh-ed25519 AAAA bob@home", "ssh-rsa BBBB"]);
    }

    #[test]
    fn only_keys_without_options_are_taken() {
        let written = |line: &str| key(line, "lp:bob").map(|line| line.write());
        let home = "ssh-ed25519 AAAA bob@home # ssh-import-id lp:bob";
        assert_eq!(written("ssh-ed25519 AAAA bob@home").as_deref(), Some(home));
        assert_eq!(written("ssh-ed25519 AAAA").as_deref(), Some("ssh-ed25519 AAAA # ssh-import-id lp:bob"));
        for wrong in ["command=\"sh\" ssh-ed25519 AAAA", "# a comment", "ssh-ed25519 A!A", "<html>"] {
            assert_eq!(written(wrong), None, "{wrong}");
        }
    }
}
