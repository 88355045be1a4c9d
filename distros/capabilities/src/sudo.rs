//! Rules for sudo and doas.

use std::path::Path;

use etc_files::sudoers::includes_directory;
use model::effects::Attributes;
use model::{DistroError, Node, System};

use crate::header;

const SUDOERS: &str = "/etc/sudoers";
/// Where some systems store the file that /etc/sudoers overrides.
const SYSTEM_SUDOERS: &str = "/usr/etc/sudoers";
const RULES: &str = "/etc/sudoers.d/90-cloud-init-users";
const RULES_DIRECTORY: &str = "/etc/sudoers.d";
const DOAS: &str = "/etc/doas.conf";

/// The rules in `sudo:`: a string or a list of strings; `None` without rules.
fn rules(value: &Node) -> Option<Vec<String>> {
    match (value.as_str(), value.as_list()) {
        (Some(rule), _) => Some(vec![rule.to_owned()]),
        (None, Some(items)) => Some(items.iter().filter_map(Node::scalar_text).collect()),
        (None, None) => None,
    }
}

/// Ensures that sudo reads the directory of rules.
fn ensure_directory(system: &System) -> Result<(), DistroError> {
    let base = system.files.read_optional(Path::new(SUDOERS))?;
    let fallback = || system.files.read(Path::new(SYSTEM_SUDOERS)).unwrap_or_default();
    let content = base.clone().unwrap_or_else(fallback);
    if !includes_directory(&content, RULES_DIRECTORY) {
        let added = header(system, "Added");
        let attributes = Attributes::mode(0o440);
        if base.is_some() {
            let text = format!("\n{added}\n#includedir {RULES_DIRECTORY}\n");
            system.files.append(Path::new(SUDOERS), text.as_bytes(), &attributes)?;
        } else {
            let mut whole = content;
            let text = format!(
                "# See sudoers(5) for more information on \"#include\" directives:\n\n{added}\n#includedir {RULES_DIRECTORY}\n"
            );
            whole.extend_from_slice(text.as_bytes());
            system.files.write(Path::new(SUDOERS), &whole, &attributes)?;
        }
    }
    Ok(system.files.create_dir(Path::new(RULES_DIRECTORY), Some(0o750))?)
}

/// Adds a block to a file of rules, once.
fn add(system: &System, path: &str, block: &str) -> Result<(), DistroError> {
    let path = Path::new(path);
    match system.files.read_optional(path)? {
        None => {
            let text = format!("{}\n{block}", header(system, "Created"));
            system.files.write(path, text.as_bytes(), &Attributes::mode(0o440))?;
        }
        Some(before) if String::from_utf8_lossy(&before).contains(block) => {}
        Some(_) => system.files.append(path, block.as_bytes(), &Attributes::mode(0o440))?,
    }
    Ok(())
}

/// Writes the sudo rules of a user.
pub(crate) fn write_sudo(system: &System, user: &str, value: &Node) -> Result<(), DistroError> {
    let rules = rules(value).ok_or_else(|| DistroError::Invalid {
        origin: value.origin.clone(),
        message: format!(
            "sudo of user {user}: expected a rule or a list of rules, found {}",
            value.value.a_kind()
        ),
    })?;
    let mut block = format!("\n# User rules for {user}\n");
    for rule in rules {
        if rule.contains('\n') {
            return Err(DistroError::Invalid {
                origin: value.origin.clone(),
                message: format!("sudo of user {user}: a rule must be a single line"),
            });
        }
        block.push_str(&format!("{user} {rule}\n"));
    }
    ensure_directory(system)?;
    add(system, RULES, &block)
}

/// Whether a doas rule is for this user: `permit|deny [options] USER [as TARGET] [cmd …]`.
fn doas_user(rule: &str) -> Option<&str> {
    let mut words = rule.split_whitespace();
    if !matches!(words.next()?, "permit" | "deny") {
        return None;
    }
    let mut in_braces = false;
    words.find(|word| {
        if *word == "setenv" {
            in_braces = true;
            return false;
        }
        if in_braces {
            in_braces = !word.ends_with('}');
            return false;
        }
        !matches!(*word, "nolog" | "nopass" | "persist" | "keepenv")
    })
}

/// Writes the doas rules of a user; none if any of them is for another user.
pub(crate) fn write_doas(system: &System, user: &str, rules: &[String]) -> Result<(), DistroError> {
    if let Some(wrong) = rules.iter().find(|rule| doas_user(rule) != Some(user)) {
        tracing::error!(
            "Invalid doas rule '{wrong}' for user '{user}', not writing any doas rules for user!"
        );
        return Ok(());
    }
    let block = format!("\n# cloud-init User rules for {user}\n{}\n", rules.join("\n"));
    add(system, DOAS, &block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doas_rules_name_their_user() {
        assert_eq!(doas_user("permit nopass bob"), Some("bob"));
        assert_eq!(doas_user("permit setenv { A=1 B } keepenv bob as root cmd ls"), Some("bob"));
        assert_eq!(doas_user("allow bob"), None);
    }
}
