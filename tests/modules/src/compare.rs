//! Where two answers differ, and which differences have a reason.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use oracle::{Error, file};
use serde::Deserialize;

use crate::sandbox::Answer;

/// A place with what each program has there; nothing where it has nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `exit`, `calls`, `counted`, `reported`, or a path.
    pub place: String,
    /// The original's.
    pub theirs: String,
    /// Ours.
    pub ours: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.place)?;
        let sides = [('-', &self.theirs, &self.ours), ('+', &self.ours, &self.theirs)];
        for (sign, text, other) in sides {
            for line in text.lines().filter(|line| !other.lines().any(|other| other == *line)) {
                write!(out, "\n    {sign}{line}")?;
            }
        }
        Ok(())
    }
}

/// A difference with its reason, as narrow as the reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The module, on every distribution unless it is named as in the table; `*` for all.
    pub module: String,
    /// The places.
    places: Vec<String>,
    /// Text that the original has there.
    #[serde(default)]
    theirs: String,
    /// Text that ours has there.
    #[serde(default)]
    ours: String,
    /// Text of the configuration, as JSON.
    #[serde(default)]
    config: String,
    /// Text of what ours reports.
    #[serde(default)]
    says: String,
    /// Why it differs.
    pub why: String,
}

impl Known {
    /// Reads the rows.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or has another form.
    pub fn read(path: &Path) -> Result<Vec<Self>, Error> {
        let text = std::fs::read_to_string(path).map_err(file(path.display().to_string()))?;
        serde_json::from_str(&text).map_err(|source| Error::Baseline { path: path.to_owned(), source })
    }

    /// Whether it is about this difference.
    pub fn covers(&self, module: &str, config: &str, said: &str, difference: &Difference) -> bool {
        let on_a_distribution =
            || module.strip_prefix(&self.module).is_some_and(|rest| rest.starts_with(" on "));
        (["*", module].contains(&self.module.as_str()) || on_a_distribution())
            && self.places.contains(&difference.place)
            && said.contains(&self.says)
            && difference.theirs.contains(&self.theirs)
            && difference.ours.contains(&self.ours)
            && config.contains(&self.config)
    }
}

/// A line that contains the date of the run keeps only what does not.
fn undated(text: &str) -> String {
    let mut lines = String::new();
    for line in text.lines() {
        // Comments that tell when and by which version a file was written.
        let stamped = line.starts_with('#')
            && (line.contains("Added by cloud-init") || line.contains("Created by cloud-init"));
        lines.push_str(if stamped { "# (stamp)" } else { line });
        lines.push('\n');
    }
    lines
}

/// Of a host key that was generated, only mode and owner can be the same.
fn without_key<'t>(path: &str, text: &'t str) -> std::borrow::Cow<'t, str> {
    let generated = text.contains("OPENSSH PRIVATE KEY") || text.contains(" root@machine");
    if path.starts_with("/etc/ssh/ssh_host_") && generated {
        return format!("{}\n(generated)", text.lines().next().unwrap_or_default()).into();
    }
    text.into()
}

/// Passwords that were drawn, of 20 characters, are taken out of the lines for chpasswd.
fn without_random(calls: &str) -> Vec<&str> {
    let line = |line: &'_ str| -> usize {
        match line.split_once(':') {
            Some((_, password)) if password.chars().count() == 20 => line.len() - password.len(),
            _ => line.len(),
        }
    };
    calls.lines().map(|text| &text[..line(text)]).collect()
}

/// Every place at which two answers differ.
pub fn differences(theirs: &Answer, ours: &Answer) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut add = |place: &str, theirs: String, ours: String| {
        if theirs != ours {
            found.push(Difference { place: place.to_owned(), theirs, ours });
        }
    };
    add("exit", theirs.exit.to_string(), ours.exit.to_string());
    add("calls", theirs.calls.clone(), ours.calls.clone());
    add("counted", theirs.counted.join("\n"), ours.counted.join("\n"));
    let paths: BTreeSet<&String> = theirs.files.keys().chain(ours.files.keys()).collect();
    for path in paths {
        let text = |answer: &Answer| {
            answer.files.get(path).map(|text| undated(&without_key(path, text))).unwrap_or_default()
        };
        add(path, text(theirs), text(ours));
    }
    if theirs.calls != ours.calls && without_random(&theirs.calls) == without_random(&ours.calls) {
        found.retain(|difference| difference.place != "calls");
    }
    // The wording is compared by the tests of the boots. A module that failed has reported it; its exit code is compared.
    if theirs.reported.is_empty() != ours.reported.is_empty() && theirs.exit == ours.exit {
        found.push(Difference {
            place: "reported".into(),
            theirs: theirs.reported.join("\n"),
            ours: ours.reported.join("\n"),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(exit: i32, calls: &str) -> Answer {
        Answer {
            exit,
            calls: calls.into(),
            files: [].into(),
            reported: Vec::new(),
            counted: Vec::new(),
            out: String::new(),
        }
    }

    #[test]
    fn a_row_covers_its_module_and_place_only() {
        let found = differences(&answer(0, "one [a]\n"), &answer(0, "one [b]\n"));
        assert_eq!(found.len(), 1);
        let row = |module: &str, ours: &str| Known {
            module: module.into(),
            places: vec!["exit".into(), "calls".into()],
            says: "a warning".into(),
            theirs: "[a]".into(),
            ours: ours.into(),
            config: String::new(),
            why: "a reason".into(),
        };
        let said = "this is a warning";
        assert!(row("ntp", "[b]").covers("ntp", "{}", said, &found[0]));
        assert!(!row("ntp", "[b]").covers("ntp", "{}", "nothing", &found[0]));
        assert!(!row("ntp", "[c]").covers("ntp", "{}", said, &found[0]));
        assert!(row("ntp", "[b]").covers("ntp on rhel", "{}", said, &found[0]));
        assert!(!row("ntp on rhel", "[b]").covers("ntp", "{}", said, &found[0]));
        assert!(!row("nt", "[b]").covers("ntp", "{}", said, &found[0]));
        assert!(row("*", "[b]").covers("ntp", "{}", said, &found[0]));
        assert!(!row("locale", "[b]").covers("ntp", "{}", said, &found[0]));
    }

    #[test]
    fn stamps_are_not_compared() {
        let with = |line: &str| Answer {
            files: [("/etc/x".to_owned(), format!("0644 0:0\n{line}\nkey=1\n"))].into(),
            ..answer(0, "")
        };
        assert!(
            differences(&with("# Created by cloud-init v. 1"), &with("# Created by cloud-init v. 2"))
                .is_empty()
        );
        assert_eq!(differences(&with("key=2"), &with("key=3")).len(), 1);
    }
}
