//! What must not be shown.

use crate::instance::Step;

/// Parts of the names of keys whose values, and all below, are nobody else's business.
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

/// Names that have such a part and are no secret.
const PUBLIC: &[&str] =
    &["ssh_authorized_keys", "ssh_pwauth", "allow_public_ssh_keys", "lock_passwd", "lock-passwd"];

/// Whether the key's value may be a secret.
pub fn is_private(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !PUBLIC.contains(&name.as_str())
        && (name == "key" || name == "data" || PRIVATE.iter().any(|part| name.contains(part)))
}

/// A line of a text that could not be read, without what may be a secret: as much of it as stands behind a word that
/// is, or begins like, the name of a private key, and all of it where `below_private`. Characters are replaced one for
/// one, so that marks below the line keep their places.
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

/// Where the first word ends that may be the name of a private key.
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

/// Whether what stands at a place may be a secret.
pub(crate) fn is_private_place(path: &[Step<'_>]) -> bool {
    path.iter().any(|step| matches!(step, Step::Key { name, .. } if is_private(name)))
}
