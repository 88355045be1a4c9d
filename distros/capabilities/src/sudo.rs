//! Rules for sudo and doas.

use std::path::Path;

use etc_files::sudoers::includes_directory;
use model::effects::{Attributes, Command, CommandError};
use model::user::UserSpec;
use model::{DistroError, Node, System};

use crate::header;

/// Where some systems store the file that /etc/sudoers overrides.
const SYSTEM_SUDOERS: &str = "/usr/etc/sudoers";
/// The file of sudo rules in its directory.
const RULES: &str = "90-cloud-init-users";

/// The files that sudo and doas of a system read.
#[derive(Clone, Copy, Debug)]
pub struct RuleFiles {
    /// sudo's main file.
    pub sudoers: &'static str,
    /// sudo's directory.
    pub directory: &'static str,
    /// doas' file.
    pub doas: &'static str,
}

/// The checked rules of a user.
#[derive(Clone, Debug, Default)]
pub struct UserRules {
    sudo: Option<String>,
    doas: Option<String>,
}

impl RuleFiles {
    /// Those of Linux distributions.
    pub const USUAL: Self =
        Self { sudoers: "/etc/sudoers", directory: "/etc/sudoers.d", doas: "/etc/doas.conf" };

    /// Checks the rules of a user before anything is done: what is invalid leaves no account without its rules.
    ///
    /// # Errors
    ///
    /// Rules that sudo or doas would reject.
    pub fn check(&self, system: &System, spec: &UserSpec) -> Result<UserRules, DistroError> {
        let doas = spec.doas.as_ref().filter(|rules| !rules.is_empty());
        let doas = doas.map(|rules| self.doas_block(system, &spec.name, rules)).transpose()?.flatten();
        let sudo = spec.sudo.as_ref().filter(|rules| rules.is_truthy());
        let sudo = sudo.map(|rules| self.sudo_block(system, &spec.name, rules)).transpose()?;
        Ok(UserRules { sudo, doas })
    }

    /// Writes the rules of a user.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub fn write(&self, system: &System, rules: &UserRules) -> Result<(), DistroError> {
        if let Some(block) = &rules.doas {
            add(system, Path::new(self.doas), block)?;
        }
        if let Some(block) = &rules.sudo {
            self.ensure_directory(system)?;
            add(system, &Path::new(self.directory).join(RULES), block)?;
        }
        Ok(())
    }
}

/// The rules in `sudo:`: a string or a list of strings; `None` without rules.
fn rules(value: &Node) -> Option<Vec<String>> {
    match (value.as_str(), value.as_list()) {
        (Some(rule), _) => Some(vec![rule.to_owned()]),
        (None, Some(items)) => Some(items.iter().filter_map(Node::scalar_text).collect()),
        (None, None) => None,
    }
}

impl RuleFiles {
    /// Ensures that sudo reads the directory of rules.
    fn ensure_directory(&self, system: &System) -> Result<(), DistroError> {
        let base = system.files.read_optional(Path::new(self.sudoers))?;
        let fallback = || system.files.read(Path::new(SYSTEM_SUDOERS)).unwrap_or_default();
        let content = base.clone().unwrap_or_else(fallback);
        if !includes_directory(&content, self.directory) {
            let directory = self.directory;
            let added = header(system, "Added");
            let attributes = Attributes::mode(0o440);
            if base.is_some() {
                let text = format!("\n{added}\n#includedir {directory}\n");
                let whole = [&content, text.as_bytes()].concat();
                system.files.write(Path::new(self.sudoers), &whole, &attributes)?;
            } else {
                let mut whole = content;
                let text = format!(
                    "# See sudoers(5) for more information on \"#include\" directives:\n\n{added}\n#includedir {directory}\n"
                );
                whole.extend_from_slice(text.as_bytes());
                system.files.write(Path::new(self.sudoers), &whole, &attributes)?;
            }
        }
        Ok(system.files.create_dir(Path::new(self.directory), Some(0o750))?)
    }
}

/// Adds a block to a file of rules, once. The file is replaced as a whole: sudo refuses everybody while it reads half a
/// rule.
fn add(system: &System, path: &Path, block: &str) -> Result<(), DistroError> {
    match system.files.read_optional(path)? {
        None => {
            let text = format!("{}\n{block}", header(system, "Created"));
            system.files.write(path, text.as_bytes(), &Attributes::mode(0o440))?;
        }
        Some(before) if memchr::memmem::find(&before, block.as_bytes()).is_some() => {}
        Some(before) => {
            let whole = [&before, block.as_bytes()].concat();
            system.files.write(path, &whole, &Attributes::mode(0o440))?;
        }
    }
    Ok(())
}

/// Whether the program that reads a file of rules rejects these on its standard input; false if it is not installed.
fn rejects(system: &System, check: &[&str], rules: &str) -> bool {
    if check.first().is_none_or(|program| system.commands.which(program).is_none()) {
        return false;
    }
    match system.commands.run(&Command::line(check.iter().copied()).stdin(rules)) {
        Err(CommandError::Failed { .. }) => true,
        Err(error) => {
            tracing::debug!("not checking the rules: {error}");
            false
        }
        Ok(_) => false,
    }
}

/// Why a rule cannot be a line of its own; `None` if it can.
fn not_a_line(rule: &str) -> Option<&'static str> {
    if rule.contains('\n') {
        Some("a rule must be a single line")
    } else if rule.chars().any(|letter| letter.is_control() && letter != '\t') {
        Some("a rule must not contain control characters")
    } else if rule.trim_end().ends_with('\\') {
        Some("a rule must not end with a backslash, which continues it on the next line")
    } else {
        None
    }
}

impl RuleFiles {
    /// The block with the sudo rules of a user; an error if sudo would reject it.
    fn sudo_block(&self, system: &System, user: &str, value: &Node) -> Result<String, DistroError> {
        let invalid = |what: &str| DistroError::Invalid {
            origin: value.origin.clone(),
            message: format!("sudo of user {user}: {what}"),
        };
        let rules = rules(value).ok_or_else(|| {
            invalid(&format!("expected a rule or a list of rules, found {}", value.value.a_kind()))
        })?;
        let mut block = format!("\n# User rules for {user}\n");
        for rule in rules {
            if let Some(why) = not_a_line(&rule) {
                return Err(invalid(why));
            }
            block.push_str(&format!("{user} {rule}\n"));
        }
        if rejects(system, &["visudo", "-c", "-f", "-"], &block) {
            return Err(invalid(&format!(
                "visudo rejects the rules, see sudoers(5); {}/{RULES} is unchanged",
                self.directory
            )));
        }
        Ok(block)
    }
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

impl RuleFiles {
    /// The block with the doas rules of a user; `None` if any of them is for another user.
    fn doas_block(
        &self,
        system: &System,
        user: &str,
        rules: &[String],
    ) -> Result<Option<String>, DistroError> {
        let invalid = |reason: String| DistroError::BadFile { path: self.doas.into(), reason };
        if let Some(why) = rules.iter().find_map(|rule| not_a_line(rule)) {
            return Err(invalid(format!("doas of user {user}: {why}")));
        }
        if let Some(wrong) = rules.iter().find(|rule| doas_user(rule) != Some(user)) {
            tracing::error!(
                "Invalid doas rule '{wrong}' for user '{user}', not writing any doas rules for user!"
            );
            return Ok(None);
        }
        let block = format!("\n# cloud-init User rules for {user}\n{}\n", rules.join("\n"));
        if rejects(system, &["doas", "-C", "/dev/stdin"], &block) {
            return Err(invalid(format!(
                "doas rejects the rules of user {user}, see doas.conf(5); the file is unchanged"
            )));
        }
        Ok(Some(block))
    }
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

    /// sudoers(5): a backslash at the end continues a line.
    #[test]
    fn rules_are_lines() {
        for (rule, refused) in [
            ("ALL=(ALL) NOPASSWD:ALL", false),
            ("ALL=(ALL)\tALL", false),
            ("a\\b", false),
            ("a\nb", true),
            ("a\rb", true),
            ("a\u{1}b", true),
            ("a\\", true),
            ("a\\ ", true),
            ("", false),
        ] {
            assert_eq!(not_a_line(rule).is_some(), refused, "{rule:?}");
        }
    }
}
