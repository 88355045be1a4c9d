//! The changes that cargo-mutants proposes.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::{Error, file};

/// A proposed change.
#[derive(Debug, Clone, Deserialize)]
pub struct Change {
    /// `FILE:LINE:COLUMN: WHAT`.
    pub name: String,
    /// The file, from the root of the workspace.
    pub file: String,
    /// The kind of change, such as `BinaryOperator`.
    pub genre: String,
    /// The new text.
    pub replacement: String,
    span: Span,
    function: Option<Function>,
}

#[derive(Debug, Clone, Deserialize)]
struct Span {
    start: Place,
}

#[derive(Debug, Clone, Deserialize)]
struct Place {
    line: usize,
    column: usize,
}

#[derive(Debug, Clone, Deserialize)]
struct Function {
    return_type: String,
}

impl Change {
    /// Line and column where the replaced text begins, from one.
    pub fn start(&self) -> (usize, usize) {
        (self.span.start.line, self.span.start.column)
    }

    /// Whether a switch can have both forms: an `impl` type is one type.
    pub fn can_be_switched(&self) -> bool {
        self.genre != "FnValue"
            || self.function.as_ref().is_none_or(|function| !function.return_type.contains("impl "))
    }
}

/// The folders of what is changed: the program, not its tests.
const FOLDERS: &[&str] = &["core/", "datasources/", "distros/", "modules/", "parsers/", "src/"];

/// Crates whose members stand in the table of a macro, where cargo-mutants does not look for them.
const TABLES: &[&str] = &["datasources/src/lib.rs", "modules/src/lib.rs"];

/// Lists what can be changed in a copy of the workspace.
///
/// # Errors
///
/// If cargo-mutants is missing or fails.
pub fn list(workspace: &Path) -> Result<Vec<Change>, Error> {
    let tables: Vec<(&str, String)> = TABLES
        .iter()
        .map(|name| Ok((*name, std::fs::read_to_string(workspace.join(name)).map_err(file(*name))?)))
        .collect::<Result<_, Error>>()?;
    for (name, text) in &tables {
        let members: Vec<String> =
            text.lines().filter_map(member).map(|name| format!("mod {name};\n")).collect();
        std::fs::write(workspace.join(name), format!("{text}{}", members.concat())).map_err(file(*name))?;
    }
    let output = Command::new("cargo")
        .args(["mutants", "--list", "--json", "--workspace"])
        .current_dir(workspace)
        .output()
        .map_err(file("cargo mutants"))?;
    for (name, text) in &tables {
        std::fs::write(workspace.join(name), text).map_err(file(*name))?;
    }
    if !output.status.success() {
        return Err(Error::Failed("cargo mutants", String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let all: Vec<Change> = serde_json::from_slice(&output.stdout).map_err(Error::List)?;
    // Of flags that share no bit, and other numbers are hardly combined, both operators make the same.
    let is_same = |change: &Change| change.name.contains("replace | with ^ ");
    let is_ours = |change: &Change| FOLDERS.iter().any(|folder| change.file.starts_with(folder));
    Ok(all.into_iter().filter(|change| is_ours(change) && !is_same(change)).collect())
}

/// The module that a line of such a table names: `apt_configure::AptConfigure,`, `"feature" ec2 Ec2 by "http";`.
fn member(line: &str) -> Option<&str> {
    let line = line.strip_prefix("    ").filter(|line| line.ends_with([';', ',']))?;
    let line = match line.strip_prefix('"') {
        Some(rest) => rest.split_once("\" ")?.1,
        None => line,
    };
    let (name, rest) = line.split_once("::").or_else(|| line.split_once(' '))?;
    let word = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let kind = rest.trim_end_matches([';', ',']).split(" by ").next()?;
    (word(name) && word(kind) && name.bytes().all(|byte| !byte.is_ascii_uppercase())).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_tables() {
        for (line, wanted) in [
            ("    apt_configure::AptConfigure,", Some("apt_configure")),
            ("    \"source-ec2\" ec2 Ec2 by \"http\";", Some("ec2")),
            ("    ec2 Ec2;", Some("ec2")),
            ("    pub use x;", None),
            ("    let a = b;", None),
            ("ec2 Ec2;", None),
        ] {
            assert_eq!(member(line), wanted, "{line}");
        }
    }
}
