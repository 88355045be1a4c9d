//! The documents, and what is code in them.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// A command that a document shows.
pub struct Claim {
    place: String,
    /// The command without its comment.
    pub command: String,
    /// What it is said to print.
    pub output: Option<String>,
}

impl fmt::Display for Claim {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.command)
    }
}

/// The documents that people write; those below docs/reference are generated.
fn documents() -> Vec<(String, String)> {
    let root = tests::workspace();
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in [root.clone(), root.join("docs")] {
        let entries = fs::read_dir(folder).expect("a folder of the tree").flatten().map(|entry| entry.path());
        paths.extend(entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    paths.sort();
    assert!(paths.len() >= 6, "{paths:?}");
    let name = |path: &Path| path.strip_prefix(&root).unwrap_or(path).display().to_string();
    paths.iter().map(|path| (name(path), fs::read_to_string(path).expect("a document"))).collect()
}

/// The commands of all blocks: in `sh` each line is one, in `console` those behind a `$`, whose output follows.
pub fn claims() -> Vec<Claim> {
    let mut claims = Vec::new();
    for (name, text) in documents() {
        let mut block = None;
        for (number, line) in text.lines().enumerate() {
            let place = format!("{name}:{}", number + 1);
            if let Some(kind) = line.strip_prefix("```") {
                block = block.is_none().then_some(kind);
                continue;
            }
            match block {
                Some("sh") if !line.trim().is_empty() => {
                    let command = line.split(" #").next().unwrap_or_default().trim().to_owned();
                    claims.push(Claim { place, command, output: None });
                }
                Some("console") => match line.strip_prefix("$ ") {
                    Some(command) => {
                        claims.push(Claim {
                            place,
                            command: command.to_owned(),
                            output: Some(String::new()),
                        });
                    }
                    None => {
                        let output = claims.last_mut().and_then(|claim| claim.output.as_mut());
                        let output = output.unwrap_or_else(|| panic!("{place}: output of no command"));
                        output.push_str(line);
                        output.push('\n');
                    }
                },
                _ => {}
            }
        }
        assert!(block.is_none(), "{name}: a block has no end");
    }
    claims
}

/// Code within sentences, with its place.
pub fn spans() -> Vec<(String, String)> {
    let mut spans = Vec::new();
    for (name, text) in documents() {
        let mut inside = false;
        for (number, line) in text.lines().enumerate() {
            if line.starts_with("```") {
                inside = !inside;
            } else if !inside {
                let code = line.split('`').skip(1).step_by(2);
                spans.extend(code.map(|span| (format!("{name}:{}", number + 1), span.to_owned())));
            }
        }
    }
    spans
}

/// All sources below a folder.
pub fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder.join("src")).into_iter().flatten().flatten() {
        text += &fs::read_to_string(entry.path()).unwrap_or_default();
    }
    text
}
