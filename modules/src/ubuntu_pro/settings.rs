//! `ubuntu_pro.config`: settings of the client.

use model::Order as _;
use model::effects::{Command, CommandError};
use model::module::Report;
use model::{Context, ModuleError, Node};

use super::{PROGRAM, invalid};

/// The settings whose values are URLs.
const KNOWN: &[&str] = &[
    "http_proxy",
    "https_proxy",
    "global_apt_http_proxy",
    "global_apt_https_proxy",
    "ua_apt_http_proxy",
    "ua_apt_https_proxy",
];

/// Sets and unsets them, in the order of their names.
pub(super) fn apply(context: &Context<'_>, section: &Node, report: &mut Report) -> Result<(), ModuleError> {
    let Some(settings) = section.get("config").filter(|node| !node.is_null()) else { return Ok(()) };
    let Some(map) = settings.as_map() else {
        let kind = settings.value.a_kind();
        let message =
            format!("ubuntu_pro: config should be a mapping, not {kind}; skipping enabling config parameters");
        return Err(invalid(settings, message));
    };
    let mut sorted: Vec<(String, &Node)> = map.iter().map(|(key, node)| (key.to_string(), node)).collect();
    sorted.order_by(|one, other| one.0.cmp(&other.0));
    validate(settings, &sorted, report)?;
    let mut failed = Vec::new();
    for (key, node) in &sorted {
        let command = match node.scalar_text().filter(|_| !node.is_null()) {
            None => Command::line([PROGRAM, "config", "unset", key]),
            Some(value) if value.contains(char::is_whitespace) => {
                Command::line([PROGRAM, "config", "set"]).secret_value(key, &escaped(&value))
            }
            Some(value) => Command::line([PROGRAM, "config", "set"]).secret_value(key, &value),
        };
        if let Err(error) = context.system.commands.run(&command) {
            // The client may repeat the value, which may contain a password.
            let code = match &error {
                CommandError::Failed { output, .. } => format!("exit code {}", output.code),
                other => other.to_string(),
            };
            report.warn(Some(&node.origin), format!("Failure enabling/disabling \"{key}\": {code}"));
            failed.push(format!("\"{key}\""));
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    let names = failed.join(", ");
    Err(ModuleError::Failed(format!("Failure enabling/disabling Ubuntu Pro config(s): {names}")))
}

fn validate(settings: &Node, sorted: &[(String, &Node)], report: &mut Report) -> Result<(), ModuleError> {
    let mut wrong = Vec::new();
    for (key, node) in sorted {
        if !KNOWN.contains(&key.as_str()) {
            let message = format!("Not validating unknown ubuntu_pro.config.{key} property");
            report.warn(Some(&node.key_origin()), message);
            if node.as_map().is_some() || node.as_list().is_some() {
                wrong.push(format!("Expected text for ua:config:{key}"));
            }
            continue;
        }
        match (node.is_null(), node.as_str()) {
            (true, _) => {}
            (false, Some(url)) => {
                let scheme = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
                if !scheme.is_some_and(|scheme| ["http", "https"].contains(&scheme.as_str())) {
                    wrong.push(format!("Expected URL scheme http/https for ua:config:{key}"));
                }
            }
            (false, None) => wrong.push(format!("Expected a URL for ua:config:{key}")),
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(invalid(settings, format!("Invalid ubuntu_pro configuration: {}", wrong.join("; "))))
}

/// The value with a backslash before each character that is special in regular expressions, and before white space.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for letter in value.chars() {
        if "()[]{}?*+-|^$\\.&~# \t\n\r\u{b}\u{c}".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations: Python's `re.escape`.
    #[test]
    fn values_are_escaped_as_by_python() {
        assert_eq!(escaped("http://user:p-w@h.example/?a=1&b#c d"), r"http://user:p\-w@h\.example/\?a=1\&b\#c\ d");
        assert_eq!(escaped("plain_/:=%,;'\""), "plain_/:=%,;'\"");
        assert_eq!(escaped("a\tb\n"), "a\\\tb\\\n");
    }
}
