//! Whether two renderings say the same: bytes where order or spelling mean something, contents where they do not.

use std::collections::BTreeMap;

use model::{NetworkConfig, Node};
use network_managers::convert::convert;
use serde_json::Value;
use system::Scratch;

use crate::Output;

/// Modes and contents by path.
pub type Files = BTreeMap<String, (u32, String)>;

/// What ours writes; the message where it refuses.
///
/// # Errors
///
/// It refuses.
pub fn ours(config: &Value, output: Output) -> Result<Files, String> {
    let text = config.to_string();
    let node = Node::from_yaml("description", text.as_bytes()).map_err(|error| error.to_string())?;
    let config = NetworkConfig::new(node.ok_or("nothing")?);
    let settings = network_managers::Settings::of(output.distro);
    let files = convert(&config, &[], output.renderer, &settings, &Scratch::new())
        .map_err(|error| error.to_string())?;
    let files = files.files.into_iter();
    Ok(files.map(|file| (file.path.display().to_string(), (file.mode, file.content))).collect())
}

/// How alike two renderings are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Likeness {
    /// The same bytes and modes.
    Identical,
    /// The same contents.
    Same,
    /// Something else, in words.
    Different(String),
}

/// Compares two renderings.
pub fn compare(output: Output, original: &Files, ours: &Files) -> Likeness {
    if original == ours {
        return Likeness::Identical;
    }
    let mut differences = Vec::new();
    for path in original.keys().chain(ours.keys()).collect::<std::collections::BTreeSet<_>>() {
        match (original.get(path), ours.get(path)) {
            (Some((mode, theirs)), Some((our_mode, own))) => {
                if mode != our_mode {
                    differences.push(format!("{path}: mode {mode:04o}, ours {our_mode:04o}"));
                }
                let (left, right) = (normal(output, path, theirs), normal(output, path, own));
                if left != right {
                    differences.push(format!("{path}:\n{}", difference(&left, &right)));
                }
            }
            (Some((_, theirs)), None) => {
                differences.push(format!("{path}: ours does not write it:\n{}", difference(theirs, "")));
            }
            (None, Some((_, own))) => {
                differences.push(format!("{path}: only ours writes it:\n{}", difference("", own)));
            }
            (None, None) => {}
        }
    }
    if differences.is_empty() { Likeness::Same } else { Likeness::Different(differences.join("\n")) }
}

/// Lines of one that the other lacks.
fn difference(left: &str, right: &str) -> String {
    let (theirs, own): (Vec<&str>, Vec<&str>) = (left.lines().collect(), right.lines().collect());
    let mut out = String::new();
    let count = |lines: &[&str], wanted: &str| lines.iter().filter(|line| **line == wanted).count();
    for (sign, lines, others) in [('-', &theirs, &own), ('+', &own, &theirs)] {
        let mut seen: Vec<&str> = Vec::new();
        for line in lines.iter().copied() {
            seen.push(line);
            // The first that the other has no match for.
            if count(&seen, line) > count(others, line) {
                out.push_str(&format!("  {sign} {line}\n"));
            }
        }
    }
    if out.is_empty() {
        out = format!("  another order:\n{left}\n  ours:\n{right}");
    }
    out
}

/// A content without what means nothing to its reader.
fn normal(output: Output, path: &str, content: &str) -> String {
    match output.renderer {
        "netplan" => match serde_yaml::from_str::<serde_yaml::Value>(content) {
            Ok(value) => serde_yaml::to_string(&value).unwrap_or_default(),
            Err(_) => content.to_owned(),
        },
        // Sections of one name are several; their lines have no order.
        "networkd" => sections(content, false),
        "network-manager" => sections(content, true),
        "sysconfig" if path.contains("ifcfg-") => {
            let mut lines: Vec<&str> = content.lines().filter(|line| !line.starts_with('#')).collect();
            lines.sort_unstable();
            lines.join("\n")
        }
        // Assignments in any order.
        "freebsd" | "netbsd" if path.ends_with("rc.conf") => {
            let mut lines: Vec<&str> = content.lines().filter(|line| !line.is_empty()).collect();
            lines.sort_unstable();
            lines.join("\n")
        }
        _ => content.lines().map(str::trim_end).collect::<Vec<_>>().join("\n"),
    }
}

/// Sections with their lines sorted; `merged` puts those of one name together.
fn sections(content: &str, merged: bool) -> String {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for line in content.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if line.starts_with('[') {
            let known = merged.then(|| found.iter().position(|(name, _)| name == line)).flatten();
            match known {
                Some(at) => {
                    let section = found.remove(at);
                    found.push(section);
                }
                None => found.push((line.to_owned(), Vec::new())),
            }
        } else if let Some((_, lines)) = found.last_mut() {
            lines.push(line.to_owned());
        }
    }
    for (_, lines) in &mut found {
        lines.sort_unstable();
    }
    found.sort();
    let texts: Vec<String> =
        found.iter().map(|(name, lines)| format!("{name}\n{}", lines.join("\n"))).collect();
    texts.join("\n")
}
