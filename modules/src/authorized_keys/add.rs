//! Adds keys to a user's file.

use std::path::Path;

use etc_files::authorized_keys::{AuthorizedKeys, KeyLine};
use model::effects::{Attributes, Reading};
use model::{Context, ModuleError};

use super::{account, file};

/// The command for keys of users who must log in under another name.
pub(crate) const REDIRECT_OPTIONS: &str = "no-port-forwarding,no-agent-forwarding,no-X11-forwarding,command=\"echo \
     'Please login as the user \\\"$USER\\\" rather than the user \\\"$DISABLE_USER\\\".';echo;sleep 10;exit 142\"";

/// The options that redirect logins as `disabled` to `user`.
pub(crate) fn redirect(options: &str, user: &str, disabled: &str) -> String {
    options.replace("$USER", user).replace("$DISABLE_USER", disabled)
}

/// The keys in a text: each line is one, and gets the options too.
fn lines_of<'t>(text: &'t str, user: &str) -> Vec<&'t str> {
    let trimmed = text.trim_end_matches(['\r', '\n']);
    let lines: Vec<&str> = if trimmed.contains(['\r', '\n']) {
        trimmed.split(['\r', '\n']).filter(|line| !line.trim().is_empty()).collect()
    } else {
        vec![text]
    };
    let is_key = |line: &&str| {
        let valid = !line.trim_end().contains(|letter: char| letter.is_control() && letter != '\t');
        if !valid {
            tracing::warn!("skipping an SSH key of {user}: it contains control characters");
        }
        valid
    };
    lines.into_iter().filter(is_key).collect()
}

/// Adds keys to a user's file. `options`, if not empty, replace the options of each key.
pub(crate) fn add(
    context: &Context<'_>,
    keys: &[String],
    user: &str,
    options: &str,
) -> Result<(), ModuleError> {
    if options.contains(char::is_control) {
        return Err(ModuleError::Failed(format!(
            "the options of the SSH keys of {user} contain a line break"
        )));
    }
    let account = account(context, user)?;
    let path = file(context, &account)?;
    let files = &context.system.files;
    // Written back below: a link must not lead to another user's file.
    let before = match files.read_with(&path, &Reading::guarded()) {
        Err(error) if error.is_not_found() => Vec::new(),
        read => read?,
    };
    let mut kept = AuthorizedKeys::parse(&before);
    let mut unique: Vec<&str> = Vec::new();
    for key in keys.iter().flat_map(|text| lines_of(text, user)) {
        if !unique.contains(&key) {
            unique.push(key);
        }
    }
    let lines: Vec<KeyLine> = unique.into_iter().map(|key| KeyLine::parse(key, options)).collect();
    kept.update(&lines);
    files.write(&path, &kept.write(), &Attributes::default())?;
    let directory = path.parent().unwrap_or(Path::new("/"));
    context.distro.ssh().restore_context(directory)?;
    Ok(())
}
