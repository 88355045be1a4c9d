//! Adds keys to a user's file.

use std::path::Path;

use etc_files::authorized_keys::{AuthorizedKeys, KeyLine};
use model::effects::Attributes;
use model::{Context, ModuleError};

use super::{account, file};

/// The command for keys of users who must log in under another name.
pub(crate) const REDIRECT_OPTIONS: &str = "no-port-forwarding,no-agent-forwarding,no-X11-forwarding,command=\"echo \
     'Please login as the user \\\"$USER\\\" rather than the user \\\"$DISABLE_USER\\\".';echo;sleep 10;exit 142\"";

/// The options that redirect logins as `disabled` to `user`.
pub(crate) fn redirect(options: &str, user: &str, disabled: &str) -> String {
    options.replace("$USER", user).replace("$DISABLE_USER", disabled)
}

/// Adds keys to a user's file. `options`, if not empty, replace the options of each key.
pub(crate) fn add(
    context: &Context<'_>,
    keys: &[String],
    user: &str,
    options: &str,
) -> Result<(), ModuleError> {
    let account = account(context, user)?;
    let path = file(context, &account)?;
    let files = &context.system.files;
    let mut kept = AuthorizedKeys::parse(&files.read_optional(&path)?.unwrap_or_default());
    let mut unique: Vec<&String> = Vec::new();
    for key in keys {
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
