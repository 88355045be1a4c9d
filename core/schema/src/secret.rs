//! Recognizes values that must not be shown.

use crate::instance::Step;

/// Substrings of key names whose values, including nested ones, are private.
const PRIVATE: &[&str] = &[
    "passw",
    "secret",
    "token",
    "private",
    "seed",
    "content",
    "credential",
    "activation",
    "registration_key",
    "validation_cert",
    "ssh_keys",
    "chpasswd",
    "auth",
    "psk",
];

/// Names that contain such a substring but are not secret.
const PUBLIC: &[&str] =
    &["ssh_authorized_keys", "ssh_pwauth", "allow_public_ssh_keys", "lock_passwd", "lock-passwd"];

/// Whether the key's value may be a secret.
pub fn is_private(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !PUBLIC.contains(&name.as_str())
        && (name == "key" || name == "data" || PRIVATE.iter().any(|part| name.contains(part)))
}

/// A line of an unreadable text without possible secrets: the text after a word that is, or begins like, the name of a
/// private key, and everything if `below_private`, is masked. Characters are replaced one by one, so that marks below
/// the line stay aligned.
pub(crate) fn masked(line: &str, below_private: bool) -> Option<String> {
    let from = if below_private { Some(0) } else { private_word_end(line) }?;
    let hidden =
        |letter: char| if letter.is_whitespace() || "-[]{},:'\"#".contains(letter) { letter } else { '*' };
    let (head, tail) = line.split_at(from);
    Some(tail.chars().fold(head.to_owned(), |mut text, letter| {
        text.push(hidden(letter));
        text
    }))
}

/// The end of the first word that may be the name of a private key.
fn private_word_end(line: &str) -> Option<usize> {
    let is_of_word = |letter: char| letter.is_alphanumeric() || "-_".contains(letter);
    let mut at = 0;
    for word in line.split(|letter: char| !is_of_word(letter)) {
        let end = at + word.len();
        if !word.is_empty() && is_private(word) {
            return Some(end);
        }
        at = end + line[end..].chars().next().map_or(0, char::len_utf8);
    }
    None
}

/// Whether the value at a path may be a secret.
pub(crate) fn is_private_place(path: &[Step<'_>]) -> bool {
    path.iter().any(|step| matches!(step, Step::Key { name, .. } if is_private(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_is_private() {
        for name in [
            "password",
            "PASSWORD",
            "hashed_passwd",
            "plain_text_passwd",
            "client_secret",
            "token",
            "rsa_private",
            "random_seed",
            "content",
            "contents",
            "activation-key",
            "registration_key",
            "validation_cert",
            "ssh_keys",
            "chpasswd",
            "auth",
            "psk",
            "key",
            "data",
        ] {
            assert!(is_private(name), "{name}");
        }
        for name in [
            "",
            "keyboard",
            "key_name",
            "database",
            "ssh_authorized_keys",
            "SSH_PWAUTH",
            "ssh_pwauth",
            "allow_public_ssh_keys",
            "lock_passwd",
            "lock-passwd",
            "hostname",
        ] {
            assert!(!is_private(name), "{name}");
        }
    }

    /// Marks below a line stay below their characters.
    #[test]
    fn what_is_behind_a_private_name_is_masked() {
        for (line, expected) in [
            ("hostname: abc", None),
            ("password: abc", Some("password: ***")),
            ("- {name: a, passwd: b-c, x: 'é'}", Some("- {name: a, passwd: *-*, *: '*'}")),
            ("naïve: a, token: ünï # x", Some("naïve: a, token: *** # *")),
            ("key", Some("key")),
            ("  \"psk\": [\"a\", b]", Some("  \"psk\": [\"*\", *]")),
        ] {
            assert_eq!(masked(line, false).as_deref(), expected, "{line}");
            let all = masked(line, true).expect("always");
            assert_eq!(all.chars().count(), line.chars().count());
            assert!(!all.contains(char::is_alphanumeric), "{all}");
        }
    }
}
