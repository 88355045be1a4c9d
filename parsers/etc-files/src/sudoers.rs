//! Finds the directories included by sudoers(5).

use crate::{bytes, document::content};

/// A line that includes a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncludeDir {
    /// The directory, without `.`, `..` and doubled slashes.
    pub directory: String,
    /// The one-based line.
    pub line: usize,
}

/// The directories that a sudoers file includes with `#includedir` or `@includedir`.
pub fn included_directories(file: &[u8]) -> Vec<IncludeDir> {
    let text = bytes::decode(file);
    let mut found = Vec::new();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let line = content(line).trim();
        let Some(rest) = line.strip_prefix(['#', '@']).and_then(|line| line.strip_prefix("includedir"))
        else {
            continue;
        };
        let directory = rest.trim();
        if rest.starts_with(char::is_whitespace) && !directory.is_empty() {
            found.push(IncludeDir { directory: normal_path(directory), line: index + 1 });
        }
    }
    found
}

/// Whether a sudoers file includes that directory.
pub fn includes_directory(file: &[u8], directory: &str) -> bool {
    let wanted = normal_path(directory);
    included_directories(file).iter().any(|include| include.directory == wanted)
}

/// The path without `.`, `..` and doubled slashes; a relative path is below the root.
fn normal_path(path: &str) -> String {
    let path = path.trim_matches('"');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
