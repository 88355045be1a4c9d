//! Builds the workspace with its switches, and leaves out the changes that the compiler refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::list::Change;
use crate::switch::{Part, switch};
use crate::{Error, file};

/// What each changed crate gets.
const RUNTIME: &str = include_str!("switched.rs");

/// The head of their table in the workspace's manifest.
const RUST: &str = "[workspace.lints.rust]\n";
/// Its new rows: lints that refuse what changes are, such as an overflow that is certain, are off.
const LINTS: &str = "arithmetic_overflow = \"allow\"\nunconditional_panic = \"allow\"\n\n";

/// A copy of the workspace in which changes are put.
pub struct Copy {
    /// The sources as they are.
    pub original: PathBuf,
    /// The sources with switches.
    pub switched: PathBuf,
    /// What cargo builds.
    pub target: PathBuf,
    /// The folder of these.
    pub place: PathBuf,
}

/// Where the changes of each file are.
type Parts = BTreeMap<String, Vec<Part>>;

impl Copy {
    /// A cargo command in the copy.
    pub fn cargo(&self, words: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command.args(words).current_dir(&self.switched);
        command.env("CARGO_TARGET_DIR", &self.target).env("CARGO_INCREMENTAL", "0");
        command
    }

    /// Puts as many of the changes as possible into the copy, so that it compiles. Returns their numbers.
    ///
    /// # Errors
    ///
    /// If what the compiler refuses is none of the changes.
    pub fn viable(&self, changes: &[Change]) -> Result<BTreeSet<u32>, Error> {
        self.allow_all()?;
        let roots = self.roots()?;
        let mut left: BTreeSet<u32> =
            (1..).zip(changes).filter(|(_, it)| it.can_be_switched()).map(|(id, _)| id).collect();
        loop {
            let parts = self.write(changes, &left, &roots)?;
            let output = self
                .cargo(&[
                    "check",
                    "--quiet",
                    "--workspace",
                    "--all-targets",
                    "--keep-going",
                    "--message-format=json",
                ])
                .output()
                .map_err(file("cargo check"))?;
            let switched: BTreeSet<u32> = parts.values().flatten().map(|part| part.id).collect();
            if output.status.success() {
                return Ok(switched);
            }
            let (mut refused, mut other) = (BTreeSet::new(), Vec::new());
            for line in String::from_utf8_lossy(&output.stdout).lines() {
                let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
                if message["message"]["level"] == "error" && message["message"]["spans"][0].is_object() {
                    let found = refused_by(&message["message"], &parts, changes);
                    if found.is_empty() {
                        other.push(message["message"]["rendered"].as_str().unwrap_or_default().to_owned());
                    }
                    refused.extend(found);
                }
            }
            if refused.is_disjoint(&switched) {
                return Err(Error::Failed("cargo check", other.join("\n")));
            }
            println!("{} changes, {} of which do not compile", switched.len(), refused.len());
            left.retain(|id| !refused.contains(id));
        }
    }

    /// Lifts the lints of the workspace.
    fn allow_all(&self) -> Result<(), Error> {
        let text = fs::read_to_string(self.original.join("Cargo.toml")).map_err(file("Cargo.toml"))?;
        let (head, rest) = text.split_once(RUST).ok_or(Error::Lints)?;
        let (_, rest) = rest.split_once("\n\n").ok_or(Error::Lints)?;
        let place = self.switched.join("Cargo.toml");
        fs::write(&place, [head, RUST, LINTS, rest].concat()).map_err(file("Cargo.toml"))
    }

    /// The root files of libraries and programs.
    fn roots(&self) -> Result<BTreeSet<String>, Error> {
        let output = self
            .cargo(&["metadata", "--no-deps", "--format-version=1"])
            .output()
            .map_err(file("cargo metadata"))?;
        let metadata: Value = serde_json::from_slice(&output.stdout).map_err(Error::List)?;
        let targets = metadata["packages"].as_array().into_iter().flatten();
        let targets = targets.flat_map(|package| package["targets"].as_array().into_iter().flatten());
        let roots = targets.filter(|target| ["lib", "bin"].iter().any(|kind| target["kind"][0] == *kind));
        let relative = |target: &Value| {
            let path = Path::new(target["src_path"].as_str()?).strip_prefix(&self.switched).ok()?;
            Some(path.to_str()?.to_owned())
        };
        Ok(roots.filter_map(relative).collect())
    }

    /// Writes every file with the switches of the changes that are left.
    fn write(
        &self,
        changes: &[Change],
        left: &BTreeSet<u32>,
        roots: &BTreeSet<String>,
    ) -> Result<Parts, Error> {
        let mut files: BTreeMap<&str, Vec<(u32, &Change)>> = BTreeMap::new();
        for (id, change) in (1..).zip(changes) {
            let of_file = files.entry(&change.file).or_default();
            if left.contains(&id) {
                of_file.push((id, change));
            }
        }
        let mut parts = Parts::new();
        for name in files.keys().copied().chain(roots.iter().map(String::as_str)).collect::<BTreeSet<_>>() {
            let source = fs::read_to_string(self.original.join(name)).map_err(file(name))?;
            let changes = files.get(name).map(Vec::as_slice).unwrap_or_default();
            let mut switched =
                switch(&source, changes).map_err(|error| Error::Source(name.to_owned(), error))?;
            if roots.contains(name) {
                switched.text = switched.text.replace("#![forbid(unsafe_code)]", "");
                switched.text.push_str(RUNTIME);
            }
            let place = self.switched.join(name);
            // Only what is another: cargo goes by the times of files.
            if fs::read_to_string(&place).map_err(file(name))? != switched.text {
                fs::write(&place, &switched.text).map_err(file(name))?;
            }
            parts.insert(name.to_owned(), switched.parts);
        }
        Ok(parts)
    }
}

/// The changes that an error of the compiler is about.
fn refused_by(message: &Value, parts: &Parts, changes: &[Change]) -> BTreeSet<u32> {
    let spans: Vec<&Value> = message["spans"].as_array().into_iter().flatten().collect();
    let (first, further): (Vec<&Value>, Vec<&Value>) =
        spans.into_iter().partition(|span| span["is_primary"] == true);
    let rendered = message["rendered"].as_str().unwrap_or_default();
    let of = |span: &Value| parts.get(span["file_name"].as_str().unwrap_or_default()).into_iter().flatten();
    let byte =
        |span: &Value, name: &str| span[name].as_u64().and_then(|at| usize::try_from(at).ok()).unwrap_or(0);
    // What is within a change, what a change is within, what the line has, and arms that a match needs.
    let around = |spans: &[&Value]| -> BTreeSet<u32> {
        let fits = |span: &Value, part: &Part| {
            part.begin <= byte(span, "byte_start") && byte(span, "byte_end") <= part.end + 1
        };
        spans.iter().flat_map(|span| of(span).filter(|part| fits(span, part)).map(|part| part.id)).collect()
    };
    let inside = |spans: &[&Value]| -> BTreeSet<u32> {
        let fits = |span: &Value, part: &Part| {
            byte(span, "byte_start") <= part.begin && part.end <= byte(span, "byte_end")
        };
        spans.iter().flat_map(|span| of(span).filter(|part| fits(span, part)).map(|part| part.id)).collect()
    };
    let lines = || -> BTreeSet<u32> {
        let text = first.iter().flat_map(|span| span["text"].as_array().into_iter().flatten());
        text.flat_map(|line| named(line["text"].as_str().unwrap_or_default(), "switched::on(")).collect()
    };
    let missing = message["code"]["code"] == "E0004";
    let arms = || -> BTreeSet<u32> {
        let near = |span: &&Value, part: &&Part| {
            let begin = byte(span, "byte_start");
            begin < part.begin && part.begin < begin + 1200
        };
        let is_arm = |part: &&Part| changes[part.id as usize - 1].genre == "MatchArm";
        first
            .iter()
            .flat_map(|span| of(span).filter(move |part| near(span, part)).filter(is_arm))
            .map(|part| part.id)
            .collect()
    };
    let attempts: [&dyn Fn() -> BTreeSet<u32>; 7] = [
        &|| around(&first),
        &|| around(&further),
        &|| inside(&first),
        &|| inside(&further),
        &lines,
        &|| if missing { named(rendered, "!crate::switched::on(").collect() } else { BTreeSet::new() },
        &|| if missing { arms() } else { BTreeSet::new() },
    ];
    attempts.iter().map(|attempt| attempt()).find(|found| !found.is_empty()).unwrap_or_default()
}

/// The numbers of the switches in a text.
fn named<'t>(text: &'t str, before: &'t str) -> impl Iterator<Item = u32> + 't {
    text.split(before).skip(1).filter_map(|rest| rest.split(')').next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_of_a_change() {
        let parts = Parts::from([(
            "a.rs".to_owned(),
            vec![Part { id: 1, begin: 10, end: 20 }, Part { id: 2, begin: 40, end: 44 }],
        )]);
        let error = |begin: usize, end: usize, line: &str| {
            serde_json::json!({
                "level": "error", "rendered": "",
                "spans": [{"file_name": "a.rs", "byte_start": begin, "byte_end": end, "is_primary": true, "text": [{"text": line}]}],
            })
        };
        for (begin, end, line, wanted) in [
            (12, 15, "", vec![1]),
            (30, 50, "", vec![2]),
            (60, 70, "if crate::switched::on(7) { x }", vec![7]),
            (60, 70, "", vec![]),
        ] {
            let found: Vec<u32> = refused_by(&error(begin, end, line), &parts, &[]).into_iter().collect();
            assert_eq!(found, wanted, "{begin}");
        }
    }
}
