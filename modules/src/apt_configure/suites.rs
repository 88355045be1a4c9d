//! Disabling suites in lists of sources.

use model::{Context, ModuleError};
use serde_json::json;

/// The mark before a `Suites` line of which some suites were disabled.
const SHORTENED: &str = "# cloud-init disable_suites redacted: ";

/// Whether a list of sources is in deb822 format; `None` if it is in neither format.
pub(super) fn is_deb822(text: &str) -> Option<bool> {
    let any = |starts: &[&str]| text.lines().any(|line| starts.iter().any(|start| line.starts_with(start)));
    if any(&["deb ", "deb-src "]) {
        return Some(false);
    }
    any(&["Types: ", "Suites: ", "Components: ", "URIs: "]).then_some(true)
}

/// The names of suites: aliases are extended, and `$RELEASE` is filled in.
pub(super) fn names(context: &Context<'_>, written: &[String], release: &str) -> Result<Vec<String>, ModuleError> {
    let render = |name: &String| {
        let name = match name.as_str() {
            "release" => "$RELEASE".to_owned(),
            "updates" | "backports" | "security" | "proposed" => format!("$RELEASE-{name}"),
            other => other.to_owned(),
        };
        Ok(context.templates.render("apt.disable_suites", &name, &json!({"RELEASE": release}))?)
    };
    written.iter().map(render).collect()
}

/// Disables suites in a list in one-line format.
pub(super) fn disable_lines(text: &str, suites: &[String]) -> String {
    let disable = |line: &str| {
        if suites.iter().any(|suite| suite_of(line) == Some(suite)) {
            format!("# suite disabled by cloud-init: {line}")
        } else {
            line.to_owned()
        }
    };
    text.split_inclusive('\n').map(disable).collect()
}

/// The suite of a line: `deb [OPTION=VALUE …] URI SUITE COMPONENT…`.
fn suite_of(line: &str) -> Option<&str> {
    if line.starts_with('#') {
        return None;
    }
    let mut words = line.split_whitespace().skip(1).peekable();
    if words.peek()?.starts_with('[') {
        words.by_ref().find(|word| word.ends_with(']'))?;
    }
    words.nth(1)
}

/// Disables suites in a list in deb822 format, and entries that have none left.
pub(super) fn disable_deb822(text: &str, suites: &[String]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut entry = String::new();
    for line in text.lines() {
        if line.trim().is_empty() {
            if !entry.is_empty() {
                parts.push(closed(std::mem::take(&mut entry)));
            }
            parts.push(line.to_owned());
        } else if line.starts_with('#') && entry.is_empty() {
            parts.push(line.to_owned());
        } else if let Some(names) = line.strip_prefix("Suites:") {
            let all: Vec<&str> = names.split_whitespace().collect();
            let left: Vec<&str> =
                all.iter().copied().filter(|name| !suites.iter().any(|suite| suite == name)).collect();
            if left == all {
                entry.push_str(&format!("{line}\n"));
            } else {
                entry.push_str(&format!("{SHORTENED}{line}\nSuites: {}\n", left.join(" ")));
            }
        } else {
            entry.push_str(&format!("{line}\n"));
        }
    }
    if !entry.is_empty() {
        parts.push(closed(entry));
    }
    parts.join("\n")
}

/// A complete entry; without suites, all its lines are comments.
fn closed(entry: String) -> String {
    let suites = |line: &str| line.strip_prefix("Suites:").map(str::trim).map(str::to_owned);
    if entry.lines().filter_map(suites).any(|names| !names.is_empty()) {
        return entry;
    }
    let mut out = "## Entry disabled by cloud-init, due to disable_suites\n".to_owned();
    for line in entry.lines().filter(|line| suites(line).is_none()) {
        out.push_str(&format!("# disabled by cloud-init: {}\n", line.replace(SHORTENED, "")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations: tests/unittests/config/test_apt_source_v3.py of upstream, `test_disable_suites*`.
    #[test]
    fn suites_are_disabled_in_lines() {
        let suites = ["xenial-updates".to_owned()];
        for (line, disabled) in [
            ("deb http://ubuntu.com//ubuntu xenial-updates main\n", true),
            ("deb [ arch=amd64 x=y ] http://u.com//ubuntu xenial-updates main\n", true),
            ("deb [arch=amd64] http://u.com//ubuntu xenial-updates main\n", true),
            ("#deb http://ubuntu.com//ubuntu xenial-updates main\n", false),
            ("deb http://ubuntu.com//ubuntu xenial main xenial-updates\n", false),
            ("deb\n", false),
            ("\n", false),
        ] {
            let mark = if disabled { "# suite disabled by cloud-init: " } else { "" };
            assert_eq!(disable_lines(line, &suites), format!("{mark}{line}"));
        }
    }

    #[test]
    fn suites_are_disabled_in_entries() {
        let suites = ["a-updates".to_owned(), "a-security".to_owned()];
        let text = "# top\nTypes: deb\nSuites: a a-updates\n# in\n\nTypes: deb\nSuites: a-security\nComponents: main\n";
        assert_eq!(
            disable_deb822(text, &suites),
            "# top\nTypes: deb\n# cloud-init disable_suites redacted: Suites: a a-updates\nSuites: a\n# in\n\n\n\
             ## Entry disabled by cloud-init, due to disable_suites\n# disabled by cloud-init: Types: deb\n\
             # disabled by cloud-init: Suites: a-security\n# disabled by cloud-init: Components: main\n"
        );
    }
}
