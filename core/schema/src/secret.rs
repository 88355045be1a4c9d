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
pub(crate) fn is_private(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !PUBLIC.contains(&name.as_str())
        && (name == "key" || name == "data" || PRIVATE.iter().any(|part| name.contains(part)))
}

/// Whether what stands at a place may be a secret.
pub(crate) fn is_private_place(path: &[Step<'_>]) -> bool {
    path.iter().any(|step| matches!(step, Step::Key { name, .. } if is_private(name)))
}
